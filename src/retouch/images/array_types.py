"""Names for the arrays that the project passes around.

``Pixels``: (H, W, 3) uint8, sRGB, rows from the top. ``PixelsRGBA``: (H, W, 4) uint8, sRGB with straight alpha.
``FloatImage``: float32, (H, W, C); each function states range and color space. ``Mask``: (H, W) float32 in [0, 1],
1 = may change (or: belongs to the thing).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["FloatImage", "Mask", "Pixels", "PixelsRGBA"]

Pixels = npt.NDArray[np.uint8]
PixelsRGBA = npt.NDArray[np.uint8]
FloatImage = npt.NDArray[np.floating[Any]]
Mask = npt.NDArray[np.float32]
