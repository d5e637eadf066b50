"""Looks that are listed: "black and white with soft light and a vignette", "more contrast and less saturation in the sky"."""

from collections.abc import Sequence

from retouch.editor.instructions.plan import (
    AddBorder,
    AdjustLook,
    ApplyStyle,
    ChangeBackground,
    ChangeLight,
    Crop,
    Operation,
    RetouchPicture,
    ShiftColor,
)
from retouch.editor.instructions.tokens import Token

__all__ = ["are_features", "share_region", "split_features"]

_JOINTS = ("and", ",", "plus", "&")
_REGION_OPENERS = frozenset(["in", "of", "to", "on"])
_MOST_FEATURES = 6


def split_features(clause: Sequence[Token]) -> list[list[list[Token]]]:
    """Return ways to cut a clause at "with", "and" and commas, each part a look of its own: none or one."""
    parts = _parts(clause)
    return [parts] if 1 < len(parts) <= _MOST_FEATURES else []


def share_region(clause: Sequence[Token]) -> list[list[Token]]:
    """Return the parts of "more blue and less clouds in the sky", each with the region behind the last; [] for other clauses."""
    parts = _parts(clause)
    if not 1 < len(parts) <= _MOST_FEATURES or not all(part[0].sense.amount is not None for part in parts):
        return []
    last = parts[-1]
    region = next((i for i, token in enumerate(last) if i and token.sense.preposition in _REGION_OPENERS), None)
    if region is None or not any(token.sense.determiner == "definite" for token in last[region:]):
        return []
    return [*([*part, *last[region:]] for part in parts[:-1]), last]


def _parts(clause: Sequence[Token]) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    for token in clause:
        if token.word == "with" or token.sense.connector in _JOINTS:
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part]


def are_features(operations: Sequence[Operation]) -> bool:
    """Whether operations only change how the picture looks: nothing that "with" could have joined to a thing."""
    return all(isinstance(operation, _FEATURES) for operation in operations)


_FEATURES = (AddBorder, AdjustLook, ApplyStyle, ChangeBackground, ChangeLight, Crop, RetouchPicture, ShiftColor)
