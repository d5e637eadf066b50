"""What the clauses about backgrounds share: what stays, and the words for the background itself."""

from retouch.editor.instructions.context import Context
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.plan import Target, TargetKind
from retouch.editor.instructions.targets import to_target
from retouch.editor.instructions.things import Thing

__all__ = ["stays", "take_background", "take_background_pronoun"]


def stays(ctx: Context, thing: Thing | None = None) -> Target:
    """Return what stays: the thing that is named, else the main subject."""
    behind = ctx.referent is not None and ctx.referent.kind is TargetKind.BACKGROUND
    if thing is None or (thing.pronoun == "thing" and behind):  # "remove the background and put it on grey"
        return ctx.subject()
    if thing.picture or thing.everything:
        return ctx.subject(image_index=thing.image_index)
    return to_target(thing, ctx)


def take_background(cur: Cursor) -> bool:
    """Step over "the background" (and "behind it", "of the cup" is left to the caller)."""
    begin = cur.at
    while cur.sense().determiner in ("definite", "indefinite") or cur.word() == "studio":
        cur.at += 1
    if cur.sense().noun == "background":
        cur.at += 1
        return True
    cur.at = begin
    return False


def take_background_pronoun(cur: Cursor, ctx: Context) -> bool:
    """Step over "it" behind a clause about the background."""
    is_background = ctx.referent is not None and ctx.referent.kind is TargetKind.BACKGROUND
    if not is_background or cur.sense().pronoun != "thing" or cur.sense(1).noun is not None:
        return False
    cur.at += 1
    return True
