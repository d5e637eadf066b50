"""From the address of a store to the store: a folder, or a bucket of S3, Google Cloud Storage or Azure."""

import os
import re
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from obstore.exceptions import BaseError, UnknownConfigurationKeyError
from obstore.store import AzureStore, GCSStore, S3Store

from retouch.errors import ConfigurationError
from retouch.files.blobs import Blobs
from retouch.files.bucket import BucketBlobs, CloudStore
from retouch.files.folder import FolderBlobs

__all__ = ["StoragePlace", "check_place", "open_blobs"]

_BUCKET_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{1,221}")
_PREFIX: Final = re.compile(r"(/[A-Za-z0-9_][A-Za-z0-9._\-]*)*/?")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")

_CLIENT_OPTIONS: Final = frozenset(
    {
        "allow_http",
        "allow_invalid_certificates",
        "connect_timeout",
        "proxy_ca_certificate",
        "proxy_excludes",
        "proxy_url",
        "root_certificate",
        "timeout",
    }
)
"""Options of the connection; all others are the store's own."""
_BOOLEANS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_BOOLEAN_OPTIONS: Final = frozenset({"allow_http", "allow_invalid_certificates"})
_RETRIES: Final = 3
_RETRY_SECONDS: Final = 20
_TIMEOUTS: Final = {"connect_timeout": "5s", "timeout": "60s"}
"""The library's own patience, ten attempts in three minutes, is more than a client has that waits for its answer."""


@dataclass(frozen=True, slots=True)
class StoragePlace:
    """Where results and inputs are kept.

    Attributes
    ----------
    url : str or None
        ``file:///folder``, ``s3://bucket/prefix``, ``gs://bucket/prefix`` or ``az://container/prefix``; None for the data folder.
    options : mapping of str to str
        What the store has to be told beside, such as ``endpoint`` and ``region``. May hold keys, so it is never shown.
    """

    url: str | None = None
    options: Mapping[str, str] = field(default_factory=dict, repr=False)


def check_place(place: StoragePlace) -> None:
    """Raise ``ConfigurationError`` for an address that can't be, without opening it. The message never repeats it.

    An address may have been written with a key in it.
    """
    parts = _parts(place)
    if parts is None:
        if place.options:
            raise ConfigurationError(
                "storage.options are for a bucket; the data folder has none. Set storage.url, too."
            )
        return
    if parts.scheme == "file":
        if parts.netloc not in ("", "localhost") or not parts.path.startswith("/") or place.options:
            raise ConfigurationError(
                "storage.url of a folder is file:///an/absolute/path, without a host and without storage.options."
            )
        return
    if _BUCKET_NAME.fullmatch(parts.netloc) is None or _PREFIX.fullmatch(parts.path) is None:
        raise ConfigurationError(
            f"storage.url must be {parts.scheme}://BUCKET or {parts.scheme}://BUCKET/PREFIX of letters, digits, '.', '_', '-', "
            "without a key or a port in it. Keys belong into the environment, an endpoint into storage.options.endpoint."
        )


def _parts(place: StoragePlace) -> urllib.parse.SplitResult | None:
    if place.url is None:
        return None
    try:
        parts = urllib.parse.urlsplit(place.url)
    except ValueError:
        parts = urllib.parse.SplitResult("", "", "", "", "")
    is_odd = parts.query or parts.fragment or _CONTROL.search(place.url)
    if parts.scheme not in ("file", *_OPENERS) or is_odd:
        raise ConfigurationError(
            "storage.url must begin with file:///, s3://, gs:// or az://, and have neither '?' nor '#'. Left out, the data "
            "folder is used."
        )
    return parts


def open_blobs(place: StoragePlace, data_folder: Path) -> Blobs:
    """Return the store. No connection is made; ``Blobs.check`` does that.

    Parameters
    ----------
    place : StoragePlace
    data_folder : Path
        For a place without an address.

    Raises
    ------
    ConfigurationError
        The address or an option is wrong, or the store's own settings in the environment are. Names no value of an option.
    """
    check_place(place)
    parts = _parts(place)
    if parts is None:
        return FolderBlobs(data_folder)
    if parts.scheme == "file":
        return FolderBlobs(Path(urllib.request.url2pathname(parts.path)))
    return BucketBlobs(_open_bucket(parts, place.options))


def _open_bucket(parts: urllib.parse.SplitResult, options: Mapping[str, str]) -> CloudStore:
    named = {name.lower(): value for name, value in options.items()}
    client: dict[str, Any] = {**_TIMEOUTS, "allow_http": _environment_allows_http(parts.scheme)}
    client |= {name: _client_value(name, value) for name, value in named.items() if name in _CLIENT_OPTIONS}
    try:
        return _OPENERS[parts.scheme](
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            config={name: value for name, value in named.items() if name not in _CLIENT_OPTIONS},
            client_options=client,
            retry_config={"max_retries": _RETRIES, "retry_timeout": timedelta(seconds=_RETRY_SECONDS)},
        )
    except UnknownConfigurationKeyError:
        names = ", ".join(sorted(named))
        raise ConfigurationError(
            f"storage.options has a name that {parts.scheme}:// does not know; given: {names}. docs/operating/storage.md lists "
            "the usual ones."
        ) from None
    except (BaseError, ValueError, TypeError):  # their texts repeat values, which may be keys
        raise ConfigurationError(
            f"The {parts.scheme}:// store can't be set up: {_WHAT_TO_CHECK[parts.scheme]} Durations are written as '30s'."
        ) from None


def _client_value(name: str, value: str) -> str | bool:
    if name not in _BOOLEAN_OPTIONS:
        return value
    if value.lower() not in _BOOLEANS:
        raise ConfigurationError(f"storage.options.{name} must be true or false.")
    return _BOOLEANS[value.lower()]


def _environment_allows_http(scheme: str) -> bool:
    """What the vendors' tools call it; obstore forgets it as soon as it is given any option of the connection."""
    name = {"s3": "AWS_ALLOW_HTTP", "gs": "GOOGLE_ALLOW_HTTP", "az": "AZURE_ALLOW_HTTP"}[scheme]
    return _BOOLEANS.get(os.environ.get(name, "").lower(), False)


_OPENERS: Final[Mapping[str, Callable[..., CloudStore]]] = {"s3": S3Store, "gs": GCSStore, "az": AzureStore}
_WHAT_TO_CHECK: Final = {
    "s3": "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, and storage.options.",
    "gs": "check GOOGLE_APPLICATION_CREDENTIALS (a file that is there) or GOOGLE_SERVICE_ACCOUNT_KEY, and storage.options.",
    "az": "check AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY (base64) or AZURE_STORAGE_SAS_KEY, and "
    "storage.options.",
}
