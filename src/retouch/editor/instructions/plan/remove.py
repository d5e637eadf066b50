"""Operations that take things out of a picture, move them, or put others in their place."""

from dataclasses import dataclass, replace
from enum import StrEnum

from retouch.editor.instructions.plan.insert import AddObject
from retouch.editor.instructions.plan.operation import Operation, Protection, is_same_target
from retouch.editor.instructions.plan.values import Horizontal, Target, TargetKind, Vertical

__all__ = ["Flaw", "MoveObject", "Remove", "RemoveFlaws", "ReplaceObject"]


class Flaw(StrEnum):
    """Small things that a picture has many of, and that nobody wants."""

    BLEMISHES = "blemishes"
    DUST = "dust"
    SCRATCHES = "scratches"
    WIRES = "wires"


@dataclass(frozen=True, slots=True)
class Remove(Operation):
    """Take a thing out and fill its place from what is around.

    Attributes
    ----------
    target : Target
    near : Target or None
        "the cup on the table": of several things, the one that is at this other one.
    not_subject : bool
        The main subject stays: "the people in the background".
    spared : tuple of Target
        What the prompt wants kept: none of it is taken along.
    phrase : str
        The words of the prompt.
    """

    protection = Protection.OWN

    target: Target
    near: Target | None = None
    not_subject: bool = False
    spared: tuple[Target, ...] = ()
    phrase: str = ""

    def describe(self) -> str:
        """Return the operation in plain words.

        >>> Remove(Target(TargetKind.NOUN, "the cup", noun="cup")).describe()
        'remove "the cup"'
        """
        where = f" near {self.near.describe()}" if self.near else ""
        behind = " behind the subject" if self.not_subject else ""
        kept = f" but not {' or '.join(target.describe() for target in self.spared)}" if self.spared else ""
        return f"remove {self.target.describe()}{where}{behind}{kept}"

    def targets(self) -> tuple[Target, ...]:
        """Return what is taken out."""
        return (self.target,)

    def touches(self, kept: Target) -> bool:
        """Return whether the very thing that is to be kept is taken out."""
        return is_same_target(self.target, kept)

    def sparing(self, kept: Target) -> "Remove":
        """Return the operation with one thing more that must stay."""
        if kept.kind in (TargetKind.PICTURE, TargetKind.BACKGROUND) or kept in self.spared:
            return self
        return replace(self, spared=(*self.spared, kept))


@dataclass(frozen=True, slots=True)
class RemoveFlaws(Operation):
    """Take out small flaws of one kind wherever they are.

    Attributes
    ----------
    flaw : Flaw
    within : Target or None
        Where to look; None is everywhere (blemishes: on skin).
    phrase : str
        The words of the prompt.
    """

    flaw: Flaw
    within: Target | None = None
    phrase: str = ""

    def describe(self) -> str:
        """Return the operation in plain words.

        >>> RemoveFlaws(Flaw.DUST).describe()
        'remove the dust'
        """
        return f"remove the {self.flaw}" + (f" on {self.within.describe()}" if self.within else "")

    def targets(self) -> tuple[Target, ...]:
        """Return where it looks."""
        return () if self.within is None else (self.within,)


@dataclass(frozen=True, slots=True)
class ReplaceObject(Operation):
    """Take a thing out and put another in its place.

    Attributes
    ----------
    target : Target
    added : AddObject
        What comes there; its own placement is not used.
    phrase : str
        The words of the prompt.
    """

    target: Target
    added: AddObject
    phrase: str = ""

    def describe(self) -> str:
        """Return the operation in plain words."""
        return f"replace {self.target.describe()} with {self.added.describe().removeprefix('add ')}"

    def targets(self) -> tuple[Target, ...]:
        """Return what is replaced."""
        return (self.target,)

    def touches(self, kept: Target) -> bool:
        """Return whether the very thing that is to be kept is replaced."""
        return is_same_target(self.target, kept)


@dataclass(frozen=True, slots=True)
class MoveObject(Operation):
    """Cut a thing out, fill its place, and set it down elsewhere.

    Attributes
    ----------
    target : Target
    horizontal, vertical : str or None
        Whereto: a part of the picture or, with ``by_some``, a direction.
    by_some : bool
        A little that way ("move it to the left") rather than to that part of the picture ("into the top left corner").
    strength : float
        0.5 "slightly", 1.0, 2.0 "a lot"; of ``by_some``.
    phrase : str
        The words of the prompt.
    """

    protection = Protection.OWN

    target: Target
    horizontal: Horizontal | None = None
    vertical: Vertical | None = None
    by_some: bool = True
    strength: float = 1.0
    phrase: str = ""

    def describe(self) -> str:
        """Return the operation in plain words.

        >>> MoveObject(Target(TargetKind.NOUN, "the cup", noun="cup"), "left").describe()
        'move "the cup" left'
        """
        sides = [side for side in (self.vertical, self.horizontal) if side]
        if not self.by_some:
            return f"move {self.target.describe()} to the {' '.join(sides)}"
        degree = {0.5: "slightly ", 2.0: "far "}.get(self.strength, "")
        return f"move {self.target.describe()} {degree}{' '.join(_WAYS.get(side, side) for side in sides)}"

    def targets(self) -> tuple[Target, ...]:
        """Return what is moved."""
        return (self.target,)

    def touches(self, kept: Target) -> bool:
        """Return whether the very thing that is to be kept is moved."""
        return is_same_target(self.target, kept)


_WAYS = {"top": "up", "bottom": "down"}
