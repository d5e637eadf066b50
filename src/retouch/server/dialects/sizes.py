"""Sizes as clients write them. None can be had to the pixel: they stand for the nearest preset ratio."""

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Final, cast

from retouch import kontext
from retouch.server.dialects.fields import Integer, RuleBrokenError
from retouch.types import AspectRatio

__all__ = ["PixelSize", "RatioInWords", "Size", "nearest_ratio"]

_NARROWEST: Final = 9 / 21
_SIZE: Final = re.compile(r"(\d{1,5})x(\d{1,5})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Size:
    """The words "original", unless there is none, and "auto"; or a width and height, which stand for the nearest preset ratio."""

    has_original: bool = True

    @property
    def _words(self) -> tuple[str, ...]:
        return ("original", "auto") if self.has_original else ("auto",)

    @property
    def text(self) -> str:
        """See ``Rule``."""
        return f'{", ".join(json.dumps(word) for word in self._words)} or WIDTHxHEIGHT such as "1024x768"'

    @property
    def schema(self) -> dict[str, Any]:
        """See ``Rule``."""
        pattern = f"^({'|'.join(self._words)}|[1-9][0-9]{{0,4}}x[1-9][0-9]{{0,4}})$"
        return {"type": "string", "pattern": pattern, "examples": ["auto", "1024x768"]}

    def read(self, value: Any) -> str:
        """See ``Rule``."""
        if value in self._words or (isinstance(value, str) and nearest_ratio(value) is not None):
            return str(value)
        raise RuleBrokenError(self.text)


@dataclass(frozen=True, slots=True)
class PixelSize:
    """``{"width": ..., "height": ...}``, as LiteLLM sends it."""

    @property
    def text(self) -> str:
        """See ``Rule``."""
        return 'an object {"width": W, "height": H} of whole numbers from 1 to 99999, or a string WIDTHxHEIGHT'

    @property
    def schema(self) -> dict[str, Any]:
        """See ``Rule``."""
        side = {"type": "integer", "minimum": 1}
        return {"type": "object", "properties": {"width": side, "height": side}, "required": ["width", "height"]}

    def read(self, value: Any) -> str:
        """See ``Rule``."""
        if isinstance(value, dict):
            side = Integer(1, 99_999)
            try:
                return f"{side.read(value.get('width'))}x{side.read(value.get('height'))}"
            except RuleBrokenError as exc:
                raise RuleBrokenError(self.text) from exc
        if isinstance(value, str) and nearest_ratio(value) is not None:
            return value
        raise RuleBrokenError(self.text)


@dataclass(frozen=True, slots=True)
class RatioInWords:
    """``WIDTH:HEIGHT`` of whole numbers, from 21:9 to 9:21; stands for the nearest preset."""

    @property
    def text(self) -> str:
        """See ``Rule``."""
        return "a ratio WIDTH:HEIGHT from 21:9 to 9:21"

    @property
    def schema(self) -> dict[str, Any]:
        """See ``Rule``."""
        return {"type": "string", "examples": ["16:9", "1:1"]}

    def read(self, value: Any) -> AspectRatio:
        """See ``Rule``."""
        ratio = nearest_ratio(value.replace(":", "x")) if isinstance(value, str) and "x" not in value else None
        if ratio is None:
            raise RuleBrokenError(self.text)
        width, height = (int(side) for side in value.split(":"))
        if not _NARROWEST <= width / height <= 1 / _NARROWEST:
            raise RuleBrokenError(self.text)
        return ratio


def nearest_ratio(size: str) -> AspectRatio | None:
    """Return the preset ratio nearest to "WIDTHxHEIGHT", or None when it is no size.

    Near is meant by the logarithm, so that 2:3 and 3:2 are equally far from 1:1.
    """
    match = _SIZE.fullmatch(size)
    if match is None or 0 in (int(match[1]), int(match[2])):
        return None
    wanted = math.log(int(match[1]) / int(match[2]))

    def distance(ratio: str) -> float:
        width, height = ratio.split(":")
        return abs(wanted - math.log(int(width) / int(height)))

    return cast(AspectRatio, min(kontext.ASPECT_RATIOS, key=distance))
