"""Clauses that give something another color: "make the cup blue", "change the yellow cushion to navy"."""

from dataclasses import replace

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.phrases import parse_thing
from retouch.editor.instructions.pieces import parse_color, parse_colors
from retouch.editor.instructions.plan import ColorValue, Recolor, Target, TargetKind
from retouch.editor.instructions.targets import to_target
from retouch.editor.instructions.things import Thing

__all__ = ["parse_recolor"]


def parse_recolor(cur: Cursor, ctx: Context) -> list[Recolor]:
    """Return the recolorings of a clause; empty if it is about something else."""
    verb = cur.take_verb("make", "turn", "change", "paint", "replace", "swap", "want", "give", "use", "put", "show")
    if verb is None:
        cur.at += cur.sense().modal and not cur.done
        cur.take_word("have")
    if verb == "give" and (part := _parse_given_part(cur, ctx)) is not None:
        return [part]
    if any(token.word in ("wear", "wears") for token in cur.tokens):
        return []  # "can the man in the red shirt wear a green one": the shirt, not the man
    operations: list[Recolor] = []
    while True:
        shared = _parse_shared_targets(cur, ctx) if verb is not None else []
        operation = _parse_one(cur, ctx, verb, first=not operations)
        if operation is None:
            return []
        operations += [replace(operation, target=target) for target in shared] + [operation]
        ctx.referent = operation.target
        if cur.done:
            return operations
        if not cur.take_connector("and", ",", "but"):
            return []
        cur.take_connector("and")


def _parse_given_part(cur: Cursor, ctx: Context) -> Recolor | None:
    """Read "me green eyes", "her blonde hair" behind "give": a part that everybody has gets another color."""
    begin = cur.at
    cur.at += cur.sense().pronoun is not None and not cur.done
    color = parse_color(cur, ctx)
    part = cur.token()
    if color is None or part is None or part.sense.noun not in _PARTS or cur.token(1) is not None:
        cur.at = begin
        return None
    cur.at += 1
    phrase = ctx.text([part])
    return Recolor(Target(TargetKind.NOUN, phrase, noun=part.sense.noun), color, phrase=ctx.text(cur.tokens))


_PARTS = frozenset(["eye", "hair", "lip", "skin", "tooth", "fur", "nail", "face"])


def _parse_shared_targets(cur: Cursor, ctx: Context) -> list[Target]:
    """Read all but the last target of "the mug, the plate and the spoon red"."""
    targets: list[Target] = []
    while True:
        begin = cur.at
        thing = parse_thing(cur, ctx)
        joined = thing is not None and thing.noun is not None and cur.take_connector("and", ",")
        if thing is None or not joined or thing.noun in ("background", "sky"):
            cur.at = begin
            return targets
        cur.take_connector("and")
        targets.append(to_target(thing, ctx))


def _parse_one(cur: Cursor, ctx: Context, verb: str | None, *, first: bool) -> Recolor | None:
    """Read one target and its color."""
    begin = cur.at
    named = _parse_inverted(cur, ctx) or _parse_target(cur, ctx)
    if named is None:
        return None
    thing, target, said_color = named
    if target.kind is TargetKind.BACKGROUND:
        return None
    if verb is None and first and not thing.known and thing.noun is not None and not said_color:
        return None
    if cur.sense().connector == "but" and cur.sense(1).preposition == "in":
        cur.at += 1
    remark = verb is None and cur.word() in ("is", "are", "'s", "was", "looks")
    linked = _link(cur, ctx)
    if isinstance(linked, ColorValue):
        target = _with_present_color(target, linked)
    cur.take_word("look")
    colors = parse_colors(cur, ctx)
    if not colors:
        return None
    if cur.take_preposition("instead") and (present := parse_color(cur, ctx)) is not None:
        target = _with_present_color(target, present)
    if target.kind is TargetKind.PICTURE:
        raise Refusal("picture_color", colors[0].name)
    if thing.pronoun and colors[0].name == "snow":
        raise Refusal("weather")
    _swallow_same_noun(cur, thing)
    _keep_other(cur, ctx)
    if remark:
        raise Refusal("remark")
    if len(colors) > 1:
        raise Refusal("one_color", " and ".join(c.name for c in colors))
    if verb is None and linked is None and not said_color and thing.noun is None:
        return None
    return Recolor(target, colors[0], phrase=ctx.text(cur.tokens[begin : cur.at]))


def _parse_target(cur: Cursor, ctx: Context) -> tuple[Thing, Target, bool] | None:
    """Read "the cup", "the color of the cup", "the car's color"; also whether the word color was said."""
    begin = cur.at
    while cur.sense().determiner == "definite":
        cur.at += 1
    of_color = False
    if cur.sense().color_word and cur.sense(1).preposition in ("of", "on", "from", "for"):
        cur.at += 2
        of_color = True
    else:
        cur.at = begin
    thing = parse_thing(cur, ctx, placed=True)
    if thing is None:
        return None
    if thing.noun is None and thing.color is not None and cur.take_preposition("of", "on"):
        whole = parse_thing(cur, ctx)
        return None if whole is None else (whole, to_target(whole, ctx), True)
    if cur.word() == "'s" and cur.sense(1).color_word:
        cur.at += 2
        of_color = True
    elif cur.sense().color_word and (
        cur.sense(1).preposition or cur.sense(1).copula or cur.sense(1).color or cur.sense(1).color_modifier
    ):
        cur.at += 1
        of_color = True
    return thing, to_target(thing, ctx), of_color


def _parse_inverted(cur: Cursor, ctx: Context) -> tuple[Thing, Target, bool] | None:
    """Read "blue the cup", "to black color the car": the thing, with the cursor back at its color."""
    begin = cur.at
    cur.take_preposition("to", "in", "into")
    start = cur.at
    if parse_color(cur, ctx) is None or cur.sense().determiner != "definite":
        cur.at = begin
        return None
    thing = parse_thing(cur, ctx)
    if thing is None or not cur.done:
        cur.at = begin
        return None
    color_tokens = cur.tokens[start : thing.start]
    cur.tokens = [*cur.tokens[:begin], *cur.tokens[thing.start :], *color_tokens]
    cur.at = begin + len(cur.tokens) - begin - len(color_tokens)
    return thing, to_target(thing, ctx), True


def _link(cur: Cursor, ctx: Context) -> ColorValue | str | None:
    """Read what joins target and color: "to", "into", "should be", "from red to"; returns the present color if it is said."""
    found: ColorValue | str | None = None
    while not cur.done:
        if cur.take_preposition("from") is not None:
            present = parse_color(cur, ctx)
            if present is None:
                return None
            found = present
        elif (
            cur.take_preposition("to", "into", "in", "as", "with", "by", "for")
            or cur.sense().copula
            or cur.sense().modal
        ):
            cur.at += bool(cur.sense().copula or cur.sense().modal) and not cur.done
            found = found or "linked"
        else:
            return found
    return found


def _keep_other(cur: Cursor, ctx: Context) -> None:
    """Read "but not the plate" behind a target that leaves it alone anyway."""
    begin = cur.at
    cur.at += cur.word() == "," and cur.sense(1).preposition == "except"
    if cur.take_preposition("except") is None:
        cur.at = begin
        return
    other = parse_thing(cur, ctx)
    if other is None or not cur.done:
        cur.at = begin
        return
    ctx.kept.append((other.phrase, (to_target(other, ctx),)))


def _with_present_color(target: Target, color: ColorValue) -> Target:
    """Return "the dress from red" as "the red dress"."""
    return replace(target, kind=TargetKind.COLOR_PART, color=color)


def _swallow_same_noun(cur: Cursor, thing: Thing) -> None:
    """Step over the noun in "turn the mug into a blue mug", and over "in color"."""
    if cur.sense().noun is not None and cur.sense().noun == thing.noun:
        cur.at += 1
    if cur.take_preposition("in") and not cur.sense().color_word:
        cur.at -= 1
    elif cur.sense().color_word and not cur.done:
        cur.at += 1
    cur.take_word("all over", "too")
