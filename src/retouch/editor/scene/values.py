"""The values that a scene hands out."""

import math
from dataclasses import dataclass
from typing import Literal

from retouch.images.array_types import FloatImage, Mask

__all__ = ["Box", "Face", "Finding", "Head", "Horizon", "Light", "Subject"]


@dataclass(frozen=True, slots=True)
class Subject:
    """The main subject.

    Attributes
    ----------
    matte : (H, W) float32 [0, 1]
        Alpha; exactly 0 away from the subject. All 0 when there is none.
    confidence : float
        0 to 1, how surely there is one.
    present : bool
        Whether an edit may rely on it.
    edge_confidence : float
        0 to 1: the share of the outline that the network's score confirms. Below about 0.8 a cut-out deserves a look.
    unsure_at : (x, y) or None
        The middle of the longest stretch of outline that it does not confirm, as shares of the width and the height.
    """

    matte: Mask
    confidence: float
    present: bool
    edge_confidence: float = 1.0
    unsure_at: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Horizon:
    """The horizon, as a level line.

    Attributes
    ----------
    row : float
        Pixel row.
    confidence : float
        0 to 1.
    """

    row: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Light:
    """The light that falls on the scene.

    Attributes
    ----------
    direction_x : float
        -1 (from the left) to 1 (from the right), 0 frontal or unknown.
    hardness : float
        0 (overcast) to 1 (direct sun).
    color : (3,) float32
        Linear RGB of the illuminant relative to gray (mean 1).
    direction_confidence : float
        0 to 1, how surely the light comes from that side.
    """

    direction_x: float
    hardness: float
    color: FloatImage
    direction_confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle in pixels, with fractions; it may reach over the picture's border."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Columns from left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Rows from top to bottom."""
        return self.bottom - self.top

    @property
    def center(self) -> tuple[float, float]:
        """The middle, (x, y)."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    @property
    def center_x(self) -> float:
        """The middle column."""
        return (self.left + self.right) / 2

    def touches_border(self, picture_hw: tuple[int, int]) -> bool:
        """Whether the picture's border cuts what is in the box."""
        height, width = picture_hw
        return self.left <= 1 or self.top <= 1 or self.right >= width - 1 or self.bottom >= height - 1

    def moved(self, x: float, y: float, scale: float = 1.0) -> "Box":
        """Return the box moved by (x, y), then scaled about (0, 0)."""
        return Box(*((v + by) * scale for v, by in ((self.left, x), (self.top, y), (self.right, x), (self.bottom, y))))


@dataclass(frozen=True, slots=True)
class Face:
    """A person's face. Coordinates are (x, y) in pixels; left and right are the picture's, not the person's.

    Attributes
    ----------
    box : Box
        From the middle of the forehead to the chin, cheek to cheek.
    confidence : float
        0 to 1.
    eyes : tuple of two (float, float)
        Their centers, the picture's left one first.
    eye_radius : float
        Half the width of an open eye; its iris has 0.4 of that.
    nose : (float, float)
        Its tip.
    mouth : Box
        Around the lips, with some room: a smile is inside.
    """

    box: Box
    confidence: float
    eyes: tuple[tuple[float, float], tuple[float, float]]
    eye_radius: float
    nose: tuple[float, float]
    mouth: Box

    @property
    def tilt(self) -> float:
        """How far the line through the eyes is turned, in degrees, clockwise positive."""
        (x, y), (to_x, to_y) = self.eyes
        return math.degrees(math.atan2(to_y - y, to_x - x))

    def moved(self, x: float, y: float, scale: float = 1.0) -> "Face":
        """Return the face moved by (x, y), then scaled about (0, 0): as it is in a crop, or in a reduced picture."""
        first, second, nose = (((at_x + x) * scale, (at_y + y) * scale) for at_x, at_y in (*self.eyes, self.nose))
        return Face(
            self.box.moved(x, y, scale),
            self.confidence,
            (first, second),
            self.eye_radius * scale,
            nose,
            self.mouth.moved(x, y, scale),
        )


@dataclass(frozen=True, slots=True)
class Head:
    """Where the subject's head is, at best guess.

    Attributes
    ----------
    left, top, right, bottom : float
        Box in pixels: crown to chin, ear to ear.
    confidence : float
        0 to 1.
    found_by : {"face", "animal", "silhouette"}
        A detected face, what the classifier tells an animal by, or the shape of the matte alone.
    tilt : float
        How far the line through the eyes is turned, in degrees, clockwise positive; 0 where they were not found.
    """

    left: float
    top: float
    right: float
    bottom: float
    confidence: float
    found_by: Literal["face", "animal", "silhouette"]
    tilt: float = 0.0

    def scaled(self, scale: float) -> "Head":
        """Return the head in a picture that is ``scale`` times as large."""
        left, top, right, bottom = (v * scale for v in (self.left, self.top, self.right, self.bottom))
        return Head(left, top, right, bottom, self.confidence, self.found_by, self.tilt)


@dataclass(frozen=True, slots=True)
class Finding:
    """Where a target is.

    Attributes
    ----------
    mask : (H, W) float32 [0, 1]
        Soft edges; exactly 0 away from the thing.
    confidence : float
        0 to 1.
    resolved_to : str
        What the phrase was taken for, in plain words.
    verified : bool
        Whether the picture itself confirmed the noun.
    """

    mask: Mask
    confidence: float
    resolved_to: str
    verified: bool
