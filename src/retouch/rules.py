"""Checks of single values, each with the error that names the field and its rule."""

import math

from retouch.errors import InvalidValueError

__all__ = ["require_integer", "require_number", "require_text"]


def require_text(field_name: str, value: object, max_characters: int) -> None:
    """Raise ``InvalidValueError`` unless ``value`` is text with something in it and not too long."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidValueError(field_name, "text that is not empty", value)
    if len(value) > max_characters:
        rule = f"at most {max_characters} characters (this has {len(value)})"
        raise InvalidValueError(field_name, rule, value)


def require_integer(field_name: str, value: object, low: int, high: int) -> None:
    """Raise ``InvalidValueError`` unless ``value`` is a whole number from ``low`` to ``high``."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidValueError(field_name, f"a whole number from {low} to {high}", value)


def require_number(field_name: str, value: object, low: float, high: float) -> None:
    """Raise ``InvalidValueError`` unless ``value`` is a finite number from ``low`` to ``high``."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or not low <= value <= high:  # type: ignore[operator]
        raise InvalidValueError(field_name, f"a number from {low:g} to {high:g}", value)
