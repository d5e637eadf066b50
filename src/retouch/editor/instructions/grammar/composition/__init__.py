"""Clauses about the frame: what the picture shows of the scene, how it lies, and what is put around or beside it."""

from collections.abc import Callable, Sequence

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.grammar.composition.canvas import read_border, read_extension
from retouch.editor.instructions.grammar.composition.crop import read_center, read_crop, read_shape, read_zoom
from retouch.editor.instructions.grammar.composition.sheet import read_before_after, read_collage
from retouch.editor.instructions.grammar.composition.turn import read_flip, read_rotation, read_straightening
from retouch.editor.instructions.plan import Operation

__all__ = ["parse_composition"]

_READERS: tuple[Callable[[Cursor, Context], Sequence[Operation]], ...] = (
    read_before_after,
    read_collage,
    read_flip,
    read_straightening,
    read_rotation,
    read_border,
    read_extension,
    read_center,
    read_zoom,
    read_crop,
    read_shape,
)
"""Tried in this order; the first that reads the whole clause has it."""


_GROWING = frozenset(
    ["beard", "hair", "mustache", "moustache", "nail", "hedge", "tree", "grass", "bush", "fur", "eyebrow"]
)
"""What a pair of scissors trims."""


def parse_composition(cur: Cursor, ctx: Context) -> list[Operation]:
    """Return what a clause asks of the frame; empty if it is about something else."""
    cur.at += bool(cur.sense().modal) and not cur.done
    begin = cur.at
    if cur.word() == "trim" and any(token.sense.noun in _GROWING for token in cur.tokens):
        raise Refusal("grown")
    refusal: Refusal | None = None
    for read in _READERS:
        cur.at = begin
        assumptions = list(ctx.assumptions)
        try:
            operations = read(cur, ctx)
        except Refusal as exc:
            refusal = refusal or exc
            operations = []
        if operations and cur.done:
            return list(operations)
        ctx.assumptions[:] = assumptions
    if refusal is not None:
        raise refusal
    return []
