"""One good request in each wire protocol that starts an edit, and what each says of errors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MODEL = "flux/kontext-max/image-to-image"


def code_in_error(body: dict[str, Any]) -> str:
    """The server's own shape, with what OpenAI's clients read."""
    assert {"message", "path", "requestId", "statusCode", "timestamp", "error"} <= set(body)
    assert body["error"]["message"] == body["message"]
    return body["error"]["code"]


def code_of_edits(body: dict[str, Any]) -> str:
    assert body["error"]["status"] == body["statusCode"]
    return body["error"]["code"]


def no_code(body: dict[str, Any]) -> None:
    """Black Forest Labs: words, and nothing for programs."""
    assert body["message"] == body["detail"]
    assert set(body) == {"message", "detail"}


def code_in_details(body: dict[str, Any]) -> str:
    """fal: a list under ``detail``."""
    (told,) = body["detail"]
    assert told["msg"] == body["message"]
    assert told["loc"] == ["body"]
    return told["type"]


def problem_details(body: dict[str, Any]) -> None:
    """Replicate: RFC 9457."""
    assert set(body) == {"title", "detail", "status"}


@dataclass(frozen=True)
class DialectRequest:
    """How an edit is asked for.

    Attributes
    ----------
    name : str
    path : str
    body : callable
        From a picture as a ``data:`` URI to the JSON body.
    code_of : callable
        Checks the shape of an error's body, and returns the code where the protocol has one.
    waits : bool
        Whether the answer comes when the edit is done.
    """

    name: str
    path: str
    body: Callable[[str], dict[str, Any]]
    code_of: Callable[[dict[str, Any]], str | None]
    waits: bool


PROMPT = "Add a bird."
REQUESTS = (
    DialectRequest(
        "aimlapi",
        "/v1/images/generations",
        lambda uri: {"model": MODEL, "prompt": PROMPT, "image_url": uri},
        code_in_error,
        True,
    ),
    DialectRequest(
        "openai", "/v1/images/edits", lambda uri: {"model": MODEL, "prompt": PROMPT, "image": uri}, code_in_error, True
    ),
    DialectRequest("bfl", "/v1/flux-kontext-max", lambda uri: {"prompt": PROMPT, "input_image": uri}, no_code, False),
    DialectRequest(
        "replicate",
        "/v1/models/black-forest-labs/flux-kontext-max/predictions",
        lambda uri: {"input": {"prompt": PROMPT, "input_image": uri}},
        problem_details,
        False,
    ),
    DialectRequest(
        "fal",
        "/falq/fal-ai/flux-pro/kontext/max",
        lambda uri: {"prompt": PROMPT, "image_url": uri},
        code_in_details,
        False,
    ),
    DialectRequest(
        "edits", "/v1/edits", lambda uri: {"model": MODEL, "prompt": PROMPT, "image_url": uri}, code_of_edits, False
    ),
)
