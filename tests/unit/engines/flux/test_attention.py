import logging

import pytest
import torch
from diffusers.models import attention_dispatch
from diffusers.models.attention_dispatch import AttentionBackendName, _AttentionBackendRegistry

from retouch.engines.flux.attention import choose_attention, preferred_backends
from retouch.engines.flux.model import FluxModel
from retouch.errors import ConfigurationError


@pytest.fixture
def own_model(checkpoint):
    return FluxModel.from_folder(checkpoint, dtype=torch.float32, device="cpu")


@pytest.fixture
def broken(monkeypatch):
    """Let a backend compute something else."""

    def install(name, function):
        backend = AttentionBackendName(name)
        monkeypatch.setitem(_AttentionBackendRegistry._backends, backend, function)
        monkeypatch.setitem(
            _AttentionBackendRegistry._supported_arg_names, backend, {"query", "key", "value", "attn_mask"}
        )
        monkeypatch.setattr(attention_dispatch, "_check_attention_backend_requirements", lambda name: None)

    return install


def backends_of(model):
    return {
        module.processor._attention_backend
        for module in model.pipeline.transformer.modules()
        if hasattr(module, "processor")
    }


def test_the_first_backend_that_agrees_with_plain_matrix_products_is_set(own_model):
    assert choose_attention(own_model, ["native"]) == "native"
    assert backends_of(own_model) == {AttentionBackendName.NATIVE}


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda query, key, value, attn_mask=None: value, "is off by"),
        (lambda query, key, value, attn_mask=None: value * float("nan"), "not a number"),
        (lambda query, key, value, attn_mask=None: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_a_backend_that_is_wrong_or_fails_is_skipped_and_the_log_says_why(own_model, broken, caplog, function, reason):
    broken("flash", function)

    with caplog.at_level(logging.WARNING):
        chosen = choose_attention(own_model, ["flash", "native"])

    assert chosen == "native"
    assert backends_of(own_model) == {AttentionBackendName.NATIVE}
    assert "flash is skipped" in caplog.text
    assert reason in caplog.text


def test_a_backend_whose_package_is_missing_is_skipped(own_model):
    assert choose_attention(own_model, ["_flash_3", "native"]) == "native"


def test_when_none_works_the_operator_is_told_and_the_model_is_as_before(own_model, broken):
    broken("flash", lambda query, key, value, attn_mask=None: value)

    with pytest.raises(ConfigurationError, match="exact"):
        choose_attention(own_model, ["flash"])

    assert backends_of(own_model) == {None}


def test_other_models_of_the_process_keep_their_backend(own_model):
    before = _AttentionBackendRegistry._active_backend

    choose_attention(own_model, ["_native_math"])

    assert _AttentionBackendRegistry._active_backend is before


def test_every_device_ends_with_what_always_works():
    assert preferred_backends(torch.device("cpu")) == ("native",)


@pytest.mark.parametrize(("capability", "first"), [((9, 0), "_flash_3"), ((8, 6), "flash")])
def test_cards_try_their_fastest_kernels_first(monkeypatch, capability, first):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)

    names = preferred_backends(torch.device("cuda"))

    assert names[0] == first
    assert names[-1] == "native"
    assert not any("hub" in name or "sage" in name for name in names)
