"""The parts of a face: its outline, skin, hair, eyes, lips and teeth, from five points and the colors.

Everything works on a crop around the face, at most 480 px wide, so that small parts keep their pixels in a large picture.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.editor.scene.graph_cut import cut_out, keep_large_parts, soften_edges, working_size
from retouch.editor.scene.values import Box, Face
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import oklab_to_oklch, srgb8_to_oklab
from retouch.images.filters import resize_float

__all__ = [
    "cut_out_face",
    "cut_out_hair",
    "cut_out_lips",
    "cut_out_teeth",
    "draw_eyes",
    "face_ellipse",
    "is_toned",
    "skin_likelihood",
]

BoolMask = npt.NDArray[np.bool_]

_CROP_PX: Final = 480
MIN_EYE_RADIUS_PX: Final = 3.5
MIN_MOUTH_PX: Final = 20.0
MIN_HAIR: Final = 0.06
"""Share of the face's box."""
LONG_HAIR: Final = 0.22
"""Likeness to the hair above, beside the chin, from which on hair may reach below it."""
TONED_SKIN: Final = 0.02
"""Chroma of a skin below which a picture has no color to tell teeth and lips by."""
MIN_TEETH: Final = 0.04
"""Share of the mouth's box."""


@dataclass(frozen=True, slots=True)
class _Crop:
    """A window of the picture around a face, and the face in its coordinates."""

    rows: slice
    columns: slice
    pixels: Pixels
    face: Face
    size_hw: tuple[int, int]

    def paste(self, hard: Mask, reach: float) -> Mask:
        """Return a picture-sized mask with softened edges from one of the crop's size."""
        mask = np.zeros(self.size_hw, np.float32)
        mask[self.rows, self.columns] = soften_edges(self.pixels, hard, reach=reach)
        return mask


def _crop(pixels: Pixels, face: Face, box: Box, reach: float) -> _Crop:
    """Cut out a box with ``reach`` times its longer side around it."""
    margin = reach * max(box.width, box.height)
    top, bottom = max(0, int(box.top - margin)), min(pixels.shape[0], int(box.bottom + margin) + 1)
    left, right = max(0, int(box.left - margin)), min(pixels.shape[1], int(box.right + margin) + 1)
    window = np.ascontiguousarray(pixels[top:bottom, left:right])
    return _Crop(
        slice(top, bottom), slice(left, right), window, face.moved(-left, -top), (pixels.shape[0], pixels.shape[1])
    )


def face_ellipse(face: Face, size_hw: tuple[int, int]) -> FloatImage:
    """Return the squared distance from the middle of a face, 1 at its outline, hairline to chin: (h, w) float32."""
    radii = 0.53 * face.box.width, 0.6 * face.box.height
    return _ellipse(size_hw, face.box.center, radii, face.tilt)


def skin_likelihood(lab: FloatImage, face: Face) -> FloatImage:
    """Return how well each pixel of an Oklab picture has the color of a face's cheeks and nose: (h, w), 0 to 1."""
    near = _on_cheeks(lab, face)
    if not near.any():
        return np.zeros(lab.shape[:2], np.float32)
    middle = np.median(lab[near], axis=0)
    spread = np.maximum(1.5 * np.median(np.abs(lab[near] - middle), axis=0), (0.07, 0.014, 0.017))
    away = (lab - middle) / (spread * np.array([2.6, 2.0, 2.0]))
    # Shade is darker by any amount; light is soon a shirt.
    away[..., 0] *= np.where(away[..., 0] > 0, 1.3, 0.9)
    return np.asarray(np.exp(-0.5 * (away**2).sum(axis=2)), dtype=np.float32)


def _on_cheeks(lab: FloatImage, face: Face) -> BoolMask:
    """Return small disks on the nose and on both cheeks."""
    spots = [face.nose, *(((x + face.nose[0]) / 2, 0.45 * y + 0.55 * face.mouth.center[1]) for x, y in face.eyes)]
    radius = 0.11 * face.box.width
    return np.asarray(np.min([_ellipse(lab.shape[:2], spot, (radius, radius), 0.0) for spot in spots], axis=0) < 1.0)


def _cheek_color(lab: FloatImage, face: Face) -> FloatImage:
    near = _on_cheeks(lab, face)
    return np.asarray(np.median(lab[near] if near.any() else lab.reshape(-1, 3), axis=0), dtype=np.float32)


def is_toned(lab: FloatImage, face: Face) -> bool:
    """Return whether a face has next to no color, as in a black and white picture."""
    return float(np.linalg.norm(_cheek_color(lab, face)[1:])) < TONED_SKIN


def cut_out_face(pixels: Pixels, face: Face) -> Mask:
    """Cut out a face from hairline to chin, eyes and mouth included: (H, W) float32 [0, 1]. About 0.2 s."""
    crop = _crop(pixels, face, face.box, 0.35)
    lab, small = _lab_and_face(crop)
    distance = face_ellipse(small, lab.shape[:2])
    skin = skin_likelihood(lab, small)
    likelihood = np.where(distance < 0.55, 1.0, np.where(distance < 1.0, 0.35 + 0.6 * skin, 0.6 * skin)).astype(
        np.float32
    )
    likelihood[distance > 1.35] = 0.0
    hard = keep_large_parts(cut_out(crop.pixels, likelihood, rounds=2, long_side_px=_CROP_PX), share_of_largest=0.5)
    return crop.paste(_filled(hard), 0.01)


def cut_out_hair(pixels: Pixels, face: Face, people: Mask) -> Mask | None:
    """Cut out the hair on a head: what is on the person, around the face and like what grows above and beside it.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    face : Face
    people : (H, W) float32 [0, 1]
        Without hats.

    Returns
    -------
    (H, W) float32 [0, 1] or None
        None where there is too little of it (a bald head, a hood).
    """
    crop = _crop(pixels, face, face.box, 1.1)
    lab, small = _lab_and_face(crop)
    size_hw = lab.shape[0], lab.shape[1]
    person = resize_float(np.ascontiguousarray(people[crop.rows, crop.columns]), size_hw) > 0.5
    rows, columns = np.mgrid[: size_hw[0], : size_hw[1]]
    distance, skin, box = face_ellipse(small, size_hw), skin_likelihood(lab, small), small.box
    around = person & (distance > 1.05) & (np.abs(columns - box.center[0]) < 1.1 * box.width)
    crown = around & (rows < box.top + 0.05 * box.height)
    beside = around & (rows < small.mouth.top) & (distance < 2.4) & ~crown
    seeds = crown | beside
    if float(seeds.sum()) < MIN_HAIR * box.width * box.height:
        return None
    likeness = _likeness(lab, seeds)
    likeness = likeness / (1.0 + 0.7 * skin * (rows > small.eyes[0][1]))
    likelihood = np.where(seeds, 0.55 + 0.45 * likeness, 0.75 * likeness * around).astype(np.float32)
    at_chin = around & (rows > small.mouth.top) & (rows < box.bottom) & (distance < 2.4)
    is_short = not at_chin.any() or float(likeness[at_chin].mean()) < LONG_HAIR
    likelihood[rows > (small.mouth.center[1] if is_short else box.bottom + 2.0 * box.height)] = 0.0
    likelihood[(distance < 0.6) | ~around] = 0.0
    hard = cut_out(crop.pixels, likelihood, certain=0.93, excluded=0.1, rounds=3, long_side_px=_CROP_PX)
    mask = crop.paste(keep_large_parts(hard, share_of_largest=0.08), 0.012)
    return np.asarray(np.minimum(mask, people), dtype=np.float32)


def draw_eyes(face: Face, size_hw: tuple[int, int]) -> Mask | None:
    """Draw the openings of both eyes, soft-edged: (H, W) float32 [0, 1]; None where they are too small to work on."""
    if face.eye_radius < MIN_EYE_RADIUS_PX:
        return None
    mask = np.zeros(size_hw, np.float32)
    for x, y in face.eyes:
        reach = int(2 * face.eye_radius) + 2
        top, left = max(0, int(y) - reach), max(0, int(x) - reach)
        window = mask[top : int(y) + reach, left : int(x) + reach]
        radii = face.eye_radius, 0.52 * face.eye_radius
        distance = _ellipse((window.shape[0], window.shape[1]), (x - left, y - top), radii, face.tilt)
        np.maximum(window, np.clip((1.25 - distance) / 0.5, 0.0, 1.0), out=window)
    return mask


def cut_out_lips(pixels: Pixels, face: Face) -> Mask | None:
    """Cut out the lips: what is redder than the skin within the mouth's box; None where it is too small or nothing is redder."""
    found = _mouth(pixels, face)
    if found is None:
        return None
    crop, lab, inside, skin, mouth = found
    if float(np.hypot(skin[1], skin[2])) < TONED_SKIN:
        return None
    redder = (lab[..., 1] - skin[1]) / 0.02 - 0.35 * np.abs(lab[..., 2] - skin[2]) / 0.02
    likelihood = np.clip(0.35 + 0.3 * redder, 0.0, 0.95).astype(np.float32) * np.clip(1.6 - inside, 0.0, 1.0)
    likelihood[(inside > 1.0) | (_enamel(lab, skin) > 0.5)] = 0.0
    hard = keep_large_parts(
        (cv2.GaussianBlur(likelihood, (3, 3), 0.8) > 0.45).astype(np.float32), share_of_largest=0.15
    )
    if float(hard.sum()) < 0.08 * mouth.width * mouth.height:
        return None
    return crop.paste(hard, 0.012)


def cut_out_teeth(pixels: Pixels, face: Face) -> Mask | None:
    """Cut out teeth: what is paler and brighter than the lips within the mouth; None where none are seen, or it is too small."""
    found = _mouth(pixels, face)
    if found is None:
        return None
    crop, lab, inside, skin, mouth = found
    white = _enamel(lab, skin) * (inside < 0.7)
    hard = cv2.morphologyEx((white > 0.5).astype(np.float32), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    hard = keep_large_parts(np.asarray(hard, np.float32), share_of_largest=0.3)
    return crop.paste(hard, 0.008) if float(hard.sum()) >= MIN_TEETH * mouth.width * mouth.height else None


def _mouth(pixels: Pixels, face: Face) -> tuple[_Crop, FloatImage, FloatImage, FloatImage, Box] | None:
    """Return the crop, its Oklab, the distance from the mouth's middle (1: its outline), the skin's color, the mouth's box."""
    if face.mouth.width < MIN_MOUTH_PX:
        return None
    crop = _crop(pixels, face, face.mouth, 0.6)
    lab, small = _lab_and_face(crop)
    mouth = small.mouth
    inside = _ellipse(lab.shape[:2], mouth.center, (0.52 * mouth.width, 0.5 * mouth.height), face.tilt)
    return crop, lab, inside, _cheek_color(lab, small), mouth


def _enamel(lab: FloatImage, skin: FloatImage) -> FloatImage:
    """Return how well each pixel has the color of teeth beside a skin: much less chroma, and not dark."""
    chroma, of_skin = oklab_to_oklch(lab)[..., 1], float(np.hypot(skin[1], skin[2]))
    if of_skin < TONED_SKIN:
        return np.zeros(lab.shape[:2], np.float32)
    pale = np.clip(1.6 - chroma / (0.62 * of_skin), 0.0, 1.0)
    return np.asarray(pale * np.clip((lab[..., 0] - (skin[0] - 0.1)) / 0.06, 0.0, 1.0), dtype=np.float32)


def _lab_and_face(crop: _Crop) -> tuple[FloatImage, Face]:
    """Return the crop in Oklab at its working size, and the face at that size."""
    size_hw = working_size(crop.pixels.shape[0], crop.pixels.shape[1], _CROP_PX)
    small = cv2.resize(crop.pixels, size_hw[::-1], interpolation=cv2.INTER_AREA)
    return srgb8_to_oklab(cv2.bilateralFilter(small, 5, 20, 3)), crop.face.moved(
        0, 0, size_hw[1] / crop.pixels.shape[1]
    )


def _ellipse(
    size_hw: tuple[int, ...], center: tuple[float, float], radii: tuple[float, float], degrees: float
) -> FloatImage:
    """Return the squared distance from an ellipse's center, 1 on its border."""
    rows, columns = (grid.astype(np.float32) for grid in np.mgrid[: size_hw[0], : size_hw[1]])
    turn = np.radians(degrees)
    x, y = columns - center[0], rows - center[1]
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    return np.asarray((along / radii[0]) ** 2 + (across / radii[1]) ** 2, dtype=np.float32)


def _likeness(lab: FloatImage, seeds: BoolMask) -> FloatImage:
    """Return how near each pixel's color is to any of the three main colors of the seeds, 0 to 1."""
    samples = np.ascontiguousarray(lab[seeds], np.float32)
    cv2.setRNGSeed(1)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 1e-3)
    _, _, colors = cv2.kmeans(samples, min(3, len(samples)), None, criteria, 2, cv2.KMEANS_PP_CENTERS)
    apart = np.min([np.linalg.norm((lab - color) * np.array([0.6, 1.5, 1.5]), axis=2) for color in colors], axis=0)
    return np.asarray(np.exp(-((apart / 0.06) ** 2)), dtype=np.float32)


def _filled(hard: Mask) -> Mask:
    """Fill what the mask encloses: glasses, nostrils, the whites of the eyes."""
    padded = np.pad((hard > 0.5).astype(np.uint8), 1)
    cv2.floodFill(padded, None, (0, 0), 2)
    return np.asarray(padded[1:-1, 1:-1] != 2, dtype=np.float32)
