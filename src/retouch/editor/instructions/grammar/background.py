"""Clauses about what is behind the subject: blur, plain colors, gradients, another picture, nothing."""

from dataclasses import replace

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.phrases import Thing, parse_thing, to_target
from retouch.editor.instructions.pieces import parse_color, parse_colors, parse_image_reference, parse_percent
from retouch.editor.instructions.plan import Background, ChangeBackground, ColorValue, Target, TargetKind

__all__ = ["parse_background"]

BLUR_STRENGTH = {"little": 0.5, None: 1.0, "plain": 1.0, "much": 2.0}
_BLURRY = frozenset(
    [
        "blurry",
        "blurred",
        "blurrier",
        "out of focus",
        "bokeh",
        "unfocused",
        "defocused",
        "hazy",
        "soft focus",
        "fuzzy",
        "blur",
        "softer",
        "unsharp",
    ]
)
_BLUR_MODES = frozenset(
    [
        "bokeh",
        "portrait mode",
        "shallow depth of field",
        "depth of field",
        "bokeh effect",
        "shallower depth of field",
        "narrow depth of field",
    ]
)
_NOTHING = frozenset(
    ["transparent", "transparency", "nothing", "see-through", "invisible", "alpha", "removed", "gone", "empty"]
)
_SHOTS = frozenset(["product", "studio", "catalog", "catalogue", "packshot", "png", "jpg", "file"])
_BEHIND = frozenset(["behind", "around", "except", "but", "besides", "other than", "in back of"])


def parse_background(cur: Cursor, ctx: Context) -> list[ChangeBackground]:
    """Return the change of background that a clause asks for; empty if it is about something else."""
    for read in (_blur_mode, _blur, _cut_out, _use_picture, _set_background, _gradient_background, _on_background):
        cur.at = 0
        operation = read(cur, ctx)
        if operation is not None and cur.done:
            ctx.referent = _referent(operation, cur, ctx)
            return [replace(operation, phrase=ctx.text(cur.tokens))]
    return []


def _referent(operation: ChangeBackground, cur: Cursor, ctx: Context) -> Target | None:
    """Return what "it" points at afterwards: the thing that was cut out, or the background."""
    if operation.kind is Background.TRANSPARENT and cur.tokens[0].sense.verb == "cut":
        return operation.subject
    noun = next((token for token in cur.tokens if token.sense.noun == "background"), None)
    return Target(TargetKind.BACKGROUND, ctx.text([noun])) if noun else ctx.referent


def _subject(ctx: Context, thing: Thing | None = None) -> Target:
    """Return what stays: the thing that is named, else the main subject."""
    if thing is None:
        return ctx.subject()
    if thing.picture or thing.everything:
        return ctx.subject(image_index=thing.image_index)
    return to_target(thing, ctx)


def _background_noun(cur: Cursor) -> bool:
    """Step over "the background" (and "behind it", "of the cup" is left to the caller)."""
    begin = cur.at
    while cur.sense().determiner in ("definite", "indefinite") or cur.word() == "studio":
        cur.at += 1
    if cur.sense().noun == "background":
        cur.at += 1
        return True
    cur.at = begin
    return False


def _background_pronoun(cur: Cursor, ctx: Context) -> bool:
    """Step over "it" behind a clause about the background."""
    is_background = ctx.referent is not None and ctx.referent.kind is TargetKind.BACKGROUND
    if not is_background or cur.sense().pronoun != "thing" or cur.sense(1).noun is not None:
        return False
    cur.at += 1
    return True


# Blur --------------------------------------------------------------------------------------------------------------------


def _blur_mode(cur: Cursor, ctx: Context) -> ChangeBackground | None:
    """Read "add bokeh", "portrait mode", "shallow depth of field"."""
    cur.take_verb("add", "use", "give", "make", "want", "turn", "put")
    if cur.sense().pronoun and not cur.sense().determiner:
        cur.at += 1
    degree = cur.take_degree()
    while cur.sense().determiner or cur.word() == "more" or cur.sense().preposition in ("in", "with", "to"):
        cur.at += 1
    degree = cur.take_degree() or degree
    if cur.word() not in _BLUR_MODES:
        return None
    cur.at += 1
    cur.skip_fluff()
    if cur.take_preposition("to", "in", "on") and not _background_noun(cur):
        return None
    if cur.sense().noun == "background":
        cur.at += 1
    degree = cur.take_degree() or degree
    return ChangeBackground(Background.BLUR, _subject(ctx), strength=BLUR_STRENGTH[degree])


def _blur(cur: Cursor, ctx: Context) -> ChangeBackground | None:
    """Read "slightly blur the background", "make the background blurry", "blurred background", "add blur to the background"."""
    degree = cur.take_degree()
    verb = cur.take_verb("blur")
    if verb:
        degree = cur.take_degree() or degree
        if (
            cur.sense().determiner == "definite"
            or cur.sense().noun
            or cur.word() in ("everything", "it", "all")
            or cur.sense().pronoun
        ):
            return _blurred_thing(cur, ctx, degree)
        cur.at -= 1
    cur.take_verb("make", "add", "want", "give", "turn", "put", "change", "use", "show")
    if cur.sense().pronoun and cur.sense(1).determiner == "indefinite":
        cur.at += 1
    while cur.sense().determiner or cur.sense().amount == 1:
        cur.at += 1
    degree = cur.take_degree() or degree
    said_blur = _blur_word(cur)
    subject = None
    if said_blur:
        cur.skip_fluff()
        degree = cur.take_degree() or degree
        if cur.take_word("behind", "around"):
            subject = parse_thing(cur, ctx)
            return ChangeBackground(Background.BLUR, _subject(ctx, subject), strength=BLUR_STRENGTH[degree])
        cur.take_preposition("to", "on", "in", "for")
    if not _background_noun(cur):
        return None
    if cur.take_preposition("of") or cur.take_word("behind"):
        subject = parse_thing(cur, ctx)
    if not said_blur:
        while (
            cur.take_preposition("to", "into", "in", "with", "as")
            or cur.sense().copula
            or cur.sense().determiner == "indefinite"
            or cur.sense().amount == 1
            or cur.word() == "look"
        ):
            cur.at += (
                bool(
                    cur.sense().copula
                    or cur.sense().determiner == "indefinite"
                    or cur.sense().amount == 1
                    or cur.word() == "look"
                )
                and not cur.done
            )
        degree = cur.take_degree() or degree
        while cur.sense().amount == 1:
            cur.at += 1
        if not _blur_word(cur):
            return None
        cur.skip_fluff()
    degree = cur.take_degree() or parse_percent(cur) or degree
    return ChangeBackground(Background.BLUR, _subject(ctx, subject), strength=BLUR_STRENGTH[degree])


def _blur_word(cur: Cursor) -> bool:
    if cur.word() in _BLURRY or cur.sense().verb == "blur":
        cur.at += 1
        cur.take_word("blur")
        return True
    return False


def _blurred_thing(cur: Cursor, ctx: Context, degree: str | None) -> ChangeBackground | None:
    """Read what is blurred: the background, or everything behind or except something; anything else is refused."""
    thing = parse_thing(cur, ctx, with_side=False)
    if thing is None:
        return None
    subject = None
    everything = thing.everything or thing.picture
    if everything or thing.noun == "background":
        degree = cur.take_degree() or degree
        if cur.word() in _BEHIND or cur.sense().preposition == "except" or cur.take_preposition("of"):
            if cur.tokens[cur.at - 1].word != "of":
                cur.at += 1
            cur.take_preposition("for")
            subject = parse_thing(cur, ctx)
            if subject is None:
                return None
            everything = False
    if everything or thing.noun not in ("background", None):
        raise Refusal("blur")
    if thing.pronoun and not (ctx.referent is not None and ctx.referent.kind is TargetKind.BACKGROUND):
        raise Refusal("blur")
    cur.take_word("out")
    degree = cur.take_degree() or parse_percent(cur) or degree
    if subject is not None and subject.noun == "background":
        return None
    target = _subject(ctx, subject) if subject is not None else ctx.subject(image_index=thing.image_index)
    return ChangeBackground(Background.BLUR, target, strength=BLUR_STRENGTH[degree])


# Transparent -------------------------------------------------------------------------------------------------------------


def _cut_out(cur: Cursor, ctx: Context) -> ChangeBackground | None:
    """Read "remove the background", "cut out the dog", "cut the dog out", "no background", "isolate the mug on white"."""
    if cur.take_verb("want") is not None or cur.sense().modal:
        cur.at += bool(cur.sense().modal) and not cur.done
        if not _background_noun(cur):
            return None
        cur.skip_fluff()
        return (
            ChangeBackground(Background.TRANSPARENT, _subject(ctx)) if cur.take_word("removed", "gone", "out") else None
        )
    if cur.take_verb("remove") or cur.take_word("no", "without"):
        cur.take_word("any")
        if not _background_noun(cur):
            return None
        subject = None
        if cur.take_preposition("of", "from", "for") or cur.take_word("behind", "around"):
            subject = parse_thing(cur, ctx)
        return ChangeBackground(Background.TRANSPARENT, _subject(ctx, subject))
    if _background_noun(cur):
        return (
            ChangeBackground(Background.TRANSPARENT, _subject(ctx))
            if cur.take_word("removal", "remover", "removed", "gone")
            else None
        )
    if cur.take_verb("cut") is None:
        return None
    cur.take_word("out")
    thing = parse_thing(cur, ctx)
    cur.take_word("out")
    if thing is None or thing.noun == "background":
        return None
    if cur.take_preposition("from", "of", "out of") and not _background_noun(cur):
        return None
    cur.take_connector("and", ",")
    if cur.take_verb("put", "add", "show") and cur.sense().pronoun:
        cur.at += 1
    if cur.take_preposition("on", "onto", "against", "with") or cur.take_word("in front of"):
        return _filling(cur, ctx, _subject(ctx, thing))
    return ChangeBackground(Background.TRANSPARENT, _subject(ctx, thing))


# Replacement -------------------------------------------------------------------------------------------------------------


def _use_picture(cur: Cursor, ctx: Context) -> ChangeBackground | None:
    """Read "use the second image as the background [for image 1]", "put her in front of image 2"."""
    verb = cur.take_verb("use", "put", "make", "turn", "set", "change", "add", "cut", "want")
    if verb is None:
        return None
    thing = parse_thing(cur, ctx, with_side=False)
    if thing is None:
        return None
    if verb == "use" and thing.noun == "background" and thing.image_index is not None and cur.done:
        return _picture(thing.image_index, _subject(ctx), None)
    if thing.picture and thing.image_index is not None:
        if cur.take_word("'s") and not (
            _background_noun(cur) and (cur.done or cur.take_preposition("for", "in", "behind"))
        ):
            return None
        if (
            cur.tokens[cur.at - 1].sense.preposition
            and cur.tokens[cur.at - 1].sense.preposition != "as"
            and not cur.done
        ):
            return _picture(thing.image_index, ctx.subject(), parse_image_reference(cur, ctx, elided=True))
        if not (
            cur.take_preposition("as", "for", "into") or cur.sense().determiner == "definite"
        ) or not _background_noun(cur):
            return None
        subject_index = None
        subject = None
        if cur.take_preposition("of", "for", "in", "behind") or cur.take_word("behind"):
            subject_index = parse_image_reference(cur, ctx, other_than=thing.image_index, elided=True)
            subject = parse_thing(cur, ctx) if subject_index is None else None
        return _picture(thing.image_index, _subject(ctx, subject), subject_index)
    if cur.word() not in ("in front of", "before") and cur.sense().preposition not in ("on", "against", "onto", "in"):
        return None
    cur.at += 1
    index = None
    begin = cur.at
    if _background_noun(cur) and cur.take_preposition("of", "from", "in"):
        index = parse_image_reference(cur, ctx, elided=True)
    else:
        cur.at = begin
        if cur.tokens[begin - 1].word != "in front of":
            return None
        index = parse_image_reference(cur, ctx, elided=True)
    return None if index is None else _picture(index, _subject(ctx, thing), None)


def _picture(index: int, subject: Target, subject_index: int | None) -> ChangeBackground:
    """Return the replacement by a picture; the subject comes from another picture, the first one if that is left open."""
    if subject_index is None:
        subject_index = subject.image_index if subject.image_index is not None else (0 if index != 0 else 1)
    return ChangeBackground(
        Background.PICTURE, replace(subject, image_index=subject_index), background_image_index=index
    )


def _set_background(cur: Cursor, ctx: Context) -> ChangeBackground | None:
    """Read "replace the background with ...", "make the background white", "white background", "give it a blue background"."""
    verb = cur.take_verb(
        "replace", "change", "make", "turn", "paint", "swap", "want", "add", "give", "put", "use", "show"
    )
    subject: Thing | None = None
    if verb in ("give", "add", "put", "want", "show", "use", "make", "change", None):
        begin = cur.at
        if verb == "give":
            subject = parse_thing(cur, ctx, with_side=False)
        filled = _colored_background(cur, ctx, _subject(ctx, subject))
        if filled is not None:
            return filled
        cur.at = begin
    if cur.sense().color_word and cur.word(1) == "of":
        cur.at += 2
    while cur.sense().determiner and cur.sense(1).color_word:
        cur.at += 2
        cur.take_preposition("of")
    if not _background_noun(cur) and not _background_pronoun(cur, ctx):
        return None
    if cur.sense().color_word and not cur.done:
        cur.at += 1
    if (cur.take_preposition("of", "from") or cur.take_word("behind")) and not cur.done:
        subject = parse_thing(cur, ctx)
        if subject is None or (subject.noun is None and not subject.picture and not subject.pronoun):
            return None
    target = _subject(ctx, subject)
    if cur.done and verb in ("change", "replace", "swap"):
        raise Refusal("which_background")
    while (
        cur.take_preposition("with", "to", "by", "into", "for", "as", "in") or cur.sense().copula or cur.sense().modal
    ):
        cur.at += bool(cur.sense().copula or cur.sense().modal) and not cur.done
    if cur.done:
        return None
    return _filling(cur, ctx, target)


def _filling(cur: Cursor, ctx: Context, subject: Target) -> ChangeBackground | None:
    """Read what the background becomes: a color, a gradient, a picture or nothing."""
    begin = cur.at
    filled = _colored_background(cur, ctx, subject)
    if filled is not None and cur.done:
        return filled
    cur.at = begin
    index = parse_image_reference(cur, ctx, elided=True)
    if index is None:
        cur.at = begin
        if (_background_noun(cur) or _take_the_one(cur)) and cur.take_preposition("of", "from", "in"):
            index = parse_image_reference(cur, ctx, elided=True)
    if index is not None:
        return _picture(index, subject, None)
    cur.at = begin
    filled = _plain_filling(cur, ctx, subject)
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


def _plain_filling(cur: Cursor, ctx: Context, subject: Target) -> ChangeBackground | None:
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
        _background_noun(cur)
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


def _gradient_background(cur: Cursor, ctx: Context) -> ChangeBackground | None:
    """Read "gradient background, purple to pink", "a gradient background from blue to white"."""
    cur.take_verb("make", "add", "give", "want", "use", "put")
    if cur.sense().pronoun:
        cur.at += 1
    while cur.sense().determiner or cur.sense().color_modifier == "plain":
        cur.at += 1
    if not cur.take_word("gradient") or not _background_noun(cur):
        return None
    cur.take_connector(",")
    cur.take_preposition("from", "of", "with", "in")
    first = parse_color(cur, ctx)
    joined = cur.take_preposition("to", "into") is not None or cur.take_connector("and", ",")
    second = parse_color(cur, ctx) if joined else None
    return ChangeBackground(Background.GRADIENT, ctx.subject(), (first, second)) if first and second else None


def _colored_background(cur: Cursor, ctx: Context, subject: Target) -> ChangeBackground | None:
    """Read "a plain white background", "blue gradient background", "transparent background", "a gradient ... as background"."""
    begin = cur.at
    filled = _plain_filling(cur, ctx, subject)
    if filled is None:
        return None
    cur.take_word("studio", "seamless")
    if cur.take_preposition("as", "for", "in"):
        pass
    said = any(token.sense.noun == "background" for token in cur.tokens[begin : cur.at])
    if not _background_noun(cur) and not said:
        return None
    if cur.take_preposition("to", "for", "behind") or cur.take_word("behind", "around"):
        thing = parse_thing(cur, ctx)
        if thing is None:
            return None
        if not thing.picture:
            filled = replace(filled, subject=to_target(thing, ctx))
    return filled


def _on_background(cur: Cursor, ctx: Context) -> ChangeBackground | None:
    """Read "on a white background", "product shot on white", "put the cup on a plain blue background"."""
    subject: Thing | None = None
    if (
        cur.take_verb("put", "show", "make", "want", "cut", "turn", "add", "give") is not None
        or cur.sense().preposition is None
    ):
        if cur.word() in _SHOTS or cur.word(1) in _SHOTS:
            while cur.word() in _SHOTS or cur.sense().picture or cur.sense().fluff or cur.sense().determiner:
                cur.at += 1
        else:
            cur.skip_fluff()
            subject = parse_thing(cur, ctx, with_side=False)
            if subject is None:
                return None
    if not cur.done and cur.word() == "in front of":
        cur.at += 1
    elif not cur.take_preposition("on", "against", "with", "onto", "over", "in"):
        return None
    target = _subject(ctx, subject)
    begin = cur.at
    filled = _colored_background(cur, ctx, target)
    if filled is not None:
        return filled
    cur.at = begin
    filled = _plain_filling(cur, ctx, target)
    if filled is None or cur.tokens[begin - 1].word not in ("on", "against", "onto"):
        return None
    return filled if subject is None or subject.known or subject.pronoun else None
