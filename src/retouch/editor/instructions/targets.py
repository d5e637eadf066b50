"""From noun phrases to targets of the plan."""

from dataclasses import replace

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.nouns import NOUNS
from retouch.editor.instructions.plan import Target, TargetKind
from retouch.editor.instructions.refusals import NOT_OBJECTS
from retouch.editor.instructions.things import Thing

__all__ = ["to_target"]

_ALL_OF_THEM = frozenset(["people", "everyone", "everybody", "crowd", "couple", "friends", "family"])
_NO_THINGS = frozenset(["light", "effect", "sharpening", "expression", "text"])
"""What nouns stand for that can't be outlined; words are found by reading, not by their outline."""


def to_target(thing: Thing, ctx: Context) -> Target:
    """Return what a noun phrase points at, as a target of the plan."""
    base = Target(
        TargetKind.NOUN,
        thing.phrase,
        noun=thing.noun,
        color=thing.color,
        horizontal=thing.horizontal,
        vertical=thing.vertical,
        image_index=thing.image_index,
        pick=thing.pick,
        wearing=thing.wearing,
        plural=thing.plural or thing.noun in _ALL_OF_THEM or "ones" in thing.phrase.lower().split(),
        count=2 if "both" in thing.phrase.lower().split() else thing.number,
    )
    if thing.all_but:
        return _all_but(to_target(replace(thing, all_but=False), ctx))
    if thing.pronoun is not None:
        return _pronoun_target(thing, ctx)
    if thing.noun not in NOUNS and NOT_OBJECTS.get(thing.noun or "") in _NO_THINGS:
        raise Refusal(NOT_OBJECTS[thing.noun or ""])
    if thing.picture or thing.everything:
        return replace(base, kind=TargetKind.PICTURE, noun=None, color=None)
    if thing.noun is None:
        return replace(base, kind=TargetKind.COLOR_PART)
    if thing.region and thing.color is None:
        return replace(base, kind=TargetKind.REGION, noun=None)
    if thing.noun == "subject" and thing.bare_one and ctx.referent is not None and ctx.referent.noun is not None:
        return replace(base, noun=ctx.referent.noun)
    if thing.noun in ("subject", "foreground"):
        return replace(base, kind=TargetKind.SUBJECT, noun=None)
    if thing.noun in ("background", "sky") and thing.color is None:
        return replace(base, kind=TargetKind(thing.noun), noun=None)
    if thing.color is not None:
        base = replace(base, kind=TargetKind.COLOR_PART)
    if thing.extras:
        ctx.assume(f'looked for "{thing.noun}" in "{thing.phrase}"; "{" ".join(thing.extras)}" is not told apart')
    return base


def _all_but(target: Target) -> Target:
    """Return everything but a target; all but the subject is the background."""
    opposites = {TargetKind.SUBJECT: TargetKind.BACKGROUND, TargetKind.BACKGROUND: TargetKind.SUBJECT}
    named = (target.horizontal, target.vertical, target.pick, target.wearing)
    if target.kind in opposites and named == (None, None, None, None):
        return replace(target, kind=opposites[target.kind])
    return replace(target, all_but=True)


def _pronoun_target(thing: Thing, ctx: Context) -> Target:
    """Return what a pronoun points at: the last thing named, else the main subject."""
    if ctx.referent is not None and ctx.referent.kind is not TargetKind.PICTURE:
        ctx.assume(f'took "{thing.phrase}" for {ctx.referent.phrase or "the subject"}')
        return replace(ctx.referent, phrase=thing.phrase)
    ctx.assume(f'took "{thing.phrase}" for the main subject')
    return ctx.subject(thing.phrase)
