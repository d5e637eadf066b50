"""Settings as photo editors write them: "contrast +15, highlights -30", "+20 clarity"."""

import re
from collections.abc import Iterator

__all__ = ["find_sliders"]

_NAMES = (
    "contrast|saturation|vibrance|brightness|highlights|shadows|clarity|sharpness|sharpening|temperature|temp|warmth|dehaze|noise"
)
_BEFORE = re.compile(rf"\b({_NAMES})[ ]?[:=]?[ ]?([+\-\u2212])[ ]?(\d{{1,3}})(?![\d.])%?")
_BEHIND = re.compile(rf"(?<![\w.])([+\-\u2212])[ ]?(\d{{1,3}})%?[ ](?:in |on |for |to )?({_NAMES})\b")
_SAID = {"temp": "temperature", "sharpening": "sharpness"}


def find_sliders(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield where a setting stands in a text in lower case, and what it asks for in words: "increase contrast by 15"."""
    found = [(m.start(), m.end(), m[1], m[2], m[3]) for m in _BEFORE.finditer(text)]
    found += [
        (m.start(), m.end(), m[3], m[1], m[2])
        for m in _BEHIND.finditer(text)
        if not any(start < m.end() and m.start() < end for start, end, *_ in found)
    ]
    for start, end, name, sign, amount in sorted(found):
        verb = "increase" if sign == "+" else "reduce"
        yield start, end, f"{verb} {_SAID.get(name, name)} by {amount} %"
