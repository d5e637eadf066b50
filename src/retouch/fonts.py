"""The fonts that are installed as Python packages: which there are, which one fits, and which has a letter.

Families of the ``fontpkg`` collection register themselves under the entry point "fontpkg.family"; any that is installed can be
asked for by name.
"""

import importlib.util
import json
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont, features

__all__ = [
    "STYLES",
    "Face",
    "can_shape",
    "choose_faces",
    "draw_line",
    "family_names",
    "has_letters",
    "installed_faces",
    "load_font",
    "missing_letters",
    "widest",
]

STYLES: Final[dict[str, tuple[str, ...]]] = {
    "sans": ("Montserrat", "Roboto", "Arimo"),
    "serif": ("PT Serif", "EB Garamond", "Playfair Display"),
    "script": ("Dancing Script", "Pacifico"),
    "hand": ("Caveat", "Permanent Marker"),
    "mono": ("IBM Plex Mono",),
    "slab": ("Roboto Slab",),
    "condensed": ("Roboto Condensed", "Oswald", "Bebas Neue"),
    "display": ("Anton", "Bebas Neue", "Lobster"),
}
"""Kind of font -> the families that stand for it, best first."""

_CATEGORIES = {
    "sans": "SANS_SERIF",
    "serif": "SERIF",
    "script": "HANDWRITING",
    "hand": "HANDWRITING",
    "mono": "MONOSPACE",
}
_REGULAR, _SOMEWHAT_BOLD, _BOLD = 400, 600, 800
_UNASSIGNED = "\U0010fffe"
"""No font has a letter for it: it shows the box that stands for a missing one."""


@dataclass(frozen=True, slots=True)
class Face:
    """One file of a family.

    Attributes
    ----------
    family : str
    path : Path
    italic : bool
    min_weight, max_weight : int
        100 (thin) to 900 (black); equal for a file of one weight.
    category : str
        "SANS_SERIF", "SERIF", "DISPLAY", "HANDWRITING" or "MONOSPACE".
    variable : bool
    """

    family: str
    path: Path
    italic: bool
    min_weight: int
    max_weight: int
    category: str
    variable: bool

    def nearest_weight(self, weight: int) -> int:
        """Return the weight that the file can show and that comes nearest."""
        return min(max(weight, self.min_weight), self.max_weight)


@cache
def installed_faces() -> tuple[Face, ...]:
    """Return every installed face, sorted by family and file. Families that can't be read are left out."""
    faces: list[Face] = []
    for entry in metadata.entry_points(group="fontpkg.family"):
        spec = importlib.util.find_spec(entry.value)
        if spec is None or spec.origin is None:
            continue
        root = Path(spec.origin).parent
        try:
            described = json.loads((root / "metadata.json").read_text(encoding="utf-8"))
            faces += _faces_of(root, described)
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return tuple(sorted(faces, key=lambda face: (face.family, face.path.name)))


def _faces_of(root: Path, described: dict[str, object]) -> Iterable[Face]:
    axes = {str(axis["tag"]): axis for axis in described.get("axes") or ()}  # type: ignore[attr-defined]
    category = str((described.get("category") or ["SANS_SERIF"])[0])  # type: ignore[index]
    for file in described["files"]:  # type: ignore[attr-defined]
        path = root / str(file["path"])
        if path.suffix.lower() not in (".ttf", ".otf") or not path.is_file():
            continue
        fixed = int(file.get("weight") or _REGULAR)
        low, high = fixed, fixed
        if file.get("variable") and "wght" in axes:
            low, high = int(axes["wght"]["min"]), int(axes["wght"]["max"])
        yield Face(
            str(described["family"]),
            path,
            file.get("style") == "italic",
            low,
            high,
            category,
            bool(file.get("variable")),
        )


def family_names() -> tuple[str, ...]:
    """Return the installed families, sorted."""
    return tuple(sorted({face.family for face in installed_faces()}))


def choose_faces(
    *, style: str | None = None, family: str | None = None, bold: bool = False, italic: bool = False
) -> list[Face]:
    """Return the faces that may show a text, best first.

    Parameters
    ----------
    style : str or None
        A key of ``STYLES``; None is "sans".
    family : str or None
        A family by name; case and spaces don't count. Nothing comes back where it is not installed.
    bold, italic : bool
        Faces that can do it come first within their family.

    Returns
    -------
    list of Face
        Without ``family``, every installed face is in it.
    """
    faces = list(installed_faces())
    if family is not None:
        sought = _plain(family)
        faces = [face for face in faces if _plain(face.family) == sought] or [
            face for face in faces if _plain(face.family).startswith(sought)
        ]
    preferred = STYLES[style or "sans"] + STYLES["sans"]
    category = _CATEGORIES.get(style or "sans", "")

    weight = _BOLD if bold else _SOMEWHAT_BOLD

    def rank(face: Face) -> tuple[int, bool, bool, int]:
        place = preferred.index(face.family) if face.family in preferred else len(preferred)
        return place, face.category != category, face.italic != italic, abs(face.nearest_weight(weight) - weight)

    return sorted(faces, key=rank)


def _plain(name: str) -> str:
    return "".join(char for char in name.casefold() if char.isalnum())


def load_font(face: Face, size_px: float, *, weight: int | None = None) -> ImageFont.FreeTypeFont:
    """Return a font of its own for the caller (a variable font is changed by setting its weight, so it is never shared)."""
    font = ImageFont.truetype(face.path, max(1.0, size_px))
    if face.variable:
        axes = font.get_variation_axes()
        wanted = face.nearest_weight(weight or _REGULAR)
        font.set_variation_by_axes(
            [float(wanted if axis["name"] == b"Weight" else axis["default"] or 0) for axis in axes]
        )
    return font


@lru_cache(maxsize=4096)
def _has_letter(face: Face, letter: str) -> bool:
    """Whether a face shows a letter as anything but the box for a missing one."""
    font = ImageFont.truetype(face.path, 24)
    shown, missing = font.getmask(letter), font.getmask(_UNASSIGNED)
    return shown.size != missing.size or bytes(shown) != bytes(missing)


def missing_letters(face: Face, text: str) -> list[str]:
    """Return the letters of a text that a face lacks, each once, in order."""
    letters = dict.fromkeys(unicodedata.normalize("NFC", text))
    return [
        letter
        for letter in letters
        if not letter.isspace() and unicodedata.category(letter) != "Cf" and not _has_letter(face, letter)
    ]


def has_letters(face: Face, text: str) -> bool:
    """Whether a face has every letter of a text."""
    return not missing_letters(face, text)


def can_shape(text: str) -> bool:
    """Whether letters that join or run to the left can be set: that needs Pillow's Raqm layout."""
    complex_script = any(
        unicodedata.bidirectional(char) in ("R", "AL") or 0x0900 <= ord(char) <= 0x0DFF or 0x0E00 <= ord(char) <= 0x109F
        for char in text
    )
    return not complex_script or bool(features.check("raqm"))


def draw_line(
    text: str, font: ImageFont.FreeTypeFont, *, margin_px: int = 2
) -> tuple[Image.Image, tuple[float, float]]:
    """Draw one line of text as coverage.

    Returns
    -------
    Image
        Mode "L"; as large as the letters' ink and a margin.
    float, float
        Column and row, in that picture, of the pen's start on the base line.
    """
    left, top, right, bottom = font.getbbox(text, anchor="ls")
    size = (max(1, int(right - left + 1)) + 2 * margin_px, max(1, int(bottom - top + 1)) + 2 * margin_px)
    origin = (margin_px - left, margin_px - top)
    picture = Image.new("L", size, 0)
    ImageDraw.Draw(picture).text(origin, text, fill=255, font=font, anchor="ls")
    return picture, origin


def widest(lines: Sequence[str], font: ImageFont.FreeTypeFont) -> float:
    """Return the length of the longest line in pixels."""
    return max((font.getlength(line) for line in lines), default=0.0)
