from dataclasses import asdict

import pytest

from retouch.errors import InvalidValueError
from retouch.generation import GenerationOptions, LoraWeight
from retouch.types import EditRequest


def test_nothing_is_asked_for_by_default():
    assert GenerationOptions().given == ()
    assert EditRequest("add a cat").generation == GenerationOptions()


def test_what_is_given_is_listed_by_name():
    options = GenerationOptions(num_inference_steps=8, strength=0.5, loras=(LoraWeight("ink", 0.8),))
    assert options.given == ("num_inference_steps", "strength", "loras")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("num_inference_steps", 0),
        ("num_inference_steps", 101),
        ("num_inference_steps", 2.5),
        ("num_inference_steps", True),
        ("negative_prompt", "  "),
        ("negative_prompt", "x" * 4001),
        ("true_cfg_scale", 3.0),  # without a negative prompt
        ("strength", 0),
        ("strength", 1.2),
        ("strength", float("nan")),
        ("strength", "half"),
        ("max_sequence_length", 8),
        ("max_sequence_length", 1024),
        ("preview_every", 0),
        ("loras", ["ink"]),
        ("loras", (LoraWeight("ink"), LoraWeight("ink", 0.5))),
        ("loras", tuple(LoraWeight(f"ink{number}") for number in range(5))),
    ],
)
def test_a_wrong_value_is_an_error_that_names_the_field(field, value):
    with pytest.raises(InvalidValueError) as caught:
        GenerationOptions(**{field: value})
    assert caught.value.field == field


@pytest.mark.parametrize("name", ["", "../ink", "a/b", "a\\b", ".hidden", "ink\n", "x" * 101, 7])
def test_the_name_of_a_lora_is_never_a_path(name):
    with pytest.raises(InvalidValueError, match="loras"):
        LoraWeight(name)


@pytest.mark.parametrize("weight", [5.0, float("inf"), "1", None])
def test_the_weight_of_a_lora_is_a_small_number(weight):
    with pytest.raises(InvalidValueError, match="loras"):
        LoraWeight("ink", weight)


def test_a_scale_of_one_would_make_the_negative_prompt_useless_and_is_refused():
    with pytest.raises(InvalidValueError, match="true_cfg_scale"):
        GenerationOptions(negative_prompt="blurry", true_cfg_scale=1.0)


def test_options_survive_a_round_trip_through_json_ready_values():
    options = GenerationOptions(negative_prompt="blurry", loras=(LoraWeight("ink", 0.5), LoraWeight("oil")))
    assert GenerationOptions.from_json(asdict(options)) == options


def test_loras_are_read_from_a_mapping():
    assert GenerationOptions.read_loras({"ink": 0.5}) == (LoraWeight("ink", 0.5),)
    with pytest.raises(InvalidValueError, match="loras"):
        GenerationOptions.read_loras("ink")
