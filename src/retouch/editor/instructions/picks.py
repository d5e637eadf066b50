"""Which one of several: "the second from the left", "the biggest", "the one in the back", "the one in the red dress"."""

from dataclasses import replace

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.pieces import parse_color
from retouch.editor.instructions.plan import ColorValue, Horizontal, Order, Pick
from retouch.editor.instructions.refusals import CLOTHES
from retouch.editor.instructions.things import Thing

__all__ = ["is_bare_one", "read_depth", "read_ordinal_side", "read_wearing", "take_superlative"]

_SUPERLATIVES: dict[str, Order] = {
    "biggest": "large", "largest": "large", "tallest": "large", "bigger": "large", "larger": "large", "taller": "large",
    "smallest": "small", "tiniest": "small", "littlest": "small", "shortest": "small",
    "nearest": "near", "closest": "near", "frontmost": "near", "farthest": "far", "furthest": "far",
    "topmost": "top", "uppermost": "top", "bottommost": "bottom", "lowest": "bottom", "highest": "top",
}  # fmt: skip
_DEPTHS: dict[str, Order] = {
    "front": "near", "foreground": "near", "back": "far", "background": "far", "rear": "far", "distance": "far",
}  # fmt: skip
_WEARING = frozenset(["in", "wearing", "with"])
_PEOPLE = frozenset(
    """
        person people man woman boy girl child kid baby model player dancer guy lady everyone tourist
        stranger runner hiker cyclist
    """.split()  # noqa: SIM905
)
_DRESSED = CLOTHES | {"hat", "cap", "helmet", "top", "clothes", "outfit"}


def take_superlative(thing: Thing, words: list[str]) -> list[str]:
    """Take "biggest" from the front of a noun's words; what is left names the thing."""
    if len(words) > 1 and words[0] in _SUPERLATIVES and thing.determiner == "definite":
        thing.pick = Pick(_SUPERLATIVES[words[0]])
        return words[1:]
    return words


def read_ordinal_side(thing: Thing, cur: Cursor, ctx: Context) -> None:
    """Read "from the left" behind "the second bird"; without it, people count from the left."""
    if thing.ordinal is None:
        return
    if thing.pick is not None:
        thing.pick = replace(thing.pick, rank=thing.ordinal)
        return
    begin = cur.at
    across = None
    if cur.take_preposition("from") is not None:
        cur.at += cur.sense().determiner == "definite" and not cur.done
        across = (cur.sense().side or (None, None))[0]
        cur.at += across is not None
    if across not in ("left", "right"):
        if thing.determiner != "definite":
            raise Refusal("ordinal")
        cur.at = begin
        ctx.assume(f'counted "{thing.noun}" from the left')
        thing.pick = Pick("left", thing.ordinal)
        return
    opposite: Horizontal = "right" if across == "left" else "left"
    thing.pick = Pick(across, thing.ordinal)
    if thing.ordinal in (0, -1):
        thing.horizontal = across if thing.ordinal == 0 else opposite


def read_depth(cur: Cursor, *, far: bool) -> Pick | None:
    """Read "in the foreground" behind a noun, with ``far`` also "in the back": by how large things look."""
    begin = cur.at
    if cur.take_preposition("in", "at") is not None and cur.sense().determiner == "definite":
        order = _DEPTHS.get(cur.word(1))
        ends = cur.word(2) not in ("of", "'s") and cur.sense(2).noun is None
        if order is not None and ends and (far or order == "near"):
            cur.at += 2
            return Pick(order)
    cur.at = begin
    return None


def read_wearing(thing: Thing, cur: Cursor, ctx: Context) -> ColorValue | None:
    """Read "in the red dress" behind a person: the color of what is worn."""
    begin = cur.at
    if (thing.noun in _PEOPLE or thing.bare_one) and thing.wearing is None and cur.word() in _WEARING:
        cur.at += 1
        cur.at += cur.sense().determiner is not None and not cur.done
        color = parse_color(cur, ctx)
        if color is not None and (cur.sense().noun or cur.word()) in _DRESSED:
            cur.at += 1
            return color
    cur.at = begin
    return None


def is_bare_one(thing: Thing, cur: Cursor) -> bool:
    """Whether "one" stands for a noun: "the one on the right", "the left one", "the biggest one"."""
    pointed = thing.determiner == "definite" or thing.ordinal is not None or thing.horizontal is not None
    sense = cur.sense(1)
    result = sense.color is not None and cur.sense(2).noun is None and (cur.token(2) is None or cur.sense(2).known)
    follows = sense.noun is None and (result or not sense.color) and not sense.size and not sense.picture
    return cur.word() in ("one", "ones") and pointed and follows
