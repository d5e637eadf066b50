"""The baseline: the same edit by the library in this process, without a service around it."""

import base64
import io
import time
from typing import Any, Final

from PIL import Image
from skimage.data import astronaut

from retouch.library import Editor
from retouch.testing import FakeEngine, fake_registry

__all__ = ["Direct", "photo_of", "request_body"]

_PROMPTS: Final = {"fake": "Add a bird.", "builtin": "make it black and white"}
_SEED: Final = 7


def photo_of(width: int) -> bytes:
    """Return a JPEG of a photo, 4:3."""
    buffer = io.BytesIO()
    picture = Image.fromarray(astronaut()[64:448]).resize((width, width * 3 // 4), Image.Resampling.LANCZOS)
    picture.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def request_body(engine: str, photo: bytes) -> dict[str, Any]:
    """Return the JSON of the request that the service gets."""
    return {
        "model": "flux/kontext-max/image-to-image",
        "prompt": _PROMPTS[engine],
        "image_url": f"data:image/jpeg;base64,{base64.b64encode(photo).decode()}",
        "seed": _SEED,
        "size": "original",
        "output_format": "jpeg",
        "safety_tolerance": 6,
    }


class Direct:
    """The library, in this process.

    Parameters
    ----------
    engine : {"fake", "builtin"}
    photo : bytes
    """

    def __init__(self, engine: str, photo: bytes) -> None:
        self._editor = Editor(registry=fake_registry(FakeEngine(steps=1)) if engine == "fake" else None)
        self._photo = photo
        self._prompt = _PROMPTS[engine]

    def edit(self) -> float:
        """Make one edit and return its seconds."""
        started = time.perf_counter()
        self._editor.edit(self._photo, self._prompt, seed=_SEED, size="original", safety_tolerance=6)
        return time.perf_counter() - started
