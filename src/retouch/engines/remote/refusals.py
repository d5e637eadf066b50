"""From a remote server's refusal to an error of ours. Nothing of its text gets on, but what another Retouch wrote for clients."""

import logging
import re
from collections.abc import Mapping
from typing import Any, Final

from retouch.engines.remote.transport import HttpAnswer
from retouch.errors import EngineError, ModeratedError, RemoteRefusedError, RetouchError, UnsupportedInstructionError

__all__ = ["garbage", "moderated", "read_refusal", "read_text"]

_MODERATION_CODES: Final = frozenset(
    {"content_moderated", "content_policy_violation", "moderation_blocked", "image_generation_user_error"}
)
_CODE: Final = re.compile(r"[A-Za-z0-9_.\-]{1,64}")
_MAX_CHARACTERS: Final = 600
_MAX_PARTS: Final = 20
_KEY_REFUSED: Final = frozenset({401, 403})
_REFUSALS: Final = {
    402: "has no credit left for the operator's account",
    404: "does not know the address or the model. The operator can check remote.url, remote.protocol and remote.model",
    413: "finds the pictures too large",
}

_log = logging.getLogger(__name__)


def read_refusal(answer: HttpAnswer, prompt: str, *, api_key: str | None) -> RetouchError:
    """Return the error that an answer with a status of 300 to 499 stands for.

    Parameters
    ----------
    answer : HttpAnswer
    prompt : str
        What was asked for.
    api_key : str or None
        Taken out of every text that is handed on.
    """
    if answer.status in _KEY_REFUSED:
        _log.error("the remote server wants another key in remote.api_key (status %d)", answer.status)
        wants = "wants a key" if api_key is None else "refuses this server's key"
        return RemoteRefusedError(
            f"The remote server {wants} (status {answer.status}). The operator can set remote.api_key."
        )
    body = answer.json()
    error = _error_of(body) if isinstance(body, Mapping) else {}
    said = error.get("code") or error.get("type")
    code = said if isinstance(said, str) else ""
    if code == UnsupportedInstructionError.code:
        return _unsupported(error, prompt, api_key)
    if code in _MODERATION_CODES:
        return moderated(error.get("allowed_from"))
    shown = code if _CODE.fullmatch(code) and (api_key is None or api_key not in code) else "no code"
    _log.warning("the remote server refused a request with status %d (%s)", answer.status, shown)
    if 300 <= answer.status < 400:
        return RemoteRefusedError(
            "The remote server redirects, which is not followed with a key. The operator can set remote.url to where it leads."
        )
    reason = _REFUSALS.get(answer.status, "refused the request")
    return RemoteRefusedError(f"The remote server {reason} (status {answer.status}).")


def moderated(allowed_from: object = None) -> ModeratedError:
    """Return the error for a picture or prompt that the remote server's own check refused."""
    known = allowed_from if isinstance(allowed_from, int) and 1 <= allowed_from <= 6 else None
    hint = f" A safety_tolerance of {known} lets it through." if known else ""
    return ModeratedError(f"The remote server's content check refused this edit.{hint}", allowed_from=known)


def read_text(value: object, *, api_key: str | None) -> str:
    """Return a text of the remote server in one bounded line, without control characters and the key; empty for no text."""
    if not isinstance(value, str):
        return ""
    text = " ".join("".join(c if c.isprintable() else " " for c in value).split())
    if api_key:
        text = text.replace(api_key, "***")
    return text[:_MAX_CHARACTERS]


def _error_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what tells the reason: OpenAI's ``error``, BFL's and fal's list under ``detail``, or the body itself."""
    error = body.get("error")
    if isinstance(error, Mapping):
        return error
    detail = body.get("detail")
    if isinstance(detail, list) and detail and isinstance(detail[0], Mapping):
        return {"message": body.get("message") or detail[0].get("msg"), "code": detail[0].get("type")}
    return body


def _unsupported(error: Mapping[str, Any], prompt: str, api_key: str | None) -> UnsupportedInstructionError:
    def parts(name: str) -> list[str]:
        given = error.get(name)
        return [read_text(part, api_key=api_key) for part in given[:_MAX_PARTS]] if isinstance(given, list) else []

    hint = read_text(error.get("hint") or error.get("message") or "", api_key=api_key)
    return UnsupportedInstructionError(parts("understood"), parts("not_understood") or [prompt], hint)


def garbage(what: str) -> EngineError:
    """Return the error for an answer that does not hold what the protocol says."""
    return EngineError(f"The remote server's answer {what}. The operator can check remote.protocol.")
