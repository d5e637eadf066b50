"""What an edit did, in plain words: what was done, to what, how surely, and what was assumed."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from retouch.types import EditResult, Resolution

__all__ = ["describe_resolution", "in_past", "what_was_done"]

_PAST: Final = {
    "make": "made", "give": "gave", "put": "put", "cut": "cut", "write": "wrote", "set": "set", "keep": "kept",
    "crop": "cropped", "blur": "blurred", "swap": "swapped", "flip": "flipped", "trim": "trimmed", "show": "showed",
    "draw": "drew", "take": "took", "light:": "changed the light:",
}  # fmt: skip
_DEGREES: Final = ("slightly", "strongly", "loosely", "tightly")


def in_past(description: str) -> str:
    """Return the description of an operation as something that was done.

    >>> in_past("strongly make the picture brighter")
    'strongly made the picture brighter'
    >>> in_past('recolor "the cup" to blue')
    'recolored "the cup" to blue'
    """
    first, _, rest = description.partition(" ")
    if first in _DEGREES:
        return f"{first} {in_past(rest)}"
    past = _PAST.get(first) or (f"{first}d" if first.endswith("e") else f"{first}ed")
    return f"{past} {rest}".rstrip()


def describe_resolution(item: "Resolution") -> str:
    """Return how sure a reading is: "97 % sure", and whether the picture bears it out."""
    sure = f"{100 * item.confidence:.0f} % sure"
    return sure if item.verified else f"{sure}, not verified: see whether it is the right thing"


def what_was_done(result: "EditResult") -> list[str]:
    """Return one line for each operation, with how sure its readings are."""
    lines: list[str] = []
    told: set[str] = set()
    for operation in result.interpretation.plan:
        description = str(operation.get("description") or operation["operation"])
        line = in_past(description) if "description" in operation else description
        found = [item for item in result.interpretation.resolutions if _is_about(item, description, told)]
        told |= {item.phrase for item in found}
        lines.append(f"{line}: {'; '.join(map(describe_resolution, found))}" if found else line)
    lines += [
        (f'"{item.phrase}" is ' if item.phrase else "") + f"{item.resolved_to}: {describe_resolution(item)}"
        for item in result.interpretation.resolutions
        if item.phrase not in told
    ]
    return lines


def _is_about(item: "Resolution", description: str, told: set[str]) -> bool:
    return item.phrase not in told and bool(item.phrase) and item.phrase.lower() in description.lower()
