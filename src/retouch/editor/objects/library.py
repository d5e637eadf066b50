"""All things that can be put into a photo: the packs' cut-outs and the objects that the project draws."""

import difflib
import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from retouch.editor.objects.cutout import BUILT_IN_LICENSE, BUILT_IN_PACK, Cutout, ObjectEntry
from retouch.editor.objects.drawn.catalog import DRAWN_NAMES, DrawRequest, draw
from retouch.editor.objects.nouns import canonical, kinds_of, known_noun
from retouch.editor.objects.pack import installed_packs, load_pixels, make_entry, read_pack

__all__ = ["ObjectLibrary", "Pack"]

DEFAULT_SIDE_PX = 400


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack, for listings: its name, its license and how many things it has."""

    name: str
    license: str
    count: int


class ObjectLibrary:
    """Finds things by name and loads them.

    Parameters
    ----------
    pack_dirs : sequence of Path
        Pack folders, as ``installed_packs`` lists them. The project's own objects are always there, after the packs'.

    Raises
    ------
    ObjectPackError
        A pack is damaged.
    """

    def __init__(self, pack_dirs: Sequence[Path] = ()) -> None:
        self._entries = tuple(entry for folder in pack_dirs for entry in read_pack(folder)) + drawn_entries()

    @classmethod
    def in_directory(cls, root: Path) -> "ObjectLibrary":
        """Return the library of all packs that are installed under ``root``, which need not exist."""
        return cls(installed_packs(root))

    @property
    def packs(self) -> tuple[Pack, ...]:
        """The packs in the order in which they are searched; the project's own objects come last."""
        counts = Counter((entry.pack, entry.license) for entry in self._entries)
        return tuple(Pack(name, license_name, count) for (name, license_name), count in counts.items())

    def by_pack(self) -> tuple[tuple[Pack, tuple[ObjectEntry, ...]], ...]:
        """Return each pack with its entries."""
        return tuple((pack, tuple(entry for entry in self._entries if entry.pack == pack.name)) for pack in self.packs)

    @property
    def entries(self) -> tuple[ObjectEntry, ...]:
        """Everything, packs first."""
        return self._entries

    @property
    def has_photographic_pack(self) -> bool:
        """Whether any pack of pictures is there."""
        return any(not entry.is_drawn for entry in self._entries)

    def search(self, noun: str) -> tuple[ObjectEntry, ...]:
        """Return all that a noun may stand for, best first; () if there is nothing.

        Parameters
        ----------
        noun : str
            "bird" finds birds and all that is a kind of bird; words are matched whole ("cat" finds no catfish).

        Notes
        -----
        Order: the very name; the same noun; things of that kind, nearer kinds first. Within a rank a photograph comes before a
        drawing and a large picture before a small one.
        """
        ranked = [(rank, entry) for entry in self._entries if (rank := match_rank(entry, noun)) is not None]
        ranked.sort(key=lambda pair: (pair[0], pair[1].is_drawn, -pair[1].long_side_px, pair[1].name))
        return tuple(entry for _, entry in ranked)

    def nearest_names(self, noun: str, count: int = 5) -> tuple[str, ...]:
        """Return names of things that are there and most like ``noun``: of the same kind first, then spelt alike."""
        available = dict.fromkeys(entry.noun for entry in self._entries)
        kinds = kinds_of(noun)[1:-1]
        related = [name for kind in kinds for name in available if kind in kinds_of(name)]
        spelt = difflib.get_close_matches(canonical(noun), list(available), n=count, cutoff=0.6)
        return tuple(dict.fromkeys([*related, *spelt]))[:count]

    def load(
        self,
        entry: ObjectEntry,
        *,
        long_side_px: int = DEFAULT_SIDE_PX,
        rng: np.random.Generator | None = None,
        color_rgb: tuple[int, int, int] | None = None,
        light_x: float = -0.5,
        hardness: float = 0.5,
    ) -> Cutout:
        """Load a pack's picture, or draw the project's own.

        Parameters
        ----------
        entry : ObjectEntry
        long_side_px : int
            Size of a drawn object; a pack's picture has the size that it has.
        rng : numpy.random.Generator, optional
            Varies a drawn object; without it the same one is drawn every time.
        color_rgb : tuple of three int, optional
            sRGB color of a drawn object's main part.
        light_x, hardness : float
            Of a drawn object: as in ``scene.Light``.

        Raises
        ------
        ObjectPackError
            The picture is gone or damaged.
        """
        if entry.is_drawn:
            request = DrawRequest(long_side_px, rng or np.random.default_rng(0), color_rgb, light_x, hardness)
            drawn = draw(entry.name, request)
            rgba, took_color = drawn.rgba, drawn.took_color
        else:
            rgba, took_color = load_pixels(entry), False
        height, width = rgba.shape[:2]
        scale = None if entry.length_m is None else entry.length_m / max(height, width)
        return Cutout(
            rgba=rgba,
            name=entry.name,
            noun=entry.noun,
            pack=entry.pack,
            license=entry.license,
            height_m=None if scale is None else height * scale,
            width_m=None if scale is None else width * scale,
            places=entry.places,
            is_drawn=entry.is_drawn,
            has_color=took_color,
            is_lit=entry.is_drawn,
            may_flip=entry.may_flip and not entry.is_drawn,
        )


@functools.cache
def drawn_entries() -> tuple[ObjectEntry, ...]:
    """Return the entries of the objects that the project draws."""
    return tuple(make_entry(name, pack=BUILT_IN_PACK, license_name=BUILT_IN_LICENSE) for name in DRAWN_NAMES)


def match_rank(entry: ObjectEntry, noun: str) -> int | None:
    """Return how well an entry answers to a noun: 0 its very name, 1 the same noun, 2 and more a kind of it; None not at all."""
    wanted = canonical(noun)
    if canonical(entry.name) == wanted:
        return 0
    if entry.noun == wanted:
        return 1
    if wanted in entry.kinds and known_noun(wanted) is not None and wanted != "thing":
        return 1 + entry.kinds.index(wanted)
    return None
