"""What a background becomes: a color, a gradient, another picture or nothing."""

from dataclasses import replace

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.grammar.background_parts import take_background
from retouch.editor.instructions.phrases import parse_thing
from retouch.editor.instructions.pieces import parse_color, parse_colors, parse_image_reference
from retouch.editor.instructions.plan import Background, ChangeBackground, ColorValue, Target
from retouch.editor.instructions.targets import to_target

__all__ = ["colored_background", "filling", "gradient_background", "of_picture", "plain_filling"]

_NOTHING = frozenset(
    ["transparent", "transparency", "nothing", "see-through", "invisible", "alpha", "removed", "gone", "empty"]
)


def of_picture(index: int, subject: Target, subject_index: int | None) -> ChangeBackground:
    """Return the replacement by a picture; the subject comes from another picture, the first one if that is left open."""
    if subject_index is None:
        subject_index = subject.image_index if subject.image_index is not None else (0 if index != 0 else 1)
    return ChangeBackground(
        Background.PICTURE, replace(subject, image_index=subject_index), background_image_index=index
    )


def filling(cur: Cursor, ctx: Context, subject: Target) -> ChangeBackground | None:
    """Read what the background becomes: a color, a gradient, a picture or nothing."""
    begin = cur.at
    filled = colored_background(cur, ctx, subject)
    if filled is not None and cur.done:
        return filled
    cur.at = begin
    index = parse_image_reference(cur, ctx, elided=True)
    if index is None:
        cur.at = begin
        if (take_background(cur) or _take_the_one(cur)) and cur.take_preposition("of", "from", "in"):
            index = parse_image_reference(cur, ctx, elided=True)
    if index is not None:
        return of_picture(index, subject, None)
    cur.at = begin
    filled = plain_filling(cur, ctx, subject)
    if filled is not None:
        cur.take_word("background", "backdrop", "wall", "studio", "surface")
    return filled


def _take_the_one(cur: Cursor) -> bool:
    """Step over "the one", "that" in "the one in image 2"."""
    begin = cur.at
    while cur.sense().determiner == "definite":
        cur.at += 1
    if cur.take_word("one") or cur.at > begin:
        return True
    cur.at = begin
    return False


def plain_filling(cur: Cursor, ctx: Context, subject: Target) -> ChangeBackground | None:
    """Read "plain white", "a gradient from blue to white", "transparent"."""
    begin = cur.at
    gradient = _gradient(cur, ctx)
    if gradient is not None:
        return ChangeBackground(Background.GRADIENT, subject, gradient)
    cur.at = begin
    while cur.sense().determiner == "indefinite" or cur.sense().degree:
        cur.at += 1
    if cur.word() in _NOTHING:
        cur.at += 1
        cur.take_word("png")
        return ChangeBackground(Background.TRANSPARENT, subject)
    cur.at = begin
    colors = parse_colors(cur, ctx)
    if not colors:
        return None
    if len(colors) > 1:
        raise Refusal("one_color", " and ".join(c.name for c in colors))
    ctx.assume(f"the background becomes plain {colors[0].name}")
    return ChangeBackground(Background.COLOR, subject, (colors[0],))


def _gradient(cur: Cursor, ctx: Context) -> tuple[ColorValue, ColorValue] | None:
    """Read "a gradient from blue to white", "a blue to white gradient", "a blue and white gradient"."""
    while (
        cur.sense().determiner == "indefinite"
        or (cur.sense().color_modifier == "plain" and not cur.sense(1).color)
        or cur.word() in ("smooth", "soft", "subtle", "linear", "vertical")
    ):
        cur.at += 1
    if cur.take_word("gradient"):
        take_background(cur)
        cur.take_preposition("from", "of", "with", "between", "in")
        first = parse_color(cur, ctx)
        if first is None:
            return None
        if not (cur.take_preposition("to", "into") or cur.take_connector("and", ",")):
            return None
        second = parse_color(cur, ctx)
        return (first, second) if second else None
    first = parse_color(cur, ctx)
    if first is None:
        return None
    if not (cur.take_preposition("to", "into") or cur.take_connector("and", ",")):
        return None
    second = parse_color(cur, ctx)
    return (first, second) if second and cur.take_word("gradient") else None


def gradient_background(cur: Cursor, ctx: Context) -> ChangeBackground | None:
    """Read "gradient background, purple to pink", "a gradient background from blue to white"."""
    cur.take_verb("make", "add", "give", "want", "use", "put")
    if cur.sense().pronoun:
        cur.at += 1
    while cur.sense().determiner or cur.sense().color_modifier == "plain":
        cur.at += 1
    if not cur.take_word("gradient") or not take_background(cur):
        return None
    cur.take_connector(",")
    cur.take_preposition("from", "of", "with", "in")
    first = parse_color(cur, ctx)
    joined = cur.take_preposition("to", "into") is not None or cur.take_connector("and", ",")
    second = parse_color(cur, ctx) if joined else None
    return ChangeBackground(Background.GRADIENT, ctx.subject(), (first, second)) if first and second else None


def colored_background(cur: Cursor, ctx: Context, subject: Target) -> ChangeBackground | None:
    """Read "a plain white background", "blue gradient background", "transparent background", "a gradient ... as background"."""
    begin = cur.at
    filled = plain_filling(cur, ctx, subject)
    if filled is None:
        return None
    cur.take_word("studio", "seamless")
    if cur.take_preposition("as", "for", "in"):
        pass
    said = any(token.sense.noun == "background" for token in cur.tokens[begin : cur.at])
    if not take_background(cur) and not said:
        return None
    if cur.take_preposition("to", "for", "behind") or cur.take_word("behind", "around"):
        thing = parse_thing(cur, ctx)
        if thing is None:
            return None
        if not thing.picture:
            filled = replace(filled, subject=to_target(thing, ctx))
    return filled
