"""How explicit a picture is, as a score, and how much of it each ``safety_tolerance`` allows.

The score says one thing only: how likely the picture is pornographic. Violence, hatred and whatever else may be unwelcome in a
picture is not looked at, and the prompt is not judged.
"""

import io
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from retouch.images.array_types import FloatImage, Pixels
from retouch.models import ModelStore

__all__ = ["DEFAULT_TOLERANCE", "THRESHOLDS", "OpenNsfwCheck", "PictureCheck", "prepare"]

DEFAULT_TOLERANCE: Final = 2
"""Of ``EditRequest.safety_tolerance``; its threshold is also what ``has_nsfw_concepts`` is measured by."""

THRESHOLDS: Final[Mapping[int, float]] = MappingProxyType({1: 0.2, 2: 0.5, 3: 0.8, 4: 0.94, 5: 0.985, 6: 1.0})
"""The highest score that each tolerance lets through.

The network's authors call a score below 0.2 safe and one above 0.8 explicit, and what lies between undecided; those two edges
and the middle are 1, 3 and 2. So 1 refuses whatever the network is not sure about, the default refuses what it finds more
likely explicit than not, and 3 only what it is sure about. The odds of 0.2, 0.5 and 0.8 are 1:4, 1:1 and 4:1; 4 and 5 take two
more steps of that size (16:1, 64:1), for pictures that look explicit to a network and are not: swimwear, sport, medicine, art.
No score is above 1, so that 6 refuses nothing.
"""

_MODEL: Final = "open-nsfw"
_INPUT_NAME: Final = "input_0"
_EXPLICIT: Final = 1
"""Position of the probability that the picture is explicit; the other one is its complement."""

_RESIZED_PX: Final = 256
_INPUT_PX: Final = 224
_MEANS_BGR: Final = np.array([104.0, 117.0, 123.0], np.float32)
_JPEG_QUALITY: Final = 75


class PictureCheck(Protocol):
    """Scores pictures. One instance serves all threads."""

    def score(self, pixels: Pixels, /) -> float:
        """Return how likely the picture is explicit: 0 (surely not) to 1 (surely). The same picture has the same score.

        Parameters
        ----------
        pixels : (H, W, 3) uint8, sRGB

        Raises
        ------
        ModelFileError
            A weight file is missing or damaged.
        """


class OpenNsfwCheck:
    """Scores pictures with Yahoo's Open NSFW network. Nothing is loaded before the first score.

    Parameters
    ----------
    models : ModelStore
        Holds the network ``open-nsfw``; its session is shared with everybody who uses the same store.

    Notes
    -----
    The network was trained in 2016 to tell pornographic photos from others, and knows nothing else. It was not made for drawings,
    loses what is small, and misses much that a person would object to; bare skin and tight clothing raise its score.
    About 30 ms a picture of one megapixel on two idle cores.

    References
    ----------
    J. Mahadeokar, G. Pesavento, "Open sourcing a deep learning solution for detecting NSFW images", Yahoo Engineering, 2016.
    K. He et al., "Deep residual learning for image recognition", CVPR 2016 (the network, in a thin version).
    """

    def __init__(self, models: ModelStore) -> None:
        self._models = models

    def load(self) -> None:
        """Load the network, which the first score would do otherwise.

        Raises
        ------
        ModelFileError
            The weight file is missing or damaged.
        """
        self._models.session(_MODEL)

    def score(self, pixels: Pixels, /) -> float:
        """Return how likely the picture is explicit; see ``PictureCheck.score``."""
        (probabilities,) = self._models.session(_MODEL).run(None, {_INPUT_NAME: prepare(pixels)})
        return float(np.clip(probabilities[0, _EXPLICIT], 0.0, 1.0))


def prepare(pixels: Pixels) -> FloatImage:
    """Bring a picture into the form that the network was trained on.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
        Any size.

    Returns
    -------
    (1, 224, 224, 3) float32
        Blue, green and red, less the training set's means: -123 to 151.

    Notes
    -----
    Squeezed to 256 x 256 whatever its ratio (bilinear, area-weighted going down), saved as a JPEG and read again, and cropped
    to the middle 224 x 224. The JPEG is no detour: the network has only ever seen pictures with its artifacts, and scores
    clean ones differently (0.05 instead of 0.002 for one landscape). O(pixels).

    >>> prepare(np.full((300, 400, 3), 128, np.uint8))[0, 100, 100].tolist()
    [24.0, 11.0, 5.0]
    """
    squeezed = Image.fromarray(pixels).resize((_RESIZED_PX, _RESIZED_PX), Image.Resampling.BILINEAR)
    file = io.BytesIO()
    squeezed.save(file, "JPEG", quality=_JPEG_QUALITY)
    with Image.open(file) as read_again:
        rgb: npt.NDArray[Any] = np.asarray(read_again)
    start = (_RESIZED_PX - _INPUT_PX) // 2
    middle = rgb[start : start + _INPUT_PX, start : start + _INPUT_PX, ::-1]
    return np.ascontiguousarray(middle.astype(np.float32) - _MEANS_BGR)[None]
