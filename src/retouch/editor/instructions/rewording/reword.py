"""From a clause that no grammar reads to plain instructions that say the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.lexicon import Sense, lexicon
from retouch.editor.instructions.phrases import parse_thing
from retouch.editor.instructions.pieces import parse_color
from retouch.editor.instructions.rewording.patterns import TABLES, Rule, fit, load_rules
from retouch.editor.instructions.tokens import Token, lex, rejoin

__all__ = ["Rewording", "goal_scale", "reword", "rules"]

MAX_WORDS = 30
"""Longer clauses are no turn of speech."""

LITTLE, MUCH = 0.6, 1.5


@dataclass(frozen=True, slots=True)
class Rewording:
    """What a clause says in plain words.

    Attributes
    ----------
    clauses : list of list of Token
        One for each instruction; words that the prompt does not hold stand at the place of the whole clause.
    text : str
        The instructions, for the answer's notes.
    is_goal : bool
        The clause names a goal, which a recipe stands for; degrees in it scale the recipe.
    """

    clauses: list[list[Token]]
    text: str
    is_goal: bool


def rules() -> Iterator[tuple[Rule, bool]]:
    """Yield the rules of all tables, each with whether it stands for a goal."""
    for name in TABLES:
        for rule in load_rules(name):
            yield rule, name == "goals"


def reword(clause: Sequence[Token], ctx: Context) -> list[Rewording]:
    """Return the ways to say a clause in plain words, the likeliest first; none where no rule fits."""
    pieces = [piece for token in clause for piece in _pieces(token)]
    if len(pieces) > MAX_WORDS:
        return []
    words = [piece.word for piece in pieces]
    met = set(words)

    def fills(kind: str, begin: int, end: int) -> bool:
        return _fills(kind, pieces[begin:end], ctx)

    found: list[Rewording] = []
    for rule, is_goal in rules():
        if all(needed & met for needed in rule.needed):
            gaps = fit(rule.pattern, words, fills)
            if gaps is not None:
                found.append(_say(rule, {name: pieces[i:j] for name, (i, j) in gaps.items()}, clause, is_goal=is_goal))
    return found


def _pieces(token: Token) -> list[Token]:
    """Return the single words of an expression, each at the place of the whole."""
    if " " not in token.word or token.sense.literal is not None:
        return [token]
    return [Token(word, token.start, token.end, lexicon().lookup(word)) for word in token.word.split(" ")]


def _fills(kind: str, pieces: Sequence[Token], ctx: Context) -> bool:
    tokens = rejoin(pieces)
    if not tokens or any(token.sense.negation or token.ends_sentence for token in tokens):
        return False
    cur = Cursor(tokens)
    if kind == "look":
        return all(token.sense.look or token.sense.degree or token.sense.connector for token in tokens)
    if kind == "tone":
        return len(tokens) == 1 and any(family == "color" for family, _ in tokens[0].sense.terms)
    if kind == "more":
        return len(tokens) == 1 and tokens[0].sense.look is not None and tokens[0].word.endswith("er")
    if kind == "light":
        return len(tokens) == 1 and tokens[0].sense.term("light") is not None
    if kind == "side":
        return any(token.sense.side for token in tokens) and tokens[0].sense.preposition is not None
    try:
        trial = replace(ctx, assumptions=[], kept=[])
        if kind == "color":
            return parse_color(cur, trial) is not None and cur.done
        thing = parse_thing(cur, trial, placed=True)
    except Refusal:
        return False
    if thing is None or not cur.done:
        return False
    if kind == "scene":
        named = thing.known or thing.determiner or thing.pronoun or thing.picture or thing.everything
        living = thing.pronoun == "person" or thing.noun in _LIVING or any(token.word in _LIVING for token in tokens)
        return bool(named) and not living
    return kind != "new" or (thing.determiner != "definite" and thing.noun is not None)


_LIVING = frozenset(
    """
        person man woman child boy girl baby kid people guy lady couple family bride groom model friend everyone everybody
        him her them face faces head expression eye eyes mouth dog cat bird horse animal pet puppy kitten son daughter wife
        husband mother father mom dad grandma grandpa dinosaur
    """.split()  # noqa: SIM905
)
"""A mood of theirs is an expression, which no recipe makes."""


def _say(rule: Rule, gaps: dict[str, list[Token]], clause: Sequence[Token], *, is_goal: bool) -> Rewording:
    """Return the instructions of a rule with its gaps filled; a gap that was left out is left out."""
    start, end = min(token.start for token in clause), max(token.end for token in clause)
    clauses: list[list[Token]] = []
    for instruction in rule.instructions:
        pieces: list[Token] = []
        for word, after in zip(instruction, (*instruction[1:], ""), strict=True):
            filled = gaps.get(after[1:2], []) if after.startswith("{") else []
            if word.startswith("{"):
                pieces += gaps.get(word[1], _DEFAULT if word[1] == "x" and is_goal else [])
            elif word == "'s":
                pieces.append(Token(word, start, end, lexicon().lookup(word)))
            elif filled and word in ("the", "a"):  # a thing is quoted without the words around it
                pieces += lex(word, filled[0].start, filled[0].start)
            else:
                pieces += lex(word, start, end)
        clauses.append(
            rejoin([replace(piece, start=start, end=end) if piece in _DEFAULT else piece for piece in pieces])
        )
    text = "; ".join(" ".join(token.word for token in tokens) for tokens in clauses)
    return Rewording(clauses, text.replace(" 's", "'s"), is_goal)


_DEFAULT = [Token("the", 0, 0, Sense(determiner="definite")), Token("picture", 0, 0, Sense(picture=True))]
"""What a goal without a thing is for."""


def goal_scale(clause: Sequence[Token]) -> float:
    """Return by how much a recipe is weakened or strengthened: "a bit cozier", "super dramatic"."""
    degrees = {token.sense.degree for token in clause}
    return LITTLE if "little" in degrees else MUCH if "much" in degrees else 1.0
