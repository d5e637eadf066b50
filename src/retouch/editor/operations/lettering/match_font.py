"""Which installed font looks like the letters in a picture, and how its letters lie there.

References
----------
G. Evangelidis, E. Psarakis, "Parametric image alignment using enhanced correlation coefficient maximization",
IEEE TPAMI 30(10), 2008.
"""

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from PIL import ImageFont

from retouch.editor.operations.lettering.patch import PADDING, Patch
from retouch.fonts import Face, draw_line, has_letters, installed_faces, load_font
from retouch.images.array_types import FloatImage, Mask
from retouch.images.masks import bounding_box

__all__ = ["Setting", "drawn_letters", "match_font"]

_COARSE_WEIGHTS: Final = (400, 700)
_WEIGHTS: Final = (300, 400, 500, 600, 700, 800, 900)
_COMPARED_HEIGHT_PX = 40
_COST_OF_RATIO = 0.55
_MARGIN_PX = 8
_REGISTERED: Final = 5
"""So many of the likeliest faces are laid over the letters before one is chosen: perspective hides how alike they are."""
_EVEN_HEADS: Final = 0.06
"""Letters whose heads lie this near to one line, in shares of their height, are all capitals (or all small)."""
_MAX_KEYSTONE: Final = 2.5
_SIGMAS: Final = (0.0, 0.5, 0.8, 1.2, 1.7, 2.4, 3.4, 4.8)


@dataclass(frozen=True)
class Setting:
    """How letters are set.

    Attributes
    ----------
    face : Face
    weight : int
    font : FreeTypeFont
        At the size at which its pixels are about those of the patch.
    to_patch : (3, 3) float64
        Homography from the plane of the letters, with the pen's start at the origin and the base line along the columns, to
        the patch.
    length_px : float
        Of the old words, in the plane of the letters.
    sigma_px : float
        Blur of the picture, in pixels of the patch.
    likeness : float
        Correlation between the old letters and the font's, 0 to 1.
    """

    face: Face
    weight: int
    font: ImageFont.FreeTypeFont
    to_patch: FloatImage
    length_px: float
    sigma_px: float
    likeness: float


def match_font(patch: Patch, words: str, new_words: str) -> Setting | None:
    """Find the font of some words.

    Parameters
    ----------
    patch : Patch
    words : str
        As they were read.
    new_words : str
        The font must have their letters too.

    Returns
    -------
    Setting or None
        None where no installed font has all the letters, or no letters are seen.

    Notes
    -----
    The words are drawn in every face and weight, brought to the size of the ink and correlated with it; a font that would have
    to be stretched pays for it. The best is then registered by ECC, first affine, then with perspective where that helps, and
    blurred until it is as soft as the picture. About 80 small drawings.
    """
    letters = _letters(patch)
    if letters is None:
        return None
    alpha, (rows, columns) = letters
    level = _level(alpha)
    if level is not None:
        alpha = cv2.warpPerspective(alpha, level, (alpha.shape[1], alpha.shape[0]), flags=cv2.INTER_LINEAR)
        rows, columns = bounding_box((alpha > 0.5).astype(np.float32)) or (rows, columns)
    seen = alpha[rows, columns]
    ratio = seen.shape[1] / seen.shape[0]
    size_wh = (max(8, round(_COMPARED_HEIGHT_PX * ratio)), _COMPARED_HEIGHT_PX)
    small = cv2.GaussianBlur(cv2.resize(seen, size_wh, interpolation=cv2.INTER_AREA), (0, 0), 0.8)
    faces = [face for face in installed_faces() if has_letters(face, words + new_words)]
    tried = {(face, face.nearest_weight(weight)) for face in faces for weight in _COARSE_WEIGHTS}
    ranked = sorted(
        ((_score(face, weight, words, small, ratio), face, weight) for face, weight in tried), key=_by_score
    )
    if not ranked:
        return None
    finer = {(face, face.nearest_weight(weight)) for _, face, _ in ranked[:3] for weight in _WEIGHTS} - tried
    ranked += [(_score(face, weight, words, small, ratio), face, weight) for face, weight in finer]
    nearest: dict[str, Setting] = {}
    for _, face, weight in sorted(ranked, key=_by_score):
        if face.path.name not in nearest:
            nearest[face.path.name] = _register(alpha, words, face, weight, (rows, columns))
        if len(nearest) == _REGISTERED:
            break
    best = max(nearest.values(), key=lambda setting: (setting.likeness, setting.face.path.name))
    if level is None:
        return best
    return replace(best, to_patch=np.linalg.inv(level) @ best.to_patch)


def _by_score(candidate: tuple[float, Face, int]) -> tuple[float, str, int]:
    """Order candidates best first, and always alike."""
    score, face, weight = candidate
    return -score, face.path.name, weight


def _letters(patch: Patch) -> tuple[Mask, tuple[slice, slice]] | None:
    """Return the ink without what belongs to no letter of the line, and the box that holds it.

    Before a plain background every connected part counts whose middle lies in the line and which the line holds. Before a
    pattern, parts grow together with it: there the box is where the ink is dense.
    """
    height, width = patch.alpha.shape
    edge = round(PADDING * patch.height_px)
    inner = np.zeros((height, width), np.uint8)
    inner[edge : height - edge, edge : width - edge] = 1
    solid = (
        ((patch.alpha > 0.5) & (inner > 0)).astype(np.uint8)
        if not patch.is_smooth
        else (patch.alpha > 0.5).astype(np.uint8)
    )
    count, labels, stats, centers = cv2.connectedComponentsWithStats(solid, connectivity=8)
    keep = np.zeros(count, bool)
    for i in range(1, count):
        left, _, wide, tall, area = stats[i]
        held = edge <= centers[i][0] < width - edge and edge <= centers[i][1] < height - edge
        on_end = left == 0 or left + wide == width
        keep[i] = area >= 0.0004 * height * height and held and not (patch.is_smooth and (on_end or tall >= height - 2))
    if not keep.any():
        return None
    kept = keep[labels]
    if patch.is_smooth:
        rows, columns = np.nonzero(kept.any(axis=1))[0], np.nonzero(kept.any(axis=0))[0]
    else:
        profile = cv2.blur(kept.sum(axis=1).astype(np.float32)[:, None], (1, 5))[:, 0]
        rows = np.flatnonzero(profile > 0.45 * np.percentile(profile, 75))
        columns = np.flatnonzero(kept[rows[0] : rows[-1] + 1].mean(axis=0) > 0.12)
    if rows.size < 4 or columns.size < 4:
        return None
    box = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    near = cv2.dilate(kept.astype(np.uint8), np.ones((5, 5), np.uint8))
    alpha = np.zeros_like(patch.alpha)
    margin = slice(max(0, box[0].start - 3), box[0].stop + 3), slice(max(0, box[1].start - 3), box[1].stop + 3)
    alpha[margin] = (patch.alpha * near)[margin]
    return alpha, box


def _level(alpha: Mask) -> FloatImage | None:
    """Return the homography that brings the feet of letters onto one row and, for capitals, their heads too, (3, 3).

    None where they are there already. What the text line's box leaves of the perspective is enough to rank the wrong faces first.
    """
    count, _, stats, _ = cv2.connectedComponentsWithStats((alpha > 0.5).astype(np.uint8), connectivity=8)
    tallest = max((int(stats[i][3]) for i in range(1, count)), default=0)
    parts = np.array([stats[i][:4] for i in range(1, count) if stats[i][3] >= 0.4 * tallest], np.float64).reshape(-1, 4)
    if len(parts) < 3:
        return None
    centers, heads = parts[:, 0] + parts[:, 2] / 2, parts[:, 1]
    slope, foot = _fit_line(centers, heads + parts[:, 3])
    head_slope, head = _fit_line(centers, heads)
    if np.median(np.abs(heads - head - head_slope * centers)) > _EVEN_HEADS * tallest:
        head_slope, head = (
            slope,
            float(np.median(heads - slope * centers)),
        )  # lower case: heads say nothing of perspective
    ends = np.array([parts[:, 0].min(), (parts[:, 0] + parts[:, 2]).max()])
    feet_at, heads_at = foot + slope * ends, head + head_slope * ends
    heights = feet_at - heads_at
    if heights.min() < 4 or heights.max() > _MAX_KEYSTONE * heights.min():
        return None
    base, height = float(feet_at.mean()), float(heights.mean())
    if max(np.abs(feet_at - base).max(), np.abs(heads_at - base + height).max()) < 1.5:
        return None
    seen = np.array([*zip(ends, heads_at, strict=True), *zip(ends, feet_at, strict=True)], np.float32)
    level = np.array([(ends[0], base - height), (ends[1], base - height), (ends[0], base), (ends[1], base)], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(seen, level), np.float64)


def _fit_line(across: FloatImage, down: FloatImage) -> tuple[float, float]:
    """Return slope and intercept of Theil and Sen's line."""
    first, second = np.triu_indices(len(across), 1)
    run = across[second] - across[first]
    far = np.abs(run) > 0.15 * np.ptp(across)
    if not far.any():
        return 0.0, float(np.median(down))
    slope = float(np.median((down[second] - down[first])[far] / run[far]))
    return slope, float(np.median(down - slope * across))


def _score(face: Face, weight: int, words: str, seen: Mask, ratio: float) -> float:
    """Return how alike the ink and a font's are: a correlation, less what stretching costs."""
    font = load_font(face, 48, weight=weight)
    picture, _ = draw_line(words, font, margin_px=0)
    drawn = np.asarray(picture, dtype=np.float32) / np.float32(255.0)
    if min(drawn.shape) < 4:
        return -1.0
    stretch = abs(float(np.log((drawn.shape[1] / drawn.shape[0]) / ratio)))
    if stretch > 0.8:
        return -1.0
    drawn = cv2.resize(drawn, (seen.shape[1], seen.shape[0]), interpolation=cv2.INTER_AREA)
    drawn = cv2.GaussianBlur(drawn, (0, 0), 0.8)
    return _correlation(drawn, seen) - _COST_OF_RATIO * stretch


def _correlation(a: FloatImage, b: FloatImage) -> float:
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / max(float(np.sqrt((a * a).sum() * (b * b).sum())), 1e-9))


def _register(alpha: Mask, words: str, face: Face, weight: int, ink: tuple[slice, slice]) -> Setting:
    """Lay the font's letters over the old ones."""
    rows, columns = ink
    probe = load_font(face, 100, weight=weight)
    _, top, _, bottom = probe.getbbox(words, anchor="ls")
    font = load_font(face, 100.0 * (rows.stop - rows.start) / max(float(bottom - top), 1.0), weight=weight)
    picture, origin = draw_line(words, font, margin_px=_MARGIN_PX)
    drawn = np.asarray(picture, dtype=np.float32) / np.float32(255.0)
    inner = drawn.shape[1] - 2 * _MARGIN_PX, drawn.shape[0] - 2 * _MARGIN_PX
    sx, sy = (columns.stop - columns.start) / inner[0], (rows.stop - rows.start) / inner[1]
    start = np.array(
        [[sx, 0, columns.start - sx * _MARGIN_PX], [0, sy, rows.start - sy * _MARGIN_PX], [0, 0, 1]], np.float32
    )
    matrix = _align(drawn, alpha, start)
    size_wh = (alpha.shape[1], alpha.shape[0])
    shown = cv2.warpPerspective(drawn, matrix, size_wh, flags=cv2.INTER_LINEAR)
    window = slice(max(0, rows.start - 6), rows.stop + 6), slice(max(0, columns.start - 6), columns.stop + 6)
    errors = [float(((_blur(shown, sigma)[window] - alpha[window]) ** 2).mean()) for sigma in _SIGMAS]
    enough = 1.08 * min(
        errors
    )  # what the font doesn't match looks like blur; the sharpest of about equal ones is right
    sigma = next(sigma for sigma, error in zip(_SIGMAS, errors, strict=True) if error <= enough)
    likeness = max(0.0, _correlation(_blur(shown, sigma)[window], alpha[window]))
    from_pen = np.array([[1, 0, origin[0]], [0, 1, origin[1]], [0, 0, 1]], np.float64)
    return Setting(
        face, weight, font, matrix.astype(np.float64) @ from_pen, float(font.getlength(words)), sigma, likeness
    )


def drawn_letters(setting: Setting, words: str, patch: Patch) -> Mask:
    """Return words in the matched setting where the old ones were: (h, w) float32 [0, 1] in the patch."""
    picture, origin = draw_line(words, setting.font, margin_px=_MARGIN_PX)
    drawn = np.asarray(picture, dtype=np.float32) / np.float32(255.0)
    to_pen = np.array([[1, 0, -origin[0]], [0, 1, -origin[1]], [0, 0, 1]], np.float64)
    size_wh = (patch.alpha.shape[1], patch.alpha.shape[0])
    shown = cv2.warpPerspective(drawn, setting.to_patch @ to_pen, size_wh, flags=cv2.INTER_LINEAR)
    return np.asarray(_blur(shown, setting.sigma_px), dtype=np.float32)


def _align(drawn: Mask, seen: Mask, start: FloatImage) -> FloatImage:
    """Return the homography that lays drawn letters over seen ones; the start where nothing better is found."""
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-4)
    soft = cv2.GaussianBlur(seen, (0, 0), 1.5)
    template = cv2.GaussianBlur(drawn, (0, 0), 1.5)
    best, reached = start, -1.0
    for motion, gain in ((cv2.MOTION_AFFINE, 0.0), (cv2.MOTION_HOMOGRAPHY, 0.004)):
        guess = best[:2].copy() if motion == cv2.MOTION_AFFINE else best.copy()
        try:
            found, guess = cv2.findTransformECC(template, soft, guess.astype(np.float32), motion, criteria, None, 5)
        except cv2.error:  # it did not converge
            continue
        matrix = (
            np.vstack([guess, [0, 0, 1]]).astype(np.float32) if motion == cv2.MOTION_AFFINE else guess / guess[2, 2]
        )
        if found > reached + gain and _is_mild(matrix, start, drawn.shape):
            best, reached = matrix, found
    return best


def _is_mild(matrix: FloatImage, start: FloatImage, size_hw: tuple[int, ...]) -> bool:
    """Whether the corners stay near where the ink's box has them: a registration that runs away is none."""
    corners = np.array([[[0, 0], [size_hw[1], 0], [size_hw[1], size_hw[0]], [0, size_hw[0]]]], np.float32)
    moved = cv2.perspectiveTransform(corners, matrix.astype(np.float32)) - cv2.perspectiveTransform(
        corners, start.astype(np.float32)
    )
    return float(np.abs(moved).max()) < 0.6 * size_hw[0]


def _blur(image: Mask, sigma: float) -> Mask:
    return image if sigma == 0 else np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), dtype=np.float32)
