"""What is said beside an instruction: remarks in parentheses, and how far a look shall not go."""

import re
from collections.abc import Sequence

from retouch.editor.instructions.context import Context
from retouch.editor.instructions.tokens import Token, lex

__all__ = ["drop_asides"]

_PARENTHESES = re.compile(r"(?<![\w#])[(]([^()]{2,160})[)]")
_PERSONS = frozenset("i we you they he she it's its that's thanks thx thank sorry fyi taken shot see".split())  # noqa: SIM905
_ASKING = frozenset("only just keep leave except should must not".split())  # noqa: SIM905
_SPOILED = frozenset(
    "blown burnt burned washed overexposed overdone fake harsh muddy crushed dull gray grey neon garish".split()  # noqa: SIM905
)
_HEDGES = frozenset(["too", "so", "that", "very", "overly", "completely", "all"])


def drop_asides(tokens: Sequence[Token], ctx: Context) -> list[Token]:
    """Leave out "(it's ugly)" behind an instruction, and read "warmer but not orange" as "slightly warmer"; each is noted.

    A parenthesis is a remark where it tells something and asks for nothing. O(len(tokens)).
    """
    left = list(tokens)
    for match in list(_PARENTHESES.finditer(ctx.prompt))[:_MOST]:
        inner = [token for token in left if match.start() <= token.start and token.end <= match.end()]
        if inner and len(inner) < len(left) and _only_tells(inner):
            ctx.assume(f'took "{match[1].strip()}" for a remark, not for something to do')
            left = [token for token in left if token not in inner]
    return _without_limits(left, ctx)


_MOST = 8


def _only_tells(inner: Sequence[Token]) -> bool:
    """Whether words in parentheses say how something is, and ask for nothing."""
    if any(token.sense.verb or token.sense.negation or token.sense.literal for token in inner):
        return False
    if any(token.word in _ASKING or token.sense.color or token.sense.side for token in inner):
        return False
    told = inner[0].sense.pronoun is not None or inner[0].word.partition(" ")[0] in _PERSONS
    return told or any(token.sense.copula for token in inner[1:])


def _without_limits(tokens: list[Token], ctx: Context) -> list[Token]:
    """Read "but not (too) orange" behind a look as a smaller degree of it."""
    left: list[Token] = []
    i = 0
    while i < len(tokens):
        end = _limit_end(tokens, i)
        place = _look_before(left) if end else None
        if end is None or place is None:
            left.append(tokens[i])
            i += 1
            continue
        ctx.assume(f'took "{ctx.text(tokens[i:end])}" for how far to go: did less of it')
        if not any(token.sense.degree for token in left[max(0, place - 2) : place]):
            left[place:place] = lex("slightly", left[place].start, left[place].start)
        i = end
    return left


def _limit_end(tokens: Sequence[Token], i: int) -> int | None:
    """Return where "but not too orange" ends that begins at a token, None if none does."""
    if i == 0 or not (tokens[i].sense.connector in ("but", ",", "and") or tokens[i].sense.preposition == "except"):
        return None
    i += 1
    negated = tokens[i - 1].sense.preposition == "except" and tokens[i - 1].word.endswith("not")
    while i < len(tokens) and (
        tokens[i].sense.negation == "dont" or tokens[i].word in _HEDGES or tokens[i].word == "make it"
    ):
        negated = negated or tokens[i].sense.negation == "dont"
        i += 1
    if not negated or i >= len(tokens):
        return None
    if not (tokens[i].sense.color or tokens[i].sense.look or tokens[i].word.partition(" ")[0] in _SPOILED):
        return None
    i += i + 1 < len(tokens) and tokens[i].word in _SPOILED and tokens[i + 1].word == "out"
    ends = i + 1 == len(tokens) or tokens[i + 1].ends_sentence or tokens[i + 1].sense.connector is not None
    return i + 1 if ends else None


def _look_before(left: Sequence[Token]) -> int | None:
    """Return where the look of the sentence so far stands, if it is its last word."""
    return len(left) - 1 if left and left[-1].sense.look is not None else None
