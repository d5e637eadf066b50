"""What the remote engine's protocols have in common, and which one an operator named."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from retouch.engines.base import Capabilities
from retouch.engines.remote.edit import RemoteEdit, RemotePicture
from retouch.engines.remote.options import RemoteOptions
from retouch.engines.remote.refusals import garbage, read_refusal
from retouch.engines.remote.transport import HttpAnswer, HttpRequest

__all__ = ["Pending", "WireProtocol", "body_of", "decode_base64", "read_data_list"]

_OK = range(200, 300)


@dataclass(frozen=True, slots=True)
class Pending:
    """The picture is not there yet: ``ask`` is sent after a while."""

    ask: HttpRequest


class WireProtocol(Protocol):
    """From a ``RemoteEdit`` to requests, and from answers to a picture."""

    @property
    def capabilities(self) -> Capabilities:
        """What can be asked for in this protocol."""

    @property
    def version(self) -> str:
        """What is asked, as far as the settings tell: the model, or the protocol's name."""

    def start(self, edit: RemoteEdit) -> HttpRequest:
        """Return the request that orders the edit."""

    def read(self, answer: HttpAnswer, edit: RemoteEdit) -> RemotePicture | Pending:
        """Return what an answer holds.

        Raises
        ------
        UnsupportedInstructionError, ModeratedError
            The remote server refuses this edit.
        EngineError
            It refuses the key or the request, or answers something else than the protocol says.
        """


def body_of(answer: HttpAnswer, edit: RemoteEdit, options: RemoteOptions) -> Mapping[str, Any]:
    """Return the JSON object of a good answer; raises what any other stands for."""
    if answer.status not in _OK:
        raise read_refusal(answer, edit.request.prompt, api_key=options.api_key)
    body = answer.json()
    if not isinstance(body, Mapping):
        raise garbage("is no JSON object")
    return body


def read_data_list(body: Mapping[str, Any]) -> RemotePicture:
    """Return the first picture of ``data`` (OpenAI) or ``images`` (the AI/ML API's sample): base64 before a URL."""
    listed = body.get("data") or body.get("images")
    first = listed[0] if isinstance(listed, list) and listed else None
    if not isinstance(first, Mapping):
        raise garbage("holds no picture")
    encoded, url = first.get("b64_json"), first.get("url")
    if isinstance(encoded, str) and encoded:
        return RemotePicture(decode_base64(encoded))
    if isinstance(url, str) and url:
        return RemotePicture(url)
    raise garbage("holds no picture")


def decode_base64(text: str) -> bytes:
    """Return the bytes of a base64 text, with or without the beginning of a ``data:`` URI."""
    payload = text.partition(",")[2] if text[:5].lower() == "data:" else text
    compact = "".join(payload.split())
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise garbage("holds no valid base64") from exc
