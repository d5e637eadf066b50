"""What a clause may know about its prompt, and how it is refused."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from retouch.editor.instructions.plan import ColorValue, Target, TargetKind
from retouch.editor.instructions.tokens import Token, span_text

__all__ = ["Context", "Refusal"]

_OTHER = -2
"""The ordinal of "the other one"; smaller ones count from the last."""


class Refusal(Exception):  # noqa: N818 - it is caught by the parser and never leaves it
    """A clause was recognized as something that the editor can't do.

    Attributes
    ----------
    reason : str
        Key of ``refusals.HINTS``.
    detail : str
        Fills the hint's place holder.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


@dataclass
class Context:
    """The prompt around a clause.

    Attributes
    ----------
    prompt : str
    image_count : int
    referent : Target or None
        The last thing that was named: what "it" points at.
    assumptions : list of str
        Readings that the prompt leaves open, in plain words.
    kept : list of (phrase, targets)
        What the prompt wants left alone.
    foreign : bool
        It is a translation, whose language may have no articles.
    said_all : bool
        Every clause has been read once, so that nothing can still say what "everything else" is the rest of.
    """

    prompt: str
    image_count: int
    referent: Target | None = None
    assumptions: list[str] = field(default_factory=list)
    kept: list[tuple[str, tuple[Target, ...]]] = field(default_factory=list)
    foreign: bool = False
    said_all: bool = False

    def text(self, tokens: Sequence[Token]) -> str:
        """Return the words of the prompt that ``tokens`` stand for."""
        return span_text(self.prompt, tokens)

    def assume(self, reading: str) -> None:
        """Note a reading, once."""
        if reading not in self.assumptions:
            self.assumptions.append(reading)

    def image_index(self, ordinal: int, *, other_than: int | None = None) -> int:
        """Return the index that "last" (-1) or "other" (-2) stands for; other ordinals are indexes already."""
        if ordinal == -1:
            return self.image_count - 1
        if ordinal < _OTHER:
            return self.image_count + ordinal + 1
        if ordinal == _OTHER:
            return 1 if (other_than or 0) == 0 else 0
        return ordinal

    def subject(self, phrase: str = "", image_index: int | None = None) -> Target:
        """Return the main subject as a target; ``phrase`` is "" where the prompt does not name it."""
        return Target(TargetKind.SUBJECT, phrase, image_index=image_index)

    def note_color(self, color: ColorValue, metals: frozenset[str]) -> None:
        """Note what a color word leaves open."""
        if color.name in metals:
            self.assume(f'took "{color.name}" as a color; it does not become metal')
