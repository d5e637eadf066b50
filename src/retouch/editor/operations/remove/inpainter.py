"""What fills a hole: patch synthesis, or a network where the user has put one into the model directory."""

from typing import Final, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from retouch.errors import EditAbortedError, ModelFileError
from retouch.images.array_types import Mask, Pixels
from retouch.images.color import to_float, to_uint8
from retouch.images.fill import fill
from retouch.images.masks import bounding_box
from retouch.models import ModelStore, Session
from retouch.types import ShouldAbort

__all__ = ["INPAINTER_FILE", "Inpainter", "NetworkInpainter", "PatchInpainter", "choose_inpainter"]

NETWORK_NAME: Final = "lama"
INPAINTER_FILE: Final = f"{NETWORK_NAME}.onnx"
"""Where it is in the model directory, if the user has put it there."""
NETWORK_SIDE_PX: Final = 512
CONTEXT_SHARE: Final = 0.6
"""How much of a hole's longer side is shown to the network around it."""

Bools = npt.NDArray[np.bool_]


class Inpainter(Protocol):
    """Fills a hole of a picture."""

    def __call__(
        self,
        pixels: Pixels,
        hole: Mask,
        *,
        sources: Bools | None,
        rng: np.random.Generator,
        should_abort: ShouldAbort | None,
    ) -> Pixels:
        """Return (H, W, 3) uint8 sRGB pixels, bit-identical to ``pixels`` outside the hole.

        Raises
        ------
        EditAbortedError
            ``should_abort`` said so.
        """


class PatchInpainter:
    """Fills by ``retouch.images.fill``."""

    def __call__(
        self,
        pixels: Pixels,
        hole: Mask,
        *,
        sources: Bools | None,
        rng: np.random.Generator,
        should_abort: ShouldAbort | None,
    ) -> Pixels:
        """Fill with patches of the same picture."""
        return fill(pixels, hole, sources=sources, rng=rng, should_abort=should_abort)


class NetworkInpainter:
    """Fills by a network of LaMa's interface: image (1, 3, S, S) and mask (1, 1, S, S), both float32 [0, 1], give an image.

    The network may answer in [0, 1] or in [0, 255].

    References
    ----------
    R. Suvorov et al., "Resolution-robust large mask inpainting with Fourier convolutions", WACV 2022.
    """

    def __init__(self, session: Session, *, image_name: str = "image", mask_name: str = "mask") -> None:
        self._session = session
        self._names = image_name, mask_name

    def __call__(
        self,
        pixels: Pixels,
        hole: Mask,
        *,
        sources: Bools | None,
        rng: np.random.Generator,
        should_abort: ShouldAbort | None,
    ) -> Pixels:
        """Fill one window around the hole; ``sources`` and ``rng`` don't matter to a network."""
        del sources, rng
        if should_abort is not None and should_abort():
            raise EditAbortedError("The edit was stopped before it was finished.")
        box = bounding_box(hole, margin_px=_margin(hole))
        if box is None:
            return pixels
        window, cut = pixels[box], hole[box]
        side = (NETWORK_SIDE_PX, NETWORK_SIDE_PX)
        image = cv2.resize(to_float(window), side, interpolation=cv2.INTER_AREA)
        mask = (cv2.resize((cut > 0).astype(np.float32), side, interpolation=cv2.INTER_AREA) > 0).astype(np.float32)
        feeds = {self._names[0]: image.transpose(2, 0, 1)[None], self._names[1]: mask[None, None]}
        try:
            answer = self._session.run(None, {name: np.ascontiguousarray(value) for name, value in feeds.items()})[0]
            found = answer[0].transpose(1, 2, 0)
        except Exception as exc:  # onnxruntime's own exceptions share no public base class
            raise ModelFileError(
                f"{NETWORK_NAME}.onnx in the model directory does not have LaMa's interface: an image of {NETWORK_SIDE_PX} x "
                f"{NETWORK_SIDE_PX} pixels and a mask give an image. Remove the file, or put another one there."
            ) from exc
        if float(found.max()) > 2.0:
            found = found / 255.0
        full = cv2.resize(found, (window.shape[1], window.shape[0]), interpolation=cv2.INTER_CUBIC)
        result = pixels.copy()
        result[box] = np.where((cut > 0)[..., None], to_uint8(full), window)
        return result


def _margin(hole: Mask) -> int:
    box = bounding_box(hole)
    if box is None:
        return 0
    side = int(max(box[0].stop - box[0].start, box[1].stop - box[1].start))
    return max(32, round(CONTEXT_SHARE * side))


def choose_inpainter(models: ModelStore) -> Inpainter:
    """Return the network that the user put into the model directory as ``lama.onnx``, or patch synthesis."""
    session = models.user_session(NETWORK_NAME)
    return PatchInpainter() if session is None else NetworkInpainter(session)
