"""The picture while objects are laid on it: linear light, and how much each pixel was touched."""

import numpy as np

from retouch.editor.operations.harmonize import measure_tint
from retouch.editor.operations.insert.shadow import SHADOW_TINT
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import linear_to_oklab, linear_to_srgb, srgb_to_linear
from retouch.images.compose import Layer, overlap

__all__ = ["Canvas"]

_FAINTEST = 0.75 / 255.0
"""Cover below this can't change an 8-bit pixel."""


def _shadow_tint(linear: FloatImage) -> FloatImage:
    """Return what is left of the light in a full shadow: without color in a picture that has none, or one tone only."""
    thinned = linear[:: max(1, linear.shape[0] // 200), :: max(1, linear.shape[1] // 200)].reshape(-1, 3)
    _, toned = measure_tint(linear_to_oklab(np.ascontiguousarray(thinned)))
    return np.asarray(SHADOW_TINT + toned * (SHADOW_TINT.mean() - SHADOW_TINT), np.float32)


class Canvas:
    """Collects layers and shadows in linear light.

    Parameters
    ----------
    pixels : (H, W, 3) or (H, W, 4) uint8, sRGB, straight alpha
        Never written into.
    """

    def __init__(self, pixels: Pixels) -> None:
        self._pixels = pixels
        self._linear = srgb_to_linear(np.ascontiguousarray(pixels[..., :3]))
        self._tint = _shadow_tint(self._linear)
        self._cover: Mask = np.zeros(pixels.shape[:2], np.float32)
        self._solid: Mask = np.zeros(pixels.shape[:2], np.float32)

    @property
    def picture_hw(self) -> tuple[int, int]:
        """Rows and columns."""
        return self._cover.shape[0], self._cover.shape[1]

    def shade(self, shadow: Mask) -> None:
        """Take light away: (H, W) float32 [0, 1], 1 leaves the tint of a full shadow."""
        touched = shadow > _FAINTEST
        if not touched.any():
            return
        amount = shadow[touched][:, None]
        self._linear[touched] *= 1 - amount * (1 - self._tint)
        self._cover[touched] = np.maximum(self._cover[touched], shadow[touched])

    def tint(self, colors: FloatImage, cover: Mask) -> None:
        """Blend full-size linear colors in by ``cover``."""
        touched = cover > _FAINTEST
        amount = cover[touched][:, None]
        self._linear[touched] = self._linear[touched] * (1 - amount) + colors[touched] * amount
        self._cover[touched] = np.maximum(self._cover[touched], cover[touched])

    def lay(self, layer: Layer, top: int, left: int, hidden: Mask | None = None) -> Mask:
        """Lay a cut-out over the picture; ``hidden`` (H, W) is what stands before it.

        Returns
        -------
        (H, W) float32 [0, 1]
            Where the object shows.
        """
        shown = np.zeros_like(self._cover)
        window = overlap(self.picture_hw, (layer.alpha.shape[0], layer.alpha.shape[1]), top, left)
        if window is None:
            return shown
        alpha = layer.alpha[window.layer_rows, window.layer_cols]
        if hidden is not None:
            alpha = alpha * (1 - hidden[window.rows, window.cols])
        alpha = np.where(alpha > _FAINTEST, alpha, 0).astype(np.float32)
        under = self._linear[window.rows, window.cols]
        over = layer.linear[window.layer_rows, window.layer_cols]
        self._linear[window.rows, window.cols] = under + (over - under) * alpha[..., None]
        shown[window.rows, window.cols] = alpha
        self._cover = np.maximum(self._cover, shown)
        self._solid = self._solid + shown - self._solid * shown
        return shown

    def finish(self) -> tuple[Pixels, Mask]:
        """Return the picture and what was touched.

        Returns
        -------
        uint8, the shape of the input
            Bit-identical to it where the mask is 0.
        (H, W) float32 [0, 1]
        """
        result = self._pixels.copy()
        touched = self._cover > 0
        encoded = linear_to_srgb(self._linear[touched])
        result[..., :3][touched] = (encoded * 255.0 + 0.5).astype(np.uint8)
        if result.shape[2] == 4:
            alpha = result[..., 3].astype(np.float32)
            result[..., 3] = np.where(touched, np.maximum(alpha, np.rint(self._solid * 255.0)), alpha).astype(np.uint8)
        return result, self._cover
