"""Which function carries out which operation."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from retouch.editor.instructions.plan import (
    AddBorder,
    AddObject,
    AddText,
    AdjustLook,
    ApplyStyle,
    BeforeAfter,
    BlendPictures,
    BorrowSky,
    CenterSubject,
    ChangeBackground,
    ChangeLight,
    Collage,
    Crop,
    CropOut,
    EraseText,
    ExtendCanvas,
    Flip,
    KeepColors,
    MatchColors,
    MoveObject,
    Operation,
    PlaceSubject,
    PrintOnto,
    Recolor,
    Remove,
    RemoveFlaws,
    ReplaceColor,
    ReplaceObject,
    ReplaceText,
    RetouchPicture,
    Rotate,
    ShiftColor,
    Straighten,
    Trim,
    TurnHue,
    Zoom,
)
from retouch.editor.operations.background import change_background
from retouch.editor.operations.blend_pictures import blend_pictures
from retouch.editor.operations.composition import (
    add_border,
    center_subject,
    crop,
    crop_out,
    extend_canvas,
    flip,
    make_collage,
    rotate,
    show_before_after,
    straighten,
    trim,
    zoom,
)
from retouch.editor.operations.insert.insert import insert
from retouch.editor.operations.lettering import add_text, erase_text, replace_text
from retouch.editor.operations.light.borrow_sky import borrow_sky
from retouch.editor.operations.light.change_light import change_light
from retouch.editor.operations.look import adjust_look
from retouch.editor.operations.look_color import shift_color, turn_hue
from retouch.editor.operations.match_colors import match_colors
from retouch.editor.operations.place_subject import place_subject
from retouch.editor.operations.print.onto import print_onto
from retouch.editor.operations.recolor import recolor
from retouch.editor.operations.recolor_everywhere import keep_colors, replace_color
from retouch.editor.operations.remove.flaws import remove_flaws
from retouch.editor.operations.remove.relocate import move_object, replace_object
from retouch.editor.operations.remove.remove import remove
from retouch.editor.operations.retouch import retouch_picture
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.operations.style.apply import apply_style

__all__ = ["HANDLERS", "carry_out"]

Op = TypeVar("Op", bound=Operation)
Handler = Callable[[Stage, Any, Context], Stage]
"""Takes the picture so far, an operation of its own type, and what it may ask for; returns the picture after it."""


def _handles(operation: type[Op], handler: Callable[[Stage, Op, Context], Stage]) -> tuple[type[Operation], Handler]:
    """Return an entry of the table; its types say that the handler takes that operation."""
    return operation, handler


HANDLERS: Final[Mapping[type[Operation], Handler]] = dict(
    [
        _handles(AddObject, insert),
        _handles(AddText, add_text),
        _handles(EraseText, erase_text),
        _handles(ReplaceText, replace_text),
        _handles(BlendPictures, blend_pictures),
        _handles(BorrowSky, borrow_sky),
        _handles(MatchColors, match_colors),
        _handles(AdjustLook, adjust_look),
        _handles(ApplyStyle, apply_style),
        _handles(ChangeBackground, change_background),
        _handles(ChangeLight, change_light),
        _handles(PlaceSubject, place_subject),
        _handles(PrintOnto, print_onto),
        _handles(AddBorder, add_border),
        _handles(BeforeAfter, show_before_after),
        _handles(CenterSubject, center_subject),
        _handles(Collage, make_collage),
        _handles(Crop, crop),
        _handles(CropOut, crop_out),
        _handles(ExtendCanvas, extend_canvas),
        _handles(Flip, flip),
        _handles(Rotate, rotate),
        _handles(Straighten, straighten),
        _handles(Trim, trim),
        _handles(Zoom, zoom),
        _handles(RetouchPicture, retouch_picture),
        _handles(Recolor, recolor),
        _handles(KeepColors, keep_colors),
        _handles(ReplaceColor, replace_color),
        _handles(Remove, remove),
        _handles(RemoveFlaws, remove_flaws),
        _handles(ReplaceObject, replace_object),
        _handles(MoveObject, move_object),
        _handles(ShiftColor, shift_color),
        _handles(TurnHue, turn_hue),
    ]
)


def carry_out(operation: Operation, stage: Stage, context: Context) -> Stage:
    """Carry out one operation of a plan.

    Raises
    ------
    UnsupportedInstructionError
        It can't be done in this picture.
    EditAbortedError
        ``context.should_abort`` said so.
    """
    return HANDLERS[type(operation)](stage, operation, context)
