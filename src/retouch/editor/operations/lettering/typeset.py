"""From words and a style to a picture of letters: the font, the size, the lines, the coverage."""

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from retouch.editor.instructions.plan import LetteringStyle
from retouch.errors import UnsupportedInstructionError
from retouch.fonts import Face, can_shape, choose_faces, family_names, has_letters, load_font, missing_letters, widest
from retouch.images.array_types import Mask

__all__ = ["Block", "choose_face", "set_block", "turn"]

_LINE_SPACING = 1.2
_MIN_SIZE_PX = 9.0
WEIGHT, BOLD_WEIGHT = 600, 800
"""Somewhat heavier than a book's: letters over a photo need it."""


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of letters.

    Attributes
    ----------
    coverage : (h, w) float32 [0, 1]
        With a margin of ``margin_px`` on all sides.
    size_px : float
        Of the font.
    lines : tuple of str
    margin_px : int
    """

    coverage: Mask
    size_px: float
    lines: tuple[str, ...]
    margin_px: int


def choose_face(words: str, style: LetteringStyle) -> tuple[Face, tuple[str, ...]]:
    """Return the face that shows all letters and fits the style best, and notes where it isn't the one that was asked for.

    Raises
    ------
    UnsupportedInstructionError
        The family is not installed, or no installed font has some of the letters; names them.
    """
    faces = choose_faces(style=style.font, family=style.family, bold=style.bold, italic=style.italic)
    if not faces:
        known = ", ".join(family_names()) or "none"
        hint = f"No font called {style.family!r} is installed; there are: {known}."
        raise UnsupportedInstructionError((), (str(style.family or words),), hint)
    if not can_shape(words):
        raise UnsupportedInstructionError(
            (), (words,), "This server can't set scripts whose letters join: Pillow has no Raqm layout."
        )
    face = next((face for face in faces if has_letters(face, words)), None)
    if face is None:
        lacking = missing_letters(faces[0], words)
        shown = " ".join(lacking[:12])
        where = f"The font {faces[0].family}" if style.family else "No installed font"
        verb = "lacks" if style.family else "has all of"
        hint = f"{where} {verb} these letters: {shown}. Write it in Latin letters, or install a font package for the script."
        raise UnsupportedInstructionError((), (words,), hint)
    if face.family != faces[0].family:
        return face, (f"{faces[0].family} lacks some of the letters; they are set in {face.family}.",)
    if style.italic and not face.italic:
        return face, (f"{face.family} has no italic: the letters are slanted.",)
    return face, ()


def set_block(
    words: str,
    face: Face,
    style: LetteringStyle,
    size_px: float,
    *,
    max_width_px: float,
    max_height_px: float,
    fixed: bool,
    one_line_down_to: float = 1.0,
) -> Block:
    """Set words in lines that fit a box.

    Parameters
    ----------
    words : str
    face : Face
    style : LetteringStyle
    size_px : float
        Of the font.
    max_width_px, max_height_px : float
    fixed : bool
        Whether the size was asked for: then lines break before letters shrink.
    one_line_down_to : float
        Unless it is fixed, letters shrink to this share of their size rather than break into lines.

    Returns
    -------
    Block
        The size is reduced only as far as the box demands.

    Raises
    ------
    UnsupportedInstructionError
        It does not fit in any legible size.
    """
    size = size_px
    paragraphs = max(1, len(words.splitlines()))
    while size >= _MIN_SIZE_PX or size == size_px:
        font = _font(face, style, size)
        lines = _wrap(words, font, max_width_px, balance=not fixed)
        fits = widest(lines, font) <= max_width_px and len(lines) * size * _LINE_SPACING <= max_height_px
        if fits and (fixed or len(lines) <= paragraphs or size <= one_line_down_to * size_px):
            return _draw(lines, font, style, face, size)
        size *= 0.93
    hint = "These are more words than the picture has room for: write fewer, or in smaller letters."
    raise UnsupportedInstructionError((), (" ".join(words.split())[:160],), hint)


def _font(face: Face, style: LetteringStyle, size_px: float) -> ImageFont.FreeTypeFont:
    return load_font(face, size_px, weight=BOLD_WEIGHT if style.bold else WEIGHT)


def _wrap(words: str, font: ImageFont.FreeTypeFont, width_px: float, *, balance: bool) -> list[str]:
    """Break lines greedily; balanced, at the narrowest width that needs no more lines, so that no word is left alone."""
    lines = _break(words, font, width_px)
    if balance and len(lines) > 1:
        low, high = 0.5 * width_px, width_px
        for _ in range(6):
            middle = (low + high) / 2
            fits = (
                len(_break(words, font, middle)) <= len(lines) and widest(_break(words, font, middle), font) <= middle
            )
            low, high = (low, middle) if fits else (middle, high)
        lines = _break(words, font, high)
    return lines


def _break(words: str, font: ImageFont.FreeTypeFont, width_px: float) -> list[str]:
    lines: list[str] = []
    for paragraph in words.splitlines() or [words]:
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and font.getlength(longer) > width_px:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines


def _draw(lines: list[str], font: ImageFont.FreeTypeFont, style: LetteringStyle, face: Face, size_px: float) -> Block:
    """Draw lines centerd on each other."""
    ascent, descent = font.getmetrics()
    step = size_px * _LINE_SPACING
    margin = int(np.ceil(0.35 * size_px)) + 3
    boxes = [font.getbbox(line or " ", anchor="ls") for line in lines]
    left = min(box[0] - font.getlength(line) / 2 for box, line in zip(boxes, lines, strict=True))
    right = max(box[2] - font.getlength(line) / 2 for box, line in zip(boxes, lines, strict=True))
    top = min(boxes[0][1], -0.6 * ascent)
    bottom = (len(lines) - 1) * step + max(boxes[-1][3], 0.4 * descent)
    picture = Image.new("L", (int(right - left) + 2 * margin + 1, int(bottom - top) + 2 * margin + 1), 0)
    canvas = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        canvas.text(
            (margin - left - font.getlength(line) / 2, margin - top + number * step),
            line,
            fill=255,
            font=font,
            anchor="ls",
        )
    coverage = np.asarray(picture, dtype=np.float32) / np.float32(255.0)
    if style.italic and not face.italic:
        coverage = _slant(coverage)
    return Block(coverage, size_px, tuple(lines), margin)


def _slant(coverage: Mask) -> Mask:
    """Shear letters by 12 degrees about the middle row."""
    shear = float(np.tan(np.radians(12.0)))
    height, width = coverage.shape
    matrix = np.array([[1.0, -shear, shear * height / 2], [0.0, 1.0, 0.0]], np.float32)
    return np.clip(
        np.asarray(cv2.warpAffine(coverage, matrix, (width, height), flags=cv2.INTER_LINEAR), np.float32), 0.0, 1.0
    )


def turn(coverage: Mask, degrees: float) -> Mask:
    """Turn coverage anticlockwise, in a box that holds all of it; 0 leaves it as it is."""
    if degrees % 360 == 0:
        return coverage
    height, width = coverage.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    cosine, sine = abs(matrix[0, 0]), abs(matrix[0, 1])
    size_wh = (int(np.ceil(height * sine + width * cosine)), int(np.ceil(height * cosine + width * sine)))
    matrix[:, 2] += (size_wh[0] / 2 - width / 2, size_wh[1] / 2 - height / 2)
    return np.clip(np.asarray(cv2.warpAffine(coverage, matrix, size_wh, flags=cv2.INTER_CUBIC), np.float32), 0.0, 1.0)
