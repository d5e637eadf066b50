"""The planner's choices as tables: what each card and machine gets, and the numbers in every refusal."""

from dataclasses import replace
from pathlib import Path

import pytest

from retouch.engines.flux.checkpoint import KONTEXT_DEV
from retouch.engines.flux.options import FluxOptions, Preset
from retouch.engines.flux.plan import DeviceFacts, Wants, gigabytes
from retouch.engines.flux.planner import make_plan
from retouch.errors import ConfigurationError

GIB = 2**30
NEW, OLD = (8, 9), (8, 6)


def card(gib, *, capability=NEW, system_gb=64):
    """A card of a marketed size: 5 % of its memory is taken by the driver and the screen."""
    return DeviceFacts("cuda", f"a {gib} GB card", int(0.95 * gib * GIB), int(system_gb * 1e9), capability)


def machine(system_gb):
    return DeviceFacts("cpu", "this processor", int(system_gb * 1e9), int(system_gb * 1e9))


def gguf(gigabytes):
    return replace(KONTEXT_DEV, transformer=replace(KONTEXT_DEV.transformer, gguf_bytes=int(gigabytes * 1e9)))


def choice(device, sizes=KONTEXT_DEV, **wants):
    plan = make_plan(device, sizes, Wants(**wants))
    assert plan.device_bytes <= device.free_bytes
    return plan.choice.precision, plan.choice.offload, plan.choice.vae_tiling


@pytest.mark.parametrize(
    ("gib", "new", "old"),
    [
        (80, ("bfloat16", "none", False), ("bfloat16", "none", False)),
        (48, ("bfloat16", "none", False), ("bfloat16", "none", False)),
        (40, ("bfloat16", "none", False), ("bfloat16", "none", False)),
        (32, ("bfloat16", "encoders", False), ("bfloat16", "encoders", False)),
        (24, ("fp8", "encoders", False), ("int8", "encoders", False)),
        (16, ("fp8", "encoders", True), ("int8", "encoders", True)),
        (12, ("fp8", "group", False), ("int8", "group", False)),
        (8, ("fp8", "group", False), ("int8", "group", False)),
        (6, ("fp8", "group", False), ("int8", "group", False)),
        (4, ("fp8", "group", True), ("int8", "group", True)),
    ],
)
def test_every_card_gets_the_most_faithful_way_that_fits_it(gib, new, old):
    assert choice(card(gib)) == new
    assert choice(card(gib, capability=OLD)) == old


def test_only_a_card_that_multiplies_in_8_bits_quantizes_activations():
    assert make_plan(card(24), KONTEXT_DEV).dynamic_fp8
    assert not make_plan(card(24, capability=OLD), KONTEXT_DEV, Wants(precision="fp8")).dynamic_fp8
    assert not make_plan(card(80), KONTEXT_DEV).dynamic_fp8


@pytest.mark.parametrize(
    ("system_gb", "held", "text"), [(128, "float32", "float32"), (64, "int8", "float32"), (32, "int8", "int8")]
)
def test_a_machine_without_a_card_runs_what_its_memory_holds_and_computes_in_float32(system_gb, held, text):
    plan = make_plan(machine(system_gb), KONTEXT_DEV)

    assert (plan.choice.precision, plan.choice.compute, plan.choice.text_precision) == (held, "float32", text)
    assert any("minutes to hours" in reason for reason in plan.reasons)


def test_a_small_machine_is_refused_with_numbers_and_told_of_gguf():
    with pytest.raises(ConfigurationError, match=r"needs \d+\.\d GB at int8.* 12\.0 GB free.*GGUF"):
        make_plan(machine(12), KONTEXT_DEV)

    assert choice(machine(18), gguf(6.8)) == ("gguf", "none", True)


def test_a_tiny_card_is_refused_with_numbers():
    with pytest.raises(ConfigurationError, match=r"needs \d\.\d GB at fp8, blocks streamed.*has 2\.0 GB free"):
        make_plan(card(2), KONTEXT_DEV)


def test_streaming_needs_system_memory_and_without_it_the_text_encoder_shrinks_or_the_card_is_refused():
    tight = make_plan(card(24, system_gb=4), KONTEXT_DEV)
    assert (tight.choice.offload, tight.choice.text_precision) == ("none", "int8")

    with pytest.raises(ConfigurationError, match=r"of system memory beside the card, 8\.0 GB are free"):
        make_plan(card(12, system_gb=8), KONTEXT_DEV)


def test_gguf_runs_as_it_is_stored_and_its_blocks_can_be_streamed():
    assert choice(card(16), gguf(6.8)) == ("gguf", "encoders", False)
    assert choice(card(4), gguf(6.8)) == ("gguf", "group", True)

    with pytest.raises(ConfigurationError, match="brings its own precision"):
        make_plan(card(80), gguf(6.8), Wants(precision="int8"))


@pytest.mark.parametrize(
    ("wants", "expected"),
    [
        ({"precision": "int8"}, ("int8", "none", False)),
        ({"precision": "float32"}, ("float32", "none", False)),
        ({"offload": "group"}, ("fp8", "group", False)),
        ({"offload": "model"}, ("bfloat16", "model", False)),
        ({"vae_tiling": True}, ("bfloat16", "encoders", True)),
        ({"precision": "bfloat16", "offload": "group", "vae_tiling": True}, ("bfloat16", "group", True)),
    ],
)
def test_every_choice_can_be_pinned(wants, expected):
    assert choice(card(80), **wants) == expected


def test_the_preset_fast_takes_float8_where_the_card_multiplies_it_and_nothing_else_is_pinned():
    def held(device, sizes=KONTEXT_DEV, **options):
        return make_plan(device, sizes, Wants.of(FluxOptions(**options))).choice.precision

    assert held(card(80), preset=Preset.FAST) == "fp8"
    assert held(card(80), preset=Preset.BALANCED) == held(card(80, capability=OLD), preset=Preset.FAST) == "bfloat16"
    assert held(card(80), preset=Preset.FAST, precision="bfloat16") == "bfloat16"
    assert held(card(80), gguf(7), preset=Preset.FAST) == "gguf"
    with pytest.raises(ConfigurationError) as caught:
        make_plan(card(2), KONTEXT_DEV, Wants.of(FluxOptions(preset=Preset.FAST)))
    assert "leave the choice" not in str(caught.value)  # nothing was pinned


@pytest.mark.parametrize("text", ["full", "fp8", "int8"])
def test_the_text_encoders_precision_can_be_pinned(text):
    plan = make_plan(card(80), KONTEXT_DEV, Wants(text_precision=text))

    assert plan.choice.text_precision == ("bfloat16" if text == "full" else text)


@pytest.mark.parametrize(
    ("wants", "says"),
    [
        ({"precision": "bfloat16", "offload": "none"}, r"needs 37\.\d GB at bfloat16.*has 24\.5 GB free"),
        ({"precision": "int8", "offload": "none"}, r"needs 2\d\.\d GB at int8"),
        ({"precision": "float16", "offload": "encoders"}, r"needs 2\d\.\d GB at float16"),
    ],
)
def test_a_pin_that_does_not_fit_is_refused_with_numbers(wants, says):
    with pytest.raises(ConfigurationError, match=says) as caught:
        make_plan(card(24), KONTEXT_DEV, Wants(text_precision="full", **wants))
    assert "leave the choice to the planner" in str(caught.value)


def test_offloading_without_a_card_and_8_bits_on_mps_are_refused():
    with pytest.raises(ConfigurationError, match="CUDA card"):
        make_plan(machine(128), KONTEXT_DEV, Wants(offload="group"))
    apple = DeviceFacts("mps", "this Mac", int(64e9), int(64e9))
    with pytest.raises(ConfigurationError, match="not available"):
        make_plan(apple, KONTEXT_DEV, Wants(precision="int8"))
    assert choice(apple) == ("bfloat16", "none", False)


def test_larger_batches_more_pictures_and_more_pixels_take_more_memory():
    def needs(**wants):
        return make_plan(card(80), KONTEXT_DEV, Wants(**wants)).device_bytes

    plan = make_plan(card(80), KONTEXT_DEV)
    # A megapixel is 4096 tokens of 3072 values.
    assert plan.picture_bytes == 20 * 4096 * 3072 * 2
    assert needs(batch_size=8) > needs(batch_size=6) > needs()
    assert needs(pictures=12) > needs()
    assert needs(pixels=4 * 1024 * 1024) > needs()
    assert choice(card(40), batch_size=8) != choice(card(40))


def test_a_plan_says_what_it_chose_and_why_with_numbers():
    plan = make_plan(card(24), KONTEXT_DEV)

    assert plan.summary.startswith("fp8, text encoders streamed from system memory: needs ")
    assert "of the 24.5 GB free on a 24 GB card" in plan.summary
    assert plan.reasons[0].startswith("Not bfloat16, without offloading: needs ")
    assert plan.as_json()["precision"] == "fp8"
    assert any("the same way every time" in reason for reason in plan.reasons)


def table_of_the_docs():
    """Return the rows of docs/gpu.md, as the planner has them."""
    rows = []
    for gib in (4, 6, 8, 12, 16, 24, 32, 40, 48, 80):
        plan = make_plan(card(gib), KONTEXT_DEV)
        older = make_plan(card(gib, capability=OLD), KONTEXT_DEV)
        assert (older.device_bytes, older.system_bytes) == (plan.device_bytes, plan.system_bytes)
        names = dict.fromkeys((plan.choice.precision, older.choice.precision))
        beside = gigabytes(plan.system_bytes) if plan.system_bytes else "none"
        where = plan.choice.describe().partition(", ")[2]
        rows.append(f"| {gib} GB | {' or '.join(names)} | {where} | {gigabytes(plan.device_bytes)} | {beside} |")
    for gigabytes_free in (24, 32, 64, 96):
        plan = make_plan(machine(gigabytes_free), KONTEXT_DEV)
        where = plan.choice.describe().partition(", ")[2]
        rows.append(
            f"| no card, {gigabytes_free} GB free | {plan.choice.precision} | {where} | none | {gigabytes(plan.device_bytes)} |"
        )
    return rows


def test_the_table_of_the_docs_is_what_the_planner_chooses():
    page = (Path(__file__).parents[4] / "docs" / "gpu.md").read_text()
    missing = [row for row in table_of_the_docs() if row not in page]

    assert not missing, "docs/gpu.md lacks:\n" + "\n".join(missing)
