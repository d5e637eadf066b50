"""Rules for the fields of a JSON body. One table drives the check, the error messages and the OpenAPI schema.

A value is taken as it stands or refused; nothing is corrected. Two tolerances, both lossless: ``null`` counts as left out, and a
whole number may be written ``2.0``.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from retouch.files.results import is_result_name
from retouch.jobs.models import Problem
from retouch.server.errors import ProblemError

__all__ = [
    "Choice",
    "Field",
    "Flag",
    "ImageSources",
    "Integer",
    "Number",
    "ResultReference",
    "Rule",
    "RuleBrokenError",
    "Text",
    "broken_rule",
    "invalid_body",
    "json_schema",
    "read_fields",
    "unknown_fields",
]

_SHOWN_CHARACTERS: Final = 80
_SOURCE: Final = re.compile(r"(https?://|data:)", re.IGNORECASE)
_RESULT_URL: Final = re.compile(r"https?://[^\s?#]+/files/([^/\s?#]+)", re.IGNORECASE)


class RuleBrokenError(ValueError):
    """A value breaks its rule; the message is the rule."""


class Rule(Protocol):
    """What values a field takes."""

    @property
    def text(self) -> str:
        """The rule in words that complete "must be"."""

    @property
    def schema(self) -> dict[str, Any]:
        """The rule as JSON schema."""

    def read(self, value: Any) -> Any:
        """Return the value as the project knows it; ``RuleBrokenError`` when it breaks the rule."""


@dataclass(frozen=True, slots=True)
class Text:
    """Text that is not empty, of limited length."""

    max_characters: int

    @property
    def text(self) -> str:
        """See ``Rule``."""
        return f"a string of 1 to {self.max_characters} characters, not all of them blank"

    @property
    def schema(self) -> dict[str, Any]:
        """See ``Rule``."""
        return {"type": "string", "minLength": 1, "maxLength": self.max_characters}

    def read(self, value: Any) -> str:
        """See ``Rule``."""
        if not isinstance(value, str) or not value.strip() or len(value) > self.max_characters:
            raise RuleBrokenError(self.text)
        if any(0xD800 <= ord(character) <= 0xDFFF for character in value):
            raise RuleBrokenError(f"{self.text}, in valid Unicode (it holds half of a surrogate pair)")
        return value


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number in a range."""

    low: int
    high: int

    @property
    def text(self) -> str:
        """See ``Rule``."""
        return f"a whole number from {self.low} to {self.high}"

    @property
    def schema(self) -> dict[str, Any]:
        """See ``Rule``."""
        return {"type": "integer", "minimum": self.low, "maximum": self.high}

    def read(self, value: Any) -> int:
        """See ``Rule``."""
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not self.low <= value <= self.high:
            raise RuleBrokenError(self.text)
        return value


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a range."""

    low: float
    high: float

    @property
    def text(self) -> str:
        """See ``Rule``."""
        return f"a number from {self.low:g} to {self.high:g}"

    @property
    def schema(self) -> dict[str, Any]:
        """See ``Rule``."""
        return {"type": "number", "minimum": self.low, "maximum": self.high}

    def read(self, value: Any) -> float:
        """See ``Rule``."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            raise RuleBrokenError(self.text)
        return float(value)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few strings. ``also`` maps further spellings, of any JSON type, to one of them."""

    values: tuple[str, ...]
    also: Mapping[Any, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """See ``Rule``."""
        return f"one of {', '.join(json.dumps(value) for value in self.values)}"

    @property
    def schema(self) -> dict[str, Any]:
        """See ``Rule``."""
        return {"type": "string", "enum": list(self.values)}

    def read(self, value: Any) -> str:
        """See ``Rule``."""
        if isinstance(value, str) and value in self.values:
            return value
        if isinstance(value, str | int) and not isinstance(value, bool) and value in self.also:
            return self.also[value]
        raise RuleBrokenError(self.text)


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    @property
    def text(self) -> str:
        """See ``Rule``."""
        return "true or false"

    @property
    def schema(self) -> dict[str, Any]:
        """See ``Rule``."""
        return {"type": "boolean"}

    def read(self, value: Any) -> bool:
        """See ``Rule``."""
        if not isinstance(value, bool):
            raise RuleBrokenError(self.text)
        return value


@dataclass(frozen=True, slots=True)
class ImageSources:
    """One picture, or an array of a few: http(s) URLs and ``data:`` URIs."""

    max_count: int

    @property
    def text(self) -> str:
        """See ``Rule``."""
        return f"an http(s) URL or a data: URI, or an array of 1 to {self.max_count} of them"

    @property
    def schema(self) -> dict[str, Any]:
        """See ``Rule``."""
        one = {"type": "string", "format": "uri"}
        return {"oneOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": self.max_count}]}

    def read(self, value: Any) -> tuple[str, ...]:
        """See ``Rule``."""
        sources = [value] if isinstance(value, str) else value
        if not isinstance(sources, list) or not 1 <= len(sources) <= self.max_count:
            raise RuleBrokenError(self.text)
        if not all(isinstance(source, str) and _SOURCE.match(source) for source in sources):
            raise RuleBrokenError(self.text)
        return tuple(sources)


@dataclass(frozen=True, slots=True)
class ResultReference:
    """A result of this server, by its URL or its file name; read as the name. Under which host the URL has it is all the same."""

    @property
    def text(self) -> str:
        """See ``Rule``."""
        return "the URL or the file name of a result, as an answer of this server has it"

    @property
    def schema(self) -> dict[str, Any]:
        """See ``Rule``."""
        return {"type": "string"}

    def read(self, value: Any) -> str:
        """See ``Rule``."""
        if not isinstance(value, str):
            raise RuleBrokenError(self.text)
        url = _RESULT_URL.fullmatch(value)
        name = value if url is None else url[1]
        if not is_result_name(name):
            raise RuleBrokenError(self.text)
        return name


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a body.

    Attributes
    ----------
    name : str
    rule : Rule
    description : str
        For the API's reference.
    required : bool
    default : object
        What the reference says of a field that is left out; None when there is nothing to say.
    unless : str or None
        Of a required field: another field that can stand in its place.
    """

    name: str
    rule: Rule
    description: str
    required: bool = False
    default: Any = None
    unless: str | None = None


def read_fields(body: Mapping[str, Any], fields: Sequence[Field]) -> dict[str, Any]:
    """Return the values of the fields that the body has, checked.

    Raises
    ------
    ProblemError
        One or more fields are missing or wrong; it names them all, each with its rule and what was received.
    """
    values: dict[str, Any] = {}
    problems: list[dict[str, Any]] = []
    for each in fields:
        received = body.get(each.name)
        if received is None:
            if each.required and (each.unless is None or body.get(each.unless) is None):
                problems.append({"field": each.name, "rule": f"{each.rule.text} (required)", "received": None})
            continue
        try:
            values[each.name] = each.rule.read(received)
        except RuleBrokenError as exc:
            problems.append({"field": each.name, "rule": str(exc), "received": received})
    if problems:
        raise invalid_body(problems)
    return values


def unknown_fields(body: Mapping[str, Any], fields: Sequence[Field]) -> tuple[dict[str, str], ...]:
    """Return ``field`` and ``reason`` of everything that was sent and that no field reads, for the client to be told."""
    known = {each.name for each in fields}
    return tuple(
        {"field": name[:100], "reason": "is not a field of this endpoint"}
        for name, value in body.items()
        if name not in known and value is not None
    )


def invalid_body(problems: Sequence[Mapping[str, Any]]) -> ProblemError:
    """Return the error for fields with wrong values.

    Parameters
    ----------
    problems : sequence of mapping
        Each with ``field``, ``rule`` and ``received``.
    """
    problems = [{**each, "received": _as_json(each["received"])} for each in problems]
    sentences = [f"{each['field']} {broken_rule(each)}." for each in problems]
    shown = [{**each, "received": _shortened(each["received"])} for each in problems]
    details = {"param": problems[0]["field"], "problems": shown}
    return ProblemError(Problem("invalid_value", f"Body validation error: {' '.join(sentences)}", details=details))


def broken_rule(problem: Mapping[str, Any]) -> str:
    """Say of a wrong field, with its ``rule`` and what was ``received``, what it must be and is not."""
    return f"must be {problem['rule']}; received {_shown(problem.get('received'))}"


def json_schema(fields: Sequence[Field]) -> dict[str, Any]:
    """Return the JSON schema of an object with these fields."""
    properties = {}
    for each in fields:
        default = {} if each.default is None else {"default": each.default}
        properties[each.name] = {**each.rule.schema, "description": each.description, **default}
    always = [each.name for each in fields if each.required and each.unless is None]
    either = [
        {"anyOf": [{"required": [each.name]}, {"required": [each.unless]}]}
        for each in fields
        if each.required and each.unless is not None
    ]
    return {"type": "object", "required": always, "properties": properties, **({"allOf": either} if either else {})}


def _as_json(value: Any) -> Any:
    """A received value without the bytes of files, which are found alone or in a list."""
    if isinstance(value, list):
        return [_without_bytes(each) for each in value]
    return _without_bytes(value)


def _without_bytes(value: Any) -> Any:
    return f"a file of {len(value)} bytes" if isinstance(value, bytes) else value


def _shown(value: Any) -> str:
    """A received value for a sentence: "nothing", or its JSON, cut short."""
    if value is None:
        return "nothing"
    try:
        text = json.dumps(value)
    except RecursionError:
        return "a value that is nested too deeply"
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"


def _shortened(value: Any) -> Any:
    """A received value for a JSON body: itself when it is small, otherwise the beginning of its JSON."""
    try:
        return value if len(json.dumps(value, allow_nan=False)) <= _SHOWN_CHARACTERS else _shown(value)
    except (ValueError, RecursionError):  # 1e999 is JSON, and infinite
        return _shown(value)
