"""The secret of a key: 256 random bits in a form that is told from other text, and from a mistyped one, without any lookup."""

import hashlib
import re
import secrets
import zlib
from typing import Final

__all__ = ["digest_of", "hint_of", "is_well_formed", "make_secret"]

_PREFIX: Final = "rt_"
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_BYTES: Final = 32
_RANDOM_DIGITS: Final = 43  # 62**43 > 256**32
_CHECK_DIGITS: Final = 6  # 62**6 > 2**32
_FORM: Final = re.compile(rf"rt_[0-9A-Za-z]{{{_RANDOM_DIGITS + _CHECK_DIGITS}}}")
_HINT_CHARACTERS: Final = len(_PREFIX) + 4


def make_secret() -> str:
    """Return a new secret: ``rt_``, 43 digits of base 62 that are 32 random bytes, and 6 digits of their CRC-32."""
    body = _base62(int.from_bytes(secrets.token_bytes(_RANDOM_BYTES)), _RANDOM_DIGITS)
    return _PREFIX + body + _checksum(body)


def is_well_formed(secret: str) -> bool:
    """Whether the text may be a secret of ``make_secret``: form and checksum are right.

    >>> is_well_formed(make_secret()), is_well_formed("rt_" + 49 * "0")
    (True, False)
    """
    if _FORM.fullmatch(secret) is None:
        return False
    body = secret[len(_PREFIX) : -_CHECK_DIGITS]
    return secret.endswith(_checksum(body))


def digest_of(secret: str) -> str:
    """Return the SHA-256 that stands for a secret, in hexadecimal."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def hint_of(secret: str) -> str:
    """Return the beginning of a secret that may be shown: 4 of its 43 random digits."""
    return secret[:_HINT_CHARACTERS]


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode("ascii")), _CHECK_DIGITS)


def _base62(number: int, digits: int) -> str:
    written = []
    for _ in range(digits):
        number, digit = divmod(number, len(_ALPHABET))
        written.append(_ALPHABET[digit])
    return "".join(reversed(written))
