"""Whole pictures laid over each other."""

from dataclasses import dataclass
from enum import StrEnum

from retouch.editor.instructions.plan.operation import Operation
from retouch.editor.instructions.plan.values import Target, TargetKind

__all__ = ["Blend", "BlendPictures", "BorrowSky", "MatchColors"]


class Blend(StrEnum):
    """How two pictures become one."""

    MIX = "mix"
    """Each shows through the other."""
    DOUBLE_EXPOSURE = "double_exposure"
    """As if both had been taken on one frame of film: their light adds up."""
    FADE = "fade"
    """One turns into the other across the picture."""


@dataclass(frozen=True, slots=True)
class BlendPictures(Operation):
    """Blend another input picture into the base.

    Attributes
    ----------
    kind : Blend
    base_index, other_index : int
    share : float
        0 to 1: how much of the other picture shows, of MIX and DOUBLE_EXPOSURE.
    toward : {"left", "right", "top", "bottom"}
        Of FADE: the side at which the other picture is.
    phrase : str
        The words of the prompt.
    """

    kind: Blend
    base_index: int
    other_index: int
    share: float = 0.5
    toward: str = "right"
    phrase: str = ""

    joins_pictures = True

    def describe(self) -> str:
        """Return the operation in plain words.

        >>> BlendPictures(Blend.FADE, 0, 1).describe()
        'fade picture 1 into picture 2 at the right'
        """
        base, other = f"picture {self.base_index + 1}", f"picture {self.other_index + 1}"
        if self.kind is Blend.FADE:
            return f"fade {base} into {other} at the {self.toward}"
        if self.kind is Blend.DOUBLE_EXPOSURE:
            return f"expose {base} and {other} on one frame"
        return f"blend {round(100 * self.share)} % of {other} into {base}"

    def pictures(self) -> frozenset[int]:
        """Return both pictures."""
        return frozenset({self.base_index, self.other_index})

    def edited_picture(self) -> int:
        """Return the picture that the other one is blended into."""
        return self.base_index

    def touches(self, kept: Target) -> bool:
        """Return whether the whole picture is to be kept: it changes everything."""
        return kept.kind is TargetKind.PICTURE

    def changes_colors(self) -> bool:
        """Return True: every pixel takes colors of the other picture."""
        return True


@dataclass(frozen=True, slots=True)
class MatchColors(Operation):
    """Give a picture the colors of another one.

    Attributes
    ----------
    base_index, other_index : int
        The picture that changes, and the one whose colors it takes.
    strength : float
        0 to 1.
    phrase : str
        The words of the prompt.
    """

    base_index: int
    other_index: int
    strength: float = 1.0
    phrase: str = ""

    joins_pictures = True

    def describe(self) -> str:
        """Return the operation in plain words."""
        degree = "slightly " if self.strength < 1 else ""
        return f"{degree}give picture {self.base_index + 1} the colors of picture {self.other_index + 1}"

    def pictures(self) -> frozenset[int]:
        """Return both pictures."""
        return frozenset({self.base_index, self.other_index})

    def edited_picture(self) -> int:
        """Return the picture that changes."""
        return self.base_index

    def touches(self, kept: Target) -> bool:  # noqa: ARG002 - whatever is kept
        """Return True: it changes everything."""
        return True

    def changes_colors(self) -> bool:
        """Return True: every pixel takes colors of the other picture."""
        return True


@dataclass(frozen=True, slots=True)
class BorrowSky(Operation):
    """Put the sky of another picture behind the land of this one.

    Attributes
    ----------
    base_index, other_index : int
        The picture that changes, and the one whose sky it takes.
    phrase : str
        The words of the prompt.
    """

    base_index: int
    other_index: int
    phrase: str = ""

    joins_pictures = True

    def describe(self) -> str:
        """Return the operation in plain words."""
        return f"give picture {self.base_index + 1} the sky of picture {self.other_index + 1}"

    def pictures(self) -> frozenset[int]:
        """Return both pictures."""
        return frozenset({self.base_index, self.other_index})

    def edited_picture(self) -> int:
        """Return the picture that changes."""
        return self.base_index

    def touches(self, kept: Target) -> bool:
        """Return whether the sky, or the whole picture, is to stay."""
        return kept.kind in (TargetKind.SKY, TargetKind.PICTURE)
