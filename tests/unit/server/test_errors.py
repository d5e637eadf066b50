from retouch.errors import ImageDecodeError, InvalidValueError, ModeratedError, UnsupportedInstructionError
from retouch.jobs.models import Problem
from retouch.server.errors import rename_param

NAMES = {"image": "image_url", "images": "image_url", "prompt": "prompt"}


def renamed(error) -> Problem:
    return rename_param(Problem.from_error(error), NAMES)


def test_a_field_of_the_lower_layers_is_told_in_the_dialects_words():
    problem = renamed(InvalidValueError("images", "at most 1 pictures for the engine 'x'", "2 pictures"))
    assert problem.message == "image_url must be at most 1 pictures for the engine 'x'; received '2 pictures'."
    assert problem.details["param"] == "image_url"
    assert problem.details["problems"] == [
        {"field": "image_url", "rule": "at most 1 pictures for the engine 'x'", "received": "2 pictures"}
    ]


def test_a_field_that_both_call_the_same_keeps_its_name():
    problem = renamed(InvalidValueError("output_format", '"png" for a transparent picture', "jpeg"))
    assert problem.details["param"] == "output_format"
    assert problem.message.startswith("output_format must be")


def test_a_picture_is_named_by_its_place():
    assert renamed(ImageDecodeError("It is damaged.", index=2)).details["param"] == "image_url[2]"
    assert renamed(ImageDecodeError("It is damaged.")).details["param"] == "image_url"


def test_what_an_engine_refuses_is_about_the_prompt():
    assert renamed(UnsupportedInstructionError([], ["fly"], "No.")).details["param"] == "prompt"
    assert renamed(ModeratedError("Refused.", allowed_from=4, attempt=0)).details["param"] == "prompt"
    assert renamed(ModeratedError("Refused.", allowed_from=4, index=0)).details["param"] == "image_url[0]"


def test_a_picture_that_came_in_a_field_of_its_own_is_named_by_that_field():
    names = [
        rename_param(Problem.from_error(ImageDecodeError("It is damaged.", index=index)), NAMES, leading=("parent",))
        for index in (0, 1, 3)
    ]
    assert [problem.details["param"] for problem in names] == ["parent", "image_url[0]", "image_url[2]"]
