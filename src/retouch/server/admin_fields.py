"""The fields of the admin API's bodies.

Unlike those of edits, an unknown one is an error: a mistyped limit must not be taken for none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from retouch.accounts.principal import Scope
from retouch.server.dialects.fields import Field, Flag, Integer, RuleBrokenError, Text, invalid_body

__all__ = ["CREDITS", "DISABLED", "GRANT", "NULLABLE", "ROTATION", "TERMS", "read_body"]

_MOST: Final = 2**31 - 1
_MOST_CREDITS: Final = 10**15
_LONGEST_GRACE_SECONDS: Final = 90 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Scopes:
    """One or more scopes."""

    @property
    def text(self) -> str:
        """See ``Rule``."""
        return f"a list of one or more of {', '.join(Scope)}"

    @property
    def schema(self) -> dict[str, Any]:
        """See ``Rule``."""
        return {"type": "array", "items": {"type": "string", "enum": list(Scope)}, "minItems": 1}

    def read(self, value: Any) -> frozenset[Scope]:
        """See ``Rule``."""
        known = {scope.value for scope in Scope}
        if (
            not isinstance(value, list)
            or not value
            or any(not isinstance(each, str) or each not in known for each in value)
        ):
            raise RuleBrokenError(self.text)
        return frozenset(Scope(each) for each in value)


@dataclass(frozen=True, slots=True)
class Moment:
    """A time with its zone; read as seconds since the epoch."""

    @property
    def text(self) -> str:
        """See ``Rule``."""
        return "a time of ISO 8601 with its zone, such as 2030-01-31T00:00:00Z"

    @property
    def schema(self) -> dict[str, Any]:
        """See ``Rule``."""
        return {"type": "string", "format": "date-time"}

    def read(self, value: Any) -> float:
        """See ``Rule``."""
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                raise RuleBrokenError(self.text)
            return moment.timestamp()
        except (TypeError, ValueError, OverflowError) as exc:
            raise RuleBrokenError(self.text) from exc


_LIMIT: Final = Integer(1, _MOST)

TERMS: Final = (
    Field("name", Text(100), "What you call it."),
    Field("scopes", Scopes(), "What it may be used for.", default=["edit", "read"]),
    Field("priority", Integer(-100, 100), "Of its edits among waiting ones; higher is sooner.", default=0),
    Field("expires_at", Moment(), "When it ends."),
    Field("requests_per_minute", _LIMIT, "Requests that start edits or upload pictures."),
    Field(
        "images_per_day", _LIMIT, "Pictures that it may ask for in a day (UTC); those of failed edits are given back."
    ),
    Field("max_unfinished", _LIMIT, "Edits of it that may wait or run at a time."),
    Field("max_waiting", _LIMIT, "Edits of it that may wait at a time."),
    Field("unlimited", Flag(), "Whether edits are accepted whatever its balance of credits.", default=True),
)
NULLABLE: Final = frozenset({"expires_at", "requests_per_minute", "images_per_day", "max_unfinished", "max_waiting"})
"""What ``null`` takes away."""
CREDITS: Final = Field(
    "credits", Integer(0, _MOST_CREDITS), "Makes a key that is limited by credits, and gives it these."
)
DISABLED: Final = Field("disabled", Flag(), "True lets it in no more; false lets it in again.")
GRANT: Final = (
    Field("credits", Integer(-_MOST_CREDITS, _MOST_CREDITS), "To give; below zero, to take back.", required=True),
    Field("reference", Text(128), "Your note, which the key's holder sees among its transactions."),
)
ROTATION: Final = (
    Field(
        "grace_seconds",
        Integer(0, _LONGEST_GRACE_SECONDS),
        "For so long the secret that it has until now stays valid.",
        default=86_400,
    ),
)


def read_body(body: Mapping[str, Any], fields: Sequence[Field]) -> dict[str, Any]:
    """Return the values that a body has, checked; None where ``null`` takes something away.

    Raises
    ------
    ProblemError
        Fields are missing, wrong or unknown; it names them all.
    """
    by_name = {each.name: each for each in fields}
    values: dict[str, Any] = {}
    problems: list[dict[str, Any]] = [
        {"field": each.name, "rule": f"{each.rule.text} (required)", "received": None}
        for each in fields
        if each.required and body.get(each.name) is None
    ]
    for name, received in body.items():
        field = by_name.get(name)
        if field is None:
            problems.append({"field": name[:100], "rule": f"one of {', '.join(by_name)}", "received": received})
        elif received is None and name in NULLABLE:
            values[name] = None
        elif received is not None or not field.required:
            try:
                values[name] = field.rule.read(received)
            except RuleBrokenError as exc:
                problems.append({"field": name, "rule": str(exc), "received": received})
    if problems:
        raise invalid_body(problems)
    if "unlimited" in values:
        values["is_unlimited"] = values.pop("unlimited")
    return values
