"""OpenAI's ``POST /images/edits`` as a form: vLLM-Omni, SGLang-Diffusion, LocalAI, Xinference, stable-diffusion.cpp, Retouch."""

import io
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from PIL import Image

from retouch.engines.base import Capabilities
from retouch.engines.remote.edit import RemoteEdit, RemotePicture
from retouch.engines.remote.options import RemoteOptions
from retouch.engines.remote.protocols import body_of, decode_base64, read_data_list
from retouch.engines.remote.refusals import read_text
from retouch.engines.remote.transport import HttpAnswer, HttpRequest
from retouch.images.array_types import Mask
from retouch.kontext import MAX_REFERENCE_IMAGES
from retouch.types import Interpretation, Resolution

__all__ = ["OpenAIForm", "RetouchForm", "transparent_mask"]

_PASSED_ON: Final = ("num_inference_steps", "negative_prompt", "true_cfg_scale", "strength")
_MAX_ITEMS: Final = 50
_MAX_OPERATION_CHARACTERS: Final = 4000


class OpenAIForm:
    """The form as image servers of one's own take it.

    Parameters
    ----------
    options : RemoteOptions
    """

    def __init__(self, options: RemoteOptions) -> None:
        self._options = options

    @property
    def capabilities(self) -> Capabilities:
        """Up to four pictures; steps, strength and the like are passed on."""
        return Capabilities(
            max_input_images=MAX_REFERENCE_IMAGES,
            uses_guidance_scale=True,
            generation_options=frozenset(_PASSED_ON),
        )

    @property
    def version(self) -> str:
        """The model's name, or "openai" where the server has only one."""
        return self._options.model or self._options.protocol

    def start(self, edit: RemoteEdit) -> HttpRequest:
        """See ``WireProtocol``."""
        options = self._options
        named = options.image_field or ("image" if len(edit.pictures) == 1 else "image[]")
        files = [(named, f"image-{index}.png", data) for index, data in enumerate(edit.pictures)]
        if edit.mask is not None:
            files.append(("mask", "mask.png", transparent_mask(edit.mask)))
        body, content_type = _form(self._fields(edit), files)
        headers = {"Content-Type": content_type}
        if options.api_key is not None:
            headers["Authorization"] = f"Bearer {options.api_key}"
        return HttpRequest("POST", f"{options.base_url}/images/edits", headers, body)

    def read(self, answer: HttpAnswer, edit: RemoteEdit) -> RemotePicture:
        """See ``WireProtocol``."""
        return read_data_list(body_of(answer, edit, self._options))

    def _fields(self, edit: RemoteEdit) -> dict[str, str]:
        width, height = edit.size_wh
        fields: dict[str, Any] = {
            "model": self._options.model,
            "prompt": edit.request.prompt,
            "n": 1,
            "size": f"{width}x{height}",
            "response_format": "b64_json",
            "output_format": "png",
            "seed": edit.seed,
            "guidance_scale": edit.request.guidance_scale,
            **{name: getattr(edit.request.generation, name) for name in _PASSED_ON},
        }
        return {name: str(value) for name, value in fields.items() if value is not None}


class RetouchForm(OpenAIForm):
    """The form as another Retouch takes it, which keeps the size that it is sent and says what it changed."""

    def _fields(self, edit: RemoteEdit) -> dict[str, str]:
        request = edit.request
        own = {
            "size": "original",
            "explain": "true",
            "preserve": request.preserve,
            "safety_tolerance": str(request.safety_tolerance),
        }
        return {**super()._fields(edit), **own}

    def read(self, answer: HttpAnswer, edit: RemoteEdit) -> RemotePicture:
        """See ``WireProtocol``."""
        body = body_of(answer, edit, self._options)
        picture = read_data_list(body)
        explained = body.get("explain")
        if not isinstance(explained, Mapping):
            return picture
        images = explained.get("images")
        first = images[0] if isinstance(images, list) and images and isinstance(images[0], Mapping) else {}
        mask, report = first.get("mask"), first.get("preserve")
        encoded = mask.get("b64_json") if isinstance(mask, Mapping) else None
        return RemotePicture(
            picture.source,
            decode_base64(encoded) if isinstance(encoded, str) else None,
            read_text(report.get("kind"), api_key=None) if isinstance(report, Mapping) else "",
            self._interpretation(explained),
        )

    def _interpretation(self, explained: Mapping[str, Any]) -> Interpretation:
        def texts(values: object) -> tuple[str, ...]:
            listed = values[:_MAX_ITEMS] if isinstance(values, list) else []
            return tuple(read_text(each, api_key=self._options.api_key) for each in listed)

        plan = explained.get("plan")
        resolutions = explained.get("resolutions")
        return Interpretation(
            plan=self._read_plan(plan[:_MAX_ITEMS]) if isinstance(plan, list) else (),
            resolutions=tuple(
                Resolution(
                    phrase=read_text(each.get("phrase", ""), api_key=self._options.api_key),
                    resolved_to=read_text(each.get("resolved_to", ""), api_key=self._options.api_key),
                    confidence=_share(each.get("confidence")),
                    verified=each.get("verified") is True,
                )
                for each in (resolutions[:_MAX_ITEMS] if isinstance(resolutions, list) else [])
                if isinstance(each, Mapping)
            ),
            notes=texts(explained.get("notes")),
        )

    def _read_plan(self, plan: list[Any]) -> tuple[Mapping[str, Any], ...]:
        """Return the operations of a plan that are of a bearable size, without the key."""
        try:
            texts = [_without(self._options.api_key, json.dumps(each)) for each in plan if isinstance(each, Mapping)]
        except RecursionError:
            return ()
        return tuple(json.loads(text) for text in texts if len(text) <= _MAX_OPERATION_CHARACTERS)


def _without(key: str | None, text: str) -> str:
    """Return JSON without the key."""
    return text.replace(json.dumps(key)[1:-1], "***") if key else text


def transparent_mask(mask: Mask) -> bytes:
    """Encode a (h, w) float32 [0, 1] mask as a PNG for both readings: transparent, and white, where the edit may be."""
    white = np.rint(mask * 255.0).astype(np.uint8)
    white[(mask > 0) & (white == 0)] = 1
    buffer = io.BytesIO()
    Image.fromarray(np.dstack([white, white, white, 255 - white])).save(buffer, "PNG")
    return buffer.getvalue()


def _share(value: object) -> float:
    return min(1.0, max(0.0, float(value))) if isinstance(value, int | float) else 0.0


def _form(fields: Mapping[str, str], files: Sequence[tuple[str, str, bytes]]) -> tuple[bytes, str]:
    """Return a ``multipart/form-data`` body (RFC 7578) and its content type."""
    boundary = f"retouch-{secrets.token_hex(16)}"
    parts = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value.encode()
        for name, value in fields.items()
    ]
    parts += [
        f'Content-Disposition: form-data; name="{name}"; filename="{file}"\r\nContent-Type: image/png\r\n\r\n'.encode()
        + data
        for name, file, data in files
    ]
    lines = b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return lines + b"--" + boundary.encode() + b"--\r\n", f"multipart/form-data; boundary={boundary}"
