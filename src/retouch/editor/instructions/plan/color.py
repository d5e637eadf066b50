"""Operations on color and tone."""

from dataclasses import dataclass, replace
from enum import StrEnum

from retouch.editor.instructions.plan.operation import Operation, is_same_target
from retouch.editor.instructions.plan.values import ColorValue, Target, TargetKind

__all__ = ["LOOK_OPPOSITES", "AdjustLook", "KeepColors", "Look", "Recolor", "ReplaceColor", "ShiftColor", "TurnHue"]


@dataclass(frozen=True, slots=True)
class Recolor(Operation):
    """Give a target another color, keeping its shading.

    Exactly one of ``color`` and ``lightness_shift`` says what happens: a color, or "a bit darker" (-0.08), "lighter" (0.12)
    as a shift of Oklab L. ``phrase``: the words of the prompt.
    """

    target: Target
    color: ColorValue | None = None
    lightness_shift: float = 0.0
    phrase: str = ""

    def describe(self) -> str:
        """Return the operation in plain words.

        >>> Recolor(Target(TargetKind.NOUN, "the cup", noun="cup"), ColorValue("blue", (0, 0, 255))).describe()
        'recolor "the cup" to blue'
        """
        if self.color is not None:
            return f"recolor {self.target.describe()} to {self.color.name}"
        return f"make {self.target.describe()} {'lighter' if self.lightness_shift > 0 else 'darker'}"

    def targets(self) -> tuple[Target, ...]:
        """Return what is recolored."""
        return (self.target,)

    def touches(self, kept: Target) -> bool:
        """Return whether it would change what the prompt wants kept."""
        return _covers(self.target, kept)

    def contradicts(self, earlier: Operation) -> str | None:
        """Return "one_color" where the target has just been given another color."""
        if self.color is None or not isinstance(earlier, Recolor) or earlier.color is None:
            return None
        return "one_color" if is_same_target(self.target, earlier.target) and self.color != earlier.color else None


class Look(StrEnum):
    """A look of the whole picture."""

    BLACK_AND_WHITE = "black_and_white"
    SEPIA = "sepia"
    VINTAGE = "vintage"
    WARMER = "warmer"
    COOLER = "cooler"
    BRIGHTER = "brighter"
    DARKER = "darker"
    MORE_CONTRAST = "more_contrast"
    LESS_CONTRAST = "less_contrast"
    MORE_SATURATED = "more_saturated"
    LESS_SATURATED = "less_saturated"


@dataclass(frozen=True, slots=True)
class AdjustLook(Operation):
    """Change the look of the whole picture, or of one target.

    Attributes
    ----------
    look : Look
    strength : float
        0.5 "slightly", 1.0, 1.6 "a lot"; a number in the prompt gives any value up to 3.
    target : Target or None
        None is the whole picture; "make the background black and white" names one.
    phrase : str
        The words of the prompt.
    """

    look: Look
    strength: float = 1.0
    target: Target | None = None
    phrase: str = ""

    def describe(self) -> str:
        """Return the operation in plain words."""
        return _degree(self.strength) + _LOOKS[self.look].format(
            self.target.describe() if self.target else "the picture"
        )

    def targets(self) -> tuple[Target, ...]:
        """Return the part that it is limited to."""
        return (self.target,) if self.target is not None else ()

    def touches(self, kept: Target) -> bool:
        """Return whether it is about the very thing that the prompt wants kept."""
        return kept.kind is TargetKind.PICTURE if self.target is None else _covers(self.target, kept)

    def changes_colors(self) -> bool:
        """Return whether the look is one of colors, and of the whole picture."""
        return self.target is None and self.look in _LOOKS_OF_COLOR

    def contradicts(self, earlier: Operation) -> str | None:
        """Return "contradiction" behind its own opposite on the same target."""
        if not isinstance(earlier, AdjustLook) or earlier.target != self.target:
            return None
        return "contradiction" if earlier.look is LOOK_OPPOSITES.get(self.look) else None


@dataclass(frozen=True, slots=True)
class ShiftColor(Operation):
    """Move the colors of a target, or of the whole picture, toward a color or away from it.

    Attributes
    ----------
    color : ColorValue
    amount : float
        1.0 "more blue", 0.5 "a bit bluer", 1.6 "a lot"; negative for less of it.
    target : Target or None
        None is the whole picture.
    phrase : str
        The words of the prompt.
    """

    color: ColorValue
    amount: float = 1.0
    target: Target | None = None
    phrase: str = ""

    def describe(self) -> str:
        """Return the operation in plain words."""
        what = self.target.describe() if self.target else "the picture"
        return f"{_degree(abs(self.amount))}make {what} {'more' if self.amount > 0 else 'less'} {self.color.name}"

    def targets(self) -> tuple[Target, ...]:
        """Return the part that it is limited to."""
        return (self.target,) if self.target is not None else ()

    def touches(self, kept: Target) -> bool:
        """Return whether it is about the very thing that the prompt wants kept."""
        return kept.kind is TargetKind.PICTURE if self.target is None else _covers(self.target, kept)

    def changes_colors(self) -> bool:
        """Return whether the whole picture changes."""
        return self.target is None

    def contradicts(self, earlier: Operation) -> str | None:
        """Return "contradiction" for more and less of one color on the same target."""
        if not isinstance(earlier, ShiftColor) or earlier.target != self.target or earlier.color != self.color:
            return None
        return "contradiction" if (earlier.amount > 0) != (self.amount > 0) else None


@dataclass(frozen=True, slots=True)
class TurnHue(Operation):
    """Turn every hue of a target, or of the whole picture, around the color circle.

    Attributes
    ----------
    degrees : float
        From red toward yellow; 180 gives the complementary colors.
    target : Target or None
    phrase : str
    """

    degrees: float
    target: Target | None = None
    phrase: str = ""

    def describe(self) -> str:
        """Return the operation in plain words."""
        return (
            f"turn the hues of {self.target.describe() if self.target else 'the picture'} by {self.degrees:g} degrees"
        )

    def targets(self) -> tuple[Target, ...]:
        """Return the part that it is limited to."""
        return (self.target,) if self.target is not None else ()

    def touches(self, kept: Target) -> bool:
        """Return whether it is about the very thing that the prompt wants kept."""
        return kept.kind is TargetKind.PICTURE if self.target is None else _covers(self.target, kept)

    def changes_colors(self) -> bool:
        """Return whether the whole picture changes."""
        return self.target is None


@dataclass(frozen=True, slots=True)
class ReplaceColor(Operation):
    """Give everything that has one color another one; with ``swap`` also the other way round."""

    color: ColorValue
    replacement: ColorValue
    swap: bool = False
    phrase: str = ""

    def changes_colors(self) -> bool:
        """Return True: that is all it does."""
        return True

    def describe(self) -> str:
        """Return the operation in plain words."""
        if self.swap:
            return f"swap {self.color.name} and {self.replacement.name} everywhere"
        return f"turn everything {self.color.name} into {self.replacement.name}"


@dataclass(frozen=True, slots=True)
class KeepColors(Operation):
    """Turn everything black and white but what has one of these colors."""

    colors: tuple[ColorValue, ...]
    phrase: str = ""

    def changes_colors(self) -> bool:
        """Return True: that is all it does."""
        return True

    def describe(self) -> str:
        """Return the operation in plain words."""
        return f"turn everything but {' and '.join(color.name for color in self.colors)} black and white"


LOOK_OPPOSITES: dict[Look, Look] = {
    Look.WARMER: Look.COOLER,
    Look.COOLER: Look.WARMER,
    Look.BRIGHTER: Look.DARKER,
    Look.DARKER: Look.BRIGHTER,
    Look.MORE_CONTRAST: Look.LESS_CONTRAST,
    Look.LESS_CONTRAST: Look.MORE_CONTRAST,
    Look.MORE_SATURATED: Look.LESS_SATURATED,
    Look.LESS_SATURATED: Look.MORE_SATURATED,
}
"""What "less" and "too" turn a look into; the others (sepia ...) have no opposite."""

_LOOKS_OF_COLOR = frozenset(
    [
        Look.BLACK_AND_WHITE, Look.SEPIA, Look.VINTAGE, Look.WARMER, Look.COOLER, Look.MORE_SATURATED,
        Look.LESS_SATURATED,
    ]
)  # fmt: skip
"""The others change light alone."""

_LOOKS = {
    Look.BLACK_AND_WHITE: "turn {} black and white",
    Look.SEPIA: "tone {} in sepia",
    Look.VINTAGE: "give {} a vintage look",
    Look.WARMER: "make {} warmer",
    Look.COOLER: "make {} cooler",
    Look.BRIGHTER: "make {} brighter",
    Look.DARKER: "make {} darker",
    Look.MORE_CONTRAST: "give {} more contrast",
    Look.LESS_CONTRAST: "give {} less contrast",
    Look.MORE_SATURATED: "make {} more saturated",
    Look.LESS_SATURATED: "make {} less saturated",
}


def _degree(strength: float) -> str:
    """Return the adverb for a strength, with the space behind it."""
    return "slightly " if strength < 0.95 else "strongly " if strength > 1.05 else ""


def _covers(target: Target, kept: Target) -> bool:
    """Whether a target is what is kept; "the left cup" and "the right cup" are not the same."""
    if target.all_but:
        return is_same_target(kept, replace(target, all_but=True)) or kept.kind is TargetKind.PICTURE
    told_apart = (kept.horizontal, kept.vertical, kept.color) != (target.horizontal, target.vertical, target.color)
    return is_same_target(target, kept) or (kept.noun is not None and target.noun == kept.noun and not told_apart)
