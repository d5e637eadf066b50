"""Remove small flaws: blemishes on skin, dust, scratches, wires."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.editor.instructions.plan import Flaw, RemoveFlaws
from retouch.editor.operations.remove.filling import Scenery, fill_hole, rgb
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.scene.values import Face
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import srgb8_to_oklab
from retouch.images.filters import box_blur
from retouch.images.masks import grow_mask
from retouch.types import Resolution

__all__ = ["remove_flaws"]

Bools = npt.NDArray[np.bool_]

LEAST_SKIN_PX: Final = 100
NEIGHBORHOOD_SHARE: Final = 0.06
"""A flaw is filled from no farther away than this share of the picture's long side."""
SPECK_SHARE: Final = 0.006
"""Largest size of a speck of dust, as a share of the picture's long side."""
LINE_SHARE: Final = 0.06
"""Least length of a scratch or wire."""
WIRE_WIDTH_SHARE: Final = 0.005
CONTRAST: Final = 0.05
"""Oklab difference from the surroundings by which a flaw is seen."""
NOISE_SIGMAS: Final = 6.0
MOST_OF_PICTURE: Final = 0.12
DIRECTIONS: Final = 16


def remove_flaws(stage: Stage, operation: RemoveFlaws, context: Context) -> Stage:
    """Take out small flaws of one kind, each filled from its surroundings.

    Parameters
    ----------
    stage : Stage
    operation : RemoveFlaws
    context : Context

    Returns
    -------
    Stage
        Bit-identical to ``stage`` away from the flaws.

    Raises
    ------
    UnsupportedInstructionError
        None are found, there is no skin to look at, or so many that they are no flaws.
    """
    pixels = rgb(stage.pixels)
    lab = srgb8_to_oklab(pixels)
    sources: Bools | None = None
    if operation.flaw is Flaw.BLEMISHES:
        found, sources = _find_blemishes(stage, lab, operation)
    else:
        found = _FINDERS[operation.flaw](lab)
        if operation.within is not None:
            found = found * (grow_mask(stage.find(operation.within).mask, 3) > 0.3)
        elif operation.flaw is Flaw.WIRES and stage.scene.sky is not None:
            found = _reaching_into(found, stage.scene.sky)
    context.checkpoint()
    share = float((found > 0).mean())
    if share == 0:
        raise UnsupportedInstructionError(
            (), (operation.phrase,), f"I find no {operation.flaw} here. Name the place, or the thing that is to go."
        )
    if share > MOST_OF_PICTURE:
        raise UnsupportedInstructionError(
            (), (operation.phrase,), f"I can't tell {operation.flaw} from the picture's own detail. Name the place."
        )
    count = cv2.connectedComponents((found > 0).astype(np.uint8), connectivity=8)[0] - 1
    near = grow_mask(found, NEIGHBORHOOD_SHARE * max(found.shape)) > 0
    around = Scenery(near if sources is None else near & sources, np.zeros(found.shape, bool))
    done = fill_hole(stage, found, around, context)
    resolution = Resolution(operation.phrase, f"{count} {'place' if count == 1 else 'places'}", 0.6, verified=True)
    return replace(done, resolutions=(*done.resolutions, resolution))


# Blemishes ---------------------------------------------------------------------------------------------------------------


def _find_blemishes(stage: Stage, lab: FloatImage, operation: RemoveFlaws) -> tuple[Mask, Bools]:
    """Return the blemishes of all faces, and the skin around them."""
    faces = stage.scene.faces
    if not faces:
        hint = "I see no face whose skin could be cleaned. Name the thing that is to go instead."
        raise UnsupportedInstructionError((), (operation.phrase,), hint)
    found, bare = np.zeros(lab.shape[:2], np.float32), np.zeros(lab.shape[:2], bool)
    for face in faces:
        window = _window(face, lab.shape[0], lab.shape[1])
        skin = _skin_of(face, lab, window)
        if int(skin.sum()) >= LEAST_SKIN_PX:
            found[window] = np.maximum(found[window], _spots_on(lab[window], skin, face.box.right - face.box.left))
            bare[window] |= skin
    return found, bare


def _spots_on(lab: FloatImage, skin: Bools, width: float) -> Mask:
    """Return the spots on a face ``width`` pixels wide that are redder or darker than the skin around, which encloses them."""
    fine = cv2.GaussianBlur(lab, (0, 0), max(0.6, 0.008 * width))
    weight = cv2.GaussianBlur(skin.astype(np.float32), (0, 0), 0.045 * width)
    around = cv2.GaussianBlur(lab * skin[..., None], (0, 0), 0.045 * width) / np.maximum(weight, 1e-3)[..., None]
    away = fine - around
    score = np.maximum(2.5 * away[..., 1], 0) + np.maximum(-away[..., 0], 0)
    usual = float(np.median(score[skin])) + 1e-4
    spots = ((score > max(0.04, 4.0 * usual)) & skin).astype(np.uint8)
    least, most = (0.012 * width) ** 2, (0.1 * width) ** 2
    round_ones = _components(spots, lambda area, long, _: least <= area <= most and long * long < 3.5 * area)
    grown = grow_mask(round_ones, max(1, round(0.015 * width)))
    # What reaches the edge of the bare skin is a hair, a shade or a frame of glasses.
    _, labels = cv2.connectedComponents(grown.astype(np.uint8), connectivity=8)
    return np.asarray(grown * ~np.isin(labels, np.unique(labels[~skin])), dtype=np.float32)


def _window(face: Face, height: int, width: int) -> tuple[slice, slice]:
    high, wide = face.box.bottom - face.box.top, face.box.right - face.box.left
    return (
        slice(max(0, int(face.box.top - 0.35 * high)), min(height, int(face.box.bottom + 0.1 * high))),
        slice(max(0, int(face.box.left - 0.05 * wide)), min(width, int(face.box.right + 0.05 * wide))),
    )


def _skin_of(face: Face, lab: FloatImage, window: tuple[slice, slice]) -> Bools:
    """Return the bare skin of a face: an oval without eyes, brows, nostrils and mouth, of the cheeks' color."""
    rows, cols = np.mgrid[window[0], window[1]].astype(np.float32)
    box = face.box
    wide, high = box.right - box.left, box.bottom - box.top
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    oval = ((cols - x) / (0.42 * wide)) ** 2 + ((rows - y) / (0.5 * high)) ** 2 < 1
    for eye_x, eye_y in face.eyes:
        oval &= ((cols - eye_x) / (1.5 * face.eye_radius)) ** 2 + (
            (rows - eye_y + 0.4 * face.eye_radius) / (1.5 * face.eye_radius)
        ) ** 2 > 1
    oval &= ((cols - face.nose[0]) / (0.15 * wide)) ** 2 + (
        (rows - face.nose[1] - 0.03 * high) / (0.08 * high)
    ) ** 2 > 1
    mouth = face.mouth
    half_w, half_h = (mouth.right - mouth.left) / 2, (mouth.bottom - mouth.top) / 2
    mouth_x, mouth_y = (mouth.left + mouth.right) / 2, (mouth.top + mouth.bottom) / 2
    oval &= ((cols - mouth_x) / (0.8 * half_w)) ** 2 + ((rows - mouth_y) / (0.7 * half_h)) ** 2 > 1
    part = lab[window]
    typical = np.median(part[oval], axis=0) if oval.any() else np.zeros(3, np.float32)
    smooth = cv2.GaussianBlur(part, (0, 0), max(1.0, 0.05 * wide))
    alike = (np.abs(smooth[..., 0] - typical[0]) < 0.14) & (
        np.hypot(smooth[..., 1] - typical[1], smooth[..., 2] - typical[2]) < 0.06
    )
    return np.asarray(oval & alike)


# Dust, scratches, wires --------------------------------------------------------------------------------------------------


def _find_dust(lab: FloatImage) -> Mask:
    """Return small specks that differ from smooth surroundings."""
    size = max(3, round(SPECK_SHARE * max(lab.shape[:2])))
    departure = _departure(lab, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * size + 1, 2 * size + 1)))
    specks = (departure > _threshold(departure, 6 * size)).astype(np.uint8)
    found = _components(specks, lambda area, long, _: area >= 2 and long <= 2 * size + 1)
    return grow_mask(found, max(1, round(0.3 * size)))


def _find_scratches(lab: FloatImage) -> Mask:
    """Return specks of dust and thin lines, light or dark."""
    return np.maximum(_find_dust(lab), _find_wires(lab))


def _find_wires(lab: FloatImage) -> Mask:
    """Return long thin lines that are darker than what is behind, or lighter."""
    long_side = max(lab.shape[:2])
    width = max(2, round(WIRE_WIDTH_SHARE * long_side))
    departure = _departure(lab, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1)))
    length = max(9, round(0.5 * LINE_SHARE * long_side)) | 1
    straight = np.zeros(departure.shape, np.float32)
    for angle in range(DIRECTIONS):
        straight = np.maximum(
            straight, cv2.filter2D(departure, cv2.CV_32F, _stroke(length, np.pi * angle / DIRECTIONS))
        )
    limit = _threshold(departure, 8 * width) * 0.6
    thin = ((straight > limit) & (departure > 0.5 * limit)).astype(np.uint8)
    joined = cv2.morphologyEx(thin, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    least = LINE_SHARE * long_side
    lines = _components(joined, lambda area, long, _: long >= least and area <= 3.0 * width * long)
    return grow_mask(lines, max(1, round(0.5 * width)))


def _stroke(length: int, angle: float) -> FloatImage:
    """Return a line through the middle of a square kernel, of sum 1."""
    kernel = np.zeros((length, length), np.uint8)
    half = length // 2
    across, down = round(half * np.cos(angle)), round(half * np.sin(angle))
    cv2.line(kernel, (half - across, half - down), (half + across, half + down), 1)
    return kernel.astype(np.float32) / float(kernel.sum())


def _departure(lab: FloatImage, element: Pixels) -> FloatImage:
    """Return by how much a pixel's lightness leaves what an opening or closing of this size makes of it."""
    lightness = np.ascontiguousarray(lab[..., 0])
    dark = cv2.morphologyEx(lightness, cv2.MORPH_BLACKHAT, element)
    light = cv2.morphologyEx(lightness, cv2.MORPH_TOPHAT, element)
    return np.asarray(np.maximum(dark, light), dtype=np.float32)


def _threshold(departure: FloatImage, radius_px: int) -> FloatImage:
    """Return what counts as a flaw at each place: more where the surroundings are busy."""
    usual = box_blur(np.minimum(departure, 3.0 * CONTRAST), radius_px)
    return np.asarray(np.maximum(CONTRAST, NOISE_SIGMAS * usual), dtype=np.float32)


def _reaching_into(found: Mask, sky: Mask) -> Mask:
    """Keep the lines that run through the sky; in front of buildings and trees they can't be told from edges."""
    count, labels = cv2.connectedComponents((found > 0).astype(np.uint8), connectivity=8)
    airy = grow_mask(sky, 5) > 0.5
    inside = np.bincount(labels.ravel(), weights=airy.ravel().astype(np.float64), minlength=count)
    total = np.maximum(np.bincount(labels.ravel(), minlength=count), 1)
    kept = inside / total > 0.6
    kept[0] = False
    return np.asarray(found * kept[labels], dtype=np.float32)


def _components(binary: Pixels, keeps: Callable[[float, float, float], bool]) -> Mask:
    """Keep the connected parts for which ``keeps(area, longer side, shorter side)`` of their boxes holds."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(binary, connectivity=8)
    kept = np.zeros(count, bool)
    for label in range(1, count):
        wide, high = int(stats[label, cv2.CC_STAT_WIDTH]), int(stats[label, cv2.CC_STAT_HEIGHT])
        kept[label] = keeps(int(stats[label, cv2.CC_STAT_AREA]), float(np.hypot(wide, high)), min(wide, high))
    return np.asarray(kept[labels], dtype=np.float32)


_FINDERS: Final[dict[Flaw, Callable[[FloatImage], Mask]]] = {
    Flaw.DUST: _find_dust,
    Flaw.SCRATCHES: _find_scratches,
    Flaw.WIRES: _find_wires,
}
