"""What a thing's mask has missed: a leg, a handle. It is seen on a preview of the picture without the thing."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.editor.operations.remove.filling import Scenery, rgb
from retouch.editor.operations.remove.hole import hole_of
from retouch.editor.operations.stage import Context, Stage
from retouch.images.array_types import Mask
from retouch.images.fill import fill
from retouch.images.filters import resize_float
from retouch.images.masks import grow_mask

__all__ = ["find_left_over"]

Bools = npt.NDArray[np.bool_]

PREVIEW_SIDE_PX: Final = 400
SOLVED_SIDE_PX: Final = 160
NEAR_SHARE: Final = 0.02
CONTACT: Final = 0.3
"""Share of its outline by which a rest meets the hole; less has what merely stands beside the thing."""
MOST_LEFT: Final = {True: 0.4, False: 0.12}
"""How large what is left over may be, as a share of the hole; of a named thing less, since what is beside it was not named."""


def find_left_over(
    stage: Stage, hole: Mask, around: Scenery, context: Context, *, spared: Mask | None, whole: bool
) -> Mask:
    """Return what would still stand out at a hole, once it is filled.

    Parameters
    ----------
    stage : Stage
    hole : (H, W) float32, 0 or 1
    around : Scenery
    context : Context
    spared : (H, W) float32 [0, 1] or None
        What must stay.
    whole : bool
        Everything that stands out was meant; else only small rests go, since what is beside the thing was not named.

    Returns
    -------
    (H, W) float32, 0 or 1
        With its own rim; all 0 where nothing is left over.

    Notes
    -----
    Seen on a preview of 400 px; about a quarter of the time of the fill.
    """
    height, width = hole.shape
    none = np.zeros_like(hole)
    scale = min(1.0, PREVIEW_SIDE_PX / max(hole.shape))
    size_hw = max(1, round(height * scale)), max(1, round(width * scale))
    small = cv2.resize(rgb(stage.pixels), size_hw[::-1], interpolation=cv2.INTER_AREA)
    small_hole = (resize_float(hole, size_hw) > 0).astype(np.float32)
    front = (resize_float(around.front.astype(np.float32), size_hw) > 0.5) & (small_hole == 0)
    sources = None if around.sources is None else resize_float(around.sources.astype(np.float32), size_hw) > 0.99
    open_area = np.maximum(small_hole, front.astype(np.float32))
    filled = fill(
        small,
        open_area,
        sources=sources,
        working_side_px=SOLVED_SIDE_PX,
        rng=context.rng,
        should_abort=context.should_abort,
    )
    subject = context.analyze(np.where(front[..., None], small, filled)).subject
    if not subject.present:
        return none
    seen = subject.matte > 0.5
    if spared is not None:
        seen &= resize_float(spared, size_hw) < 0.5
    left = _rests(seen, small_hole, MOST_LEFT[whole])
    if not left.any():
        return none
    full = cv2.resize(left.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR) * (hole == 0)
    return hole_of((full > 0.5).astype(np.float32), spared=spared)


def _rests(seen: Bools, hole: Mask, most_share: float) -> Bools:
    """Return the parts of what stands out that are small and grow out of the hole."""
    _, labels = cv2.connectedComponents(seen.astype(np.uint8), connectivity=8)
    near = grow_mask(hole, max(2, round(NEAR_SHARE * max(hole.shape)))) > 0
    touching = np.setdiff1d(np.unique(labels[near]), [0])
    most = most_share * float(hole.sum())
    found = [label for label in touching if _is_rest(labels == label, hole, most)]
    return np.asarray(np.isin(labels, found) & (hole == 0))


def _is_rest(part: Bools, hole: Mask, most: float) -> bool:
    """Return whether what stands out is small and grows out of the hole, rather than standing beside it."""
    outside = (part & (hole == 0)).astype(np.uint8)
    area = int(outside.sum())
    if not 0 < area <= most:
        return False
    edge = outside - cv2.erode(outside, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    beside = grow_mask(hole, 2) > 0
    contact = float((edge.astype(bool) & beside).sum()) / max(1.0, float(edge.sum()))
    return contact >= CONTACT
