"""The operator's certificate and key: read, and checked before the first answer depends on them.

Needs the extra ``retouch[c2pa]``, which brings cryptography.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from retouch.errors import ConfigurationError

__all__ = ["SigningIdentity", "load_identity"]

_MAX_PEM_BYTES: Final = 256 * 1024
_ALLOWED_USES: Final = {
    "1.3.6.1.5.5.7.3.4": "e-mail protection",
    "1.3.6.1.5.5.7.3.36": "document signing",
    "1.3.6.1.4.1.62558.2.1": "C2PA claim signing",
}
"""Extended key usages that C2PA accepts."""


@dataclass(frozen=True, slots=True)
class SigningIdentity:
    """Who signs.

    Attributes
    ----------
    name : str
        The subject of the certificate, for logs.
    algorithm : str
        C2PA's name of it: "ES256".
    certificates : bytes
        The chain in PEM, the signer's own first.
    private_key : bytes
        In PEM. Never shown.
    expires_at : datetime
    """

    name: str
    algorithm: str
    certificates: bytes
    private_key: bytes = field(repr=False)
    expires_at: datetime


def load_identity(certificate: Path, private_key: Path) -> SigningIdentity:
    """Read and check a certificate chain and its key.

    Parameters
    ----------
    certificate : Path
        PEM, the signer's certificate first and then those that vouch for it; the root may be left out.
    private_key : Path
        PEM, without a password.

    Raises
    ------
    ConfigurationError
        A file can't be read, the two do not belong together, the certificate is not valid now or not made for signing, or the
        extra is not installed. No word of the key is in the message.
    """
    try:
        from cryptography import x509
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import serialization
    except ImportError as exc:
        raise ConfigurationError("Signing answers needs the extra c2pa: pip install 'retouch[c2pa]'.") from exc
    chain_pem, key_pem = _read(certificate, "certificate"), _read(private_key, "private_key")
    try:
        chain = x509.load_pem_x509_certificates(chain_pem)
    except ValueError as exc:
        raise _wrong("certificate", "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)") from exc
    try:
        key = serialization.load_pem_private_key(key_pem, password=None)
    except TypeError as exc:
        raise _wrong(
            "private_key", "is locked with a password; store it without one, readable for the server only"
        ) from exc
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise _wrong("private_key", "holds no private key in PEM form") from exc
    own = chain[0]
    if _public_bytes(own.public_key()) != _public_bytes(key.public_key()):
        raise _wrong("private_key", "does not belong to the first certificate of provenance.certificate")
    _check_times(own)
    _check_uses(own)
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return SigningIdentity(own.subject.rfc4514_string(), _algorithm_of(key), chain_pem, plain, own.not_valid_after_utc)


def _read(path: Path, setting: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise _wrong(setting, f"can't be read: {exc.strerror}") from exc
    if len(data) > _MAX_PEM_BYTES:
        raise _wrong(setting, f"has more than {_MAX_PEM_BYTES} bytes and is no PEM file")
    return data


def _wrong(setting: str, what: str) -> ConfigurationError:
    return ConfigurationError(f"The file of the setting provenance.{setting} {what}.")


def _public_bytes(key: object) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
    return encoded


def _check_times(certificate: object) -> None:
    from cryptography import x509

    assert isinstance(certificate, x509.Certificate)
    now = datetime.now(UTC)
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        raise _wrong("certificate", f"is valid from {first:%Y-%m-%d} to {last:%Y-%m-%d}, and not now; get a new one")


def _check_uses(certificate: object) -> None:
    """Ask for what the C2PA specification asks of a signer's certificate (section 14.5)."""
    from cryptography import x509

    assert isinstance(certificate, x509.Certificate)
    extensions = certificate.extensions
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        extended = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound as exc:
        raise _wrong("certificate", "has no key usage or no extended key usage, which C2PA asks for") from exc
    if not usage.digital_signature:
        raise _wrong("certificate", "is not made for digital signatures (key usage)")
    if not any(each.dotted_string in _ALLOWED_USES for each in extended):
        raise _wrong("certificate", f"needs an extended key usage of {', '.join(_ALLOWED_USES.values())}")
    if certificate.issuer == certificate.subject:
        raise _wrong(
            "certificate", "is signed by itself, which C2PA refuses; get one from an authority, or make your own"
        )


def _algorithm_of(key: object) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ec.EllipticCurvePrivateKey):
        name = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}.get(key.curve.name)
        if name is not None:
            return name
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ED25519"
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= 2048:
        return "PS256"
    raise _wrong("private_key", "must be EC (P-256, P-384, P-521), Ed25519, or RSA of 2048 bits or more")
