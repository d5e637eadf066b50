"""What every operation of a plan can say of itself."""

from abc import ABC, abstractmethod
from dataclasses import replace
from enum import Enum, auto

from retouch.editor.instructions.plan.values import Target

__all__ = ["Operation", "Protection", "is_same_target"]


class Protection(Enum):
    """How an operation gets along with what the prompt protects."""

    MASKED = auto()
    """Its change is taken back there when it is done."""
    OWN = auto()
    """It leaves that out itself, because it works on layers or holes."""
    UNTOUCHED = auto()
    """It repaints nothing: it crops, turns, extends, or lays something over the picture."""


class Operation(ABC):
    """One typed step of a plan. Subclasses are frozen dataclasses; each has one handler in ``operations.registry``."""

    __slots__ = ()

    joins_pictures: bool = False
    """Whether it brings two input pictures together, and so decides which of them is edited."""

    protection: Protection = Protection.MASKED
    """How it spares what the prompt protects."""

    @abstractmethod
    def describe(self) -> str:
        """Return the operation in plain words: "recolor "the cup" to blue"."""

    def targets(self) -> tuple[Target, ...]:
        """Return what it is about: everything that must be found in a picture."""
        return ()

    def pictures(self) -> frozenset[int]:
        """Return the input pictures that it speaks of, counted from 0."""
        return frozenset(target.image_index for target in self.targets() if target.image_index is not None)

    def edited_picture(self) -> int | None:
        """Return the input picture that it changes, where it names one."""
        return next((target.image_index for target in self.targets() if target.image_index is not None), None)

    def touches(self, kept: Target) -> bool:  # noqa: ARG002 - an operation that can touch what is kept overrides this
        """Return whether it is about the very thing that the prompt wants kept, so that one of the two can't be."""
        return False

    def changes_colors(self) -> bool:
        """Return whether hues or their strength change in the picture as a whole, so that "keep the colors" contradicts it."""
        return False

    def is_limited(self) -> bool:
        """Return whether it changes nothing but the things that it names."""
        return bool(self.targets()) and not any(target.all_but for target in self.targets())

    def sparing(self, kept: Target) -> "Operation":  # noqa: ARG002 - one that can take a neighbor along overrides this
        """Return the operation with one thing that it must not take along."""
        return self

    def contradicts(self, earlier: "Operation") -> str | None:  # noqa: ARG002
        """Return the reason (a key of ``refusals.HINTS``) why it can't follow ``earlier``, None if it can."""
        return None


def is_same_target(a: Target, b: Target) -> bool:
    """Return whether two targets mean the same, whatever the words."""
    return replace(a, phrase="") == replace(b, phrase="")
