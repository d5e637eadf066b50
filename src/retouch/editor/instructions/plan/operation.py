"""What every operation of a plan can say of itself."""

from abc import ABC, abstractmethod
from dataclasses import replace

from retouch.editor.instructions.plan.values import Target

__all__ = ["Operation", "is_same_target"]


class Operation(ABC):
    """One typed step of a plan. Subclasses are frozen dataclasses; each has one handler in ``operations.registry``."""

    __slots__ = ()

    joins_pictures: bool = False
    """Whether it brings two input pictures together, and so decides which of them is edited."""

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
        """Return whether it would change what the prompt wants kept."""
        return False

    def everywhere_but(self, kept: Target) -> "Operation | None":  # noqa: ARG002
        """Return it on everything but what is kept (``kept.all_but`` is set); None if it was not about the whole picture."""
        return None

    def sparing(self, kept: Target) -> "Operation":  # noqa: ARG002 - one that can take a neighbor along overrides this
        """Return the operation with one thing that it must not take along."""
        return self

    def contradicts(self, earlier: "Operation") -> str | None:  # noqa: ARG002
        """Return the reason (a key of ``refusals.HINTS``) why it can't follow ``earlier``, None if it can."""
        return None


def is_same_target(a: Target, b: Target) -> bool:
    """Return whether two targets mean the same, whatever the words."""
    return replace(a, phrase="") == replace(b, phrase="")
