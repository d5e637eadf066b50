"""A thing that can be put into a photo: how it is listed, and its pixels."""

from dataclasses import dataclass
from pathlib import Path

from retouch.editor.objects.nouns import Place
from retouch.images.array_types import PixelsRGBA

__all__ = ["BUILT_IN_LICENSE", "BUILT_IN_PACK", "Cutout", "ObjectEntry"]

BUILT_IN_PACK = "built-in"
BUILT_IN_LICENSE = "Apache-2.0"


@dataclass(frozen=True, slots=True)
class ObjectEntry:
    """One thing in a pack, not yet loaded.

    Attributes
    ----------
    name : str
        As the pack names it, without article: "great blue heron".
    noun : str
        What it is, canonical: "heron".
    kinds : tuple of str
        ``noun`` and all that it is a kind of, nearest first.
    pack, license : str
    places : tuple of Place
        Where it belongs, most usual first.
    length_m : float or None
        Real-world longest side in meters; None where there is no everyday size.
    width_px, height_px : int
        Of the stored picture; 0 for a drawn object, which has any size.
    path : Path or None
        The picture; None for a drawn object.
    photographic : bool
    may_flip : bool
        False for what reads wrongly mirrored: lettering.
    stands : bool
        False for a pose that would fall over on level ground.
    """

    name: str
    noun: str
    kinds: tuple[str, ...]
    pack: str
    license: str
    places: tuple[Place, ...]
    length_m: float | None
    width_px: int = 0
    height_px: int = 0
    path: Path | None = None
    photographic: bool = True
    may_flip: bool = True
    stands: bool = True

    @property
    def is_drawn(self) -> bool:
        """Whether the project draws it, at any size and in any color."""
        return self.path is None

    @property
    def long_side_px(self) -> int:
        """Longest side of the stored picture in pixels; 0 for a drawn object."""
        return max(self.width_px, self.height_px)


@dataclass(frozen=True, slots=True)
class Cutout:
    """A thing's pixels.

    Attributes
    ----------
    rgba : (h, w, 4) uint8, sRGB, straight alpha
        Cropped tightly: the outermost rows and columns hold something.
    name, noun, pack, license : str
    height_m, width_m : float or None
        Real-world size of what the picture shows.
    places : tuple of Place
    is_drawn : bool
    has_color : bool
        It was drawn in the color that was asked for, so nothing needs recoloring.
    is_lit : bool
        It was drawn under the light that was asked for.
    may_flip : bool
    """

    rgba: PixelsRGBA
    name: str
    noun: str
    pack: str
    license: str
    height_m: float | None
    width_m: float | None
    places: tuple[Place, ...]
    is_drawn: bool = False
    has_color: bool = False
    is_lit: bool = False
    may_flip: bool = True
