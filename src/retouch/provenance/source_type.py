"""Which term of the IPTC's vocabulary is true of an answer.

The vocabulary tells how a picture came to be, not how much of it changed. Its definitions (edition of 2024-10-23) decide:

========================================  ==========================================================================
``algorithmicallyEnhanced``               changed by an algorithm that a human started, the main content is what it was
``humanEdits``                            corrected by a human with tools that are not generative
``composite``                             put together from several elements, of whatever origin
``compositeWithTrainedAlgorithmicMedia``  edited with a generative model
``trainedAlgorithmicMedia``               made by a generative model from words alone
========================================  ==========================================================================

References
----------
International Press Telecommunications Council, "Digital Source Type NewsCodes", 2024.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

__all__ = ["BY_OPERATION", "DigitalSourceType", "judge_source_type"]

_SCHEME: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"


class DigitalSourceType(StrEnum):
    """A term by its URI."""

    ENHANCED = f"{_SCHEME}algorithmicallyEnhanced"
    HUMAN_EDITS = f"{_SCHEME}humanEdits"
    COMPOSITE = f"{_SCHEME}composite"
    COMPOSITE_TRAINED = f"{_SCHEME}compositeWithTrainedAlgorithmicMedia"
    TRAINED = f"{_SCHEME}trainedAlgorithmicMedia"

    @property
    def is_generative(self) -> bool:
        """Whether a generative model had a hand in the picture."""
        return self in (DigitalSourceType.COMPOSITE_TRAINED, DigitalSourceType.TRAINED)


_E, _H, _C, _T = (
    DigitalSourceType.ENHANCED,
    DigitalSourceType.HUMAN_EDITS,
    DigitalSourceType.COMPOSITE,
    DigitalSourceType.COMPOSITE_TRAINED,
)
_BY_STRENGTH: Final = (_E, _H, _C, _T)

BY_OPERATION: Final[Mapping[str, DigitalSourceType]] = {
    # Tone, color, frame: the picture shows what it showed.
    "AdjustLook": _E,
    "Recolor": _E,
    "ShiftColor": _E,
    "TurnHue": _E,
    "ReplaceColor": _E,
    "KeepColors": _E,
    "MatchColors": _E,
    "RetouchPicture": _E,
    "RemoveFlaws": _E,
    "Crop": _E,
    "Trim": _E,
    "CropOut": _E,
    "Zoom": _E,
    "CenterSubject": _E,
    "Straighten": _E,
    "Rotate": _E,
    "Flip": _E,
    "AddBorder": _E,
    "ApplyStyle": _E,
    # What it shows is another: something is gone, moved, written, lit or drawn that was not.
    "Remove": _H,
    "EraseText": _H,
    "ReplaceText": _H,
    "AddText": _H,
    "MoveObject": _H,
    "ExtendCanvas": _H,
    "ChangeLight": _H,
    "ChangeBackground": _H,
    # It is put together from elements that were pictures of their own.
    "AddObject": _C,
    "ReplaceObject": _C,
    "PrintOnto": _C,
    "PlaceSubject": _C,
    "BlendPictures": _C,
    "BorrowSky": _C,
    "Collage": _C,
    "BeforeAfter": _C,
}
"""What each operation of the built-in editor makes of a picture, by the operation's name in a plan."""

_MAY_FILL: Final = frozenset(name for name, term in BY_OPERATION.items() if term is not _E) | {"RemoveFlaws"}
"""Operations that may leave a hole to be filled."""

LEARNED_STYLES: Final = frozenset(
    {
        "painting in the manner of Van Gogh",
        "painting in the manner of Munch",
        "abstract painting in the manner of Kandinsky",
        "Japanese woodblock print",
        "painting in the style of another picture",
    }
)
"""Styles that a trained network paints (``retouch.editor.operations.style``), as a plan names them; rules draw the others."""


def judge_source_type(
    plan: Sequence[Mapping[str, Any]], *, has_inputs: bool, fills_by_network: bool = False, declared: Iterable[str] = ()
) -> DigitalSourceType:
    """Return the term that is true of an answer.

    Parameters
    ----------
    plan : sequence of mapping
        The operations that were carried out, by their key ``operation`` (``Interpretation.plan``). An engine that tells none, or
        one that is not known here, counts as a generative model: too much is admitted rather than too little.
    has_inputs : bool
        Whether the answer was made from pictures, not from words alone.
    fills_by_network : bool
        Whether a trained network, and not patch synthesis, fills the holes that operations leave.
    declared : iterable of str
        What the inputs' files say of themselves, as URIs. What a generative model made stays declared as such, whatever was done
        to it afterwards.

    >>> judge_source_type([{"operation": "AdjustLook"}], has_inputs=True).name
    'ENHANCED'
    >>> judge_source_type([{"operation": "AdjustLook"}, {"operation": "Remove"}], has_inputs=True).name
    'HUMAN_EDITS'
    >>> judge_source_type([], has_inputs=True).name
    'COMPOSITE_TRAINED'
    """
    if not has_inputs:
        return DigitalSourceType.TRAINED
    if any(_is_generative(uri) for uri in declared) or not plan:
        return DigitalSourceType.COMPOSITE_TRAINED
    strongest = max((_of_operation(operation) for operation in plan), key=_BY_STRENGTH.index)
    fills = any(operation.get("operation") in _MAY_FILL for operation in plan)
    return DigitalSourceType.COMPOSITE_TRAINED if fills_by_network and fills else strongest


def _of_operation(operation: Mapping[str, Any]) -> DigitalSourceType:
    name = operation.get("operation")
    if name == "ApplyStyle" and operation.get("style") in LEARNED_STYLES:
        return DigitalSourceType.COMPOSITE_TRAINED
    return BY_OPERATION.get(str(name), DigitalSourceType.COMPOSITE_TRAINED)


def _is_generative(uri: str) -> bool:
    """Whether a declared term admits a generative model; "composite" alone does not say."""
    return uri.rstrip("/").rsplit("/", 1)[-1] in (
        "trainedAlgorithmicMedia",
        "compositeWithTrainedAlgorithmicMedia",
        "compositeSynthetic",
    )
