"""Write other words where words are now, in the same lettering."""

from dataclasses import dataclass

import cv2
import numpy as np

from retouch.editor.instructions.plan import AddText, ReplaceText
from retouch.editor.operations.lettering.erase import find_words, resolve
from retouch.editor.operations.lettering.match_font import Setting, match_font
from retouch.editor.operations.lettering.patch import Patch, look_at
from retouch.editor.operations.lettering.room import Room, measure_room
from retouch.editor.operations.lettering.surface import write_on_surface
from retouch.editor.operations.lettering.wipe import letters_mask, make_grain, measure_grain, wipe
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.scene.text import TextMatch, TextWord, describe_text, quad_mask
from retouch.errors import UnsupportedInstructionError
from retouch.fonts import draw_line
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import to_float

__all__ = ["replace_text"]

_FITS_SLOT = (0.88, 1.1)
"""New over old length between which the rest of a line stays where it is."""
_MIN_CONDENSED = 0.8
_MARGIN_PX = 12
_POOR_LIKENESS = 0.55


def replace_text(stage: Stage, operation: ReplaceText, context: Context) -> Stage:
    """Carry out "change OPEN to CLOSED", "make the sign say CLOSED".

    Parameters
    ----------
    stage : Stage
    operation : ReplaceText
    context : Context

    Returns
    -------
    Stage
        Pixels away from the old and the new letters are bit-identical.

    Raises
    ------
    UnsupportedInstructionError
        The words are not there, it is not clear which words are meant, or the letters can't be told from what is behind them.
    EditAbortedError
    """
    if operation.within is not None and operation.target.words is None and not stage.scene.text_lines:
        return write_on_surface(
            stage, AddText(operation.new_words, surface=operation.within, phrase=operation.phrase), context
        )
    matches, notes = find_words(stage, operation.target, operation.within)
    matches, cleared = _choose(stage, operation, matches)
    pixels, touched = stage.pixels, np.zeros(stage.pixels.shape[:2], np.float32)
    for match in matches:
        context.checkpoint()
        new_words = _in_case_of(match.text, operation.target.words, operation.new_words)
        pixels, mask, more = _replace_one(pixels, stage, match, new_words, context)
        touched, notes = np.maximum(touched, mask), (*notes, *more)
    for match in cleared:
        context.checkpoint()
        pixels, mask, _ = _clear(pixels, stage, match, context)
        touched = np.maximum(touched, mask)
    return stage.after(pixels, touched, resolutions=resolve(operation.phrase, [*matches, *cleared]), notes=notes)


def _choose(stage: Stage, operation: ReplaceText, matches: list[TextMatch]) -> tuple[list[TextMatch], list[TextMatch]]:
    """Return the words to replace, and those that only go: of a sign that gets a new text, all but its largest line."""
    if operation.target.words is not None or len(matches) == 1:
        return matches, []
    if operation.within is None:
        hint = f"{describe_text(stage.scene.text_lines)}. Say which words to change, in quotes."
        raise UnsupportedInstructionError((), (operation.phrase,), hint)
    largest = max(matches, key=lambda match: match.line.area_px)
    return [largest], [match for match in matches if match is not largest]


def _in_case_of(read: str, typed: str | None, new: str) -> str:
    """Return the new words in the capitals of the old ones, where the prompt typed those otherwise than they stand there."""
    if typed is None or typed == read or not any(char.isalpha() for char in read):
        return new
    if read.isupper() and not typed.isupper():
        return new.upper()
    if read[0].isupper() and not read.isupper() and typed.islower() and new.islower():
        return new[0].upper() + new[1:]
    return new


def _clear(pixels: Pixels, stage: Stage, match: TextMatch, context: Context) -> tuple[Pixels, Mask, Patch]:
    """Take words away; returns the pixels, what was filled, and the words as they were."""
    size_hw = (pixels.shape[0], pixels.shape[1])
    patch = look_at(pixels, match.quad)
    if patch is None:
        hint = f'The letters of "{match.text}" hardly differ from what is behind them: I can\'t take them apart.'
        raise UnsupportedInstructionError((), (match.text,), hint)
    hole = letters_mask(patch, match.quad, size_hw, match.text)
    letters = np.max([quad_mask(line.quad, size_hw) for line in stage.scene.text_lines], axis=0)
    return wipe(pixels, hole, context, smooth=patch.is_smooth, avoid=letters), hole, patch


def _replace_one(
    pixels: Pixels, stage: Stage, match: TextMatch, new_words: str, context: Context
) -> tuple[Pixels, Mask, tuple[str, ...]]:
    """Replace one occurrence; all of its line is set anew where the new words need another length."""
    patch, setting = _read_setting(pixels, match, match.text, new_words)
    context.checkpoint()
    share = setting.font.getlength(new_words) / max(setting.length_px, 1.0)
    notes: tuple[str, ...] = ()
    if not match.whole and not _FITS_SLOT[0] <= share <= _FITS_SLOT[1]:
        line = match.line
        whole = TextMatch(line, 0, len(line.words), match.likeness)
        before = " ".join(word.text for word in line.words[: match.first])
        after = " ".join(word.text for word in line.words[match.last :])
        match, new_words = whole, f"{before} {new_words} {after}".strip()
        patch, setting = _read_setting(pixels, match, match.text, new_words)
        notes = (f'set the whole line anew as "{new_words}", because the new words need another length',)
    wiped, hole, _ = _clear(pixels, stage, match, context)
    room = measure_room(wiped, patch, setting, _other_letters(stage, match))
    aligned = "center" if match.whole and not _is_flush_left(stage, match) else "left"
    drawn = _draw(new_words, setting, room, aligned)
    if setting.likeness < _POOR_LIKENESS:
        notes = (*notes, f"no installed font is much like the old letters; {setting.face.family} came nearest")
    result, alpha = _lay_over(pixels, wiped, drawn, patch, setting, context)
    return result, np.maximum(hole, alpha), notes


def _read_setting(pixels: Pixels, match: TextMatch, words: str, new_words: str) -> tuple[Patch, Setting]:
    """Return the old words taken apart, and how they are set; or refuse."""
    patch = look_at(pixels, match.quad)
    if patch is None:
        hint = f'The letters of "{words}" hardly differ from what is behind them.'
        raise UnsupportedInstructionError((), (words,), hint)
    setting = match_font(patch, words, new_words)
    if setting is None:
        hint = (
            f'No installed font has all letters of "{words}" and "{new_words}", or the old letters can\'t be made out.'
        )
        raise UnsupportedInstructionError((), (words,), hint)
    return patch, setting


def _other_letters(stage: Stage, match: TextMatch) -> Mask:
    """Return where other words are: (H, W) float32 [0, 1]."""
    size_hw = (stage.pixels.shape[0], stage.pixels.shape[1])
    own: tuple[TextWord, ...] = match.words
    others = [
        word.quad for line in stage.scene.text_lines for word in line.words if not any(word is mine for mine in own)
    ]
    return np.max([quad_mask(quad, size_hw) for quad in others], axis=0) if others else np.zeros(size_hw, np.float32)


def _is_flush_left(stage: Stage, match: TextMatch) -> bool:
    """Whether other lines begin, but are not centered, where this one begins."""
    height = match.line.height_px
    for line in stage.scene.text_lines:
        if line is match.line:
            continue
        near = abs(float(line.quad[:, 1].mean() - match.quad[:, 1].mean())) < 4 * height
        starts = abs(float(line.quad[0, 0] - match.quad[0, 0])) < 0.45 * height
        centered = abs(float(line.quad[:, 0].mean() - match.quad[:, 0].mean())) < 0.45 * height
        if near and starts and not centered:
            return True
    return False


@dataclass(frozen=True)
class _Drawn:
    """New letters: their coverage, and the homography from its pixels to the plane of the letters."""

    coverage: Mask
    to_plane: FloatImage


def _draw(words: str, setting: Setting, room: Room, aligned: str) -> _Drawn:
    """Draw words in the old font at the old size; narrower, then smaller, where there is no room."""
    length = setting.font.getlength(words)
    free = max(room.right - room.left, 0.3 * setting.length_px)
    condensed = float(np.clip(free / max(length, 1.0), _MIN_CONDENSED, 1.0))
    shrunk = min(1.0, free / max(length * condensed, 1.0))
    across = condensed * shrunk
    start = 0.0 if aligned == "left" else (setting.length_px - length * across) / 2
    start = float(np.clip(start, room.left, max(room.left, room.right - length * across)))
    picture, origin = draw_line(words, setting.font, margin_px=_MARGIN_PX)
    coverage = np.asarray(picture, dtype=np.float32) / np.float32(255.0)
    drop = (1.0 - shrunk) * room.rise_px / 2  # letters made smaller keep the middle of the old ones
    to_plane = np.array(
        [[across, 0, start - across * origin[0]], [0, shrunk, -drop - shrunk * origin[1]], [0, 0, 1]], np.float64
    )
    return _Drawn(coverage, to_plane)


def _lay_over(
    before: Pixels, wiped: Pixels, drawn: _Drawn, patch: Patch, setting: Setting, context: Context
) -> tuple[Pixels, Mask]:
    """Bring new letters into the picture, as soft, as lit and as grainy as the old ones were."""
    height, width = wiped.shape[:2]
    matrix = patch.to_picture @ setting.to_patch @ drawn.to_plane
    blur = max(setting.sigma_px, 0.35 * patch.scale)
    soft = cv2.GaussianBlur(drawn.coverage, (0, 0), blur) if blur > 0.2 else drawn.coverage
    alpha = cv2.warpPerspective(soft, matrix, (width, height), flags=cv2.INTER_LINEAR)
    alpha = np.where(alpha < 1.0 / 255.0, 0.0, np.clip(alpha, 0.0, 1.0)).astype(np.float32)
    rows, columns = np.nonzero(alpha > 0)
    if rows.size == 0:
        return wiped, alpha
    box = slice(int(rows.min()), int(rows.max()) + 1), slice(int(columns.min()), int(columns.max()) + 1)
    base = to_float(np.ascontiguousarray(wiped[box][..., :3]))
    reach = max(4.0, 0.5 * patch.height_px / patch.scale)
    light = cv2.GaussianBlur(base, (0, 0), reach, borderType=cv2.BORDER_REFLECT).mean(axis=2)
    light = np.clip(
        light / max(float(light[alpha[box] > 0.5].mean() if (alpha[box] > 0.5).any() else light.mean()), 1e-3),
        0.7,
        1.35,
    )
    light = light ** _share_of_light(patch)
    ink = np.clip(patch.ink * light[..., None], 0.0, 1.0)
    grain = make_grain(_grain_of_ink(before, patch), base.shape, context.rng) / 255.0
    part = alpha[box][..., None]
    shown = np.clip(base + part * (ink + grain - base), 0.0, 1.0)
    result = wiped.copy()
    result[box][..., :3] = np.where(part > 0, np.rint(shown * 255.0).astype(np.uint8), wiped[box][..., :3])
    return result, alpha


def _grain_of_ink(before: Pixels, patch: Patch) -> tuple[float, float]:
    """Return strength and size of the noise inside the old letters; thin ones have none that could be measured."""
    size_wh = (before.shape[1], before.shape[0])
    solid = cv2.warpPerspective(patch.alpha, patch.to_picture, size_wh, flags=cv2.INTER_LINEAR) > 0.9
    rows, columns = np.nonzero(solid)
    if rows.size == 0:
        return 0.0, 0.0
    box = slice(int(rows.min()), int(rows.max()) + 1), slice(int(columns.min()), int(columns.max()) + 1)
    inner = cv2.erode(solid[box].astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return measure_grain(np.ascontiguousarray(before[box][..., :3]), inner)


def _share_of_light(patch: Patch) -> float:
    """Return how far letters darken with what is behind them: 1 for paint on a sign, 0 for words laid over a photo."""
    solid = patch.alpha > 0.85
    if solid.sum() < 50:
        return 0.5
    behind = np.log(np.maximum(patch.behind[solid].mean(axis=1), 0.02))
    ink = np.log(np.maximum(patch.image[solid].mean(axis=1), 0.02))
    spread = float(behind.std())
    if spread < 0.05:
        return 1.0
    slope = float(((behind - behind.mean()) * (ink - ink.mean())).mean()) / spread**2
    return float(np.clip(slope, 0.0, 1.0))
