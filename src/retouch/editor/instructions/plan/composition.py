"""Operations that change the frame: what the picture shows of the scene, and how it lies."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from retouch.editor.instructions.plan.operation import Operation, Protection
from retouch.editor.instructions.plan.values import ColorValue, Target

__all__ = [
    "AddBorder",
    "BeforeAfter",
    "Border",
    "CenterSubject",
    "Collage",
    "Crop",
    "CropOut",
    "ExtendCanvas",
    "Filling",
    "Flip",
    "Layout",
    "Rotate",
    "Sides",
    "Straighten",
    "Trim",
    "Zoom",
]

Ratio = tuple[int, int]
"""Width to height, as the prompt says it: (16, 9)."""


@dataclass(frozen=True, slots=True)
class Sides:
    """An amount for each side of the picture; 0 leaves a side as it is.

    Attributes
    ----------
    left, top, right, bottom : float
        Share of the picture's width or height; with ``in_pixels`` pixels of the original.
    in_pixels : bool
    """

    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0
    in_pixels: bool = False

    @classmethod
    def at(cls, names: Iterable[str], amount: float, *, in_pixels: bool = False) -> "Sides":
        """Return the same amount for all named sides.

        >>> Sides.at(["left"], 0.5).left
        0.5
        """
        named = frozenset(names)
        left, top, right, bottom = (amount if side in named else 0.0 for side in ("left", "top", "right", "bottom"))
        return cls(left, top, right, bottom, in_pixels)

    def describe(self) -> str:
        """Return the sides in plain words.

        >>> Sides(left=0.25, top=0.1).describe()
        '25 % on the left, 10 % at the top'
        """
        places = ("on the left", "at the top", "on the right", "at the bottom")
        amounts = (self.left, self.top, self.right, self.bottom)
        unit = "px" if self.in_pixels else "%"
        scale = 1 if self.in_pixels else 100
        return ", ".join(
            f"{scale * amount:.0f} {unit} {where}" for where, amount in zip(places, amounts, strict=True) if amount
        )


@dataclass(frozen=True, slots=True)
class Crop(Operation):
    """Keep a part of the picture.

    Attributes
    ----------
    target : Target or None
        What the part is framed around; None for the best part of the whole picture.
    ratio : tuple of two int or None
        Of the part; None leaves it open.
    margin : float
        Room around the target: 0.3 "tightly", 1.0, 2.5 "loosely".
    phrase : str
        The words of the prompt.
    """

    protection = Protection.UNTOUCHED

    target: Target | None = None
    ratio: Ratio | None = None
    margin: float = 1.0
    phrase: str = ""

    def describe(self) -> str:
        """Return the operation in plain words.

        >>> Crop(ratio=(1, 1)).describe()
        'crop to 1:1'
        """
        degree = "tightly " if self.margin < 1 else "loosely " if self.margin > 1 else ""
        ratio = f" to {_colon(self.ratio)}" if self.ratio else ""
        around = "" if self.target is None else f" around {self.target.describe()}"
        return f"{degree}crop{ratio}{around}"

    def targets(self) -> tuple[Target, ...]:
        """Return what is framed."""
        return () if self.target is None else (self.target,)


@dataclass(frozen=True, slots=True)
class Trim(Operation):
    """Cut parts off at the sides: "cut off the left third". ``phrase``: the words of the prompt."""

    protection = Protection.UNTOUCHED

    sides: Sides
    phrase: str = ""

    def describe(self) -> str:
        """Return the operation in plain words."""
        return f"cut off {self.sides.describe()}"


@dataclass(frozen=True, slots=True)
class CropOut(Operation):
    """Crop so that a thing at the edge is no longer in the frame. ``phrase``: the words of the prompt."""

    protection = Protection.UNTOUCHED

    target: Target
    phrase: str = ""

    def describe(self) -> str:
        """Return the operation in plain words."""
        return f"crop so that {self.target.describe()} is left out"

    def targets(self) -> tuple[Target, ...]:
        """Return what is left out."""
        return (self.target,)

    def touches(self, kept: Target) -> bool:
        """Return whether the prompt wants that thing kept."""
        return kept.noun is not None and kept.noun == self.target.noun


@dataclass(frozen=True, slots=True)
class Zoom(Operation):
    """Show a part of the picture larger, in the picture's own ratio.

    Attributes
    ----------
    factor : float or None
        How much larger; None as much as the target allows.
    target : Target or None
        What to zoom in on; None for the main subject, or the middle.
    phrase : str
        The words of the prompt.
    """

    protection = Protection.UNTOUCHED

    factor: float | None = None
    target: Target | None = None
    phrase: str = ""

    def describe(self) -> str:
        """Return the operation in plain words."""
        on = "" if self.target is None else f" on {self.target.describe()}"
        return f"zoom in{on}" + ("" if self.factor is None else f" {self.factor:g} times")

    def targets(self) -> tuple[Target, ...]:
        """Return what is shown larger."""
        return () if self.target is None else (self.target,)


@dataclass(frozen=True, slots=True)
class CenterSubject(Operation):
    """Crop so that a thing comes to lie in the middle, or on a third. ``phrase``: the words of the prompt."""

    protection = Protection.UNTOUCHED

    target: Target
    on_thirds: bool = False
    phrase: str = ""

    def describe(self) -> str:
        """Return the operation in plain words."""
        where = "place {} on the lines of thirds" if self.on_thirds else "center {}"
        return where.format(self.target.describe())

    def targets(self) -> tuple[Target, ...]:
        """Return what is moved within the frame."""
        return (self.target,)


@dataclass(frozen=True, slots=True)
class Straighten(Operation):
    """Turn the picture until the horizon, or what stands upright, is straight. ``phrase``: the words of the prompt."""

    protection = Protection.UNTOUCHED

    phrase: str = ""

    def describe(self) -> str:
        """Return the operation in plain words."""
        return "straighten the picture"


@dataclass(frozen=True, slots=True)
class Rotate(Operation):
    """Turn the picture by ``degrees``, clockwise. ``phrase``: the words of the prompt."""

    protection = Protection.UNTOUCHED

    degrees: float
    phrase: str = ""

    def describe(self) -> str:
        """Return the operation in plain words.

        >>> Rotate(-90).describe()
        'rotate by 90 degrees to the left'
        """
        if abs(self.degrees) == 180:
            return "turn the picture upside down"
        return f"rotate by {abs(self.degrees):g} degrees to the {'right' if self.degrees > 0 else 'left'}"


@dataclass(frozen=True, slots=True)
class Flip(Operation):
    """Mirror the picture: left and right change places, or with ``vertically`` top and bottom. ``phrase``: of the prompt."""

    protection = Protection.UNTOUCHED

    vertically: bool = False
    phrase: str = ""

    def describe(self) -> str:
        """Return the operation in plain words."""
        return "flip the picture vertically" if self.vertically else "mirror the picture left to right"


class Filling(StrEnum):
    """What comes where the picture ends."""

    SCENE = "scene"
    """More of the same, made up from the picture."""
    COLOR = "color"
    BLUR = "blur"
    """The picture itself, enlarged and blurred."""


@dataclass(frozen=True, slots=True)
class ExtendCanvas(Operation):
    """Make the picture larger at its sides, without cropping it.

    Attributes
    ----------
    ratio : tuple of two int or None
        What the picture is to become; the sides are then chosen.
    sides : Sides
        How far it is extended where no ratio says it.
    filling : Filling
    color : ColorValue or None
        Of COLOR.
    phrase : str
        The words of the prompt.
    """

    protection = Protection.UNTOUCHED

    ratio: Ratio | None = None
    sides: Sides = Sides()
    filling: Filling = Filling.SCENE
    color: ColorValue | None = None
    phrase: str = ""

    def describe(self) -> str:
        """Return the operation in plain words."""
        how = {Filling.SCENE: "", Filling.BLUR: " with blurred bars"}.get(self.filling)
        if how is None:
            how = f" with {self.color.name if self.color else 'white'} bars"
        if self.ratio is not None:
            return f"extend the picture to {_colon(self.ratio)}{how}"
        return f"extend the picture by {self.sides.describe()}{how}"


class Border(StrEnum):
    """What is put around a picture."""

    PLAIN = "border"
    PASSE_PARTOUT = "passe-partout"
    POLAROID = "polaroid frame"
    ROUNDED = "rounded corners"


@dataclass(frozen=True, slots=True)
class AddBorder(Operation):
    """Put a border around the picture.

    Attributes
    ----------
    kind : Border
    color : ColorValue or None
        None is white.
    width : float
        0.5 "thin", 1.0, 2.0 "thick".
    phrase : str
        The words of the prompt.
    """

    protection = Protection.UNTOUCHED

    kind: Border = Border.PLAIN
    color: ColorValue | None = None
    width: float = 1.0
    phrase: str = ""

    def describe(self) -> str:
        """Return the operation in plain words."""
        degree = "thin " if self.width < 1 else "thick " if self.width > 1 else ""
        color = self.color.name if self.color else "white"
        if self.kind is Border.ROUNDED:
            return f"round the corners, {color} outside"
        return f"add a {degree}{color} {self.kind.value}"


class Layout(StrEnum):
    """How pictures are put together."""

    AUTO = "auto"
    ROW = "row"
    COLUMN = "column"
    GRID = "grid"


@dataclass(frozen=True, slots=True)
class Collage(Operation):
    """Put the request's pictures together on one sheet.

    Attributes
    ----------
    image_indexes : tuple of int
        Which, in their order.
    layout : Layout
    phrase : str
        The words of the prompt.
    """

    protection = Protection.UNTOUCHED

    image_indexes: tuple[int, ...]
    layout: Layout = Layout.AUTO
    phrase: str = ""

    joins_pictures = True

    def describe(self) -> str:
        """Return the operation in plain words."""
        which = " and ".join(str(index + 1) for index in self.image_indexes)
        how = {Layout.ROW: "side by side", Layout.COLUMN: "one above the other", Layout.GRID: "in a grid"}
        return f"put pictures {which} together" + (f" {how[self.layout]}" if self.layout in how else "")

    def pictures(self) -> frozenset[int]:
        """Return the pictures that it shows."""
        return frozenset(self.image_indexes)

    def edited_picture(self) -> int:
        """Return the first of them, which earlier operations edit."""
        return self.image_indexes[0]


@dataclass(frozen=True, slots=True)
class BeforeAfter(Operation):
    """Show the picture as it was beside what the earlier operations made of it. ``phrase``: the words of the prompt."""

    protection = Protection.UNTOUCHED

    layout: Layout = Layout.AUTO
    phrase: str = ""

    def describe(self) -> str:
        """Return the operation in plain words."""
        how = "one above the other" if self.layout is Layout.COLUMN else "side by side"
        return f"show before and after {how}"


def _colon(ratio: Ratio) -> str:
    return f"{ratio[0]}:{ratio[1]}"
