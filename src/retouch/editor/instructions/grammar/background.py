"""Clauses about what is behind the subject: blur, plain colors, gradients, another picture, nothing."""

import re
from dataclasses import replace

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.grammar.background_blur import blur, blur_mode
from retouch.editor.instructions.grammar.background_fill import (
    colored_background,
    filling,
    gradient_background,
    of_picture,
    plain_filling,
)
from retouch.editor.instructions.grammar.background_parts import stays, take_background, take_background_pronoun
from retouch.editor.instructions.phrases import parse_thing
from retouch.editor.instructions.pieces import parse_image_reference
from retouch.editor.instructions.plan import Background, ChangeBackground, Target, TargetKind
from retouch.editor.instructions.things import Thing

__all__ = ["parse_background"]

_SHOTS = frozenset(["product", "studio", "catalog", "catalogue", "packshot", "png", "jpg", "file"])


def parse_background(cur: Cursor, ctx: Context) -> list[ChangeBackground]:
    """Return the change of background that a clause asks for; empty if it is about something else."""
    for read in (blur_mode, blur, _cut_out, _use_picture, _set_background, gradient_background, _on_background):
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


_OUT_OF_PICTURE = re.compile(r"\bcut\b[^.;!?]{1,60}\bout of (?:this|the|my|our|that|it)\b", re.IGNORECASE)


def _cut_out(cur: Cursor, ctx: Context) -> ChangeBackground | None:
    """Read "remove the background", "cut out the dog", "cut the dog out", "no background", "isolate the mug on white"."""
    if cur.take_verb("want") is not None or cur.sense().modal:
        cur.at += bool(cur.sense().modal) and not cur.done
        if not take_background(cur):
            return None
        cur.skip_fluff()
        return ChangeBackground(Background.TRANSPARENT, stays(ctx)) if cur.take_word("removed", "gone", "out") else None
    if cur.take_verb("remove") or cur.take_word("no", "without"):
        cur.take_word("any")
        if not take_background(cur):
            return None
        subject = None
        if cur.take_preposition("of", "from", "for") or cur.take_word("behind", "around"):
            subject = parse_thing(cur, ctx)
        return ChangeBackground(Background.TRANSPARENT, stays(ctx, subject))
    if take_background(cur):
        return (
            ChangeBackground(Background.TRANSPARENT, stays(ctx))
            if cur.take_word("removal", "remover", "removed", "gone")
            else None
        )
    if _OUT_OF_PICTURE.search(ctx.prompt):
        return None  # "cut my ex out of this photo" removes
    if cur.take_verb("cut") is None:
        return None
    if cur.done and cur.word(-1) in ("cut out", "cutout", "isolate", "extract"):
        return ChangeBackground(Background.TRANSPARENT, stays(ctx))
    cur.take_word("out")
    thing = parse_thing(cur, ctx)
    cur.take_word("out")
    if thing is None or thing.noun == "background":
        return None
    if cur.take_preposition("from", "of", "out of") and not take_background(cur):
        return None
    cur.take_connector("and", ",")
    if cur.take_verb("put", "add", "show") and cur.sense().pronoun:
        cur.at += 1
    if cur.take_preposition("on", "onto", "against", "with") or cur.take_word("in front of"):
        return filling(cur, ctx, stays(ctx, thing))
    return ChangeBackground(Background.TRANSPARENT, stays(ctx, thing))


def _use_picture(cur: Cursor, ctx: Context) -> ChangeBackground | None:
    """Read "use the second image as the background [for image 1]", "put her in front of image 2"."""
    verb = cur.take_verb("use", "put", "make", "turn", "set", "change", "add", "cut", "want")
    if verb is None:
        return None
    thing = parse_thing(cur, ctx, with_side=False)
    if thing is None:
        return None
    if verb == "use" and thing.noun == "background" and thing.image_index is not None and cur.done:
        return of_picture(thing.image_index, stays(ctx), None)
    if thing.picture and thing.image_index is not None:
        if cur.take_word("'s") and not (
            take_background(cur) and (cur.done or cur.take_preposition("for", "in", "behind"))
        ):
            return None
        if (
            cur.tokens[cur.at - 1].sense.preposition
            and cur.tokens[cur.at - 1].sense.preposition != "as"
            and not cur.done
        ):
            return of_picture(thing.image_index, ctx.subject(), parse_image_reference(cur, ctx, elided=True))
        if not (
            cur.take_preposition("as", "for", "into") or cur.sense().determiner == "definite"
        ) or not take_background(cur):
            return None
        subject_index = None
        subject = None
        if cur.take_preposition("of", "for", "in", "behind") or cur.take_word("behind"):
            subject_index = parse_image_reference(cur, ctx, other_than=thing.image_index, elided=True)
            subject = parse_thing(cur, ctx) if subject_index is None else None
        return of_picture(thing.image_index, stays(ctx, subject), subject_index)
    if cur.word() not in ("in front of", "before") and cur.sense().preposition not in ("on", "against", "onto", "in"):
        return None
    cur.at += 1
    index = None
    begin = cur.at
    if take_background(cur) and cur.take_preposition("of", "from", "in"):
        index = parse_image_reference(cur, ctx, elided=True)
    else:
        cur.at = begin
        if cur.tokens[begin - 1].word != "in front of":
            return None
        index = parse_image_reference(cur, ctx, elided=True)
    return None if index is None else of_picture(index, stays(ctx, thing), None)


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
        filled = None if _has_old_color(cur) else colored_background(cur, ctx, stays(ctx, subject))
        if filled is not None:
            return filled
        cur.at = begin
    if _has_old_color(cur):
        cur.at += 2 + (cur.sense(2).noun != "background")
    if cur.sense().color_word and cur.word(1) == "of":
        cur.at += 2
    while cur.sense().determiner and cur.sense(1).color_word:
        cur.at += 2
        cur.take_preposition("of")
    if not take_background(cur) and not take_background_pronoun(cur, ctx):
        return None
    if cur.sense().color_word and not cur.done:
        cur.at += 1
    if (cur.take_preposition("of", "from") or cur.take_word("behind")) and not cur.done:
        subject = parse_thing(cur, ctx)
        if subject is None or (subject.noun is None and not subject.picture and not subject.pronoun):
            return None
    target = stays(ctx, subject)
    if cur.done and verb in ("change", "replace", "swap"):
        raise Refusal("which_background")
    while (
        cur.take_preposition("with", "to", "by", "into", "for", "as", "in") or cur.sense().copula or cur.sense().modal
    ):
        cur.at += bool(cur.sense().copula or cur.sense().modal) and not cur.done
    if cur.done:
        return None
    return filling(cur, ctx, target)


def _has_old_color(cur: Cursor) -> bool:
    """Whether "the blue background" stands here with more behind it: what it is now, and not what it becomes."""
    if cur.sense().determiner != "definite" or (cur.sense(1).color is None and cur.sense(1).color_modifier is None):
        return False
    ahead = 2 if cur.sense(2).noun == "background" else 3
    return cur.sense(ahead).noun == "background" and cur.token(ahead + 1) is not None


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
    target = stays(ctx, subject)
    begin = cur.at
    filled = colored_background(cur, ctx, target)
    if filled is not None:
        return filled
    cur.at = begin
    filled = plain_filling(cur, ctx, target)
    if filled is None or cur.tokens[begin - 1].word not in ("on", "against", "onto"):
        return None
    return filled if subject is None or subject.known or subject.pronoun else None
