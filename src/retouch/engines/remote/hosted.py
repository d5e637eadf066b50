"""Hosted APIs: the AI/ML API's ``/images/generations``, and Black Forest Labs' start and poll."""

import base64
import json
import urllib.parse
from collections.abc import Mapping
from typing import Any, Final

from retouch.engines.base import Capabilities
from retouch.engines.remote.edit import RemoteEdit, RemotePicture
from retouch.engines.remote.options import RemoteOptions
from retouch.engines.remote.protocols import Pending, body_of, read_data_list
from retouch.engines.remote.refusals import garbage, moderated
from retouch.engines.remote.transport import HttpAnswer, HttpRequest
from retouch.errors import EngineError
from retouch.kontext import MAX_REFERENCE_IMAGES

__all__ = ["AimlApi", "Bfl"]

_MAX_HOSTED_SEED: Final = 2**32 - 1
"""Hosted APIs take 32 bits; a longer seed is folded into them, so that the same seed stays the same."""

_BFL_DOMAIN: Final = ".bfl.ai"
_BFL_WAITING: Final = frozenset({"Pending", "Queued", "Processing", "Running"})
_BFL_MODERATED: Final = frozenset({"Request Moderated", "Content Moderated"})


class AimlApi:
    """The AI/ML API's dialect, which Retouch's own server also speaks.

    Parameters
    ----------
    options : RemoteOptions
    """

    def __init__(self, options: RemoteOptions) -> None:
        self._options = options

    @property
    def capabilities(self) -> Capabilities:
        """Up to four pictures; it takes no mask and no steps."""
        return Capabilities(max_input_images=MAX_REFERENCE_IMAGES, uses_guidance_scale=True)

    @property
    def version(self) -> str:
        """The model's name, or "aimlapi" where the client names it."""
        return self._options.model or "aimlapi"

    def start(self, edit: RemoteEdit) -> HttpRequest:
        """See ``WireProtocol``."""
        request = edit.request
        uris = [f"data:image/png;base64,{base64.b64encode(data).decode()}" for data in edit.pictures]
        body = {
            "model": self._options.model or request.model,
            "prompt": request.prompt,
            "image_url": uris[0] if len(uris) == 1 else uris,
            "num_images": 1,
            "seed": _hosted_seed(edit.seed),
            "guidance_scale": request.guidance_scale,
            "safety_tolerance": str(request.safety_tolerance),
            "output_format": "png",
            "aspect_ratio": request.aspect_ratio,
        }
        headers = {} if self._options.api_key is None else {"Authorization": f"Bearer {self._options.api_key}"}
        return _post(f"{self._options.base_url}/images/generations", headers, body)

    def read(self, answer: HttpAnswer, edit: RemoteEdit) -> RemotePicture:
        """See ``WireProtocol``."""
        return read_data_list(body_of(answer, edit, self._options))


class Bfl:
    """Black Forest Labs' API: an order is answered with an address that is polled.

    Parameters
    ----------
    options : RemoteOptions
    """

    def __init__(self, options: RemoteOptions) -> None:
        self._options = options

    @property
    def capabilities(self) -> Capabilities:
        """Up to four pictures; it takes no mask, no guidance and no steps."""
        return Capabilities(max_input_images=MAX_REFERENCE_IMAGES)

    @property
    def version(self) -> str:
        """The model's name, or "bfl" where the client's model decides."""
        return self._options.model or "bfl"

    def start(self, edit: RemoteEdit) -> HttpRequest:
        """See ``WireProtocol``."""
        request = edit.request
        encoded = [base64.b64encode(data).decode() for data in edit.pictures]
        body = {
            "prompt": request.prompt,
            "input_image": encoded[0],
            **{f"input_image_{number}": data for number, data in enumerate(encoded[1:], 2)},
            "seed": _hosted_seed(edit.seed),
            "aspect_ratio": request.aspect_ratio,
            "output_format": "png",
            "safety_tolerance": request.safety_tolerance,
        }
        model = self._options.model or ("flux-kontext-pro" if "kontext-pro" in request.model else "flux-kontext-max")
        return _post(f"{self._options.base_url}/{model}", self._headers(), body)

    def read(self, answer: HttpAnswer, edit: RemoteEdit) -> RemotePicture | Pending:
        """See ``WireProtocol``."""
        body = body_of(answer, edit, self._options)
        polling_url = body.get("polling_url")
        if isinstance(polling_url, str):
            return Pending(self._question(polling_url))
        status = body.get("status")
        if status == "Ready":
            result = body.get("result")
            sample = result.get("sample") if isinstance(result, Mapping) else None
            if not isinstance(sample, str) or not sample:
                raise garbage("holds no picture")
            return RemotePicture(sample)
        if status in _BFL_MODERATED:
            raise moderated()
        if status in _BFL_WAITING and isinstance(body.get("id"), str):
            number = urllib.parse.quote(body["id"], safe="")
            return Pending(self._question(f"{self._options.base_url}/get_result?id={number}"))
        if status in ("Error", "Failed", "Task not found"):
            raise EngineError("The remote server failed at this edit. Try again later.")
        raise garbage("says nothing of where the edit stands")

    def _question(self, url: str) -> HttpRequest:
        """Return the request that asks how far the edit is. The key goes with it, so it goes only to the server itself."""
        if not _is_same_server(url, self._options.base_url):
            raise garbage("names an address of another server to poll")
        return HttpRequest("GET", url, self._headers(), is_repeatable=True)

    def _headers(self) -> dict[str, str]:
        return {} if self._options.api_key is None else {"x-key": self._options.api_key}


def _hosted_seed(seed: int) -> int:
    return seed if seed <= _MAX_HOSTED_SEED else seed % _MAX_HOSTED_SEED + 1


def _is_same_server(url: str, base_url: str) -> bool:
    """Tell whether a URL leads to the server of ``base_url``: same scheme, host and port, or both hosts are BFL's over TLS."""
    if not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        given, ours = urllib.parse.urlsplit(url), urllib.parse.urlsplit(base_url)
        same_port = given.port == ours.port
    except ValueError:
        return False
    if given.username is not None or given.password is not None or given.scheme != ours.scheme or not same_port:
        return False
    hosts = (given.hostname or "", ours.hostname or "")
    return hosts[0] == hosts[1] or (given.scheme == "https" and all(host.endswith(_BFL_DOMAIN) for host in hosts))


def _post(url: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> HttpRequest:
    said = {name: value for name, value in body.items() if value is not None}
    return HttpRequest("POST", url, {"Content-Type": "application/json", **headers}, json.dumps(said).encode())
