"""What can be cut off a clause that nothing reads whole: comparisons behind a color or a look, and words of praise."""

from collections.abc import Iterator, Sequence

from retouch.editor.instructions.context import Context
from retouch.editor.instructions.rewording.reword import LITTLE, MUCH
from retouch.editor.instructions.tokens import Token

__all__ = ["trim", "without_degree"]

_LIKE = frozenset(["like", "similar to", "as if", "as though", "almost like", "kind of like", "sort of like"])
_LONGEST_COMPARISON = 9
_PRAISE = frozenset(
    """
        cute cutest adorable gorgeous stunning amazing awesome fantastic fabulous lovely beautiful pretty sick lit dope insane
        incredible magnificent superb wonderful handsome hot sexy fancy neat nice great perfect brilliant badass slick
        flawless marvelous marvellous sweet
    """.split()  # noqa: SIM905 - a table of words is read, not run
)
"""Words that ask for nothing that can be done: "super cute and brighter" is "brighter"."""
_STRESS = frozenset(
    ["super", "so", "all", "mega", "ultra", "absolutely", "totally", "hella", "real", "extra", "even", "more"]
)


def trim(clause: Sequence[Token], ctx: Context) -> Iterator[tuple[list[Token], str]]:
    """Yield shorter clauses that ask for the same, each with a note that says what was left out and why."""
    cut = _cut_comparison(clause)
    if cut is not None:
        yield list(clause[:cut]), f'took "{ctx.text(clause[cut:])}" for a comparison; what stands before it was done'
    plain, praise = _without_praise(clause)
    if praise:
        yield plain, f'"{ctx.text(praise)}" names nothing that can be done; the rest of "{ctx.text(clause)}" was'


def without_degree(clause: Sequence[Token]) -> tuple[list[Token], float]:
    """Return a clause without the degree at its end or its beginning, and what it multiplies strengths by: "a bit", "slightly".

    An empty clause stands for one that has none there.
    """
    for at in (len(clause) - 1, 0):
        factor = {"little": LITTLE, "much": MUCH}.get(clause[at].sense.degree or "") if len(clause) > 1 else None
        if factor is not None:
            return [*clause[:at], *clause[at + 1 :]], factor
    return [], 1.0


def _cut_comparison(clause: Sequence[Token]) -> int | None:
    """Return where "like cotton candy" begins behind an instruction, None where no comparison ends the clause.

    A comparison with another picture, with a thing that is there, or of the whole picture with a style says more than the words
    before it.
    """
    at = next((i for i, token in enumerate(clause) if i > 1 and token.word in _LIKE), None)
    if at is None or not 0 < len(clause) - at - 1 <= _LONGEST_COMPARISON:
        return None
    before = at - 1 if clause[at - 1].sense.connector == "," else at
    if clause[0].sense.verb == "remove" or not _says_enough(clause[before - 1]):
        return None
    named = any(token.sense.noun for token in clause[:before])
    told = clause[at + 1 :]
    says_more = any(
        token.sense.picture or token.sense.negation or token.sense.literal or token.sense.determiner == "definite"
        for token in told
    ) or (not named and any(token.sense.term("style") for token in told))
    return None if says_more else before


def _says_enough(token: Token) -> bool:
    """Whether an instruction may end with a word, so that "like ..." behind it only illustrates it; not with "look"."""
    sense = token.sense
    return bool(sense.color or sense.look or sense.noun or sense.term("light") or sense.degree)


def _without_praise(clause: Sequence[Token]) -> tuple[list[Token], list[Token]]:
    """Return a clause without its praise and what stresses or joins it, and that praise."""
    plain: list[Token] = []
    praise: list[Token] = []
    joint = False
    for i, token in enumerate(clause):
        if joint and token.sense.connector in ("and", ","):
            continue
        joint = False
        if token.word not in _PRAISE or (i > 0 and clause[i - 1].sense.negation):
            plain.append(token)
            continue
        while plain and (plain[-1].sense.degree or plain[-1].word in _STRESS):
            praise.append(plain.pop())
        joint = not (plain and plain[-1].sense.connector in ("and", ","))
        if not joint:
            plain.pop()
        praise.append(token)
    return plain, sorted(praise, key=lambda token: token.start)
