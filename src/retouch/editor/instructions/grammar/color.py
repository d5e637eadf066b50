"""Clauses that move colors: "make the sky more blue", "less red", "turn everything red into green", "only the red in color"."""

from collections.abc import Sequence
from dataclasses import replace

from retouch.editor.instructions.colors import color_names
from retouch.editor.instructions.context import Context
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.phrases import parse_thing
from retouch.editor.instructions.pieces import parse_amount, parse_color
from retouch.editor.instructions.plan import (
    AdjustLook,
    ColorValue,
    KeepColors,
    Look,
    Operation,
    ReplaceColor,
    ShiftColor,
    Target,
    TargetKind,
    TurnHue,
)
from retouch.editor.instructions.targets import to_target
from retouch.editor.instructions.things import COLOR_PART_NOUNS

__all__ = ["parse_color_change", "splash"]

SHIFT = {"little": 0.5, None: 1.0, "plain": 1.0, "much": 1.6}
FULL_SHIFT_PERCENT = 40.0
"""The percentage that people mean by a plain "more blue"."""
USUAL_TURN_DEGREES = 60.0
_MAKING = ("make", "turn", "change", "paint", "want", "give", "add", "put", "use", "remove", "replace", "swap", "show")


def parse_color_change(cur: Cursor, ctx: Context) -> Sequence[Operation]:
    """Return the changes of color that a clause asks for; empty if it is about something else."""
    for read in (_splash, _replace_everywhere, _turn_hue, _tint, _own_color):
        cur.at = 0
        operation = read(cur, ctx)
        if operation is not None and cur.done:
            if isinstance(operation, AdjustLook) and operation.target is not None:
                ctx.referent = replace(operation.target, all_but=False)  # "... in color, the rest gray"
            return [operation]
    cur.at = 0
    shifts: list[ShiftColor] = []
    while not cur.done:
        shift = _shift(cur, ctx)
        if shift is None:
            return []
        if shift.target is None and shifts:  # "the flowers more pink, less purple"
            shift = replace(shift, target=shifts[-1].target)
        shifts.append(shift)
        cur.take_connector("and", ",", "but")
    return shifts


# More and less of a color ------------------------------------------------------------------------------------------------


def _shift(cur: Cursor, ctx: Context) -> ShiftColor | None:
    """Read "make the sky a bit more blue", "greener grass", "add a blue tint", "less red in the shadows", "too yellow"."""
    cur.at += bool(cur.sense().modal) and not cur.done
    verb = cur.take_verb(*_MAKING)
    target = _shift_target(cur, ctx)
    _skip_small(cur)
    shift = _read_shift(cur, ctx, verb)
    if shift is None:
        return None
    color, sign, degree = shift
    while cur.sense().term("color") == "tint" or cur.sense().color_word or cur.sense().fluff:
        cur.at += 1
    target = target or _behind(cur, ctx)
    degree = cur.take_degree() or degree
    percent = parse_amount(cur)
    _skip_comparison(cur)
    amount = SHIFT[degree] if percent is None else min(2.0, percent / FULL_SHIFT_PERCENT)
    if target is not None:
        ctx.referent = target
    return ShiftColor(color, sign * amount, target, ctx.text(cur.tokens[: cur.at]))


def _tint(cur: Cursor, ctx: Context) -> ShiftColor | None:
    """Read "tint the photo slightly blue"."""
    if cur.word() not in ("tint", "tinting"):
        return None
    cur.at += 1
    target = _shift_target(cur, ctx)
    degree = cur.take_degree()
    cur.take_preposition("in", "with", "to")
    color = parse_color(cur, ctx) or _comparative(cur)
    if color is None or target is not None:
        return None
    cur.at += _comparative(cur) is not None
    degree = cur.take_degree() or degree
    return ShiftColor(color, SHIFT[degree], target, ctx.text(cur.tokens))


def _own_color(cur: Cursor, ctx: Context) -> ShiftColor | None:
    """Read "make the greens greener", "the reds are too strong", "the blues less intense"."""
    cur.take_verb("make")
    cur.at += cur.sense().determiner == "definite" and not cur.done
    color = parse_color(cur, ctx)
    if color is None:
        return None
    _skip_small(cur)
    degree, sign = cur.take_degree(), 1
    while cur.word() == "too" or (cur.sense().amount is not None and not cur.done):
        sign *= -1 if cur.word() == "too" else cur.sense().amount or 1
        cur.at += 1
    strong = cur.word() in _STRONG
    degree = degree if strong else cur.take_degree() or degree
    again = _comparative(cur) or cur.sense().color
    if not strong and (again is None or again.rgb != color.rgb):
        return None
    cur.at += not cur.done
    return ShiftColor(color, sign * SHIFT[degree], None, ctx.text(cur.tokens))


_STRONG = frozenset("strong stronger intense saturated vivid vibrant much dominant bright deeper".split())  # noqa: SIM905


def _shift_target(cur: Cursor, ctx: Context) -> Target | None:
    """Read what is shifted; None (and nothing read) where the color comes first."""
    begin = cur.at
    if cur.sense().amount is not None or cur.sense().degree is not None or _comparative(cur) is not None:
        return None
    thing = parse_thing(cur, ctx, placed=True)
    if thing is None:
        return None
    if thing.determiner in ("indefinite", "some") or (thing.noun is None and thing.color is not None):
        cur.at = begin
        return None
    if thing.pronoun == "thing" and ctx.referent is None:
        return None
    target = to_target(thing, ctx)
    return None if target.kind is TargetKind.PICTURE and target.image_index is None else target


def _read_shift(cur: Cursor, ctx: Context, verb: str | None) -> tuple[ColorValue, int, str | None] | None:
    """Read "a bit more blue", "greener", "too yellow", "a red tint"; returns color, sign and degree."""
    degree = cur.take_degree()
    sign = 1 if degree is not None and cur.word(-1).endswith(" more") else 0
    while not cur.done:
        if cur.sense().amount is not None and cur.sense().look is None:
            sign = (sign or 1) * (cur.sense().amount or 1)
            cur.at += 1
        elif cur.word() == "too":
            sign = -1
            cur.at += 1
        elif cur.sense().degree is not None:
            degree = cur.take_degree()
        elif cur.sense().determiner == "definite" and sign and cur.sense(1).color is not None:
            cur.at += 1
        else:
            break
    comparative = _comparative(cur)
    if comparative is not None:
        cur.at += 1
        return comparative, sign or 1, degree
    begin = cur.at
    cur.at += cur.sense().determiner == "indefinite" and not cur.done
    degree = cur.take_degree() or degree
    tinted = _take_tint_of(cur)
    color = parse_color(cur, ctx)
    tinted = tinted or (cur.sense(-1).color_word or cur.sense().term("color") == "tint")
    if color is None or not (sign or tinted):
        cur.at = begin
        return None
    if verb == "remove":
        sign = -1
    return color, sign or 1, degree


def _take_tint_of(cur: Cursor) -> bool:
    """Step over "tint of" in "a tint of blue"."""
    begin = cur.at
    if cur.sense().term("color") == "tint" and not cur.done:
        cur.at += 1
        if cur.take_preposition("of") or cur.word(-1).endswith(" of"):
            return True
    cur.at = begin
    return False


def _comparative(cur: Cursor) -> ColorValue | None:
    """Return the color of "bluer"."""
    term = cur.sense().term("color") or ""
    return color_names().get(term.removeprefix("more ")) if term.startswith("more ") else None


def _behind(cur: Cursor, ctx: Context) -> Target | None:
    """Read "in the sky", "of the grass", "to it" behind a color, or the bare noun behind "greener"."""
    begin = cur.at
    if cur.sense().amount is not None:
        return None
    cur.take_preposition("in", "of", "to", "on", "for", "from", "into", "over")
    thing = parse_thing(cur, ctx)
    if thing is None or thing.determiner == "indefinite":
        cur.at = begin
        return None
    target = to_target(thing, ctx)
    return None if target.kind is TargetKind.PICTURE and target.image_index is None else target


def _skip_small(cur: Cursor) -> None:
    """Step over "is", "look", "should be"."""
    while not cur.done and (cur.sense().copula or cur.sense().modal or cur.word() in ("look", "looks", "appear")):
        cur.at += 1


def _skip_comparison(cur: Cursor) -> None:
    if cur.sense().term("color") == "before":
        cur.at += 1


# Hue ---------------------------------------------------------------------------------------------------------------------


def _turn_hue(cur: Cursor, ctx: Context) -> TurnHue | None:
    """Read "shift the hue of the car by 40 degrees", "hue +30", "complementary colors"."""
    verb = cur.sense().term("color") == "turn" or cur.sense().verb in ("change", "turn", "move")
    cur.at += bool(verb) and not cur.done
    while cur.sense().determiner:
        cur.at += 1
    complement = cur.sense().term("color") == "complement"
    named = complement or any(term == ("color", "hue") for term in cur.sense().terms)
    if not named:
        return None
    cur.at += 1
    cur.take_word("shift")
    target = None
    if cur.take_preposition("of", "in", "for") is not None:
        thing = parse_thing(cur, ctx)
        if thing is None:
            return None
        target = to_target(thing, ctx)
        target = None if target.kind is TargetKind.PICTURE and target.image_index is None else target
    degree = cur.take_degree()
    cur.take_preposition("by", "to", "with")
    sign = -1 if cur.take_word("-", "minus") else 1
    cur.take_connector("and")
    number = cur.sense().number
    if number is not None:
        cur.at += 1
        cur.take_word("degrees", "degree", "°", "deg")
        degrees = float(sign * number)
    else:
        degrees = 180.0 if complement else USUAL_TURN_DEGREES * SHIFT[degree]
        ctx.assume(f"the hue turns by {degrees:g} degrees")
    return TurnHue(degrees, target, ctx.text(cur.tokens[: cur.at]))


# Everywhere --------------------------------------------------------------------------------------------------------------


def _replace_everywhere(cur: Cursor, ctx: Context) -> ReplaceColor | None:
    """Read "turn everything red into green", "replace all the red with blue", "swap red and blue"."""
    verb = cur.take_verb("turn", "change", "make", "replace", "swap", "paint")
    if verb is None:
        return None
    everything = False
    while not cur.done and (
        cur.word() in ("everything", "anything", "all", "every", "all the", "all of the", "whatever")
        or cur.sense().determiner == "definite"
        or cur.sense().color_word
        or cur.sense().copula
        or cur.word() in ("that is", "which is", "that's", "colors", "colours")
    ):
        everything = everything or cur.word() in ("everything", "anything", "all", "every", "all the", "all of the")
        cur.at += 1
    begin = cur.at
    color = parse_color(cur, ctx)
    if color is None:
        return None
    plural = any(token.word.endswith("s") and token.sense.color for token in cur.tokens[begin : cur.at])
    colored_parts = cur.word() in COLOR_PART_NOUNS and everything
    cur.at += colored_parts
    swapped = verb == "swap" and cur.take_connector("and")
    linked = swapped or cur.take_preposition("to", "into", "with", "by", "for", "in") is not None
    while cur.sense().determiner == "definite" or cur.sense().copula:
        cur.at += 1
    replacement = parse_color(cur, ctx)
    if replacement is None or not (linked or everything or plural):
        return None
    if _parts(cur) and not (linked or everything):
        return None
    cur.take_word("everywhere", "all over", "instead", "around", "throughout")
    return ReplaceColor(color, replacement, swap=bool(swapped), phrase=ctx.text(cur.tokens))


def _parts(cur: Cursor) -> bool:
    """Step over "parts"; whether they were named."""
    return cur.take_word(*COLOR_PART_NOUNS)


# Only some color ---------------------------------------------------------------------------------------------------------


def splash(colors: Sequence[ColorValue], target: Target | None, phrase: str) -> Operation:
    """Return the operation that turns everything black and white but some colors or a thing."""
    if target is not None:
        return AdjustLook(Look.BLACK_AND_WHITE, 1.0, target, phrase)
    return KeepColors(tuple(colors), phrase)


def _splash(cur: Cursor, ctx: Context) -> Operation | None:
    """Read "keep only the red in color", "color splash on the cup", "black and white with only the red in color"."""
    cur.take_verb("make", "turn", "add", "use", "give", "want", "put", "show", "change", "paint")
    thing = None
    if cur.sense().pronoun or cur.sense().picture or cur.sense(1).picture:
        thing = parse_thing(cur, ctx)
    grey = False
    while cur.sense().look is Look.BLACK_AND_WHITE or (thing and (cur.sense().copula or cur.take_connector(","))):
        grey = grey or cur.sense().look is Look.BLACK_AND_WHITE
        cur.at += 1
    cur.at += grey and cur.word() in (",", "and", "but", "with", "where")
    cur.take_connector("but", "and")
    cur.at += cur.sense().determiner == "indefinite" and not cur.done
    named = any(term == ("color", "splash") for term in cur.sense().terms)
    cur.at += named
    cur.take_preposition("on", "for", "of", "to", "with", "around") if named else None
    only = any(term == ("color", "only") for term in cur.sense().terms)
    cur.at += only
    kept = cur.take_verb("keep") is not None
    only = only or any(term == ("color", "only") for term in cur.sense().terms)
    cur.at += cur.sense().term("color") == "only"
    if not (named or only or (grey and kept)):
        return None
    target, colors = _read_spared(cur, ctx)
    if target is None and not colors:
        return None
    cur.at += (
        any(copula for copula in (cur.sense().copula, cur.word() in ("stays", "stay", "remains"))) and not cur.done
    )
    in_color = any(term == ("color", "in color") for term in cur.sense().terms)
    cur.at += in_color
    if cur.take_preposition("in") and not in_color:
        in_color = bool(cur.sense().color_word)
        cur.at += in_color
    if not (named or in_color or grey or (only and kept and colors)):
        return None
    return splash(colors, target, ctx.text(cur.tokens))


def _read_spared(cur: Cursor, ctx: Context) -> tuple[Target | None, list[ColorValue]]:
    """Read "the red", "reds and blues", "the red parts", or a thing; a thing comes back as everything but it."""
    begin = cur.at
    colors: list[ColorValue] = []
    while True:
        color = parse_color(cur, ctx)
        if color is None:
            break
        colors.append(color)
        cur.take_word(*COLOR_PART_NOUNS)
        if not cur.take_connector("and", ","):
            break
    if colors and not cur.sense().noun:
        return None, colors
    cur.at = begin
    thing = parse_thing(cur, ctx)
    if thing is None or thing.picture or thing.everything:
        return None, []
    thing.all_but = True
    return to_target(thing, ctx), []
