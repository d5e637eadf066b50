"""Clauses that put pictures together on one sheet: a collage, before and after."""

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.grammar.composition.pieces import said, take, take_picture
from retouch.editor.instructions.plan import BeforeAfter, Collage, Layout, Operation

__all__ = ["read_before_after", "read_collage"]

_LAYOUTS = {"grid": Layout.GRID, "side by side": Layout.ROW, "stacked": Layout.COLUMN}
_ALL = frozenset(
    ["both", "all", "these", "those", "them", "my", "the", "together", "images", "photos", "pictures", "pics"]
)


def read_before_after(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read "show before and after", "a side by side comparison", "compare it with the original"."""
    phrase = ctx.text(cur.tokens)
    before_after = any(token.sense.term("composition") == "before after" for token in cur.tokens)
    compares = any(token.word in ("comparison", "compare", "comparing") for token in cur.tokens)
    original = any(token.word == "original" for token in cur.tokens)
    arranged = any(token.sense.term("composition") in _LAYOUTS for token in cur.tokens)
    beside = original and any(token.word in ("next to", "beside") for token in cur.tokens)
    if not before_after and not (compares and (original or arranged) and ctx.image_count == 1) and not beside:
        return []
    layout = Layout.AUTO
    while not cur.done:
        found = take(cur, "side by side", "stacked", "before after", "comparison", "collage", "grid")
        if found in _LAYOUTS and found != "grid":
            layout = _LAYOUTS[found]
        elif found is None:
            sense = cur.sense()
            known = (
                sense.verb
                or sense.preposition
                or sense.determiner
                or sense.connector
                or sense.relation
                or sense.picture
            )
            if not known and cur.word() not in (
                "comparing",
                "original",
                "result",
                "edit",
                "edited",
                "me",
                "it",
                "view",
            ):
                return []
            cur.at += 1
    return [BeforeAfter(layout, phrase)]


def read_collage(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read "make a collage", "put them side by side", "stack both photos", "a 2x2 grid of all four pictures"."""
    phrase = ctx.text(cur.tokens)
    is_collage = any(token.sense.term("composition") in ("collage", "grid") for token in cur.tokens)
    verb = cur.take_verb("make", "put", "combine", "turn", "show", "want", "add", "use", "move") or ""
    stacked = not verb and said(cur, "stacked") is not None
    layout, plural = Layout.AUTO, False
    while not cur.done:
        found = take(cur, "grid", "side by side", "stacked", "collage")
        if found is not None:
            layout = _LAYOUTS.get(found, layout)
        elif cur.word() in _ALL or (cur.sense().picture and cur.word().endswith("s")):
            plural = plural or cur.word() not in ("the", "my")
            cur.at += 1
        elif take_picture(cur, ctx) or cur.sense().number is not None or _is_glue(cur):
            plural = plural or cur.sense().number is not None
            cur.at += 0 if cur.done else bool(cur.sense().number is not None or _is_glue(cur))
        else:
            return []
    if not is_collage and not (layout is not Layout.AUTO and (plural or ctx.image_count > 1) and (verb or stacked)):
        return []
    if ctx.image_count < 2:
        raise Refusal("collage")
    return [Collage(tuple(range(ctx.image_count)), layout, phrase)]


def _is_glue(cur: Cursor) -> bool:
    sense = cur.sense()
    glue = sense.preposition or sense.determiner or sense.connector or sense.ordinal is not None or sense.picture
    return bool(glue) or cur.word() in ("one", "single", "2x2", "out", "image", "images", "each", "together", "nice")
