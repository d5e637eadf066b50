"""Read a safety policy from TOML. Whatever is wrong is named by file, line and key; nothing is taken for something else."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, NoReturn

from retouch.errors import ConfigurationError, shorten
from retouch.safety.pictures import DEFAULT_TOLERANCE
from retouch.safety.policy import MAX_TOLERANCE, Action, PictureRule, SafetyPolicy
from retouch.safety.prompts import PhraseError, PromptRule, compile_phrases

__all__ = ["builtin_policy", "builtin_policy_text", "load_policy", "parse_policy"]

_FORMAT: Final = 1
_MAX_BYTES: Final = 1 << 20
_BUILTIN: Final = "builtin_policy.toml"


def builtin_policy_text() -> str:
    """Return the file of the built-in policy, which is a good beginning for one of one's own."""
    return resources.files("retouch.safety").joinpath(_BUILTIN).read_text("utf-8")


@cache
def builtin_policy() -> SafetyPolicy:
    """Return the policy that counts where the operator has named none."""
    return parse_policy(builtin_policy_text(), "the built-in policy")


def load_policy(path: Path | None) -> SafetyPolicy:
    """Return the policy of a file, or the built-in one.

    Raises
    ------
    ConfigurationError
        The file can't be read, or something in it is wrong: says which line and key, what is allowed and what was there.
    """
    if path is None:
        return builtin_policy()
    try:
        data = path.read_bytes()
        text = data.decode("utf-8")
    except OSError as exc:
        raise ConfigurationError(f"The safety policy {path} can't be read: {exc.strerror}.") from exc
    except UnicodeDecodeError as exc:
        raise ConfigurationError(f"The safety policy {path} is not a text in UTF-8.") from exc
    if len(data) > _MAX_BYTES:
        raise ConfigurationError(f"The safety policy {path} has {len(data)} bytes; at most {_MAX_BYTES} are read.")
    return parse_policy(text, f"the safety policy {path}")


def parse_policy(text: str, name: str = "the safety policy") -> SafetyPolicy:
    """Return the policy that a TOML text describes; ``name`` is what errors call it.

    Raises
    ------
    ConfigurationError
        As ``load_policy``.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise ConfigurationError(f"{_capital(name)} is not valid TOML: {exc}.") from exc
    return _Reader(text, name).policy(content)


class _Reader:
    """Turns the content of one file into a policy, and knows where each key stands."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name

    def policy(self, content: Mapping[str, Any]) -> SafetyPolicy:
        self._only(content, "", ("version", "tolerance", "pictures", "prompts"))
        if content.get("version") != _FORMAT:
            self._wrong("version", str(_FORMAT), content.get("version"))
        tolerance = self._table(content, "tolerance", ("max", "keys"))
        pictures = self._table(content, "pictures", ("inputs", "outputs"))
        prompts = self._table(content, "prompts", ("action", "exceptions", "rules"))
        highest = self._tolerance(tolerance.get("max", MAX_TOLERANCE), "tolerance.max", DEFAULT_TOLERANCE)
        keys = tolerance.get("keys", {})
        if not isinstance(keys, Mapping):
            self._wrong("tolerance.keys", "a table of key ids with a number each", keys)
        exceptions = self._phrases(prompts.get("exceptions", {}), "prompts.exceptions")
        return SafetyPolicy(
            inputs=self._pictures(pictures, "inputs"),
            outputs=self._pictures(pictures, "outputs"),
            prompt_rules=self._rules(prompts.get("rules", []), exceptions),
            prompt_action=self._action(prompts, "prompts"),
            max_tolerance=highest,
            max_tolerance_of={
                key: self._tolerance(value, f"tolerance.keys.{key}", DEFAULT_TOLERANCE) for key, value in keys.items()
            },
        )

    def _pictures(self, tables: Mapping[str, Any], which: str) -> PictureRule:
        path = f"pictures.{which}"
        table = self._table(tables, which, ("action", "thresholds"), path)
        action = self._action(table, path)
        if "thresholds" not in table:
            return PictureRule(action=action)
        given = table["thresholds"]
        rule = "six numbers from 0 to 1, for a safety_tolerance of 1 to 6, none lower than the one before"
        is_list = isinstance(given, list) and len(given) == MAX_TOLERANCE
        if not is_list or not all(isinstance(each, int | float) and not isinstance(each, bool) for each in given):
            self._wrong(f"{path}.thresholds", rule, given)
        if not all(0 <= each <= 1 for each in given) or list(given) != sorted(given):
            self._wrong(f"{path}.thresholds", rule, given)
        return PictureRule({number: float(each) for number, each in enumerate(given, start=1)}, action)

    def _rules(self, given: Any, exceptions: Sequence[str]) -> tuple[PromptRule, ...]:
        if not isinstance(given, list) or not all(isinstance(each, Mapping) for each in given):
            self._wrong("prompts.rules", "tables, each under [[prompts.rules]]", given)
        rules = tuple(self._rule(each, number, exceptions) for number, each in enumerate(given, start=1))
        names = [rule.name for rule in rules]
        for number, name in enumerate(names, start=1):
            if name in names[: number - 1]:
                self._wrong(f"prompts.rules[{number}].name", "a name that no other rule has", name)
        return rules

    def _rule(self, table: Mapping[str, Any], number: int, exceptions: Sequence[str]) -> PromptRule:
        path = f"prompts.rules[{number}]"
        self._only(table, path, ("name", "refused_up_to", "words", "together_with", "exceptions"))
        name = table.get("name")
        if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9][a-z0-9\-]{0,39}", name):
            self._wrong(f"{path}.name", "small letters, digits and hyphens, at most 40, which refusals show", name)
        spared = [*exceptions, *self._phrases(table.get("exceptions", {}), f"{path}.exceptions")]
        found = self._phrases(table.get("words", {}), f"{path}.words")
        if not found:
            self._wrong(f"{path}.words", "a table of languages with a list of phrases each, and not empty", found)
        others = self._phrases(table.get("together_with", {}), f"{path}.together_with")
        return PromptRule(
            name,
            self._tolerance(table.get("refused_up_to"), f"{path}.refused_up_to", 1),
            compile_phrases(found),
            compile_phrases(others) if others else None,
            compile_phrases(spared),
        )

    def _phrases(self, given: Any, path: str) -> list[str]:
        """Return the phrases of all languages; a prompt may be in any, or in several."""
        if not isinstance(given, Mapping):
            self._wrong(path, "a table of languages with a list of phrases each", given)
        phrases = []
        for language, listed in given.items():
            if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
                self._wrong(f"{path}.{language}", "a list of phrases", listed)
            for each in listed:
                try:
                    compile_phrases([each])
                except PhraseError as exc:
                    self._fail(f"{path}.{language}", f"The phrase {shorten(each)} {exc}.")
                phrases.append(each)
        return phrases

    def _action(self, table: Mapping[str, Any], path: str) -> Action:
        given = table.get("action", Action.MODERATE.value)
        if given not in tuple(Action):
            self._wrong(f"{path}.action", " or ".join(f'"{each}"' for each in Action), given)
        return Action(given)

    def _tolerance(self, given: Any, path: str, lowest: int) -> int:
        if not isinstance(given, int) or isinstance(given, bool) or not lowest <= given <= MAX_TOLERANCE:
            why = ", since a request that asks for none has 2" if lowest == DEFAULT_TOLERANCE else ""
            self._wrong(path, f"a whole number from {lowest} to {MAX_TOLERANCE}{why}", given)
        return int(given)

    def _table(self, content: Mapping[str, Any], name: str, known: Sequence[str], path: str = "") -> Mapping[str, Any]:
        table = content.get(name, {})
        if not isinstance(table, Mapping):
            self._wrong(path or name, "a table", table)
        self._only(table, path or name, known)
        return dict(table)

    def _only(self, table: Mapping[str, Any], path: str, known: Sequence[str]) -> None:
        for key in table:
            if key not in known:
                full = f"{path}.{key}" if path else key
                self._fail(full, f"There is no key {full}. Known here: {', '.join(known)}.")

    def _wrong(self, path: str, rule: str, value: Any) -> NoReturn:
        said = "it is not there" if value is None else f"received {shorten(value)}"
        self._fail(path, f"{path} must be {rule}; {said}.")

    def _fail(self, path: str, sentence: str) -> NoReturn:
        line = _line_of(self._text, path)
        place = f", line {line}" if line else ""
        raise ConfigurationError(f"In {self._name}{place}: {sentence}")


def _line_of(text: str, path: str) -> int | None:
    r"""Return the line in which a key stands, or else its table's; None when neither is found.

    >>> _line_of("version = 1\n[prompts]\naction = 3", "prompts.action")
    3
    """
    here, table_line = "", None
    counts: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]", line)
        if header:
            here = header[2].replace('"', "").replace(" ", "")
            if header[1] == "[[":
                counts[here] = counts.get(here, 0) + 1
            for name, count in counts.items():
                if here == name or here.startswith(f"{name}."):
                    here = f"{name}[{count}]{here[len(name) :]}"
            full = here
        else:
            key = re.match(r"\s*\"?([\w\-]+)\"?\s*=", line)
            if not key:
                continue
            full = f"{here}.{key[1]}" if here else key[1]
        if full == path:
            return number
        if path.startswith((f"{full}.", f"{full}[")):
            table_line = number
    return table_line


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
