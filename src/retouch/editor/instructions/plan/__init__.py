"""The typed plan: what a prompt was understood to ask for, before any picture is looked at. One file per family of operations."""

from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from typing import Any

from retouch.editor.instructions.plan.background import Background, ChangeBackground
from retouch.editor.instructions.plan.blend import Blend, BlendPictures, BorrowSky, MatchColors
from retouch.editor.instructions.plan.color import (
    LOOK_OPPOSITES,
    AdjustLook,
    KeepColors,
    Look,
    Recolor,
    ReplaceColor,
    ShiftColor,
    TurnHue,
)
from retouch.editor.instructions.plan.composition import (
    AddBorder,
    BeforeAfter,
    Border,
    CenterSubject,
    Collage,
    Crop,
    CropOut,
    ExtendCanvas,
    Filling,
    Flip,
    Layout,
    Rotate,
    Sides,
    Straighten,
    Trim,
    Zoom,
)
from retouch.editor.instructions.plan.insert import AddObject, PlaceSubject, PrintOnto
from retouch.editor.instructions.plan.lettering import (
    AddText,
    EraseText,
    LetteringKind,
    LetteringStyle,
    ReplaceText,
)
from retouch.editor.instructions.plan.light import ChangeLight, LightKind
from retouch.editor.instructions.plan.operation import Operation, Protection, is_same_target
from retouch.editor.instructions.plan.remove import Flaw, MoveObject, Remove, RemoveFlaws, ReplaceObject
from retouch.editor.instructions.plan.retouch import Retouch, RetouchPicture
from retouch.editor.instructions.plan.style import FILM_STYLES, ApplyStyle, Style
from retouch.editor.instructions.plan.values import (
    ColorValue,
    Horizontal,
    Order,
    Pick,
    Placement,
    Relation,
    Target,
    TargetKind,
    Vertical,
)

__all__ = [
    "FILM_STYLES",
    "LOOK_OPPOSITES",
    "AddBorder",
    "AddObject",
    "AddText",
    "AdjustLook",
    "ApplyStyle",
    "Background",
    "BeforeAfter",
    "Blend",
    "BlendPictures",
    "Border",
    "BorrowSky",
    "CenterSubject",
    "ChangeBackground",
    "ChangeLight",
    "Collage",
    "ColorValue",
    "Crop",
    "CropOut",
    "EditPlan",
    "EraseText",
    "ExtendCanvas",
    "Filling",
    "Flaw",
    "Flip",
    "Horizontal",
    "KeepColors",
    "Layout",
    "LetteringKind",
    "LetteringStyle",
    "LightKind",
    "Look",
    "MatchColors",
    "MoveObject",
    "Operation",
    "Order",
    "Pick",
    "PlaceSubject",
    "Placement",
    "PrintOnto",
    "Protection",
    "Recolor",
    "Relation",
    "Remove",
    "RemoveFlaws",
    "ReplaceColor",
    "ReplaceObject",
    "ReplaceText",
    "Retouch",
    "RetouchPicture",
    "Rotate",
    "ShiftColor",
    "Sides",
    "Straighten",
    "Style",
    "Target",
    "TargetKind",
    "Trim",
    "TurnHue",
    "Vertical",
    "Zoom",
    "as_json",
    "choose_base",
    "is_same_target",
]


@dataclass(frozen=True, slots=True)
class EditPlan:
    """A whole prompt, understood.

    Attributes
    ----------
    operations : tuple of Operation
        In the order in which they are carried out. Never empty.
    kept : tuple of str
        Clauses that ask for what happens anyway: "don't change anything else", "make it look natural".
    assumptions : tuple of str
        Readings that the prompt leaves open, in plain words.
    protected : tuple of Target
        What no operation may change: "keep the sky as it is", "but not the cup".
    """

    operations: tuple[Operation, ...]
    kept: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    protected: tuple[Target, ...] = ()


def choose_base(operations: tuple[Operation, ...] | list[Operation]) -> int:
    """Return the input picture that a plan builds on, counted from 0.

    The first operation that brings two pictures together decides: a print is made on its surface's picture, a subject goes
    into the receiving scene, a replaced background keeps the subject's picture. Any other plan edits the first picture, or the
    one that an operation names.
    """
    joining = [operation for operation in operations if operation.joins_pictures]
    if joining:
        return joining[0].edited_picture() or 0
    named = (operation.edited_picture() for operation in operations)
    return next((index for index in named if index is not None), 0)


def as_json(value: Any) -> Any:
    """Return a plan, or a part of it, as JSON-ready values; an operation carries its class name under "operation"."""
    if is_dataclass(value) and not isinstance(value, type):
        body = {f.name: as_json(getattr(value, f.name)) for f in fields(value)}
        if isinstance(value, Operation):
            return {"operation": type(value).__name__, "description": value.describe(), **body}
        return {key: item for key, item in body.items() if item is not None and item is not False}
    if isinstance(value, tuple | list):
        return [as_json(item) for item in value]
    return value.value if isinstance(value, StrEnum) else value
