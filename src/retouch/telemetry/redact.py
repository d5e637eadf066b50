"""What may stand in a log line: one line, of bounded length, without control characters, keys, URLs and pictures."""

import re
from collections.abc import Iterable
from typing import Final

__all__ = ["MOST_CHARACTERS", "clean", "one_line"]

MOST_CHARACTERS: Final = 2000
"""Of one value in a log line."""

_SCANNED_CHARACTERS: Final = 20_000
"""What lies beyond is cut before anything looks at it, so that a huge value costs no time."""

_SECRETS: Final = (
    (re.compile(r"\b(bearer|basic|key|token)\s+[A-Za-z0-9._~+/=\-]{8,}", re.IGNORECASE), r"\1 [hidden]"),
    (
        re.compile(
            r"(?P<name>(?:api[_-]?key|x-key|authorization|password|passwd|secret|token|signature|credential)s?[\"']?\s*[:=]\s*)"
            r"(?:[\"'][^\"']*[\"']|(?!\[hidden\])[^\s,;&\"']+)",
            re.IGNORECASE,
        ),
        r"\g<name>[hidden]",
    ),
    (re.compile(r"\b(?:sk|rk|rt|pk|whsec)[-_][A-Za-z0-9_\-]{8,}"), "[hidden]"),
    (re.compile(r"data:[a-z]+/[a-z0-9.+\-]+[;,][^\s\"']*", re.IGNORECASE), "data:[hidden]"),
    (re.compile(r"\b([a-z][a-z0-9+.\-]{1,15}://)(?:[^\s/@\"']*@)?([^\s/?#\"']*)[^\s\"']*", re.IGNORECASE), r"\1\2/…"),
    (re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{200,}={0,2}"), "[hidden]"),
)
_SUSPICIOUS: Final = re.compile(
    r"bearer|basic|key|token|authorization|passw|secret|signature|credential|\b(?:sk|rk|rt|pk|whsec)[-_]|data:|://"
    r"|(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{200}",
    re.IGNORECASE,
)
"""Every secret holds one of these, and most values none: one look spares the others."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def clean(text: str, hidden: Iterable[str] = ()) -> str:
    """Return a text without secrets: bearer tokens, keys, what follows the host in a URL, pictures, and what is to be hidden.

    >>> clean("GET https://user:pw@example.org/a/b?token=x with Bearer abcdefgh1234")
    'GET https://example.org/… with Bearer [hidden]'
    >>> clean("can't draw a red bird", hidden=["a red bird"])
    "can't draw [hidden]"
    """
    text = text[:_SCANNED_CHARACTERS]
    for secret in hidden:
        text = text.replace(secret, "[hidden]").replace(repr(secret)[1:-1], "[hidden]")
    if _SUSPICIOUS.search(text) is not None:
        for pattern, replacement in _SECRETS:
            text = pattern.sub(replacement, text)
    return text


def one_line(text: str, limit: int = MOST_CHARACTERS) -> str:
    r"""Return a text as one line: control characters and what turns a line's direction are written as escapes, the end is cut.

    >>> one_line("a\nb\x1b[31m")
    'a\\nb\\x1b[31m'
    """
    cut = text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"
    return _CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), cut)
