"""Settings as photo editors write them: "contrast +15, highlights -30", "+20 clarity"."""

import re
from collections.abc import Iterator

__all__ = ["find_sliders", "find_stops"]

_NAMES = (
    "contrast|saturation|vibrance|brightness|highlights|shadows|clarity|sharpness|sharpening|temperature|temp|warmth|dehaze"
    "|noise"
)
_BEFORE = re.compile(rf"\b({_NAMES})[ ]?[:=]?[ ]?([+\-\u2212])[ ]?(\d{{1,3}})(?![\d.])%?")
_BEHIND = re.compile(rf"(?<![\w.])([+\-\u2212])[ ]?(\d{{1,3}})%?[ ](?:in |on |for |to )?({_NAMES})\b")
_FRACTION = re.compile(
    r"(?<![\w.:/])(?:([+\-\u2212])[ ]?)?(?:([1-9])/([2-9])|(an? |one |two |three )(third|quarter)s?)"
    r"(?: of an?)?[ ](?:stops?|ev)\b"
)
_EXPOSURE = re.compile(
    r"\b(?:exposure|ev)(?: compensation)?[ ]?[:=]?[ ]?([+\-\u2212])[ ]?(?:([1-9])/([2-9])|(\d(?:\.\d{1,2})?))(?![\d.%/])"
    r"(?:[ ]?(?:ev|stops?))?"
)
_COUNTS = {"two ": 2, "three ": 3}
_PARTS = {"third": 3, "quarter": 4}
_SAID = {"temp": "temperature", "sharpening": "sharpness"}


def find_sliders(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield where a setting stands in a text in lower case, and what it asks for in words: "increase contrast by 15"."""
    found = [(m.start(), m.end(), m[1], m[2], m[3]) for m in _BEFORE.finditer(text)]
    found += [
        (m.start(), m.end(), m[3], m[1], m[2])
        for m in _BEHIND.finditer(text)
        if not any(start < m.end() and m.start() < end for start, end, *_ in found)
    ]
    said = [
        (start, end, f"{'increase' if sign == '+' else 'reduce'} {_SAID.get(name, name)} by {amount} %")
        for start, end, name, sign, amount in found
    ]
    yield from sorted(said)


def find_stops(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield where parts of a stop stand in a text in lower case, and the same as numbers: "1/3 stop", "exposure +0.7"."""
    for m in _EXPOSURE.finditer(text):
        value = int(m[2]) / int(m[3]) if m[2] else float(m[4])
        yield m.start(), m.end(), f"{value:.2f} stops {'brighter' if m[1] == '+' else 'darker'}"
    for m in _FRACTION.finditer(text):
        value = int(m[2]) / int(m[3]) if m[2] else _COUNTS.get(m[4], 1) / _PARTS[m[5]]
        way = {None: "", "+": " brighter"}.get(m[1], " darker")
        if not text[max(0, m.start() - 16) : m.start()].rstrip().endswith("exposure"):
            yield m.start(), m.end(), f"{value:.2f} stops{way}"
