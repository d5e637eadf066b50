"""The lettering in a picture: lines and words, read by a recognizer, and targets that speak of them.

References
----------
A. Graves, S. Fernández, F. Gomez, J. Schmidhuber, "Connectionist temporal classification", ICML 2006.
"""

import difflib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import cv2
import numpy as np

from retouch.editor.instructions.plan import Target
from retouch.editor.scene.text_detection import detect_lines, rectify
from retouch.editor.scene.values import Finding
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.models import ModelStore, Session

if TYPE_CHECKING:
    from retouch.editor.scene.scene import Scene

__all__ = [
    "TextLine",
    "TextMatch",
    "TextWord",
    "describe_text",
    "find_text",
    "match_text",
    "matches_for",
    "quad_mask",
    "read_text",
]

_HEIGHT_PX = 48
_LONGEST_LINE_PX = 1600
_MIN_CONFIDENCE = {1: 0.97, 2: 0.85, 3: 0.85, 4: 0.85}
"""By the number of letters; below this what was read is more often a texture than lettering."""
_MIN_CONFIDENCE_OF_MORE = 0.6
_MAX_SHARE_OF_PICTURE = 0.6
_ALIKE = 0.75
"""Share of the letters that must agree where no word is read exactly as it was quoted."""


@dataclass(frozen=True, slots=True)
class TextWord:
    """A word of a line.

    Attributes
    ----------
    text : str
    quad : (4, 2) float64
        Corners (column, row) in pixels, clockwise from the top left.
    confidence : float
        0 to 1.
    """

    text: str
    quad: FloatImage
    confidence: float


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of lettering.

    Attributes
    ----------
    text : str
    quad : (4, 2) float64
        Corners (column, row) in pixels, clockwise from the top left of the lettering.
    confidence : float
        0 to 1, the mean over the letters.
    words : tuple of TextWord
        In reading order; never empty.
    """

    text: str
    quad: FloatImage
    confidence: float
    words: tuple[TextWord, ...]

    @property
    def height_px(self) -> float:
        """Mean height of the line."""
        return float(np.linalg.norm(self.quad[3] - self.quad[0]) + np.linalg.norm(self.quad[2] - self.quad[1])) / 2

    @property
    def area_px(self) -> float:
        """Area of the line."""
        return abs(float(cv2.contourArea(self.quad.astype(np.float32))))


@dataclass(frozen=True, slots=True)
class TextMatch:
    """Neighboring words of one line, as a target names them.

    Attributes
    ----------
    line : TextLine
    first, last : int
        Indexes of the first word, and of the one behind the last.
    likeness : float
        1 where they are read exactly as quoted, but for case.
    """

    line: TextLine
    first: int
    last: int
    likeness: float = 1.0

    @property
    def words(self) -> tuple[TextWord, ...]:
        """The words."""
        return self.line.words[self.first : self.last]

    @property
    def text(self) -> str:
        """The words as one string."""
        return " ".join(word.text for word in self.words)

    @property
    def whole(self) -> bool:
        """Whether it is all of its line."""
        return self.first == 0 and self.last == len(self.line.words)

    @property
    def quad(self) -> FloatImage:
        """(4, 2) float64: corners around the words."""
        first, last = self.words[0].quad, self.words[-1].quad
        return self.line.quad if self.whole else np.stack([first[0], last[1], last[2], first[3]])

    @property
    def confidence(self) -> float:
        """How surely the words were read."""
        return self.likeness * float(np.mean([word.confidence for word in self.words]))


# Reading -----------------------------------------------------------------------------------------------------------------


def read_text(pixels: Pixels, models: ModelStore) -> tuple[TextLine, ...]:
    """Read the lettering in a picture.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    models : ModelStore
        Holds "ppocr-detect" and "ppocr-read".

    Returns
    -------
    tuple of TextLine
        From the top down; only what was read with some confidence.

    Raises
    ------
    ModelFileError
        A model is missing or damaged.
    """
    quads = detect_lines(pixels, models.session("ppocr-detect"))
    if not quads:
        return ()
    recognizer = models.session("ppocr-read")
    alphabet = _alphabet(recognizer)
    lines = (_read_line(pixels, quad, recognizer, alphabet) for quad in quads)
    most = _MAX_SHARE_OF_PICTURE * pixels.shape[0] * pixels.shape[1]
    read = [line for line in lines if line is not None and _is_lettering(line) and line.area_px < most]
    return tuple(sorted(read, key=lambda line: (float(line.quad[:, 1].mean()), float(line.quad[:, 0].mean()))))


def _is_lettering(line: TextLine) -> bool:
    letters = len(_plain(line.text))
    return letters > 0 and line.confidence >= _MIN_CONFIDENCE.get(letters, _MIN_CONFIDENCE_OF_MORE)


def _alphabet(recognizer: Session) -> tuple[str, ...]:
    """Return the recognizer's letters by class, from the model file itself: a blank, the letters, the space."""
    described = cast(Any, recognizer).get_modelmeta().custom_metadata_map["character"]
    return ("", *described.splitlines(), " ")


def _read_line(pixels: Pixels, quad: FloatImage, recognizer: Session, alphabet: Sequence[str]) -> TextLine | None:
    """Read one line; None where nothing is legible."""
    width = float(np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3])) / 2
    height = float(np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1])) / 2
    columns = int(np.clip(round(width / max(height, 1.0) * _HEIGHT_PX), _HEIGHT_PX, _LONGEST_LINE_PX))
    shown: Pixels = np.asarray(rectify(pixels, quad, (columns, _HEIGHT_PX)), dtype=np.uint8)
    padded = np.zeros((_HEIGHT_PX, max(320, columns), 3), np.float32)
    padded[:, :columns] = shown[..., ::-1].astype(np.float32) / 127.5 - 1.0
    scores = recognizer.run(None, {"x": np.ascontiguousarray(padded.transpose(2, 0, 1)[None])})[0][0]
    best, sure = scores.argmax(axis=1), scores.max(axis=1)
    seen = min(len(best), -(-columns * len(best) // padded.shape[1]))  # behind it there is only padding
    fired = [i for i in range(seen) if best[i] != 0 and (i == 0 or best[i] != best[i - 1])]
    places = [min((i + 0.5) * padded.shape[1] / len(best), columns - 1.0) for i in fired]
    letters = [(alphabet[best[i]], place, float(sure[i])) for i, place in zip(fired, places, strict=True)]
    words = _split_words(letters, shown, quad)
    if not words:
        return None
    confidence = float(np.mean([s for letter, _, s in letters if letter.strip()]))
    return TextLine(" ".join(word.text for word in words), quad, confidence, tuple(words))


def _split_words(letters: list[tuple[str, float, float]], shown: Pixels, quad: FloatImage) -> list[TextWord]:
    """Cut a line at its spaces: where, between the letters beside one, the picture is plainest."""
    groups: list[list[tuple[str, float, float]]] = [[]]
    for letter in letters:
        if letter[0].isspace():
            groups.append([])
        elif letter[0]:
            groups[-1].append(letter)
    groups = [group for group in groups if group]
    if not groups:
        return []
    ink = _ink_by_column(shown)
    cuts = [0.0]
    for left, right in pairwise(groups):
        first, last = int(left[-1][1]), max(int(left[-1][1]) + 1, int(right[0][1]))
        gap = ink[max(first - 4, 0) : last + 5]
        cuts.append(max(first - 4, 0) + _middle_of_longest(gap <= gap.min() + 0.02))
    cuts.append(float(shown.shape[1]))
    return [
        TextWord(
            "".join(letter for letter, _, _ in group),
            _part(quad, cuts[i] / shown.shape[1], cuts[i + 1] / shown.shape[1]),
            float(np.mean([sure for _, _, sure in group])),
        )
        for i, group in enumerate(groups)
    ]


def _ink_by_column(shown: Pixels) -> FloatImage:
    """Return the share of each column of a line that is ink, (w,) float64: what differs from the line's rim."""
    rim = np.concatenate([shown[:5], shown[-5:]]).reshape(-1, 3).astype(np.float32)
    distance = np.linalg.norm(shown.astype(np.float32) - np.median(rim, axis=0), axis=2)
    levels = np.clip(distance / 1.8, 0, 255).astype(np.uint8)
    threshold, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return np.asarray((levels[5:-5] > 0.7 * threshold).mean(axis=0), dtype=np.float64)


def _middle_of_longest(plain: FloatImage) -> float:
    """Return the middle of the longest run of True."""
    ends = np.flatnonzero(np.diff(np.concatenate([[0], plain.astype(np.int8), [0]])))
    starts, stops = ends[::2], ends[1::2]
    longest = int(np.argmax(stops - starts))
    return float(starts[longest] + stops[longest] - 1) / 2


def _part(quad: FloatImage, start: float, end: float) -> FloatImage:
    """Return the part of a line between two shares of its length."""
    top, bottom = quad[1] - quad[0], quad[2] - quad[3]
    return np.stack([quad[0] + start * top, quad[0] + end * top, quad[3] + end * bottom, quad[3] + start * bottom])


# Finding -----------------------------------------------------------------------------------------------------------------


def match_text(lines: Sequence[TextLine], words: str) -> list[TextMatch]:
    """Return where words stand, best first: exactly (but for case and marks), else nearly, else nothing.

    The words may be part of a line; they may also be read without a space or with one too many.
    """
    sought = _plain(words)
    exact: list[TextMatch] = []
    near: list[TextMatch] = []
    for line in lines:
        count = len(line.words)
        for first in range(count):
            for last in range(first + 1, min(count, first + max(8, len(words.split()) + 2)) + 1):
                read = _plain("".join(word.text for word in line.words[first:last]))
                if read == sought and read:
                    exact.append(TextMatch(line, first, last))
                elif len(sought) > 3 and abs(len(read) - len(sought)) <= 1 + len(sought) // 5:
                    likeness = difflib.SequenceMatcher(None, read, sought).ratio()
                    if likeness >= _ALIKE:
                        near.append(TextMatch(line, first, last, likeness))
    if exact:
        return sorted(exact, key=lambda match: -match.line.area_px)
    return sorted(near, key=lambda match: -match.likeness)[:1]


def _plain(text: str) -> str:
    """Return a text as it is compared: small letters and digits, without accents and spaces."""
    spread = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in spread if char.isalnum())


def describe_text(lines: Sequence[TextLine]) -> str:
    """Return what was read, for a message: 'I read "CAFE" and "OPEN"'."""
    if not lines:
        return "I read no words in this picture"
    read = [f'"{line.text}"' for line in sorted(lines, key=lambda line: -line.area_px)[:6]]
    return "I read " + (read[0] if len(read) == 1 else ", ".join(read[:-1]) + f" and {read[-1]}")


def find_text(scene: "Scene", target: Target) -> Finding:
    """Resolve a target of kind TEXT to the area of its words.

    Raises
    ------
    UnsupportedInstructionError
        The picture shows no such words; says which it does show.
    """
    matches = matches_for(scene, target)
    mask = np.max([quad_mask(match.quad, scene.pixels.shape[:2]) for match in matches], axis=0)
    read = " and ".join(f'"{match.text}"' for match in matches[:4])
    confidence = float(np.mean([match.confidence for match in matches]))
    return Finding(mask, confidence, f"the words read as {read}", verified=True)


def matches_for(scene: "Scene", target: Target) -> list[TextMatch]:
    """Return the words that a target of kind TEXT names; all lines where it quotes none.

    Raises
    ------
    UnsupportedInstructionError
        As ``find_text``.
    """
    lines = _on_side(scene.text_lines, target, scene.pixels.shape[:2])
    every = [TextMatch(line, 0, len(line.words)) for line in lines]
    matches = every if target.words is None else match_text(lines, target.words)
    if matches:
        return matches
    phrase = target.phrase or target.describe()
    if not scene.text_lines:
        raise UnsupportedInstructionError(
            (), (phrase,), "I read no words in this picture: they may be too small, or too stylised."
        )
    where = (
        f"no words at the {target.vertical or ''} {target.horizontal or ''}".replace("  ", " ").rstrip()
        if target.words is None
        else f'not "{target.words}"'
    )
    hint = f"{describe_text(scene.text_lines)}, but {where}. Say which of them you mean."
    raise UnsupportedInstructionError((), (phrase,), hint)


def _on_side(lines: Sequence[TextLine], target: Target, size_hw: tuple[int, int]) -> list[TextLine]:
    """Return the lines in the part of the picture that a target names."""
    height, width = size_hw

    def fits(line: TextLine) -> bool:
        across, down = line.quad.mean(axis=0) / (width, height)
        sides = {"left": across < 0.5, "right": across > 0.5, "center": 0.25 < across < 0.75}
        levels = {"top": down < 0.5, "bottom": down > 0.5, "middle": 0.25 < down < 0.75}
        return bool(sides.get(target.horizontal or "", True) and levels.get(target.vertical or "", True))

    return [line for line in lines if fits(line)]


def quad_mask(quad: FloatImage, size_hw: tuple[int, int]) -> Mask:
    """Return the inside of a quadrilateral, antialiased: (H, W) float32 [0, 1]."""
    drawn = np.zeros(size_hw, np.uint8)
    cv2.fillConvexPoly(drawn, np.rint(quad * 16).astype(np.int32), 255, lineType=cv2.LINE_AA, shift=4)
    return np.asarray(drawn, dtype=np.float32) / np.float32(255.0)
