"""The small pieces of a clause: colors, numbered pictures, parts of the picture, percentages."""

from retouch.editor.instructions.colors import METALS, modified
from retouch.editor.instructions.context import Context
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.plan import ColorValue, Horizontal, Vertical

__all__ = ["parse_amount", "parse_color", "parse_colors", "parse_image_reference", "parse_percent", "parse_side"]


# Colors ----------------------------------------------------------------------------------------------------------------


def parse_color(cur: Cursor, ctx: Context) -> ColorValue | None:
    """Read "a nice dark red", "light blue", "#f80", "red color"; leave the cursor where it was if there is no color."""
    begin = cur.at
    while cur.sense().determiner in ("indefinite", "definite") or cur.sense().color_word or cur.word() == "of":
        cur.at += 1
    first = cur.at
    modifiers: list[str] = []
    while cur.sense().color is None and (cur.sense().color_modifier or cur.sense().degree):
        modifiers.append(cur.sense().color_modifier or "plain")
        cur.at += 1
        if cur.word() == "," and (cur.sense(1).color or cur.sense(1).color_modifier):
            cur.at += 1
        while modifiers and (cur.sense().color_word or cur.word() == "of"):
            cur.at += 1
    color = cur.sense().color
    if color is None or cur.done:
        cur.at = begin
        return None
    cur.at += 1
    real = [m for m in modifiers if m != "plain"]
    if real:
        color = modified(color, real[-1], ctx.text(cur.tokens[first : cur.at]).lower())
    while cur.sense().color_word or (cur.word() in ("one", "ones") and cur.token(1) is None):
        cur.at += 1
    ctx.note_color(color, METALS)
    return color


def parse_colors(cur: Cursor, ctx: Context) -> list[ColorValue]:
    """Read one or more colors joined by "and", "or", "to" or a comma."""
    colors: list[ColorValue] = []
    while True:
        begin = cur.at
        if colors and not cur.take_connector("and", ",", "or"):
            return colors
        color = parse_color(cur, ctx)
        if color is None or (colors and _noun_follows(cur)):
            cur.at = begin
            return colors
        colors.append(color)


def _noun_follows(cur: Cursor) -> bool:
    return cur.sense().noun is not None and not cur.done


# Pictures ----------------------------------------------------------------------------------------------------------------


def parse_image_reference(
    cur: Cursor, ctx: Context, *, other_than: int | None = None, elided: bool = False
) -> int | None:
    """Read "the second image", "image 2", "the other photo"; with ``elided`` also a bare "the second"."""
    begin = cur.at
    while cur.sense().determiner == "definite":
        cur.at += 1
    ordinal = cur.sense().ordinal
    if ordinal is not None:
        cur.at += 1
        if cur.sense().picture:
            cur.at += 1
            return ctx.image_index(ordinal, other_than=other_than)
        if cur.word() in ("one", "1") or (elided and (cur.done or cur.sense().preposition or cur.sense().connector)):
            cur.at += cur.word() in ("one", "1") and not cur.done
            return ctx.image_index(ordinal, other_than=other_than)
    elif cur.sense().picture:
        number = cur.sense(1).number or (1 if cur.word(1) == "one" else None)
        if number is not None and number <= _MOST_PICTURES:
            cur.at += 2
            return number - 1
    cur.at = begin
    return None


_MOST_PICTURES = 16
"""In "rotate the picture 90 degrees" the number is no picture's."""


# Parts of the picture ----------------------------------------------------------------------------------------------------


def parse_side(cur: Cursor, *, of_something: bool = False) -> tuple[Horizontal | None, Vertical | None] | None:
    """Read "on the left", "top right", "in the bottom left corner of the photo"; None if no part is named."""
    begin = cur.at
    cur.take_preposition("on", "in", "at", "to", "into", "near", "onto")
    while cur.sense().determiner == "definite" or cur.sense().degree or cur.word() == "far":
        cur.at += 1
    horizontal: Horizontal | None = None
    vertical: Vertical | None = None
    found = False
    while cur.sense().side is not None:
        across, down = cur.sense().side or (None, None)
        if found and across == "center":  # "top center", "left middle": the named axis stays
            horizontal, vertical = (horizontal or "center", vertical) if vertical else (horizontal, "middle")
        else:
            horizontal, vertical = across or horizontal, down or vertical
        found = True
        cur.at += 1
        if cur.take_connector(",") and cur.sense().side is None:
            cur.at -= 1
            break
    if not found or (cur.sense().noun is not None and cur.word() not in _SIDE_NOUNS):
        cur.at = begin
        return None
    cur.at += cur.word() in _SIDE_NOUNS
    if cur.word() == "of" and not of_something:
        cur.at = begin
        return None
    return horizontal, vertical


_SIDE_NOUNS = frozenset(["corner", "side", "part", "half", "edge", "third", "area", "end", "region"])


# Percentages ---------------------------------------------------------------------------------------------------------


def parse_percent(cur: Cursor) -> str | None:
    """Read "20%", "by 20 percent" as a degree: a slight, a plain or a strong change."""
    value = parse_amount(cur)
    if value is None:
        return None
    return next((degree for limit, degree in _PERCENT_STEPS.items() if value <= limit), "much")


def parse_amount(cur: Cursor, ctx: Context | None = None) -> float | None:
    """Read "20%", "by 20 percent", "by 30", "+20", "by one stop" as a percentage; with ``ctx`` also "-20"."""
    begin = cur.at
    by = cur.take_preposition("by", "to", "of", "in") is not None
    while cur.sense().determiner and (cur.word(1).endswith("%") or cur.sense(1).number is not None):
        cur.at += 1
    signed = cur.word() == "+" and cur.take_connector("and")
    while cur.word() in ("about", "around", "roughly", "another", "an additional", "approximately"):
        cur.at += 1
    word = cur.word()
    token = cur.token()
    negative = ctx is not None and token is not None and ctx.prompt[: token.start].endswith((" -", "−"))
    signed = signed or negative
    value: float | None = None
    if word.endswith("%") and len(word) > 1:
        value = float(word[:-1])
        cur.at += 1
    else:
        number = cur.sense().number or {"one": 1, "a": 1, "half": 0, "an": 1}.get(word)
        cur.at += word == "half" and cur.word(1) == "a" and cur.word(2) in _STOPS
        unit = cur.word(1) or ""
        if number is not None and unit in ("percent", "points", "per cent", "pct", "%"):
            value = float(number)
        elif number is not None and unit in _STOPS:
            value = round(100.0 * (2.0 ** ((number or 0.5) / _GAMMA) - 1.0), 1)
        elif number is not None and word.isdecimal() and (by or signed):
            value = float(number)
            cur.at -= 1
        cur.at += 2 if value is not None else 0
    if value is None:
        cur.at = begin
        return None
    return -value if negative else value


_STOPS = frozenset(["stop", "stops", "ev", "f-stop", "f-stops", "a stop"])
_GAMMA = 2.2
"""A percentage of brightness is one of the encoded value, as on a slider: light changes by its power."""


_PERCENT_STEPS = {15: "little", 60: "plain"}
