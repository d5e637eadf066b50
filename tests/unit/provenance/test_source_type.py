"""What a file declares is true of how it was made."""

import pytest

from retouch.editor.instructions.plan import Style
from retouch.editor.operations.registry import HANDLERS
from retouch.editor.operations.style import apply
from retouch.provenance.source_type import (
    BY_OPERATION,
    LEARNED_STYLES,
    DigitalSourceType,
    judge_source_type,
)

CV = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def judge(*names: str, **options) -> str:
    plan = [{"operation": name} for name in names]
    return judge_source_type(plan, has_inputs=True, **options).value.removeprefix(CV)


def test_every_operation_of_the_built_in_editor_is_judged_and_no_other() -> None:
    assert set(BY_OPERATION) == {operation.__name__ for operation in HANDLERS}


def test_the_styles_that_a_network_paints_are_known() -> None:
    learned = {style.value for style in apply._LEARNED} | {Style.PICTURE.value}
    assert learned == LEARNED_STYLES
    plan = [{"operation": "ApplyStyle", "style": Style.VAN_GOGH.value}]
    assert judge_source_type(plan, has_inputs=True) is DigitalSourceType.COMPOSITE_TRAINED
    plan = [{"operation": "ApplyStyle", "style": Style.PENCIL.value}]
    assert judge_source_type(plan, has_inputs=True) is DigitalSourceType.ENHANCED


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        (["AdjustLook"], "algorithmicallyEnhanced"),
        (["AdjustLook", "Crop"], "algorithmicallyEnhanced"),
        (["Crop", "Remove", "AdjustLook"], "humanEdits"),
        (["Remove", "AddObject"], "composite"),
        (["AddObject", "SomethingNew"], "compositeWithTrainedAlgorithmicMedia"),
        ([], "compositeWithTrainedAlgorithmicMedia"),
    ],
)
def test_of_several_operations_the_one_that_changes_most_counts(operations: list[str], expected: str) -> None:
    assert judge(*operations) == expected


def test_a_picture_from_words_alone_is_generated() -> None:
    assert judge_source_type([], has_inputs=False) is DigitalSourceType.TRAINED


@pytest.mark.parametrize("admitted", ["trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"])
def test_an_edit_does_not_hide_that_its_input_was_generated(admitted: str) -> None:
    assert judge("AdjustLook", declared=[CV + admitted]) == "compositeWithTrainedAlgorithmicMedia"
    assert judge("AdjustLook", declared=[CV + "digitalCapture"]) == "algorithmicallyEnhanced"


def test_a_hole_that_a_network_filled_is_declared() -> None:
    assert judge("Remove", fills_by_network=True) == "compositeWithTrainedAlgorithmicMedia"
    assert judge("RemoveFlaws", fills_by_network=True) == "compositeWithTrainedAlgorithmicMedia"
    assert judge("AdjustLook", fills_by_network=True) == "algorithmicallyEnhanced"
