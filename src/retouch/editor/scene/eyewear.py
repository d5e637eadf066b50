"""Glasses on a face, and dark glasses on anybody.

A face is turned upright and brought to one size, so that frames are looked for where glasses sit: around both eyes and, above
all, across the bridge of the nose, where a bare face has no line.
"""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.editor.scene.graph_cut import keep_large_parts, soften_edges, working_size
from retouch.editor.scene.values import Face
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import srgb8_to_oklab
from retouch.images.filters import resize_float

__all__ = ["cut_out_dark_glasses", "cut_out_glasses"]

BoolMask = npt.NDArray[np.bool_]

_EYES_APART: Final = 80
"""Distance between the eyes in the upright strip, in its pixels; the other lengths here are shares of it."""
_STRIP_WH: Final = (256, 136)
_EYE_ROW: Final = 52
MIN_EYES_APART_PX: Final = 18.0
"""Below this a frame is thinner than a pixel."""
_LINE: Final = 0.22
"""Width of the widest frame."""
_MIN_LINE: Final = 0.045
"""Oklab lightness that a frame lies below what is on both sides of it."""
_STRONG_LINE: Final = 0.15
"""The same beyond the rims' usual place, where a wrinkle may lie."""
_MIN_BRIDGE: Final = 0.8
"""Share of the columns between the eyes in which a line crosses the nose."""
_DARK_FRAME: Final = 0.65
_LEAST_PART: Final = 0.3
"""Of a frame against its largest part; less is hair or an ear's shade."""
_MIN_SPAN: Final = 0.15
_DARK_LENS: Final = 0.62
"""Lightness against the cheeks' below which a lens is a dark one."""
_MIN_LENS: Final = 0.6
_WARM: Final = 0.7
_BLACK: Final = 0.4
_SHARE_OF_SUBJECT: Final = (0.001, 0.12)
_MIN_FILL: Final = 0.3
_SPILL: Final = 0.04
_SMALLER_LENS: Final = 0.25
"""The farther lens against the nearer one."""


def cut_out_glasses(pixels: Pixels, face: Face, *, dark: bool = False) -> Mask | None:
    """Cut out the glasses on a face: the frame, or frame and lenses where these are dark.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    face : Face
    dark : bool
        Only glasses with dark lenses are meant.

    Returns
    -------
    (H, W) float32 [0, 1] or None
        None where no line crosses the bridge of the nose and no lens is dark: a bare face, a rimless or a pale frame, or a face
        that is too small, or in profile.
    """
    apart = float(np.hypot(face.eyes[1][0] - face.eyes[0][0], face.eyes[1][1] - face.eyes[0][1]))
    if apart < MIN_EYES_APART_PX:
        return None
    to_strip = _upright(face, apart)
    strip = cv2.warpAffine(pixels, to_strip, _STRIP_WH, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    lightness = cv2.GaussianBlur(srgb8_to_oklab(strip)[..., 0], (0, 0), 1.0)
    found = _dark_lenses(lightness)
    if found is None and not dark:
        found = _frame(lightness)
    if found is None:
        return None
    size_wh = pixels.shape[1], pixels.shape[0]
    back = cv2.warpAffine(
        cv2.GaussianBlur(found.astype(np.float32), (0, 0), 0.8), cv2.invertAffineTransform(to_strip), size_wh
    )
    return np.asarray(np.clip(back * 1.3 - 0.15, 0.0, 1.0), dtype=np.float32)


def cut_out_dark_glasses(pixels: Pixels, heat: Mask, matte: Mask) -> Mask | None:
    """Cut out dark glasses on a subject without a person's face: the black blob where the classifier sees sunglasses.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    heat : (h, w) float32 [0, 1]
        Of sunglasses.
    matte : (H, W) float32 [0, 1]
        Of the subject, which wears them.

    Returns
    -------
    (H, W) float32 [0, 1] or None
    """
    size_hw = working_size(pixels.shape[0], pixels.shape[1])
    small = cv2.resize(pixels, size_hw[::-1], interpolation=cv2.INTER_AREA)
    # Glasses stand out from a narrow head, and a matte may end before them.
    spill = round(_SPILL * max(size_hw)) | 1
    on_subject = (
        cv2.dilate((resize_float(matte, size_hw) > 0.5).astype(np.uint8), np.ones((spill, spill), np.uint8)) > 0
    )
    warmth = resize_float(heat, size_hw)
    lab = srgb8_to_oklab(cv2.bilateralFilter(small, 5, 25, 5))
    black = (lab[..., 0] < _BLACK) & (np.hypot(lab[..., 1], lab[..., 2]) < 0.06) & on_subject
    black = cv2.morphologyEx(black.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    side = max(3, round(0.012 * max(size_hw)) | 1)
    joined = cv2.morphologyEx(black, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    least, most = (share * float(on_subject.sum()) for share in _SHARE_OF_SUBJECT)
    lenses: dict[int, int] = {}
    for label in range(1, count):
        area = int(stats[label, cv2.CC_STAT_AREA])
        is_compact = area >= _MIN_FILL * stats[label, cv2.CC_STAT_WIDTH] * stats[label, cv2.CC_STAT_HEIGHT]
        is_warm = float(warmth[labels == label].mean()) > _WARM
        if least <= area <= most and is_compact and is_warm:
            lenses[label] = area
    if not lenses:
        return None
    kept = [label for label, area in lenses.items() if area >= _SMALLER_LENS * max(lenses.values())]
    return np.asarray(soften_edges(pixels, np.isin(labels, kept).astype(np.float32), reach=0.004), dtype=np.float32)


def _upright(face: Face, apart: float) -> npt.NDArray[np.float64]:
    """Return the (2, 3) map that turns a face upright, its eyes ``_EYES_APART`` apart in the strip."""
    scale, turn = _EYES_APART / apart, np.radians(face.tilt)
    x = (face.eyes[0][0] + face.eyes[1][0]) / 2
    y = (face.eyes[0][1] + face.eyes[1][1]) / 2
    cosine, sine = np.cos(turn) * scale, np.sin(turn) * scale
    return np.array(
        [[cosine, sine, _STRIP_WH[0] / 2 - cosine * x - sine * y], [-sine, cosine, _EYE_ROW + sine * x - cosine * y]]
    )


def _grids() -> tuple[FloatImage, FloatImage]:
    """Return how far right of the face's middle and below the eyes each pixel of the strip is, in distances of the eyes."""
    rows, columns = (grid.astype(np.float32) for grid in np.mgrid[: _STRIP_WH[1], : _STRIP_WH[0]])
    return (columns - _STRIP_WH[0] / 2) / _EYES_APART, (rows - _EYE_ROW) / _EYES_APART


def _cheek_lightness(lightness: FloatImage) -> float:
    across, down = _grids()
    return float(np.median(lightness[(np.abs(np.abs(across) - 0.5) < 0.18) & (down > 0.62) & (down < 0.85)]))


def _dark_lenses(lightness: FloatImage) -> BoolMask | None:
    """Return both lenses with their frame where most of either's place is much darker than the cheeks."""
    across, down = _grids()
    dark = lightness < _DARK_LENS * _cheek_lightness(lightness)
    for side in (-0.5, 0.5):
        lens = ((across - side) / 0.36) ** 2 + ((down - 0.08) / 0.22) ** 2 < 1
        if float(dark[lens].mean()) < _MIN_LENS:
            return None
    zone = (np.abs(across) < 1.25) & (down > -0.34) & (down < 0.62)
    joined = cv2.morphologyEx((dark & zone).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    _, labels = cv2.connectedComponents(joined)
    at = [labels[_EYE_ROW + 6, round(_STRIP_WH[0] / 2 + side * _EYES_APART)] for side in (-0.5, 0.5)]
    return np.asarray(np.isin(labels, [label for label in at if label > 0]))


def _frame(lightness: FloatImage) -> BoolMask | None:
    """Return the lines of a frame where one crosses the bridge of the nose; None where none does."""
    across, down = _grids()
    side = round(_LINE * _EYES_APART) | 1
    closed = cv2.morphologyEx(lightness, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    depth = closed - lightness
    line, strong = depth > _MIN_LINE, depth > _STRONG_LINE
    bridge = line & (np.abs(across) < 0.16) & (down > -0.25) & (down < 0.22)
    crossed = bridge.any(axis=0)[np.abs(across[0]) < 0.13]
    if float(crossed.mean()) < _MIN_BRIDGE:
        return None
    around = np.zeros_like(line)
    for eye in (-0.55, 0.55):
        rim = np.abs((across - eye) / 0.56) ** 2.5 + np.abs((down - 0.08) / 0.42) ** 2.5
        eye_opening = ((across - 0.91 * eye) / 0.3) ** 2 + (down / 0.15) ** 2 < 1
        usual, beyond = (rim > 0.4) & (rim < 1.05), (rim > 0.3) & (rim < 1.6)
        around |= ((line & usual) | (strong & beyond)) & ~eye_opening
    temples = (np.abs(across) > 0.9) & (np.abs(across) < 1.2) & (np.abs(down + 0.15) < 0.17)
    parts = around | (strong & temples) | bridge
    _, labels = cv2.connectedComponents(cv2.dilate(parts.astype(np.uint8), np.ones((3, 3), np.uint8)))
    reaches = parts & np.isin(labels, _touching(labels, bridge))
    # A highlight may part one rim from the bridge: what mirrors the other side belongs to it.
    mirrored = cv2.dilate(reaches[:, ::-1].astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    reaches |= parts & mirrored
    # Paler lines may be wrinkles as well as a pale frame: painted, they would look like scratches.
    dark = reaches & (lightness < _DARK_FRAME * _cheek_lightness(lightness))
    dark = keep_large_parts(dark.astype(np.float32), share_of_largest=_LEAST_PART) > 0.5
    return np.asarray(dark) if _spans_both(dark, across) else None


def _spans_both(lines: BoolMask, across: FloatImage) -> bool:
    """Return whether lines cover a fair part of the width on either side of the nose."""
    spans = [(lines & (np.sign(across) == sign)).any(axis=0)[np.abs(across[0]) < 1.2].mean() for sign in (-1, 1)]
    return float(min(spans)) > _MIN_SPAN


def _touching(labels: npt.NDArray[np.int32], where: BoolMask) -> npt.NDArray[np.int32]:
    """Return the labels of the parts that some pixels lie in."""
    found = np.unique(labels[where])
    return np.asarray(found[found > 0])
