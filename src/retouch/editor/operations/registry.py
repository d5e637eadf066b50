"""Which function carries out which operation."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from retouch.editor.instructions.plan import (
    AddObject,
    AdjustLook,
    ChangeBackground,
    KeepColors,
    Operation,
    PlaceSubject,
    PrintOnto,
    Recolor,
    ReplaceColor,
    ShiftColor,
    TurnHue,
)
from retouch.editor.operations.background import change_background
from retouch.editor.operations.insert.insert import insert
from retouch.editor.operations.look import adjust_look
from retouch.editor.operations.look_color import shift_color, turn_hue
from retouch.editor.operations.place_subject import place_subject
from retouch.editor.operations.print.onto import print_onto
from retouch.editor.operations.recolor import recolor
from retouch.editor.operations.recolor_everywhere import keep_colors, replace_color
from retouch.editor.operations.stage import Context, Stage

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
        _handles(AdjustLook, adjust_look),
        _handles(ChangeBackground, change_background),
        _handles(PlaceSubject, place_subject),
        _handles(PrintOnto, print_onto),
        _handles(Recolor, recolor),
        _handles(KeepColors, keep_colors),
        _handles(ReplaceColor, replace_color),
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
