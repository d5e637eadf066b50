"""Sign answers as the operator, by the C2PA specification.

The manifest says what was opened (the input, with its hash, and with its own manifest where it has one), that it was edited, by
which engine, and which digital source type is true of the answer. Neither the prompt nor a preview of the input is in it.
"""

import io
import logging
import warnings
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, Final, Protocol

from retouch._version import __version__
from retouch.errors import ConfigurationError
from retouch.provenance.container import media_type_of
from retouch.provenance.identity import SigningIdentity
from retouch.types import Making

__all__ = ["C2paSigner", "FileSigner", "library_context"]

_MAX_ADDED_BYTES: Final = 4 << 20
"""What signing may add to an answer. An input's own manifests go into it, and a hostile one may hold megabytes."""

_SETTINGS: Final[dict[str, Any]] = {
    # An input may name a web address as the place of its manifest. Nobody follows it: that would fetch what a stranger names.
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    "builder": {"thumbnail": {"enabled": False}},  # would show the picture before the edit
}

_log = logging.getLogger(__name__)


class FileSigner(Protocol):
    """Signs finished files. One instance serves all threads."""

    def __call__(self, data: bytes, media_type: str, making: Making, inputs: Sequence[bytes], /) -> bytes:
        """Return the file with a signed manifest; its pixels are not touched.

        Parameters
        ----------
        data : bytes
            A JPEG or PNG.
        media_type : str
        making : Making
        inputs : sequence of bytes
            The files that it was made from, as they were given.

        Raises
        ------
        ConfigurationError
            It can't be signed: the certificate has expired, the timestamp authority does not answer.
        """


@cache
def library_context(trust_anchors: str | None = None) -> Any:
    """Return the C2PA library's settings as an object of its own.

    Parameters
    ----------
    trust_anchors : str, optional
        Certificates in PEM whose signatures count as trusted, beside the library's own list.

    Raises
    ------
    ConfigurationError
        The extra is not installed.
    """
    c2pa = _library()
    settings = {**_SETTINGS, **({"trust": {"user_anchors": trust_anchors}} if trust_anchors else {})}
    return c2pa.Context.from_dict(settings)


class C2paSigner:
    """Signs with the operator's certificate.

    Parameters
    ----------
    identity : SigningIdentity
    timestamp_url : str, optional
        An RFC 3161 timestamp authority that is asked for every answer. None asks nobody; the signature then counts until the
        certificate expires.

    Raises
    ------
    ConfigurationError
        The extra is not installed, or the C2PA library does not accept the certificate: one tiny picture is signed to find out.
    """

    def __init__(self, identity: SigningIdentity, *, timestamp_url: str | None = None) -> None:
        self._identity = identity
        self._timestamp_url = timestamp_url
        self._sign(_tiny_png(), "image/png", Making("builtin", _ANY_TYPE, None), [], ())

    def __call__(self, data: bytes, media_type: str, making: Making, inputs: Sequence[bytes], /) -> bytes:
        """Return the signed file; see ``FileSigner``."""
        given = [inputs[index] for index in _parent_first(making.base_index, len(inputs))]
        named = {number for number, each in enumerate(given) if _ingredient_type(each) is None}
        while True:
            try:
                signed = self._sign(data, media_type, making, given, named)
            except _UnreadableInputError as exc:
                named.add(exc.number)
                continue
            if len(signed) - len(data) <= _MAX_ADDED_BYTES or len(named) == len(given):
                return signed
            _log.warning("the inputs' own C2PA manifests are too large to be kept in an answer; their names stay")
            named = set(range(len(given)))

    def _sign(
        self, data: bytes, media_type: str, making: Making, inputs: Sequence[bytes], named: Collection[int]
    ) -> bytes:
        """Sign with some of the inputs only named, not read.

        Raises
        ------
        _UnreadableInputError
            The library can't read one of the others.
        """
        c2pa = _library()
        written = io.BytesIO()
        try:
            builder = c2pa.Builder(_manifest(making, len(inputs), named), library_context())
            for number, each in enumerate(inputs):
                if number not in named:
                    _add_ingredient(builder, number, each)
            with c2pa.Signer.from_info(self._signer_info()) as signer:
                builder.sign(signer, media_type, io.BytesIO(data), written)
        except c2pa.C2paError as exc:
            _log.error("C2PA signing failed: %s", exc)
            raise ConfigurationError(
                "An answer could not be signed with the certificate of provenance.certificate; the server's log says why. "
                "Renew the certificate, or take the setting out to answer unsigned."
            ) from exc
        return written.getvalue()

    def _signer_info(self) -> Any:
        identity, url = self._identity, self._timestamp_url
        return _library().C2paSignerInfo(
            identity.algorithm.lower(),
            identity.certificates,
            identity.private_key,
            url.encode() if url else None,
        )


class _UnreadableInputError(Exception):
    """The C2PA library can't read an input: cut off, or a format that only looks as one of its own."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


_ANY_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"


def _manifest(making: Making, input_count: int, named: Collection[int]) -> dict[str, Any]:
    """Return the manifest's definition; inputs that are only named stand in it without a hash."""
    engine, _, version = making.engine.partition("/")
    agent = {"name": f"Retouch {engine}", **({"version": version} if version else {})}
    how = {"softwareAgent": agent, "digitalSourceType": making.digital_source_type}
    if making.base_index is None:
        actions: list[dict[str, Any]] = [{"action": "c2pa.created", **how}]
    else:
        actions = [{"action": "c2pa.opened", "parameters": {"ingredientIds": [_label(0)]}}]
        actions += [
            {"action": "c2pa.placed", "parameters": {"ingredientIds": [_label(number)]}}
            for number in range(1, input_count)
        ]
        actions.append({"action": "c2pa.edited", **how})
    return {
        "claim_generator_info": [{"name": "Retouch", "version": __version__}],
        "ingredients": [{**_ingredient(number), "format": "application/octet-stream"} for number in sorted(named)],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
    }


def _ingredient(number: int) -> dict[str, str]:
    relationship = "parentOf" if number == 0 else "componentOf"
    return {"title": f"input {number + 1}", "relationship": relationship, "label": _label(number)}


def _label(number: int) -> str:
    return f"input-{number + 1}"


def _add_ingredient(builder: Any, number: int, data: bytes) -> None:
    try:
        builder.add_ingredient(_ingredient(number), _ingredient_type(data), io.BytesIO(data))
    except _library().C2paError as exc:
        raise _UnreadableInputError(number) from exc


def _parent_first(base_index: int | None, count: int) -> list[int]:
    """Return the order of the inputs: the one that the answer is built on, and then the others."""
    if base_index is None:
        return []
    return [base_index, *(index for index in range(count) if index != base_index)]


def _ingredient_type(data: bytes) -> str | None:
    """Return the MIME type of an input that the C2PA library can read."""
    known = media_type_of(data)
    if known is not None:
        return known
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if data[:4] in (b"II*\x00", b"MM\x00*"):
        return "image/tiff"
    if data[4:8] == b"ftyp":
        return "image/avif" if data[8:12] in (b"avif", b"avis") else "image/heic"
    return None


def _library() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import c2pa
    except ImportError as exc:
        raise ConfigurationError("C2PA needs the extra c2pa: pip install 'retouch[c2pa]'.") from exc
    return c2pa


def _tiny_png() -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (1, 1)).save(buffer, "PNG")
    return buffer.getvalue()
