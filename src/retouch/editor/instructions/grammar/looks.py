"""Clauses about the look of the whole picture or of one region: "make it a bit warmer", "darken the sky"."""

from dataclasses import replace

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.phrases import Thing, parse_thing, to_target
from retouch.editor.instructions.pieces import parse_percent
from retouch.editor.instructions.plan import LOOK_OPPOSITES, AdjustLook, Look, Recolor, Target, TargetKind

__all__ = ["parse_look"]

STRENGTH = {"little": 0.5, None: 1.0, "plain": 1.0, "much": 1.6}
LIGHTNESS_SHIFT = {"little": 0.08, None: 0.12, "plain": 0.12, "much": 0.2}
"""Shift of Oklab L by degree, for single things: plainly visible, and short of clipping mid-tones."""

_SIGN = {Look.BRIGHTER: 1, Look.DARKER: -1}
_WHOLE = frozenset(
    [Look.SEPIA, Look.VINTAGE, Look.BLACK_AND_WHITE, Look.WARMER, Look.COOLER, Look.MORE_CONTRAST, Look.LESS_CONTRAST]
)


def parse_look(cur: Cursor, ctx: Context) -> list[AdjustLook | Recolor]:
    """Return the looks that a clause asks for; empty if it is about something else."""
    cur.at += bool(cur.sense().modal) and not cur.done
    begin = cur.at
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


def _refuse_statement(cur: Cursor, ctx: Context) -> None:
    """Raise for "the picture is dark": a remark, which does not say what it should be. "It's too dark" does."""
    begin = cur.at
    remark = parse_thing(cur, ctx) is not None and cur.word() in ("is", "looks", "are", "'s", "look", "was")
    remark = remark and not any(token.word == "too" or token.sense.modal for token in cur.rest())
    remark = remark and any(token.sense.look is not None for token in cur.rest())
    cur.at = begin
    if remark and not any(
        "should" in token.word or "must" in token.word or "need" in token.word for token in cur.tokens
    ):
        raise Refusal("remark")


def _parse_verbs(cur: Cursor, ctx: Context, degree: str | None) -> list[AdjustLook | Recolor]:
    """Read "brighten the image a bit", "warm it up", "brighten and saturate the photo"."""
    looks: list[Look] = []
    while cur.sense().look_verb is not None and not cur.done:
        look = cur.sense().look_verb
        assert look is not None
        looks.append(look)
        cur.at += 1
        cur.take_connector("and", ",")
        degree = cur.take_degree() or degree
    thing = parse_thing(cur, ctx) or _parse_colors_of(cur, ctx)
    _skip_particles(cur)
    degree = cur.take_degree() or degree
    percent = parse_percent(cur)
    thing = _except_subject(cur, ctx, thing)
    if not cur.done:
        return []
    return [_operation(look, percent or degree, thing, cur, ctx) for look in looks]


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


def _except_subject(cur: Cursor, ctx: Context, thing: Thing | None) -> Thing | None:
    """Read "except the subject": then the background is meant. "Everything except" any other thing can't be said in a plan."""
    if cur.sense().preposition != "except" and cur.word() != "but":
        return thing
    begin = cur.at
    said_but = cur.word() == "but"
    cur.at += 1
    spared = parse_thing(cur, ctx)
    if (
        spared is None
        or (said_but and (thing is None or not cur.done))
        or (thing is not None and not (thing.everything or thing.picture))
    ):
        cur.at = begin
        return thing
    if to_target(spared, ctx).kind is not TargetKind.SUBJECT:
        raise Refusal("excluding")
    return replace(thing or spared, noun="background", picture=False, everything=False, pronoun=None)


def _parse_adjectives(cur: Cursor, ctx: Context) -> list[AdjustLook | Recolor]:
    """Read [target] and one or more looks: "the background black and white", "it warmer and much brighter"."""
    thing = _except_subject(cur, ctx, _parse_look_target(cur, ctx))
    operations: list[AdjustLook | Recolor] = []
    while True:
        found = _parse_expression(cur)
        if found is None:
            return []
        look, degree = found
        thing = _parse_region_behind(cur, ctx) or thing
        degree = cur.take_degree() or degree
        percent = parse_percent(cur)
        thing = _except_subject(cur, ctx, thing)
        operations.append(_operation(look, percent or degree, thing, cur, ctx))
        if cur.done:
            return operations
        if not cur.take_connector("and", ",", "but") and not cur.take_preposition("with"):
            return []
        cur.take_connector("and", "but")


def _parse_look_target(cur: Cursor, ctx: Context) -> Thing | None:
    """Read "the background", "it", "the photo's colors"; None (nothing read) for the whole picture."""
    begin = cur.at
    if _starts_look(cur, 0):
        return None
    thing = parse_thing(cur, ctx)
    if cur.word() == "'s" and (cur.sense(1).fluff or cur.sense(1).color_word):
        cur.at += 2
    if thing is None:
        return _parse_colors_of(cur, ctx)
    if thing is not None and thing.determiner == "indefinite":
        cur.at = begin
        return None
    return thing


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


def _parse_expression(cur: Cursor) -> tuple[Look, str | None] | None:
    """Read "much less contrast", "a bit too dark", "sepia tone", "more vivid"."""
    sign = 1
    degree: str | None = None
    if cur.sense().look is None:
        cur.take_verb("add", "make", "use", "give")
    while not cur.done:
        begin = cur.at
        degree = cur.take_degree() or parse_percent(cur) or degree
        _skip_glue(cur)
        if cur.word() == "too":
            sign = -sign
            cur.at += 1
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
        return sense.look_pair[0 if sign > 0 else 1], degree
    if sense.look is None:
        return None
    cur.at += 1
    cur.skip_fluff()
    while cur.sense().picture or cur.word() in ("colors", "colours", "tones", "filter"):
        cur.at += 1
    if sign > 0:
        return sense.look, degree
    if sense.look not in LOOK_OPPOSITES:
        raise Refusal("look_opposite")
    return LOOK_OPPOSITES[sense.look], degree


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


def _operation(look: Look, degree: str | None, thing: Thing | None, cur: Cursor, ctx: Context) -> AdjustLook | Recolor:
    """Return the look, on the whole picture unless a region or a thing is named; a lighter or darker thing is a recoloring."""
    target = _target(look, thing, ctx)
    phrase = ctx.text(cur.tokens[: cur.at])
    if (
        target is not None
        and look in _SIGN
        and target.kind in (TargetKind.NOUN, TargetKind.COLOR_PART, TargetKind.SUBJECT)
    ):
        return Recolor(target, None, _SIGN[look] * LIGHTNESS_SHIFT[degree], phrase=phrase)
    return AdjustLook(look, STRENGTH[degree], target, phrase)


def _target(look: Look, thing: Thing | None, ctx: Context) -> Target | None:
    """Return the target: None for the picture; "it" is the last thing named, or the picture."""
    if thing is None:
        return None
    if thing.pronoun is not None and thing.pronoun != "person":
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
