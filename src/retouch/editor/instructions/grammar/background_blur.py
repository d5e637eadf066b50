"""Clauses that blur what is behind the subject."""

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.grammar.background_parts import stays, take_background
from retouch.editor.instructions.phrases import parse_thing
from retouch.editor.instructions.pieces import parse_percent
from retouch.editor.instructions.plan import Background, ChangeBackground, TargetKind

__all__ = ["blur", "blur_mode"]

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
_BEHIND = frozenset(["behind", "around", "except", "but", "besides", "other than", "in back of"])


def blur_mode(cur: Cursor, ctx: Context) -> ChangeBackground | None:
    """Read "add bokeh", "portrait mode", "shallow depth of field"."""
    cur.take_verb("add", "use", "give", "make", "want", "turn", "put")
    if cur.sense().pronoun and not cur.sense().determiner:
        cur.at += 1
    degree = cur.take_degree()
    if _take_focus_on(cur):
        subject = parse_thing(cur, ctx)
        named = subject is not None and subject.noun not in (None, "background", "foreground")
        return ChangeBackground(Background.BLUR, stays(ctx, subject)) if named else None
    while cur.sense().determiner or cur.word() == "more" or cur.sense().preposition in ("in", "with", "to"):
        cur.at += 1
    degree = cur.take_degree() or degree
    if cur.word() not in _BLUR_MODES:
        return None
    cur.at += 1
    cur.skip_fluff()
    if cur.take_preposition("to", "in", "on") and not take_background(cur):
        return None
    if cur.sense().noun == "background":
        cur.at += 1
    degree = cur.take_degree() or degree
    return ChangeBackground(Background.BLUR, stays(ctx), strength=BLUR_STRENGTH[degree])


def _take_focus_on(cur: Cursor) -> bool:
    """Step over "focus on", "the focus on": everything else goes out of focus."""
    begin = cur.at
    cur.take_verb("keep")
    cur.at += cur.sense().determiner == "definite"
    if cur.take_word("focus") and cur.take_preposition("on"):
        return True
    cur.at = begin
    return False


def blur(cur: Cursor, ctx: Context) -> ChangeBackground | None:
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
            return ChangeBackground(Background.BLUR, stays(ctx, subject), strength=BLUR_STRENGTH[degree])
        cur.take_preposition("to", "on", "in", "for")
    if not take_background(cur):
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
    return ChangeBackground(Background.BLUR, stays(ctx, subject), strength=BLUR_STRENGTH[degree])


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
    kept = [target for _, targets in ctx.kept for target in targets if target.noun is not None]
    if thing.everything and subject is None and kept:  # "blur everything but keep the cat sharp"
        degree = cur.take_degree() or degree
        return ChangeBackground(Background.BLUR, kept[-1], strength=BLUR_STRENGTH[degree])
    if everything or thing.noun not in ("background", None):
        raise Refusal("blur")
    if thing.pronoun and not (ctx.referent is not None and ctx.referent.kind is TargetKind.BACKGROUND):
        raise Refusal("blur")
    cur.take_word("out")
    degree = cur.take_degree() or parse_percent(cur) or degree
    if subject is not None and subject.noun == "background":
        return None
    target = stays(ctx, subject) if subject is not None else ctx.subject(image_index=thing.image_index)
    return ChangeBackground(Background.BLUR, target, strength=BLUR_STRENGTH[degree])
