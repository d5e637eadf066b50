"""Second thoughts: "make the mug red, no wait, make it green", "crop it square, actually no, 4:5"."""

from collections.abc import Sequence
from dataclasses import replace

from retouch.editor.instructions.context import Context
from retouch.editor.instructions.tokens import Token

__all__ = ["take_back"]

_MARKS: tuple[tuple[str, ...], ...] = tuple(
    tuple(words.split())
    for words in (
        "no wait", "wait no", "no sorry", "sorry no", "scratch that", "strike that", "forget that", "oh no", "oh wait", "wait",
        "no no", "no actually", "on second thought", "correction", "i mean", "i meant", "or rather", "or no", "sorry i mean",
        "sorry i meant", "rather", "sorry", "no i mean", "no i meant", "nope", "never mind", "nevermind",
    )
)  # fmt: skip
_LONGEST_MARK = max(map(len, _MARKS))


def take_back(clauses: Sequence[list[Token]], ctx: Context) -> list[list[Token]]:
    """Return the clauses without those that the next words take back.

    A whole instruction behind "no wait" replaces the one before it, whose thing "it" then is; a mere color, side, number or look
    replaces the last one of its kind: "make the mug red, no wait, green". Each is noted. O(number of tokens).
    """
    left: list[list[Token]] = []
    taken = False
    for clause in (part for whole in clauses for part in _cut_at_marks(whole)):
        mark = _mark(clause)
        rest = list(clause[mark:])
        while rest and rest[0].sense.connector is not None:
            rest = rest[1:]
        if not (mark or taken) or not left:
            left.append(clause)
            continue
        taken = not rest
        if not rest:
            continue
        ctx.assume(f'took "{ctx.text(left[-1])}" as taken back')
        left[-1] = _replaced(left[-1], rest)
    return left


def _cut_at_marks(clause: list[Token]) -> list[list[Token]]:
    """Return a clause cut at the commas before and behind "no wait"."""
    parts: list[list[Token]] = [[]]
    for i, token in enumerate(clause):
        if token.word == "," and (_mark(clause[i + 1 :]) or (parts[-1] and _mark(parts[-1]) == len(parts[-1]))):
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part] if len(parts) > 1 else [clause]


def _mark(tokens: Sequence[Token]) -> int:
    """Return how many tokens a second thought begins with, 0 if it is none."""
    for count in range(min(_LONGEST_MARK, len(tokens)), 0, -1):
        words = tuple(word for token in tokens[:count] for word in token.word.split())
        if words in _MARKS and (count == len(tokens) or words not in _ALONE or tokens[count].word == ","):
            return count
    return 0


_ALONE = frozenset([("wait",), ("rather",), ("sorry",), ("correction",)])
"""Marks only where nothing or a comma follows."""


def _replaced(before: Sequence[Token], rest: Sequence[Token]) -> list[Token]:
    """Return the corrected instruction."""
    if len(rest) == 1 and (kind := _kind(rest[0])) is not None:
        place = next((i for i in reversed(range(len(before))) if _kind(before[i]) == kind), None)
        if place is not None:
            return [*before[:place], rest[0], *before[place + 1 :]]
    thing = _thing_of(before)
    if not thing:
        return list(rest)
    at = next((i for i, token in enumerate(rest) if token.sense.pronoun == "thing"), None)
    return list(rest) if at is None else [*rest[:at], *thing, *rest[at + 1 :]]


def _kind(token: Token) -> str | None:
    sense = token.sense
    named = {
        "color": sense.color, "look": sense.look, "side": sense.side, "number": sense.number, "noun": sense.noun,
        "light": sense.term("light"), "style": sense.term("style"), "degree": sense.degree,
    }  # fmt: skip
    return next((name for name, value in named.items() if value is not None), None)


def _thing_of(clause: Sequence[Token]) -> list[Token]:
    """Return the first "the ..." of a clause, up to what it is to become."""
    begin = next((i for i, token in enumerate(clause) if token.sense.determiner == "definite"), None)
    if begin is None:
        return []
    end = begin + 1
    while end < len(clause) and clause[end].sense.noun is None:
        end += 1
    return [replace(token) for token in clause[begin : end + 1]] if end < len(clause) else []
