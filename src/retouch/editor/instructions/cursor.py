"""A reader over the tokens of one clause."""

from collections.abc import Sequence

from retouch.editor.instructions.lexicon import UNKNOWN, Sense
from retouch.editor.instructions.tokens import Token

__all__ = ["Cursor"]


class Cursor:
    """Tokens, and a place among them. Every ``take`` moves on only when it answers with something.

    Attributes
    ----------
    tokens : sequence of Token
    at : int
        The next token; assign to it to go back.
    """

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.at = 0

    @property
    def done(self) -> bool:
        """Whether every token was read."""
        return self.at >= len(self.tokens)

    def token(self, ahead: int = 0) -> Token | None:
        """Return a token without moving."""
        index = self.at + ahead
        return self.tokens[index] if 0 <= index < len(self.tokens) else None

    def sense(self, ahead: int = 0) -> Sense:
        """Return the sense of a token without moving; the empty sense behind the end."""
        token = self.token(ahead)
        return token.sense if token else UNKNOWN

    def word(self, ahead: int = 0) -> str:
        """Return a word without moving, "" behind the end."""
        token = self.token(ahead)
        return token.word if token else ""

    def take_word(self, *words: str) -> bool:
        """Step over the next token if it is one of ``words``."""
        found = not self.done and self.word() in words
        self.at += found
        return found

    def take_verb(self, *verbs: str) -> str | None:
        """Step over the next token if it is one of the canonical ``verbs`` and return which."""
        verb = self.sense().verb
        if verb is None or verb not in verbs:
            return None
        self.at += 1
        return verb

    def take_preposition(self, *prepositions: str) -> str | None:
        """Step over the next token if it is one of ``prepositions`` and return which."""
        preposition = self.sense().preposition
        if preposition is None or preposition not in prepositions:
            return None
        self.at += 1
        return preposition

    def take_connector(self, *connectors: str) -> bool:
        """Step over the next token if it is one of ``connectors``."""
        found = self.sense().connector in connectors and not self.done
        self.at += found
        return found

    def take_degree(self) -> str | None:
        """Step over adverbs of degree and return the last that is not neutral ("little", "plain" or "much")."""
        degree = None
        while self.sense().degree is not None and not self.done:
            found = self.sense().degree
            degree = found if degree is None or found != "plain" else degree
            self.at += 1
        return degree

    def skip_fluff(self) -> None:
        """Step over words that say nothing: "look", "effect", "is"."""
        while not self.done and (self.sense().fluff or self.sense().copula):
            self.at += 1

    def rest(self) -> Sequence[Token]:
        """Return the tokens that were not read."""
        return self.tokens[self.at :]
