"""Clauses that only say what another one is about."""

from collections.abc import Sequence

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.phrases import parse_thing
from retouch.editor.instructions.targets import to_target
from retouch.editor.instructions.tokens import Token

__all__ = ["asks_to_fix", "is_dislike", "names_topic"]


def asks_to_fix(clause: Sequence[Token]) -> bool:
    """Whether a clause only says to do what the complaint before it asks for: "it looks flat, fix it"."""
    words = {token.word for token in clause}
    return bool(words & _FIXING) and words <= _FIXING | _FIXED and len(clause) <= _LONGEST_FIX


_FIXING = frozenset("fix correct repair lift pull bring dial sort do clean".split())  # noqa: SIM905
_FIXED = frozenset("it that this them those back down up out something about with how i we can could do".split())  # noqa: SIM905
_LONGEST_FIX = 5


def is_dislike(clause: Sequence[Token]) -> bool:
    """Whether a clause says what is not liked, which alone asks to take it out: "I don't like the cushion"."""
    words = tuple(token.word for token in clause[:3])
    return any(words[: len(opinion)] == opinion for opinion in _DISLIKES)


_DISLIKES = (
    ("i", "don't", "like"), ("i", "do not", "like"), ("i", "dont", "like"), ("i", "hate"), ("i", "dislike"), ("don't", "like"),
)  # fmt: skip


def names_topic(clause: list[Token], following: list[Token], ctx: Context) -> bool:
    """Whether a clause only says what the next one is about: "the cup, make it blue", "I hate the cushion, make it white"."""
    if not any(token.sense.pronoun and not token.sense.determiner for token in following):
        return False
    words = tuple(token.word for token in clause)
    opinion = next((len(words_of) for words_of in _OPINIONS if words[: len(words_of)] == words_of), 0)
    cursor = Cursor(clause)
    cursor.at = opinion
    while cursor.sense().determiner or cursor.sense().color_word or cursor.sense().preposition == "of":
        if cursor.sense().determiner and not cursor.sense(1).color_word:
            break
        cursor.at += 1
    try:
        thing = parse_thing(cursor, ctx)
        if (
            thing is None
            or thing.pronoun
            or not (cursor.done or ((cursor.sense().copula or cursor.sense().modal) and not opinion))
        ):
            return False
        ctx.referent = to_target(thing, ctx)
    except Refusal:
        return False
    return True


_OPINIONS = (
    ("there", "'s"), ("there", "is"), ("there", "are"), ("there's",), ("i", "see"), ("i", "have"), ("we", "have"),
    ("i", "don't", "like"), ("i", "do not", "like"), ("i", "dont", "like"), ("i", "hate"), ("i", "dislike"),
    ("i", "can't", "stand"), ("don't", "like"), ("about",), ("for",), ("as", "for"),
)  # fmt: skip
