"""People and what they wear: from their faces downwards.

A face says where a body must be; the saliency network's score and a graph cut say which pixels are it. Clothes are what is left
of a body without its head and its skin, told apart by color.
"""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.editor.scene.face_parts import face_ellipse, is_toned, skin_likelihood
from retouch.editor.scene.graph_cut import cut_out, keep_large_parts, soften_edges, working_size
from retouch.editor.scene.values import Face
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import srgb8_to_oklab
from retouch.images.filters import resize_float

__all__ = ["cut_out_garment", "cut_out_hat", "cut_out_people", "cut_out_skin"]

BoolMask = npt.NDArray[np.bool_]

_SHOULDERS: Final = 1.75
"""Half the width of the shoulders, in widths of the face."""
_BODY: Final = 4.5
"""How far a body is looked for below the chin, in heights of the face."""
_COLORS: Final = 5
_SAME_CLOTH: Final = 0.075
"""Oklab distance in a and b (and, by a quarter, in lightness) below which two colors are light and shade of one cloth."""
MIN_GARMENT: Final = 0.06
"""Share of the body below the face."""
MIN_HAT: Final = 0.1
_KMEANS: Final = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 25, 1e-3)


def cut_out_people(pixels: Pixels, faces: tuple[Face, ...], score: Mask) -> Mask:
    """Cut out the people whom some faces belong to.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    faces : tuple of Face
        Of the people who are meant; at least one.
    score : (h, w) float32 [0, 1]
        Any saliency of people against their surroundings; where it is 0 there are none.

    Returns
    -------
    (H, W) float32 [0, 1]
        About 0.6 s.
    """
    size_hw = working_size(pixels.shape[0], pixels.shape[1])
    scale = size_hw[0] / pixels.shape[0]
    salient = resize_float(score, size_hw)
    likelihood = np.zeros(size_hw, np.float32)
    for face in faces:
        body = _body_prior(face.moved(0, 0, scale), size_hw)
        likelihood = np.maximum(likelihood, body * (0.45 + 0.5 * salient))
    for face in faces:
        likelihood[face_ellipse(face.moved(0, 0, scale), size_hw) < 0.9] = 1.0
    hard = keep_large_parts(cut_out(pixels, likelihood, certain=0.93, excluded=0.12, rounds=4), share_of_largest=0.15)
    return soften_edges(pixels, hard)


def cut_out_skin(pixels: Pixels, faces: tuple[Face, ...], people: Mask) -> Mask:
    """Cut out people's skin: whatever has the color of their own faces, without eyes and mouths.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    faces : tuple of Face
    people : (H, W) float32 [0, 1]
    """
    size_hw = working_size(pixels.shape[0], pixels.shape[1], 900)
    scale = size_hw[0] / pixels.shape[0]
    lab = _small_lab(pixels, size_hw)
    inside = resize_float(people, size_hw) > 0.4
    likelihood = np.zeros(size_hw, np.float32)
    apart, near = np.zeros(size_hw, bool), np.ones(size_hw, bool)
    for face in (face.moved(0, 0, scale) for face in faces):
        inside |= face_ellipse(face, size_hw) < 1.0
        likelihood = np.maximum(likelihood, skin_likelihood(lab, face))
        if is_toned(lab, face):
            near &= face_ellipse(face, size_hw) < 4.0
        for x, y in face.eyes:
            apart |= _disk(size_hw, (x, y), face.eye_radius, 0.6 * face.eye_radius)
        apart |= _disk(size_hw, face.mouth.center, 0.45 * face.mouth.width, 0.4 * face.mouth.height)
    hard = cut_out(pixels, (likelihood * (inside & near)).astype(np.float32), certain=0.85, excluded=0.12, rounds=2)
    hard = keep_large_parts(resize_float(hard, size_hw), share_of_largest=0.08)
    hard[apart] = 0.0
    return np.asarray(soften_edges(pixels, hard, reach=0.003), dtype=np.float32)


def cut_out_garment(pixels: Pixels, faces: tuple[Face, ...], people: Mask, *, everything: bool) -> Mask | None:
    """Cut out what people wear below their faces.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    faces : tuple of Face
    people : (H, W) float32 [0, 1]
    everything : bool
        True for all of it ("her clothes"), False for the one cloth that covers most ("the jacket").

    Returns
    -------
    (H, W) float32 [0, 1] or None
        None where too little of a body is seen, or it is skin.
    """
    size_hw = working_size(pixels.shape[0], pixels.shape[1])
    scale = size_hw[0] / pixels.shape[0]
    lab = _small_lab(pixels, size_hw)
    small = tuple(face.moved(0, 0, scale) for face in faces)
    body = _below_faces(resize_float(people, size_hw) > 0.5, lab, small)
    if float(body.mean()) < 0.004:
        return None
    cloth = body if everything else _main_cloth(lab, body, small)
    if float(cloth.sum()) < MIN_GARMENT * float(body.sum()):
        return None
    likelihood = np.where(cloth, 0.8, 0.25).astype(np.float32)
    likelihood[cv2.erode(cloth.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0] = 1.0
    likelihood[~(cv2.dilate(body.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)] = 0.0
    if not everything:
        far = cv2.distanceTransform((~cloth).astype(np.uint8), cv2.DIST_L2, 3) > 0.03 * max(size_hw)
        likelihood[far] = 0.0
    hard = keep_large_parts(cut_out(pixels, likelihood, rounds=2), share_of_largest=0.04)
    mask = soften_edges(pixels, _without_pinholes(hard), reach=0.004)
    return np.asarray(np.minimum(mask, np.maximum(people, 0.0)), dtype=np.float32)


def cut_out_hat(pixels: Pixels, face: Face, people: Mask) -> Mask | None:
    """Cut out what is on a head, above the brows and unlike the hair beside the face; None where that is too little."""
    size_hw = working_size(pixels.shape[0], pixels.shape[1])
    face = face.moved(0, 0, size_hw[0] / pixels.shape[0])
    inside = resize_float(people, size_hw) > 0.5
    rows, columns = np.mgrid[: size_hw[0], : size_hw[1]]
    brow = min(y for _, y in face.eyes) - 1.1 * face.eye_radius
    region = inside & (rows < brow) & (np.abs(columns - face.box.center[0]) < 1.1 * face.box.width)
    lab = _small_lab(pixels, size_hw)
    region &= skin_likelihood(lab, face) < 0.4
    if float(region.sum()) < MIN_HAT * face.box.width * face.box.height:
        return None
    likelihood = np.where(region, 0.75, 0.1).astype(np.float32)
    likelihood[region & (rows < face.box.top - 0.1 * face.box.height)] = 1.0
    likelihood[(~inside) | (rows > brow + 0.15 * face.box.height)] = 0.0
    hard = keep_large_parts(cut_out(pixels, likelihood, rounds=2), share_of_largest=0.2)
    return np.asarray(np.minimum(soften_edges(pixels, _without_pinholes(hard)), people), dtype=np.float32)


def _small_lab(pixels: Pixels, size_hw: tuple[int, int]) -> FloatImage:
    small = cv2.resize(pixels, size_hw[::-1], interpolation=cv2.INTER_AREA)
    return srgb8_to_oklab(cv2.bilateralFilter(small, 5, 25, 5))


def _disk(size_hw: tuple[int, int], center: tuple[float, float], radius_x: float, radius_y: float) -> BoolMask:
    rows, columns = np.mgrid[: size_hw[0], : size_hw[1]]
    return np.asarray(((columns - center[0]) / radius_x) ** 2 + ((rows - center[1]) / radius_y) ** 2 < 1.0)


def _body_prior(face: Face, size_hw: tuple[int, int]) -> FloatImage:
    """Return where a head with hair and a body can be, 0 to 1, fading outwards."""
    rows, columns = (grid.astype(np.float32) for grid in np.mgrid[: size_hw[0], : size_hw[1]])
    box = face.box
    center_x, center_y = box.center
    head = ((columns - center_x) / (0.85 * box.width)) ** 2 + (
        (rows - center_y + 0.15 * box.height) / (0.95 * box.height)
    ) ** 2
    down = (rows - box.bottom) / box.height
    half = box.width * np.clip(0.55 + 1.6 * down, 0.4, _SHOULDERS)
    across = np.abs(columns - center_x) / half
    body = np.where((down > -0.15) & (down < _BODY), np.clip(1.6 - across, 0.0, 1.0), 0.0)
    return np.asarray(np.maximum(np.clip(1.8 - head, 0.0, 1.0), body), dtype=np.float32)


def _below_faces(people: BoolMask, lab: FloatImage, faces: tuple[Face, ...]) -> BoolMask:
    """Return the people without heads and skin."""
    body = people.copy()
    rows, columns = np.mgrid[: people.shape[0], : people.shape[1]]
    for face in faces:
        box = face.box
        near = np.abs(columns - box.center[0]) < 1.1 * box.width
        body[near & (rows > box.top - box.height) & (rows < box.bottom)] = False
        body &= skin_likelihood(lab, face) < 0.45
    body[: max(0, round(min(face.box.top for face in faces)))] = False
    return body


def _main_cloth(lab: FloatImage, body: BoolMask, faces: tuple[Face, ...]) -> BoolMask:
    """Return the pixels of the cloth that covers most of the body, light and shade together."""
    samples = lab[body].astype(np.float32)
    count = min(_COLORS, len(samples))
    cv2.setRNGSeed(1)
    _, labels, colors = cv2.kmeans(
        samples[:: max(1, len(samples) // 20000)], count, None, _KMEANS, 2, cv2.KMEANS_PP_CENTERS
    )
    del labels
    nearest = np.argmin(np.linalg.norm(samples[:, None] - colors[None], axis=2), axis=1)
    # What is near the faces' middle line counts more: a neighbor, a chair and a bag are at the sides.
    columns = np.nonzero(body)[1]
    middle = np.min([np.abs(columns - face.box.center[0]) / face.box.width for face in faces], axis=0)
    weights = np.bincount(nearest, weights=1.0 / (1.0 + (middle / 2.0) ** 2), minlength=count)
    best = colors[int(np.argmax(weights))]
    apart = np.linalg.norm((colors - best) * np.array([0.25, 1.0, 1.0], np.float32), axis=1)
    chosen = np.zeros(body.shape, bool)
    chosen[body] = (apart < _SAME_CLOTH)[nearest]
    return chosen


def _without_pinholes(hard: Mask) -> Mask:
    """Close gaps of a few pixels: seams, buttons, noise."""
    side = max(3, round(0.008 * max(hard.shape)) | 1)
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.morphologyEx(hard, cv2.MORPH_CLOSE, disk), dtype=np.float32)
