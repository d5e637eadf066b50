"""Another frame for a picture: which part of it an answer shows, how large, turned or mirrored, and how it is read.

OpenCV is imported where a frame is read: a server that only passes edits on knows frames, and reads none.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from retouch.errors import InvalidValueError
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.geometry import Fit, fit_pixels

__all__ = ["AnswerSize", "Frame", "read_frame", "read_mask"]

Affine = npt.NDArray[np.float64]

ANSWER_PIXELS: Final = 1024 * 1024
"""Area of a reframed answer where the request does not say: that of the endpoint's square."""
MIN_SIDE_PX: Final = 16
MAX_SIDE_PX: Final = 4096
_EXACT: Final = 1e-6
_SHARPEST_SHRINK: Final = 2.0
_BOX_SLACK_PX: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Frame:
    """Where each pixel of an answer lies in a picture.

    Attributes
    ----------
    rows : two tuples of three float
        The affine map from the answer to the picture, ``x' = a x + b y + c`` and the same for ``y'``, in pixels whose edges are
        whole numbers: (0, 0) is the outer corner of the first pixel, as in ``Fit.box``.
    size_wh : tuple of two int
        Width and height of the answer.

    Raises
    ------
    InvalidValueError
        ``size_wh``: without pixels.
    """

    rows: tuple[tuple[float, float, float], tuple[float, float, float]]
    size_wh: tuple[int, int]

    def __post_init__(self) -> None:
        if min(self.size_wh) < 1:
            raise InvalidValueError("size_wh", "at least one pixel a side", self.size_wh)

    @classmethod
    def of_box(cls, box: tuple[float, float, float, float], size_wh: tuple[int, int]) -> "Frame":
        """Return the frame that shows the (left, top, right, bottom) of a picture; it may reach beyond the picture.

        >>> Frame.of_box((10, 0, 30, 20), (10, 10)).rows
        ((2.0, 0.0, 10.0), (0.0, 2.0, 0.0))
        """
        left, top, right, bottom = box
        scale_x, scale_y = (right - left) / size_wh[0], (bottom - top) / size_wh[1]
        return cls(((scale_x, 0.0, float(left)), (0.0, scale_y, float(top))), size_wh)

    @classmethod
    def of_matrix(cls, matrix: Affine, size_wh: tuple[int, int]) -> "Frame":
        """Return the frame of a (2, 3) matrix."""
        (a, b, c), (d, e, f) = matrix.tolist()
        return cls(((a, b, c), (d, e, f)), size_wh)

    @property
    def matrix(self) -> Affine:
        """The map as a (2, 3) float64 matrix."""
        return np.array(self.rows, dtype=np.float64)

    @property
    def shrink(self) -> float:
        """How many pixels of the picture, along a side, go into one of the answer; below 1 it is enlarged."""
        (a, b, _), (c, d, _) = self.rows
        return math.sqrt(abs(a * d - b * c))

    def inside(self, outer: "Frame") -> "Frame":
        """Return this frame of what ``outer`` shows as a frame of the picture that ``outer`` is of."""
        a, b = outer.matrix, self.matrix
        chained = np.column_stack([a[:, :2] @ b[:, :2], a[:, :2] @ b[:, 2] + a[:, 2]])
        return Frame.of_matrix(chained, self.size_wh)

    def resized(self, size_wh: tuple[int, int]) -> "Frame":
        """Return the same part of the picture at another size."""
        scale = np.array([self.size_wh[0] / size_wh[0], self.size_wh[1] / size_wh[1], 1.0])
        return Frame.of_matrix(self.matrix * scale, size_wh)

    def corners(self) -> npt.NDArray[np.float64]:
        """Return the (4, 2) places in the picture of the answer's corners, clockwise from the upper left."""
        width, height = self.size_wh
        ends = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], dtype=np.float64)
        return np.asarray(ends @ self.matrix.T)

    def to_json(self) -> dict[str, object]:
        """Return the map as JSON-ready values, from pixels of the answer to pixels of the picture."""
        return {"model": "affine", "matrix": [[round(value, 6) for value in row] for row in self.rows]}


@dataclass(frozen=True, slots=True)
class AnswerSize:
    """What a request says about the size of a reframed answer.

    Attributes
    ----------
    keep_scale : bool
        One pixel of the answer for each of the original: ``size="original"``.
    fixed_wh : tuple of two int or None
        The size that an explicit ``aspect_ratio`` asks for.
    """

    keep_scale: bool = False
    fixed_wh: tuple[int, int] | None = None

    @property
    def fixed_ratio(self) -> float | None:
        """Width over height that every answer must have, None where the prompt decides."""
        return None if self.fixed_wh is None else self.fixed_wh[0] / self.fixed_wh[1]

    def for_part(
        self, width: float, height: float, *, shrink: float = 1.0, ratio: tuple[int, int] | None = None
    ) -> tuple[int, int]:
        """Return the answer's (width, height) for a part of a picture.

        Parameters
        ----------
        width, height : float
            Of the part.
        shrink : float
            How many pixels of the original one such unit is.
        ratio : tuple of two int, optional
            A ratio that the prompt names; the size then has exactly that ratio, where it may choose.

        >>> AnswerSize().for_part(300, 200, ratio=(3, 2))
        (1254, 836)
        >>> AnswerSize(keep_scale=True).for_part(300.2, 200, shrink=2.0)
        (600, 400)
        """
        if self.fixed_wh is not None:
            return self.fixed_wh
        if self.keep_scale:
            return max(1, round(width * shrink)), max(1, round(height * shrink))
        if ratio is not None:
            unit = max(1, round(math.sqrt(ANSWER_PIXELS / (ratio[0] * ratio[1]))))
            if max(ratio) * unit <= MAX_SIDE_PX and min(ratio) * unit >= MIN_SIDE_PX:
                return ratio[0] * unit, ratio[1] * unit
        scale = min(math.sqrt(ANSWER_PIXELS / (width * height)), MAX_SIDE_PX / max(width, height))
        return max(MIN_SIDE_PX, round(width * scale)), max(MIN_SIDE_PX, round(height * scale))


def read_frame(picture: Pixels, frame: Frame) -> tuple[Pixels, Mask]:
    """Read a picture through a frame.

    Parameters
    ----------
    picture : (H, W, 3) or (H, W, 4) uint8, sRGB, straight alpha
    frame : Frame
        Of ``picture``.

    Returns
    -------
    pixels : (h, w, C) uint8, sRGB
        Beyond the picture its border is repeated. Bit-identical, only moved, for quarter turns, mirroring and crops at whole
        pixels without a change of scale.
    coverage : (h, w) float32, 0 or 1
        1 where the frame shows the picture, 0 beyond it.

    Notes
    -----
    Upright frames take one pass of Pillow's Lanczos, as every answer does (``fit_pixels``). Turned ones are first brought to at
    most twice the answer's scale by area averages, then read at twice its scale by OpenCV's Lanczos (a = 4), then reduced: a
    turn alone would alias. In gamma-encoded sRGB, as ``fit_pixels``. O(H W + h w).
    """
    upright = _read_upright(picture, frame)
    pixels = upright if upright is not None else _read_turned(picture, frame)
    return pixels, _coverage(picture.shape[1], picture.shape[0], frame)


def read_mask(mask: Mask, frame: Frame) -> Mask:
    """Read a mask through a frame: (h, w) float32 [0, 1], bilinear, 0 beyond the picture."""
    import cv2

    shrink = frame.shrink
    source = cv2.GaussianBlur(mask, (0, 0), 0.4 * shrink) if shrink > 1.5 else mask
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    read = cv2.warpAffine(source, _between_centers(frame.matrix), frame.size_wh, flags=flags)
    return np.asarray(np.clip(read, 0.0, 1.0), dtype=np.float32)


def _read_upright(picture: Pixels, frame: Frame) -> Pixels | None:
    """Read a frame that is a box, perhaps mirrored or on its side; None for any other."""
    matrix = frame.matrix
    linear = matrix[:, :2]
    on_side = abs(linear[0, 0]) < _EXACT and abs(linear[1, 1]) < _EXACT
    if not on_side and (abs(linear[0, 1]) > _EXACT or abs(linear[1, 0]) > _EXACT):
        return None
    corners = frame.corners()
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    size_wh = frame.size_wh[::-1] if on_side else frame.size_wh
    pixels = _read_box(picture, (float(left), float(top), float(right), float(bottom)), size_wh)
    if on_side:
        pixels = pixels.transpose(1, 0, 2)
    across, down = (linear[1, 0], linear[0, 1]) if on_side else (linear[0, 0], linear[1, 1])
    return np.ascontiguousarray(pixels[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1])


def _read_box(picture: Pixels, box: tuple[float, float, float, float], size_wh: tuple[int, int]) -> Pixels:
    """Crop and resize; a box that leaves the picture sees its border repeated."""
    height, width = picture.shape[:2]
    snapped = [round(edge) if abs(edge - round(edge)) < _BOX_SLACK_PX else edge for edge in box]
    left, top, right, bottom = snapped
    before_x, before_y = max(0, math.ceil(-left)), max(0, math.ceil(-top))
    after_x, after_y = max(0, math.ceil(right - width)), max(0, math.ceil(bottom - height))
    if before_x or before_y or after_x or after_y:
        import cv2

        edges = (before_y, after_y, before_x, after_x)
        picture = np.asarray(cv2.copyMakeBorder(picture, *edges, cv2.BORDER_REPLICATE), dtype=np.uint8)
        left, top, right, bottom = left + before_x, top + before_y, right + before_x, bottom + before_y
    whole = all(float(edge).is_integer() for edge in (left, top, right, bottom))
    if whole and (right - left, bottom - top) == size_wh:
        return picture[int(top) : int(bottom), int(left) : int(right)]
    return fit_pixels(picture, Fit((float(left), float(top), float(right), float(bottom)), size_wh))


def _read_turned(picture: Pixels, frame: Frame) -> Pixels:
    """Read a turned frame at twice its size and reduce it; at the picture's own scale it is read directly."""
    import cv2

    matrix, shrink = frame.matrix, frame.shrink
    straight = picture.shape[2] == 4
    source: FloatImage | Pixels = _premultiplied(picture) if straight else picture
    if shrink > _SHARPEST_SHRINK:
        factor = _SHARPEST_SHRINK / shrink
        small_wh = max(1, round(picture.shape[1] * factor)), max(1, round(picture.shape[0] * factor))
        source = cv2.resize(source, small_wh, interpolation=cv2.INTER_AREA)
        back = np.array([[small_wh[0] / picture.shape[1]], [small_wh[1] / picture.shape[0]]])
        matrix = matrix * back
    detail = 2 if shrink > 1.05 else 1
    fine = matrix * np.array([1 / detail, 1 / detail, 1.0])
    size_wh = (frame.size_wh[0] * detail, frame.size_wh[1] * detail)
    flags = cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP
    read = cv2.warpAffine(source, _between_centers(fine), size_wh, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    if detail > 1:
        read = cv2.resize(read, frame.size_wh, interpolation=cv2.INTER_AREA)
    return _straight(read) if straight else np.asarray(read, dtype=np.uint8)


def _between_centers(matrix: Affine) -> Affine:
    """Return the map between pixel centers at whole numbers, OpenCV's convention."""
    moved = matrix.copy()
    moved[:, 2] += 0.5 * matrix[:, :2].sum(axis=1) - 0.5
    return moved


def _premultiplied(picture: Pixels) -> FloatImage:
    image = picture.astype(np.float32)
    image[..., :3] *= image[..., 3:] / 255.0
    return image


def _straight(image: FloatImage) -> Pixels:
    alpha = np.clip(image[..., 3:], 0.0, 255.0)
    colors = image[..., :3] / np.maximum(alpha / 255.0, 1e-3)
    return np.asarray(np.rint(np.clip(np.concatenate([colors, alpha], axis=-1), 0.0, 255.0)), dtype=np.uint8)


def _coverage(width: int, height: int, frame: Frame) -> Mask:
    """Return 1 where the center of an answer's pixel lies in the picture."""
    corners = frame.corners()
    if corners.min() > -_BOX_SLACK_PX and (corners < np.array([width, height]) + _BOX_SLACK_PX).all():
        return np.ones(frame.size_wh[::-1], np.float32)
    columns = np.arange(frame.size_wh[0]) + 0.5
    rows = np.arange(frame.size_wh[1])[:, None] + 0.5
    inside = np.ones(frame.size_wh[::-1], np.bool_)
    for (a, b, c), end in zip(frame.rows, (width, height), strict=True):
        place = a * columns + b * rows + c
        inside &= (place > -_BOX_SLACK_PX) & (place < end + _BOX_SLACK_PX)
    return inside.astype(np.float32)
