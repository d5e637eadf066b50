"""A certificate that could not sign is refused before anything depends on it, and no word of the key is told."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from tests.authority import Authority, make_authority, private_pem

from retouch.errors import ConfigurationError
from retouch.provenance.identity import load_identity


def test_a_good_pair_is_read_and_its_key_is_not_shown(pem_files: tuple[Path, Path], authority: Authority) -> None:
    identity = load_identity(*pem_files)
    assert identity.algorithm == "ES256"
    assert "A signer" in identity.name
    assert authority.key.splitlines()[1] not in repr(identity)


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(ec.generate_private_key(ec.SECP384R1()), "ES384"), (ed25519.Ed25519PrivateKey.generate(), "ED25519")],
)
def test_other_keys_have_other_algorithms(key, algorithm: str, tmp_path: Path) -> None:
    assert load_identity(*make_authority(key=key).write(tmp_path)).algorithm == algorithm


def test_a_key_of_another_certificate_is_refused(authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.write(tmp_path)
    key.write_text(make_authority().key)
    with pytest.raises(ConfigurationError, match=r"private_key does not belong to .*provenance\.certificate") as caught:
        load_identity(certificate, key)
    assert key.read_text().splitlines()[1] not in str(caught.value)


@pytest.mark.parametrize(
    ("made", "complaint"),
    [
        ({"days_left": -1}, "is valid from .* and not now"),
        ({"uses": (ExtendedKeyUsageOID.SERVER_AUTH,)}, "extended key usage of e-mail protection"),
        ({"self_signed": True}, "signed by itself"),
        ({"key": rsa.generate_private_key(65537, 1024)}, "RSA of 2048 bits or more"),
        ({"key": ec.generate_private_key(ec.SECP256K1())}, "must be EC"),
    ],
)
def test_a_certificate_that_c2pa_would_refuse_is_refused_with_the_reason(made, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        load_identity(*make_authority(**made).write(tmp_path))


def test_a_locked_key_is_refused_with_the_way_out(authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.write(tmp_path)
    key.write_text(private_pem(ec.generate_private_key(ec.SECP256R1()), b"secret"))
    with pytest.raises(ConfigurationError, match="locked with a password"):
        load_identity(certificate, key)


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(("content", "complaint"), [(b"nothing", "in PEM form"), (None, "can't be read")])
def test_files_that_hold_something_else_are_named(which, content, complaint, pem_files: tuple[Path, Path]) -> None:
    path = pem_files[which]
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=f"{('certificate', 'private_key')[which]} .*{complaint}"):
        load_identity(*pem_files)
