"""The geometry of a printable area: for every pixel, which point of the surface is seen there.

Coordinates are pixels measured along the surface, so that a print is a rectangle in them, however the surface is bent or turned.
"""

from dataclasses import dataclass

from retouch.images.array_types import FloatImage, Mask

__all__ = ["MIN_HEIGHT_PX", "Box", "PrintSurface"]

Box = tuple[slice, slice]

MIN_HEIGHT_PX = 24
"""A smaller area shows nothing that one could recognize."""


@dataclass(frozen=True, slots=True)
class PrintSurface:
    """A printable area.

    Attributes
    ----------
    box : tuple of two slice
        The (rows, columns) of the picture that the arrays cover.
    across, along : (h, w) float32
        Coordinates on the surface, from the center of the print, in pixels as they are at that center; right and down.
    facing : (h, w) float32 [0, 1]
        Cosine between the surface and the view: 1 seen straight, 0 edge-on.
    visible : (h, w) float32 [0, 1]
        Where the surface is.
    max_across, max_along : float
        The largest print that still looks right, in the same pixels.
    kind : str
        "round" or "flat".
    """

    box: Box
    across: FloatImage
    along: FloatImage
    facing: FloatImage
    visible: Mask
    max_across: float
    max_along: float
    kind: str
