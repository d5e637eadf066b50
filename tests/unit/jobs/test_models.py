import json

import pytest

from retouch import errors
from retouch.generation import GenerationOptions, LoraWeight
from retouch.jobs.models import LEGAL_TRANSITIONS, JobInput, JobState, Problem, request_from_json, request_to_json
from retouch.types import EditRequest, OutputFormat


def test_final_states_lead_nowhere_and_every_other_state_leads_to_the_end():
    final = {state for state in JobState if state.is_final}
    assert final == {JobState.SUCCEEDED, JobState.FAILED, JobState.MODERATED, JobState.CANCELLED}
    for state in set(JobState) - final:
        assert LEGAL_TRANSITIONS[state] & final


def test_a_request_survives_json():
    request = EditRequest(
        "Füge einen Vogel hinzu \N{BIRD}",
        num_images=3,
        seed=9,
        size="original",
        output_format=OutputFormat.PNG,
        guidance_scale=3.5,
        safety_tolerance=6,
        preserve="off",
        explain=True,
        generation=GenerationOptions(strength=0.5, negative_prompt="blurry", loras=(LoraWeight("ink", 0.8),)),
    )
    assert request_from_json(json.loads(json.dumps(request_to_json(request)))) == request


def test_a_request_that_was_stored_before_there_were_options_is_still_read():
    request = EditRequest("add a bird")
    stored = {name: value for name, value in request_to_json(request).items() if name != "generation"}
    assert request_from_json(stored) == request


@pytest.mark.parametrize(
    "given", [JobInput("a"), JobInput("a", "b", "c"), JobInput("a", mask="m"), JobInput("a", "b", "c", "m")]
)
def test_an_input_survives_json(given):
    assert JobInput.from_json(json.loads(json.dumps(given.to_json()))) == given


def test_an_input_names_all_that_it_needs():
    assert JobInput("a").digests == ("a",)
    assert JobInput("a", "b", "c").digests == ("a", "b", "c")
    assert JobInput("a", mask="m").digests == ("a", "m")


def test_a_problem_carries_the_context_of_its_error():
    error = errors.UnsupportedInstructionError(["add a bird"], ["make it dance"], "Ask for less.")
    problem = Problem.from_error(error)
    assert (problem.code, problem.message, problem.retryable) == ("unsupported_instruction", str(error), False)
    assert problem.details == {
        "understood": ["add a bird"],
        "not_understood": ["make it dance"],
        "hint": "Ask for less.",
    }


@pytest.mark.parametrize("value", [b"bytes", {"a": object()}, object()])
def test_a_problem_can_be_stored_whatever_value_was_wrong(value):
    problem = Problem.from_error(errors.InvalidValueError("seed", "a number", value))
    json.dumps(problem.details)
