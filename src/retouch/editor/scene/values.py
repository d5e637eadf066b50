"""The values that a scene hands out."""

from dataclasses import dataclass
from typing import Literal

from retouch.images.array_types import FloatImage, Mask

__all__ = ["Finding", "Head", "Horizon", "Light", "Subject"]


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
    """

    matte: Mask
    confidence: float
    present: bool


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
        Linear RGB of the illuminant relative to grey (mean 1).
    direction_confidence : float
        0 to 1, how surely the light comes from that side.
    """

    direction_x: float
    hardness: float
    color: FloatImage
    direction_confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Head:
    """Where the subject's head is, at best guess.

    Attributes
    ----------
    left, top, right, bottom : float
        Box in pixels: crown to chin, ear to ear.
    confidence : float
        0 to 1.
    found_by : {"face", "silhouette"}
        A detected face, or the shape of the matte alone.
    tilt : float
        How far the line through the eyes is turned, in degrees, clockwise positive; 0 where they were not found.
    """

    left: float
    top: float
    right: float
    bottom: float
    confidence: float
    found_by: Literal["face", "silhouette"]
    tilt: float = 0.0


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
