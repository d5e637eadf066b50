"""Every error that Retouch raises on purpose.

::

    RetouchError
     ├─ RequestError                     the caller can fix it (HTTP 4xx)
     │   ├─ InvalidValueError            a field has a wrong value: names field, rule, value
     │   ├─ ImageError                   an input picture can't be used
     │   │   ├─ ImageDecodeError         not a picture, truncated, damaged, or a format that is not allowed
     │   │   ├─ ImageTooLargeError       too many bytes or pixels
     │   │   └─ ImageFetchError          the URL could not be fetched
     │   │       └─ AddressNotAllowedError   the URL leads to a place that we do not fetch from
     │   ├─ ModeratedError               a safety check refuses the prompt, or a picture that was given or made
     │   ├─ UnsupportedInstructionError  the engine can't carry out (part of) the prompt
     │   └─ IdempotencyConflictError     an idempotency key comes again with something else
     ├─ AuthenticationError              no key, or a wrong one
     ├─ PermissionDeniedError            the key may not be used for this
     ├─ OutOfCreditsError                the key's credits do not pay for this
     ├─ RateLimitedError                 the key has asked for as much as it may, for now
     ├─ NotFoundError                    no such model, file or job
     ├─ QueueFullError                   too much work at present
     ├─ EditAbortedError                 the caller or a limit stopped a running edit
     ├─ ConfigurationError               the operator can fix it: settings, packs, models
     │   ├─ ModelFileError               a weight file is missing, damaged or not the one we know
     │   └─ ObjectPackError              a cut-out pack is missing, damaged or can't be fetched
     ├─ StorageError                     a result or an input could not be written or read
     └─ EngineError                      an engine failed on a valid request
         └─ RemoteRefusedError           a remote server refuses what this server sent: key, model, address

Every class has a ``code`` (stable, for programs), ``retryable`` (would the same call succeed later?) and its context as
attributes. The message says what was wrong, the value, what is allowed, and what to do. Messages never hold paths of the
server, secrets, or the text of an unexpected exception.
"""

from collections.abc import Sequence
from typing import ClassVar

__all__ = [
    "AddressNotAllowedError",
    "AuthenticationError",
    "ConfigurationError",
    "EditAbortedError",
    "EngineError",
    "IdempotencyConflictError",
    "ImageDecodeError",
    "ImageError",
    "ImageFetchError",
    "ImageTooLargeError",
    "InvalidValueError",
    "ModelFileError",
    "ModeratedError",
    "NotFoundError",
    "ObjectPackError",
    "OutOfCreditsError",
    "PermissionDeniedError",
    "QueueFullError",
    "RateLimitedError",
    "RemoteRefusedError",
    "RequestError",
    "RetouchError",
    "StorageError",
    "UnsupportedInstructionError",
]


class RetouchError(Exception):
    """The root of every error that Retouch raises on purpose."""

    code: ClassVar[str] = "retouch_error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class RequestError(RetouchError):
    """The request can't be carried out as it stands; the caller can fix it."""

    code = "invalid_request"


class InvalidValueError(RequestError):
    """A field of the request has a value that its rule does not allow.

    Attributes
    ----------
    field : str
        Name of the field, in the words of ``EditRequest`` (a dialect maps it to its own).
    rule : str
        What is allowed.
    value : object
        What was received. Shortened in the message.
    """

    code = "invalid_value"

    def __init__(self, field: str, rule: str, value: object) -> None:
        super().__init__(f"{field} must be {rule}; received {shorten(value)}.")
        self.field = field
        self.rule = rule
        self.value = value


class ImageError(RequestError):
    """An input picture can't be used.

    Attributes
    ----------
    index : int or None
        Which input picture, counted from 0, where that is known.
    """

    code = "invalid_image"

    def __init__(self, message: str, *, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


class ImageDecodeError(ImageError):
    """The bytes are no picture in an allowed format, or the picture is damaged."""

    code = "image_decode_failed"


class ImageTooLargeError(ImageError):
    """The picture has more bytes or pixels than are allowed."""

    code = "image_too_large"


class ImageFetchError(ImageError):
    """The URL of an input picture could not be fetched."""

    code = "image_fetch_failed"


class AddressNotAllowedError(ImageFetchError):
    """The URL, or a redirect of it, leads to an address that is not fetched from."""

    code = "address_not_allowed"


class ModeratedError(RequestError):
    """A safety check refused the prompt, or a picture that was given or made; no picture is answered.

    Attributes
    ----------
    check : str or None
        "prompt", "input" or "output"; None where a remote server decided and did not say.
    index : int or None
        Which input picture, counted from 0; None when something else was refused.
    attempt : int or None
        Which finished picture, counted from 0; None when something else was refused.
    rule : str or None
        Name of the policy's rule that the prompt breaks.
    allowed_from : int or None
        The smallest ``safety_tolerance`` that lets this through; None where there is none that may be asked for, or where a
        remote server decided and did not say.
    """

    code = "content_moderated"

    def __init__(
        self,
        message: str,
        *,
        allowed_from: int | None,
        check: str | None = None,
        index: int | None = None,
        attempt: int | None = None,
        rule: str | None = None,
    ) -> None:
        super().__init__(message)
        self.check = check
        self.index = index
        self.attempt = attempt
        self.rule = rule
        self.allowed_from = allowed_from


class UnsupportedInstructionError(RequestError):
    """The engine can't carry out the prompt, or a part of it. Nothing was edited.

    Attributes
    ----------
    understood : tuple of str
        The parts that the engine could have carried out, in plain words.
    not_understood : tuple of str
        The parts that it can't, as they stand in the prompt.
    hint : str
        What to do instead.
    """

    code = "unsupported_instruction"

    def __init__(self, understood: Sequence[str], not_understood: Sequence[str], hint: str) -> None:
        refused = "; ".join(f'"{part}"' for part in not_understood) or "the instruction"
        also = f" Understood: {'; '.join(understood)}." if understood else ""
        super().__init__(f"Can't carry out {refused}.{also} {hint}")
        self.understood = tuple(understood)
        self.not_understood = tuple(not_understood)
        self.hint = hint


class IdempotencyConflictError(RequestError):
    """An idempotency key comes a second time, and asks for something else than the first time.

    Attributes
    ----------
    key : str
    """

    code = "idempotency_conflict"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"The Idempotency-Key {shorten(key)} came before with another request. Send the same request again, or a new key."
        )
        self.key = key


class AuthenticationError(RetouchError):
    """The request carries no key, or one that is not known."""

    code = "invalid_api_key"


class PermissionDeniedError(RetouchError):
    """The key is known, and may not be used for this."""

    code = "permission_denied"


class OutOfCreditsError(RetouchError):
    """The key's credits do not pay for the request."""

    code = "out_of_credits"


class RateLimitedError(RetouchError):
    """The key, or the address, has asked for as much as it may for now.

    Attributes
    ----------
    retry_after_seconds : float
        When it makes sense to try again.
    """

    code = "rate_limited"
    retryable = True

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class NotFoundError(RetouchError):
    """There is no such model, file or job.

    Attributes
    ----------
    kind : str
        What was looked for: "model", "file", "job", "engine".
    name : str
        The name that was asked for.
    """

    code = "not_found"

    def __init__(self, kind: str, name: str, hint: str = "") -> None:
        super().__init__(f"There is no {kind} named {shorten(name)}. {hint}".rstrip())
        self.kind = kind
        self.name = name


class QueueFullError(RetouchError):
    """Too many edits are waiting.

    Attributes
    ----------
    retry_after_seconds : float
        When it makes sense to try again.
    """

    code = "queue_full"
    retryable = True

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class EditAbortedError(RetouchError):
    """A running edit was stopped by its caller or by a limit."""

    code = "aborted"
    retryable = True


class ConfigurationError(RetouchError):
    """The installation or its settings are wrong; the operator can fix it."""

    code = "configuration_error"


class ModelFileError(ConfigurationError):
    """A weight file is missing, damaged, or not the one whose checksum we know."""

    code = "model_unavailable"


class ObjectPackError(ConfigurationError):
    """A pack of cut-outs is missing, damaged, or could not be fetched."""

    code = "object_pack_unavailable"


class StorageError(RetouchError):
    """A file could not be written or read: full disk, missing rights, a lost connection."""

    code = "storage_failed"
    retryable = True


class EngineError(RetouchError):
    """An engine failed on a request that was valid."""

    code = "engine_failed"
    retryable = True


class RemoteRefusedError(EngineError):
    """The remote server that makes the edits refuses what this server sent; the operator can fix it, the caller can't."""

    code = "remote_refused"
    retryable = False


def shorten(value: object, limit: int = 80) -> str:
    """Return ``repr(value)``, cut to ``limit`` characters, for use in a message."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
