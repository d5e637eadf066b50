"""Clauses that ask for nothing but care: "don't change anything else", "keep the sky as it is", "make it look natural"."""

import re

from retouch.editor.instructions.context import Context
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.phrases import parse_thing
from retouch.editor.instructions.plan import Target, TargetKind
from retouch.editor.instructions.targets import to_target
from retouch.editor.instructions.tokens import Token
from retouch.editor.instructions.vocabulary import NATURAL_FRAME, NATURAL_WORDS, SAME_WORDS

__all__ = ["parse_keep", "split_exception"]

_TOUCH = frozenset(["change", "touch", "remove", "move", "replace", "make", "turn", "add", "blur", "paint", "swap"])
_REST = frozenset(
    """
        a about all any anything change changes details elements else everything image in modifications no nothing
        of other others part parts photo picture remaining rest scene single stuff that the thing things
    """.split()  # noqa: SIM905
)
_ABSTRACT = frozenset(
    """
        angle aspect camera character composition details dimensions expression facial features framing identity
        layout light lighting natural original perspective pores pose position proportions quality ratio reflections
        resolution same shading shadows shape size structure style texture
    """.split()  # noqa: SIM905
)


def parse_keep(cur: Cursor, ctx: Context) -> bool:
    """Note a clause that asks for what happens anyway; False if it asks for something else."""
    for read in (_care, _natural, _purpose, _rest_stays, _leave_thing, _thing_stays):
        cur.at = 0
        targets = read(cur, ctx)
        if targets is not None and cur.done:
            ctx.kept.append((ctx.text(cur.tokens), targets))
            return True
    return False


def _care(cur: Cursor, ctx: Context) -> tuple[Target, ...] | None:
    """Read "no filters", "without overdoing it", "save it as png": what goes without saying."""
    if _CARE.fullmatch(" ".join(ctx.text(cur.tokens).lower().replace("’", "'").split())) is None:
        return None
    cur.at = len(cur.tokens)
    return ()


_CARE = re.compile(
    r"(no|without( any)?) (extra |other |more |fancy )?(filters?|effects?|quality loss|loss of quality)"
    r"|(but )?(nothing|not) (too |very )?(fancy|crazy|dramatic|special|wild|extreme|strong|obvious|heavy|harsh|over the top)"
    r"|(but )?keep it (very |looking )?(natural|neutral|subtle|simple|realistic|real|clean|minimal|classy)( looking)?"
    r"|(don't|dont|do not) go (overboard|crazy|too far|over the top)|(but )?(make it )?subtle|natural looking"
    r"|(save|export|send|upload)( it| this| the (photo|picture|image|file))?"
    r"|without losing (any |the )?(quality|details?|sharpness|resolution)"
    r"|(don't|dont|do not|without) overdo(ing)?( it)?|(but )?not too much"
    r"|(without|don't|do not|dont) (blow|blowing|burn|burning|clip|clipping)( out)?( the)? (highlights|whites|sky)"
    r"|(save|export|output)( it| this)?( as| in| to)?( an?)? png( file| format)?"
    r"( with( an?)? (alpha|alpha channel|transparency|transparent background))?"
)


_SPOILING = frozenset(
    "lose losing blow blowing clip clipping burn burning overdo overdoing exaggerate exaggerating ruin ruining".split()  # noqa: SIM905
)
_SPOILED = frozenset(
    "plastic fake artificial overdone unnatural cartoonish cheesy waxy overprocessed photoshopped cheap".split()  # noqa: SIM905
)
"""What a careful editor avoids anyway: "without losing detail", "don't make it look fake"."""


def _natural(cur: Cursor, ctx: Context) -> tuple[Target, ...] | None:
    """Read a clause that is only about fitting in and looking real."""
    del ctx
    words = [word for token in cur.tokens for word in token.word.split()]
    if (cur.sense().negation is not None or words[:1] == ["no"]) and (
        _SPOILING & set(words[:3]) or _SPOILED & set(words)
    ):
        cur.at = len(cur.tokens)
        return ()
    natural = [word for word in words if word in NATURAL_WORDS]
    if not natural or not all(word in NATURAL_WORDS or word in NATURAL_FRAME for word in words):
        return None
    cur.at = len(cur.tokens)
    return ()


def _purpose(cur: Cursor, ctx: Context) -> tuple[Target, ...] | None:
    """Read "so the flower stands out": a reason, not an instruction."""
    if not cur.take_word("so"):
        return None
    if parse_thing(cur, ctx) is None:
        return None
    cur.take_degree()
    found = False
    while cur.sense().fluff or cur.sense().copula or cur.word() in _PURPOSES or cur.word() in NATURAL_WORDS:
        found = found or cur.word() in _PURPOSES or cur.word() in NATURAL_WORDS
        cur.at += 1
    return () if found else None


_PURPOSES = frozenset(
    [
        "stands out",
        "stand out",
        "pops",
        "pop",
        "visible",
        "is visible",
        "focus",
        "in focus",
        "sharp",
        "better",
        "more",
        "good",
        "nice",
        "the",
        "in",
    ]
)


def _words_in(cur: Cursor, allowed: frozenset[str]) -> bool:
    """Step over all words that are ``allowed`` (of an expression: each); whether there was one."""
    begin = cur.at
    while not cur.done and all(word in allowed for word in cur.word().split()):
        cur.at += 1
    return cur.at > begin


def _rest_stays(cur: Cursor, ctx: Context) -> tuple[Target, ...] | None:
    """Read "don't change anything else", "keep the rest", "everything else stays the same", "nothing else"."""
    del ctx
    cur.take_verb("make")
    cur.take_word("sure", "ensure", "make sure")
    negated = cur.sense().negation is not None
    cur.at += negated
    kept = cur.take_verb("keep") is not None
    touched = cur.take_verb(*_TOUCH) is not None
    begin = cur.at
    _words_in(cur, _REST)
    said = {word for token in cur.tokens[begin : cur.at] for word in token.word.split()}
    if not said & {"else", "rest", "other", "anything", "everything", "changes", "others", "remaining"} or (
        touched and not negated
    ):
        return None
    bare = "else" in said or "rest" in said or "other" in said or kept or negated
    _words_in(cur, SAME_WORDS | _REST)
    return () if bare else None


def _leave_thing(cur: Cursor, ctx: Context) -> tuple[Target, ...] | None:
    """Read "keep the sunglasses", "leave the sky as it is", "without changing the background", "don't touch her face"."""
    negated = cur.sense().negation in ("dont", "without")
    cur.at += negated
    if negated:
        bare = cur.word(-1) == "not" and cur.sense().determiner == "definite"
        if cur.take_verb(*_TOUCH) is None and not bare:
            if cur.sense().look_verb is None and cur.word() not in _EDITING:
                return None
            cur.at += 1
    elif cur.take_verb("keep") is None:
        return None
    targets: list[Target] = []
    while not cur.done:
        begin = cur.at
        if not (
            _words_in(cur, _ABSTRACT | frozenset(["the", "same", "its", "his", "her", "their", "a", "of"]))
            and _abstract(cur, begin)
        ):
            cur.at = begin
            thing = None if cur.sense(_the(cur)).color_word else parse_thing(cur, ctx)
            if thing is None and cur.sense(_the(cur)).color_word:
                targets.append(Target(TargetKind.PICTURE, ctx.text([cur.tokens[cur.at + _the(cur)]]), noun="color"))
                cur.at += _the(cur) + 1
                if cur.take_connector("and", ",", "or"):
                    continue
                break
            if thing is None:
                return None
            if cur.word() == "'s" and (cur.sense(1).color_word or cur.word(1) in _ABSTRACT):
                cur.at += 2
            targets.append(to_target(thing, ctx))
            if cur.sense().color is not None and cur.token(1) is None:  # "keep my lips red"
                cur.at += 1
            _words_in(cur, _STATES)
        if not cur.take_connector("and", ",", "or"):
            break
    _words_in(cur, SAME_WORDS)
    return tuple(targets)


_EDITING = frozenset(
    "sharpen smooth smoothen enhance edit alter affect modify retouch recolor recolour cover hide crop lose".split()  # noqa: SIM905
)
_STATES = frozenset(
    """
        sharp focus crisp visible clear bright dark lit tone tones natural normal colorful colourful readable legible clean
        in full nice soft blurry blurred
    """.split()  # noqa: SIM905
)
"""Words for how a kept thing is now: "keep the windows bright"."""


def _thing_stays(cur: Cursor, ctx: Context) -> tuple[Target, ...] | None:
    """Read "the sky should stay the same", "sky unchanged"."""
    cur.take_connector("and", "but")
    thing = parse_thing(cur, ctx)
    if thing is None or thing.pronoun or thing.picture or thing.everything:
        return None
    said = {word for token in cur.rest() for word in token.word.split()}
    if not said & _STAYING or not said <= SAME_WORDS | _STATES | {"must", "unaffected"}:
        return None
    cur.at = len(cur.tokens)
    return (to_target(thing, ctx),)


_STAYING = frozenset("stay stays remain remains unchanged untouched intact unaltered unedited unaffected kept".split())  # noqa: SIM905


def split_exception(clause: list[Token], ctx: Context) -> tuple[list[Token], tuple[str, tuple[Target, ...]]] | None:
    """Cut "but not the dog", "except for the skin" off a clause: what is left, and what is kept. None where there is none."""
    at = next((i for i, token in enumerate(clause) if i > 0 and token.sense.preposition == "except"), None)
    if at is None:
        return None
    cur = Cursor(clause)
    cur.at = at + 1
    if cur.word() == "too much" or (cur.word() == "too" and cur.word(1) == "much"):
        return clause[:at], (ctx.text(clause[at:]), ())
    cur.take_preposition("on", "in", "at", "for", "over", "to")
    thing = parse_thing(cur, ctx)
    if thing is None or thing.everything or not cur.done or (len(clause) == at + 2 and clause[at + 1].sense.color):
        return None  # "warmer but not orange" says how far to go
    head = clause[: at - 1] if clause[at - 1].sense.connector is not None else clause[:at]
    return head, (ctx.text(clause[at:]), (to_target(thing, ctx),))


def _the(cur: Cursor) -> int:
    """Return how many articles stand at the cursor."""
    count = 0
    while cur.sense(count).determiner == "definite" or cur.word(count) in ("same", "original"):
        count += 1
    return count


def _abstract(cur: Cursor, begin: int) -> bool:
    """Whether the words since ``begin`` name a quality ("the same pose") and are not the start of a thing ("the sky")."""
    words = {word for token in cur.tokens[begin : cur.at] for word in token.word.split()}
    at_end = cur.done or cur.sense().connector is not None or cur.word() in SAME_WORDS
    return at_end and bool(words & (_ABSTRACT - {"same", "original"}))
