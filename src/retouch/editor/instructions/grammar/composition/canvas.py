"""Clauses that add to the picture's sides: extend it, put bars, a border or a frame around it."""

from retouch.editor.instructions.colors import color_names
from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.grammar.composition.pieces import (
    said,
    skip,
    take,
    take_amount,
    take_number,
    take_part,
    take_picture,
    take_ratio,
)
from retouch.editor.instructions.pieces import parse_color
from retouch.editor.instructions.plan import AddBorder, Border, ColorValue, ExtendCanvas, Filling, Operation, Sides
from retouch.editor.instructions.words.composition import NOUNS

__all__ = ["read_border", "read_extension"]

_SHARES = {"little": 0.12, None: 0.25, "plain": 0.25, "much": 0.5}
_LIMIT = 1.0
"""A side is extended by at most the picture's own length."""
_DIRECTIONS = {
    "upwards": "top", "upward": "top", "up": "top", "above": "top", "downwards": "bottom", "downward": "bottom",
    "down": "bottom", "below": "bottom", "leftwards": "left", "rightwards": "right", "outwards": "all", "outward": "all",
    "horizontally": "across", "vertically": "along", "sideways": "across",
}  # fmt: skip
_WHICH = {"all": ("left", "top", "right", "bottom"), "across": ("left", "right"), "along": ("top", "bottom")}


def read_extension(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read "extend it to the left", "make it 16:9 with white bars", "add more space at the top", "make the picture wider"."""
    phrase = ctx.text(cur.tokens)
    start = _take_start(cur, ctx)
    if start is None:
        return []
    sides, named, degree = start
    ratio: tuple[int, int] | None = None
    amount: tuple[float, bool] | None = None
    filling, color = Filling.SCENE, None
    while not cur.done:
        if (bars := _take_bars(cur, ctx)) is not None:
            filling, color = bars
        elif take(cur, "uncropped") is not None or cur.take_word("in order", "so"):
            continue
        elif (direction := _DIRECTIONS.get(cur.word())) is not None:
            sides |= set(_WHICH.get(direction, (direction,)))
            cur.at += 1
        elif ratio is None and (ratio := take_ratio(cur, ctx)) is not None:
            continue
        elif (part := take_part(cur, ctx)) is not None and not part.is_middle:
            sides |= part.sides
            amount = (part.amount, part.in_pixels) if part.amount is not None else amount
        elif amount is None and (amount := take_amount(cur, ctx)) is not None:
            continue
        elif cur.sense().degree is not None:
            degree = cur.take_degree() or degree
        elif take_picture(cur, ctx) or _skip_around(cur):
            continue
        else:
            return []
    if ratio is None and not sides:
        if not named:
            return []
        sides = set(_WHICH["all"])
    if ratio is not None:
        return [ExtendCanvas(ratio=ratio, filling=filling, color=color, phrase=phrase)]
    share, in_pixels = amount or (_SHARES[degree], False)
    if not in_pixels and share > _LIMIT:
        raise Refusal("extend_limit")
    amounts = Sides.at(sides, share, in_pixels=in_pixels)
    return [ExtendCanvas(sides=amounts, filling=filling, color=color, phrase=phrase)]


def _take_start(cur: Cursor, ctx: Context) -> tuple[set[str], bool, str | None] | None:
    """Read the words for a larger canvas: (sides that they name, whether they say it outright, degree)."""
    begin = cur.at
    if take(cur, "extend") is not None:
        skip(cur)
        at = cur.at
        if not take_picture(cur, ctx) and take(cur, "canvas") is None:
            if cur.sense().noun == "sky" or cur.word() == "sky":
                cur.at += 1
                return {"top"}, True, None
            cur.at = at
        return set(), True, None
    led = (
        cur.take_verb("make", "add", "give", "put", "want", "turn", "change", "leave", "use", "show", "keep")
        is not None
    )
    take_picture(cur, ctx)
    degree_at = cur.at
    degree = cur.take_degree()
    if cur.sense().amount and cur.word() == "more":
        cur.at += 1
    across = take(cur, "wider", "taller")
    if led and across is not None:
        return ({"left", "right"} if across == "wider" else {"top", "bottom"}), True, degree
    cur.at = degree_at
    skip(cur)
    room = take(cur, "room")
    if (led or "headroom" in cur.word(-1)) and room is not None and (cur.sense().known or cur.done):
        above = "headroom" in cur.word(-1)
        return ({"top"} if above else set()), above, None
    cur.at = begin
    terms = [token.sense.term("composition") for token in cur.tokens]
    if "uncropped" in terms or "bars" in terms or any(token.word in ("bars", "padding") for token in cur.tokens):
        led = cur.take_verb("make", "turn", "change", "add", "put", "use", "want", "give") is not None
        take_picture(cur, ctx)
        return set(), False, None
    return None


def _take_bars(cur: Cursor, ctx: Context) -> tuple[Filling, ColorValue | None] | None:
    """Read "with white bars", "with blurred sides", "filled with black", "letterbox"."""
    begin = cur.at
    cur.take_word("filled", "fill")
    skip(cur, "with", "in", "by", "using")
    if said(cur, "blurred") and not cur.done:
        cur.at += 1
        take(cur, "bars", "canvas", "edge")
        return Filling.BLUR, None
    color = parse_color(cur, ctx)
    bars = take(cur, "bars") is not None
    if bars or (color is not None and take(cur, "canvas") is not None):
        letterbox = cur.word(-1).startswith("letter")
        return Filling.COLOR, color or (ColorValue("black", (0, 0, 0)) if letterbox else None)
    if color is not None and cur.word(begin - cur.at) in ("with", "in", "filled", "fill"):
        return Filling.COLOR, color
    cur.at = begin
    return None


def _skip_around(cur: Cursor) -> bool:
    sense = cur.sense()
    step = sense.preposition or sense.determiner or sense.connector or take(cur, "canvas") or cur.word() in _AROUND
    if step and not cur.done and cur.word() not in ("between",):
        cur.at += 1 if (sense.preposition or sense.determiner or sense.connector or cur.word() in _AROUND) else 0
        return True
    return False


_AROUND = frozenset(
    ["make", "add", "around", "it", "subject", "him", "her", "them", "head", "side", "out", "be", "become", "becomes"]
)


def read_border(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read "add a thin white border", "put a frame around it", "frame it in black", "rounded corners", "make it a polaroid"."""
    phrase = ctx.text(cur.tokens)
    led = cur.take_verb("add", "put", "give", "make", "want", "use", "print") is not None
    pictured = led and take_picture(cur, ctx) and cur.word(-1) != "frame"
    if not pictured and led:
        cur.at = 1 + (cur.tokens[0].sense.modal and len(cur.tokens) > 1)
    color: ColorValue | None = None
    width = 1.0
    kind: Border | None = None
    while not cur.done:
        if (found := _take_kind(cur)) is not None:
            kind = found if kind in (None, Border.PLAIN) else kind
        elif (joined := _take_colored_border(cur)) is not None:
            kind, color = kind or Border.PLAIN, joined
        elif said(cur, "thin", "thick") and not cur.done:
            width = 0.5 if take(cur, "thin") is not None else 2.0
            cur.at += width == 2.0
        elif (found_color := parse_color(cur, ctx)) is not None:
            color = found_color
        elif (number := take_number(cur, ctx)) is not None:
            width = min(4.0, max(0.25, number[0] / (4.0 if number[1] == "%" else 40.0)))
        elif cur.sense().degree or cur.sense().preposition or cur.sense().determiner or cur.sense().connector:
            cur.at += 1
        elif cur.word() in _PLAIN_WORDS or (kind is not None and take_picture(cur, ctx)):
            cur.at += cur.word() in _PLAIN_WORDS and not cur.done
        elif kind is None and not led and take_picture(cur, ctx):
            continue
        else:
            return []
    return [AddBorder(kind, color, width, phrase)] if kind is not None else []


_PLAIN_WORDS = frozenset(
    """
        around nice simple plain clean photo picture image corners whole edges outer style
    """.split()  # noqa: SIM905
)


def _take_colored_border(cur: Cursor) -> ColorValue | None:
    """Read "black border" where the lexicon has it as one expression."""
    words = cur.word().split()
    if len(words) != 2 or words[1] not in NOUNS["border"] | {"border"}:
        return None
    color = color_names().get(words[0])
    cur.at += color is not None
    return color


def _take_kind(cur: Cursor) -> Border | None:
    """Read what is put around: "border", "frame", "passe-partout", "rounded corners"."""
    terms = {"rounded": Border.ROUNDED, "polaroid": Border.POLAROID, "passe-partout": Border.PASSE_PARTOUT}
    for term, kind in terms.items():
        if take(cur, term) is not None:
            return kind
    if cur.word() in ("round", "rounded") and cur.word(1) == "corners":
        cur.at += 2
        return Border.ROUNDED
    if cur.word() == "corners" and cur.word(1) in ("round", "rounded"):
        cur.at += 2
        return Border.ROUNDED
    if cur.word() == "polaroid" and cur.word(1) in ("frame", "border", "style"):
        cur.at += 2
        take(cur, "border")
        return Border.POLAROID
    if take(cur, "border") is not None:
        return Border.PLAIN
    return None
