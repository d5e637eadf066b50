"""Clauses that turn the picture: mirror, rotate, straighten."""

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.grammar.composition.pieces import (
    refuse_part,
    said,
    skip,
    take,
    take_number,
    take_picture,
)
from retouch.editor.instructions.plan import Flip, Operation, Rotate, Straighten

__all__ = ["read_flip", "read_rotation", "read_straightening"]

_LITTLE_DEGREES = 3.0
_MUCH_DEGREES = 15.0
_PLAIN_DEGREES = 90.0


def read_flip(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read "flip it horizontally", "mirror the image", "make it a mirror image", "flip it upside down"."""
    led = cur.take_verb("make", "turn", "create", "give", "show", "want", "add") is not None
    if led:
        take_picture(cur, ctx)
        skip(cur, "into", "to")
    if take(cur, "flip") is None:
        return []
    if not take_picture(cur, ctx) and not cur.done:
        refuse_part(cur, ctx)
    axes: list[str] = []
    while not cur.done:
        if take(cur, "upside down") is not None or take(cur, "right way up") is not None:
            axes.append("turned")
        elif take(cur, "horizontally") is not None or cur.word() in ("left", "right"):
            cur.at += cur.word() in ("left", "right")
            axes.append("across")
        elif take(cur, "vertically") is not None or cur.word() in ("top", "bottom"):
            cur.at += cur.word() in ("top", "bottom")
            axes.append("down")
        elif cur.sense().connector or cur.sense().preposition or cur.sense().determiner or cur.word() in _AXIS:
            cur.at += 1
        else:
            return []
    phrase = ctx.text(cur.tokens)
    if "turned" in axes:
        return [Rotate(180.0, phrase)]
    if not axes:
        ctx.assume(f'took "{phrase}" for left to right')
    both: list[Operation] = [Flip(axis == "down", phrase) for axis in dict.fromkeys(axes or ["across"])]
    return both


_AXIS = frozenset(["axis", "x", "y", "way", "around", "over", "direction", "it", "image", "effect"])


def read_rotation(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read "rotate 90 degrees", "turn the photo upside down", "rotate it a bit to the left", "make it upside down"."""
    rotates = take(cur, "rotate") is not None
    if not rotates and cur.take_verb("turn", "make", "put", "change") is None:
        return []
    on_picture = take_picture(cur, ctx)
    degrees: float | None = None
    sign = 0
    amount = None
    while not cur.done:
        number = take_number(cur, ctx)
        if number is not None:
            if number[1] not in ("", "deg") or degrees is not None:
                return []
            degrees = number[0]
        elif take(cur, "upside down") is not None or take(cur, "half turn") is not None:
            degrees = 180.0
        elif take(cur, "right way up") is not None:
            raise Refusal("which_turn")
        elif take(cur, "quarter turn") is not None:
            degrees = 90.0
        elif take(cur, "clockwise") is not None or cur.take_word("right"):
            sign = 1
        elif take(cur, "counterclockwise") is not None or cur.take_word("left"):
            sign = -1
        elif rotates and cur.word() in ("portrait", "landscape", "vertical", "horizontal"):
            degrees = 90.0
            cur.at += 1
        elif cur.sense().degree is not None:
            amount = cur.take_degree()
        elif not on_picture and rotates and take_picture(cur, ctx):
            on_picture = True
        elif cur.sense().preposition or cur.sense().determiner or cur.word() in ("around", "side", "over", "hand"):
            cur.at += 1
        else:
            if rotates and not on_picture:
                refuse_part(cur, ctx)
            return []
    phrase = ctx.text(cur.tokens)
    if degrees is None and sign == 0:
        if rotates:
            raise Refusal("which_turn")
        return []
    if degrees is None:
        degrees = {"little": _LITTLE_DEGREES, "much": _MUCH_DEGREES}.get(amount or "", _PLAIN_DEGREES)
        ctx.assume(f'took "{phrase}" for {degrees:g} degrees')
    elif sign == 0 and degrees != 180:
        ctx.assume(f'took "{phrase}" for clockwise')
    if ctx.prompt[: _place_of_number(cur)].endswith("-"):
        sign = -1
    turned = degrees * (sign or 1) % 360
    turned = turned - 360 if turned > 180 else turned
    if turned == 0:
        raise Refusal("which_turn")
    return [Rotate(turned, phrase)]


def _place_of_number(cur: Cursor) -> int:
    """Return where the clause's number begins in the prompt, 0 where there is none."""
    return next((token.start for token in cur.tokens if token.word[0].isdecimal()), 0)


def read_straightening(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read "straighten it", "fix the crooked horizon", "level the horizon", "the picture is tilted"."""
    phrase = ctx.text(cur.tokens)
    if take(cur, "straighten") is not None:
        cur.take_word("out", "up")
        named = take_picture(cur, ctx) or _take_horizon(cur)
        if not named and not cur.done:
            refuse_part(cur, ctx)
        cur.take_word("out", "up")
        cur.take_preposition("up")
        return [Straighten(phrase)] if cur.done else []
    fixes = cur.take_word("fix", "correct", "repair") or cur.take_verb("make", "remove", "change") is not None
    crooked = _take_crooked(cur)
    named = _take_horizon(cur)
    pictured = not named and (take_picture(cur, ctx) or cur.take_word("it's", "its"))
    crooked = crooked or _take_crooked(cur)
    while cur.sense().copula or cur.sense().degree or cur.word() in ("too", "not", "looks", "isn't"):
        cur.at += 1
    straight = take(cur, "straight", "straighten") is not None
    crooked = _take_crooked(cur) or crooked
    if cur.done and ((fixes and crooked) or (named and (straight or crooked or fixes)) or (pictured and crooked)):
        return [Straighten(phrase)]
    if cur.done and fixes and pictured and straight and cur.word(-1) in ("straight", "level"):
        return [Straighten(phrase)]
    return []


def _take_horizon(cur: Cursor) -> bool:
    begin = cur.at
    skip(cur)
    take(cur, "crooked")
    if take(cur, "horizon") is None:
        cur.at = begin
        return False
    return True


def _take_crooked(cur: Cursor) -> bool:
    begin = cur.at
    skip(cur)
    if said(cur, "crooked") is None or cur.done:
        cur.at = begin
        return False
    cur.at += 1
    return True
