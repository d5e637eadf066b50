"""Clauses about the look of the whole picture or of one region: "make it a bit warmer", "darken the sky"."""

import dataclasses
import math
from collections.abc import Sequence

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.phrases import parse_thing
from retouch.editor.instructions.pieces import parse_amount, parse_color, parse_colors
from retouch.editor.instructions.plan import (
    LOOK_OPPOSITES,
    AdjustLook,
    ColorValue,
    KeepColors,
    Look,
    Recolor,
    ShiftColor,
    Target,
    TargetKind,
)
from retouch.editor.instructions.targets import to_target
from retouch.editor.instructions.things import Thing

__all__ = ["parse_look"]

STRENGTH = {"little": 0.5, None: 1.0, "plain": 1.0, "much": 1.6}
LIGHTNESS_SHIFT = {"little": 0.08, None: 0.12, "plain": 0.12, "much": 0.2}
"""Shift of Oklab L by degree, for single things: plainly visible, and short of clipping mid-tones."""

_GREYING = (Look.BLACK_AND_WHITE, Look.LESS_SATURATED)
_SIGN = {Look.BRIGHTER: 1, Look.DARKER: -1}
_WHOLE = frozenset(
    [Look.SEPIA, Look.VINTAGE, Look.BLACK_AND_WHITE, Look.WARMER, Look.COOLER, Look.MORE_CONTRAST, Look.LESS_CONTRAST]
)


LookOperation = AdjustLook | Recolor | ShiftColor | KeepColors
MAX_STRENGTH = 3.0

# What 1 % is worth as a strength of each look, so that a number means what it says: "desaturate by 50 %" halves the chroma.
_PER_PERCENT = {
    Look.MORE_SATURATED: 1 / 45.0,
    Look.LESS_SATURATED: 1 / 50.0,
    Look.MORE_CONTRAST: 1 / 35.0,
    Look.LESS_CONTRAST: 1 / 35.0,
    Look.BLACK_AND_WHITE: 1 / 100.0,
}
_STOPS_PER_STRENGTH = 0.75
_FULL_PERCENT = 100.0
"""Above it, a percentage is one of the whole: "contrast 120 %"."""
_GAMMA = 2.2


_LOOKED_INTO = frozenset(["redness", "texture", "textures"])
"""What is no thing that takes a look: turns of speech tell what is meant."""


def parse_look(cur: Cursor, ctx: Context) -> Sequence[LookOperation]:
    """Return the looks that a clause asks for; empty if it is about something else."""
    if any(token.word in _LOOKED_INTO for token in cur.tokens):
        return []
    cur.at += bool(cur.sense().modal) and not cur.done
    if cur.word() == "not" and len(cur.tokens) > cur.at + 1 and cur.tokens[-1].word == "enough":
        inner = Cursor(cur.tokens[cur.at + 1 : -1])
        operations = _parse_adjectives(inner, ctx)
        cur.at = len(cur.tokens) if inner.done else cur.at
        return operations
    begin = cur.at
    cast = _parse_too_colored(cur, ctx)
    if cast:
        return cast
    cur.at = begin
    grey = _parse_without_color(cur, ctx)
    if grey:
        return grey
    cur.at = begin
    degree = cur.take_degree()
    if cur.sense().look_verb is not None and not (cur.sense().look is not None and cur.done):
        operations = _parse_verbs(cur, ctx, degree)
        if operations and cur.done:
            return operations
    cur.at = begin
    if cur.sense().amount is None:
        cur.take_verb("make", "turn", "give", "add", "use", "put", "change", "want", "show", "paint", "touch")
    if cur.at == begin:
        _refuse_statement(cur, ctx)
    return _parse_adjectives(cur, ctx)


def _parse_too_colored(cur: Cursor, ctx: Context) -> list[LookOperation]:
    """Read "it's too yellow", "the sky is way too blue": less of that color."""
    thing = parse_thing(cur, ctx)
    while cur.sense().copula or cur.sense().determiner or cur.word() == "'s" or cur.word() in _STATING:
        cur.at += 1
    degree = cur.take_degree()
    if not cur.take_word("too"):
        return []
    color = parse_color(cur, ctx)
    if color is None or not cur.done or color.name in ("white", "black", "gray", "grey"):
        return []
    thing = None if thing is not None and (thing.pronoun or thing.picture) else thing
    return [_shift(Look.LESS_SATURATED, color, degree, thing, cur, ctx)]


def _parse_without_color(cur: Cursor, ctx: Context) -> list[LookOperation]:
    """Read "remove the color", "remove all color from the background"."""
    if cur.take_verb("remove") is None and cur.sense().term("remove") != "remove":
        return []
    cur.at += cur.sense().term("remove") == "remove"
    while cur.sense().determiner or cur.take_preposition("of"):
        cur.at += cur.sense().determiner is not None
    if not cur.sense().color_word or cur.sense(1).term("retouch"):
        return []
    cur.at += 1
    thing = parse_thing(cur, ctx) if cur.take_preposition("from", "of", "in") else None
    return [_operation(Look.BLACK_AND_WHITE, None, thing, cur, ctx)] if cur.done else []


def _refuse_statement(cur: Cursor, ctx: Context) -> None:
    """Raise for "the picture is dark": a remark, which does not say what it should be. "It's too dark" does."""
    begin = cur.at
    remark = parse_thing(cur, ctx) is not None and cur.word() in ("is", "looks", "are", "'s", "look", "was")
    remark = remark and not any(token.word == "too" or token.sense.modal for token in cur.rest())
    remark = remark and any(token.sense.look is not None for token in cur.rest())
    cur.at = begin
    if _is_complaint(cur, ctx):
        return
    if remark and not any(
        "should" in token.word or "must" in token.word or "need" in token.word for token in cur.tokens
    ):
        raise Refusal("remark")


def _parse_verbs(cur: Cursor, ctx: Context, degree: str | None) -> list[LookOperation]:
    """Read "brighten the image a bit", "warm it up", "brighten and saturate the photo"."""
    looks: list[Look] = []
    while cur.sense().look_verb is not None and not cur.done:
        look = cur.sense().look_verb
        assert look is not None
        looks.append(look)
        cur.at += 1
        cur.take_connector("and", ",")
        degree = cur.take_degree() or degree
    colors = _parse_named_colors(cur, ctx)
    thing = (
        None if colors else _parse_rest(cur, ctx) or parse_thing(cur, ctx, placed=True) or _parse_colors_of(cur, ctx)
    )
    _skip_particles(cur)
    thing = _parse_region_behind(cur, ctx) or thing
    degree = cur.take_degree() or degree
    percent = parse_amount(cur)
    _skip_comparison(cur)
    thing = _parse_exception(cur, ctx, thing)
    if not cur.done:
        return []
    if colors:
        return [_shift(look, color, percent or degree, thing, cur, ctx) for look in looks for color in colors]
    return [_operation(look, percent or degree, thing, cur, ctx) for look in looks]


def _parse_named_colors(cur: Cursor, ctx: Context) -> list[ColorValue]:
    """Read "the reds" behind "saturate": a color, and no thing of that color."""
    begin = cur.at
    cur.at += cur.sense().determiner == "definite" and not cur.done
    colors = parse_colors(cur, ctx)
    if not colors or not (cur.done or cur.sense().degree or cur.sense().preposition or cur.sense().amount):
        cur.at = begin
        return []
    return colors


def _shift(
    look: Look, color: ColorValue, amount: str | float | None, thing: Thing | None, cur: Cursor, ctx: Context
) -> ShiftColor:
    """Return "saturate the reds" as more red, "desaturate the blues" and "darken the blues" as less."""
    if look not in (Look.MORE_SATURATED, Look.LESS_SATURATED):
        raise Refusal("which_part", color.name)
    sign = 1 if look is Look.MORE_SATURATED else -1
    strength = min(2.0, amount / 40.0) if isinstance(amount, float) else STRENGTH[amount]
    return ShiftColor(color, sign * strength, _target(look, thing, ctx), ctx.text(cur.tokens[: cur.at]))


def _skip_comparison(cur: Cursor) -> None:
    """Step over "than before"."""
    cur.at += cur.sense().term("color") == "before" and not cur.done


def _skip_particles(cur: Cursor) -> None:
    while cur.word() in ("up", "down", "out", "off", "colors", "colours", "tones") or cur.sense().fluff:
        cur.at += 1


def _parse_colors_of(cur: Cursor, ctx: Context) -> Thing | None:
    """Read "the colors [of the sky]"; None stands for the whole picture's."""
    begin = cur.at
    while cur.sense().determiner or cur.sense().color_modifier == "plain":
        cur.at += 1
    if not (cur.sense().color_word or cur.word() in ("tones", "overall")):
        cur.at = begin
        return None
    cur.at += 1
    return parse_thing(cur, ctx) if cur.take_preposition("of", "in") is not None else None


def _parse_exception(cur: Cursor, ctx: Context, thing: Thing | None) -> Thing | None:
    """Read "except the cup", "but not the sky" behind everything, the picture or nothing; the result is all but that thing."""
    cur.at += cur.word() == "," and cur.sense(1).preposition == "except"
    if cur.sense().preposition != "except" and cur.word() not in ("but", "around", "outside"):
        return thing
    begin = cur.at
    needs_end = cur.word() == "but"
    cur.at += 1
    cur.take_preposition("for")
    cur.at += cur.sense().negation is not None and not cur.done
    spared = parse_thing(cur, ctx) or _bare_color(cur, ctx)
    if spared is None or spared.everything or spared.all_but or (needs_end and thing is None and not cur.done):
        cur.at = begin
        return thing
    if thing is not None and not (thing.everything or thing.picture or thing.pronoun):
        ctx.kept.append((spared.phrase, (to_target(spared, ctx),)))
        return thing
    cur.take_word("in color", "colored", "as it is", "alone")
    if begin == 0 and thing is None:  # "Except for the cup, make everything black and white"
        cur.take_connector(",")
        cur.take_verb("make", "turn", "change")
        cur.take_word("everything", "all", "everything else", "all else")
    spared.all_but = True
    return spared


def _bare_color(cur: Cursor, ctx: Context) -> Thing | None:
    """Read "the red" as the red parts."""
    begin = cur.at
    cur.at += cur.sense().determiner == "definite" and not cur.done
    color = parse_color(cur, ctx)
    if color is None:
        cur.at = begin
        return None
    return Thing(begin, cur.at, ctx.text(cur.tokens[begin : cur.at]), color=color)


def _parse_adjectives(cur: Cursor, ctx: Context) -> list[LookOperation]:
    """Read [target] and one or more looks: "the background black and white", "it warmer and much brighter"."""
    complaint = _is_complaint(cur, ctx) or (cur.at == 0 and cur.word() in ("underexposed", "overexposed"))
    thing = _parse_exception(cur, ctx, _parse_look_target(cur, ctx))
    operations: list[LookOperation] = []
    while True:
        wished = bool(operations) and cur.word().endswith("er")  # "too dark, brighter" wishes for what it says
        found = _parse_expression(cur, complaint=complaint and not wished)
        if found is None:
            return []
        look, degree, percent = found
        thing = _parse_region_behind(cur, ctx) or (_parse_definite(cur, ctx) if thing is None else None) or thing
        degree = cur.take_degree() or degree
        percent = parse_amount(cur, ctx) or percent
        _skip_comparison(cur)
        thing = _parse_exception(cur, ctx, thing)
        operations.append(_operation(look, percent or degree, thing, cur, ctx))
        while cur.take_preposition("from") or (
            cur.sense().look is look and not cur.done
        ):  # "an old postcard from the 60s"
            cur.at += cur.sense().look is look and not cur.done
        complaint = complaint or any(token.word == "too" for token in cur.tokens[: cur.at])  # "too dark and dull"
        if cur.done:
            return operations
        joined = cur.take_connector("and", ",", "but") or cur.take_preposition("with")
        if not joined and not (look in _BEFORE_ANOTHER and cur.sense().look is not None):
            return []
        cur.take_connector("and", "but")


_BEFORE_ANOTHER = frozenset([Look.MORE_CONTRAST, Look.LESS_CONTRAST, Look.DARKER, Look.BRIGHTER])
"""Looks that may stand as an adjective before another one: "high contrast black and white"."""


def _parse_look_target(cur: Cursor, ctx: Context) -> Thing | None:
    """Read "the background", "it", "the photo's colors"; None (nothing read) for the whole picture."""
    begin = cur.at
    rest = _parse_rest(cur, ctx)
    if rest is not None:
        return rest
    if _starts_look(cur, 0):
        return None
    thing = parse_thing(cur, ctx, placed=True)
    if cur.word() == "'s" and (cur.sense(1).fluff or cur.sense(1).color_word):
        cur.at += 2
    if thing is None:
        return _parse_colors_of(cur, ctx)
    if thing is not None and thing.determiner == "indefinite":
        cur.at = begin
        return None
    return thing


def _parse_rest(cur: Cursor, ctx: Context) -> Thing | None:
    """Read "everything else", "the rest" behind a clause that said what it is the rest of."""
    begin = cur.at
    cur.at += cur.sense().determiner == "definite" and not cur.done
    kept = [target for _, targets in ctx.kept for target in targets]
    spared = kept[-1] if kept else ctx.referent
    if spared is None and ctx.said_all:
        spared = ctx.subject()
    if not any(term == ("color", "rest") for term in cur.sense().terms) or cur.done or spared is None:
        cur.at = begin
        return None
    if not kept and ctx.referent is None:
        ctx.assume(f'took "{cur.word()}" for everything but the main subject')
    cur.at += 1
    while cur.take_preposition("of", "in") is not None or cur.sense().determiner == "definite" or cur.sense().picture:
        cur.at += cur.sense().determiner == "definite" or cur.sense().picture
    return Thing(begin, cur.at, ctx.text(cur.tokens[begin : cur.at]), rest_of=spared)


def _starts_look(cur: Cursor, ahead: int) -> bool:
    """Whether a look comes before any target: "a vintage look", "the contrast", "more contrast"."""
    while (
        cur.sense(ahead).determiner
        or cur.sense(ahead).degree
        or cur.sense(ahead).amount
        or cur.sense(ahead).fluff
        or cur.sense(ahead).size
    ):
        ahead += 1
    return cur.sense(ahead).look_pair is not None or (
        cur.sense(ahead).look is not None and cur.sense(ahead).noun is None and cur.sense(ahead + 1).noun is None
    )


_GLUE = frozenset(["in", "into", "to", "as", "like", "with"])


def _skip_glue(cur: Cursor) -> None:
    """Step over "a", "look", "into", "is": words between a target and its look."""
    while not cur.done:
        sense = cur.sense()
        glue = sense.fluff or sense.copula or sense.determiner or sense.modal or (sense.preposition in _GLUE)
        if sense.amount or sense.look or sense.look_pair or not glue:
            return
        cur.at += 1


def _is_complaint(cur: Cursor, ctx: Context) -> bool:
    """Whether a clause says what is wrong, without "too": "the photo is very dark", "it looks a bit flat"."""
    begin = cur.at
    bare = cur.word() in _STATING  # "feels cold", "está muy oscura"
    named = bare or parse_thing(cur, ctx) is not None
    if not named:  # "the colors look washed out"
        cur.at += cur.sense().determiner is not None and bool(cur.sense(1).color_word)
        named = bool(cur.sense().color_word) and not cur.done
        cur.at += named
    linked = cur.word() in _STATING
    cur.at += linked
    degree = cur.take_degree()
    fault = cur.word() in _FAULTS or (bare and not cur.word().endswith("er"))
    found = named and linked and (degree is not None or fault) and cur.sense().look is not None
    cur.at = begin
    return found and not any(token.word == "too" or token.sense.modal for token in cur.tokens)


_FAULTS = frozenset(
    """
        dull flat washed out low contrast pale faded underexposed overexposed desaturated muted dim
    """.split()  # noqa: SIM905
) | {"washed out", "low contrast"}
"""Never a wish: "the picture looks flat" asks for contrast. "Dark" alone may be praise."""
_STATING = ("is", "looks", "are", "'s", "look", "was", "seems", "feels", "feel", "seem")


def _parse_expression(cur: Cursor, *, complaint: bool = False) -> tuple[Look, str | None, float | None] | None:
    """Read "much less contrast", "a bit too dark", "sepia tone", "20% more vivid": the look, its degree and its percentage."""
    degree: str | None = None
    percent = parse_amount(cur)
    sign = -1 if complaint else 1
    if cur.sense().look is None:
        cur.take_verb("add", "make", "use", "give")
    while not cur.done:
        begin = cur.at
        degree = cur.take_degree() or degree
        percent = parse_amount(cur) or percent
        _skip_glue(cur)
        if cur.word() == "too":
            sign = -1
            cur.at += 1
        elif cur.word() in ("twice as", "half as"):
            sign, percent = (sign, 100.0) if cur.word() == "twice as" else (-sign, 50.0)
            cur.at += 1
        elif cur.sense().amount is not None and (ahead := _color_word_ahead(cur)):
            more = sign * (cur.sense().amount or 1) > 0
            cur.at += ahead
            return (Look.MORE_SATURATED if more else Look.LESS_SATURATED), degree, percent
        elif cur.sense().amount is not None and cur.sense().look is None:
            sign *= cur.sense().amount or 1
            cur.at += 1
        elif cur.sense().size is not None and (cur.sense(1).look_pair or cur.sense(1).look):
            degree = "much" if (cur.sense().size or 1) > 1 else "little"
            cur.at += 1
        if cur.at == begin:
            break
    sense = cur.sense()
    if cur.done:
        return None
    if sense.look_pair is not None:
        cur.at += 1
        cur.skip_fluff()
        return sense.look_pair[0 if sign > 0 else 1], degree, percent
    if sense.look is None:
        return None
    cur.at += 1
    cur.skip_fluff()
    while cur.sense().picture or cur.word() in ("colors", "colours", "tones", "filter", "portrait", "version"):
        cur.at += 1
    if sign > 0:
        return sense.look, degree, percent
    if sense.look not in LOOK_OPPOSITES:
        raise Refusal("look_opposite")
    return LOOK_OPPOSITES[sense.look], degree, percent


def _color_word_ahead(cur: Cursor) -> int:
    """Return how many tokens "more color", "enhance the colors" take; 0 if another color is named behind it."""
    ahead = 2 if cur.sense(1).determiner == "definite" else 1
    return ahead + 1 if cur.sense(ahead).color_word and cur.sense(ahead + 1).color is None else 0


def _parse_definite(cur: Cursor, ctx: Context) -> Thing | None:
    """Read the thing in "make dark the background"."""
    if cur.done or cur.sense().determiner != "definite":
        return None
    return parse_thing(cur, ctx)


def _parse_region_behind(cur: Cursor, ctx: Context) -> Thing | None:
    """Read "to the sky", "of the background" behind "more contrast"."""
    begin = cur.at
    if cur.take_preposition("to", "of", "in", "on", "for") is None:
        return None
    thing = parse_thing(cur, ctx)
    if thing is None or thing.everything:
        cur.at = begin if thing is None else cur.at
        return None
    return thing


def _operation(look: Look, amount: str | float | None, thing: Thing | None, cur: Cursor, ctx: Context) -> LookOperation:
    """Return the look, on the whole picture unless a region or a thing is named; a lighter or darker thing is a recoloring."""
    if isinstance(amount, float) and amount < 0:
        look, amount = LOOK_OPPOSITES.get(look, look), -amount
    target = _target(look, thing, ctx)
    phrase = ctx.text(cur.tokens[: cur.at])
    if target is not None and target.all_but and target.color is not None and target.noun is None and look in _GREYING:
        return KeepColors((target.color,), phrase)
    if (
        target is not None
        and look in _SIGN
        and not target.all_but
        and target.kind in (TargetKind.NOUN, TargetKind.COLOR_PART, TargetKind.SUBJECT)
        and (thing is None or thing.noun != "foreground")
    ):
        shift = min(0.4, 0.006 * amount) if isinstance(amount, float) else LIGHTNESS_SHIFT[amount]
        return Recolor(target, None, _SIGN[look] * shift, phrase=phrase)
    return AdjustLook(look, _strength(look, amount, spares=thing is not None and thing.all_but), target, phrase)


def _strength(look: Look, amount: str | float | None, *, spares: bool) -> float:
    """Return the strength that a degree or a percentage stands for."""
    if not isinstance(amount, float):
        # "Desaturate everything but the cup" asks for grey: half of the color would look like a mistake.
        return 2.0 if spares and look is Look.LESS_SATURATED and amount is None else STRENGTH[amount]
    if amount > _FULL_PERCENT and look not in (Look.BRIGHTER, Look.DARKER):
        amount -= _FULL_PERCENT
    if look in (Look.BRIGHTER, Look.DARKER):
        factor = 1.0 + amount / 100.0 if look is Look.BRIGHTER else max(0.1, 1.0 - amount / 100.0)
        strength = abs(_GAMMA * math.log2(factor)) / _STOPS_PER_STRENGTH
    else:
        strength = amount * _PER_PERCENT.get(look, 1 / 40.0)
    return round(min(MAX_STRENGTH, strength), 2)


def _target(look: Look, thing: Thing | None, ctx: Context) -> Target | None:
    """Return the target: None for the picture; "it" is the last thing named, or the picture."""
    if thing is None:
        return None
    if thing.rest_of is not None:
        return dataclasses.replace(thing.rest_of, all_but=True)
    if thing.pronoun is not None and thing.pronoun != "person" and not thing.all_but:
        if ctx.referent is None:
            return None
        if look in _WHOLE and ctx.referent.kind is not TargetKind.SKY:
            ctx.assume(f'took "{thing.phrase}" for the whole picture')
            return None
    target = to_target(thing, ctx)
    if target.kind is TargetKind.PICTURE:
        return target if target.image_index is not None else None
    ctx.referent = target
    return target
