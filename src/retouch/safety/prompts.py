"""Rules for prompts: which words, alone or with others, are refused up to which tolerance.

A phrase is words as they are written. ``(a|b c)`` stands for one of several, and ``*`` at the end of a word for any ending.
Phrases in scripts without spaces are found anywhere, others as whole words.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from retouch.safety.prompt_text import fold, views, words

__all__ = ["PhraseError", "PromptRule", "compile_phrases", "find_rule"]

_MAX_PHRASE: Final = 600
_PART: Final = re.compile(r"\(([^()]+)\)|([^()]+)")
_UNSPACED: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_NEVER: Final = re.compile(r"(?!)")
_CUT: Final = " \ue000 "
"""Takes the place of an exception, so that the words around it don't come together."""


class PhraseError(ValueError):
    """A phrase can't be read; says why."""


@dataclass(frozen=True, slots=True)
class PromptRule:
    """One rule.

    Attributes
    ----------
    name : str
        Told to whoever was refused: "nudity".
    refused_up_to : int
        The highest ``safety_tolerance`` at which it refuses; at 6 it always does.
    found : re.Pattern
        Any of its phrases.
    together_with : re.Pattern or None
        Where given, the prompt must hold one of these as well.
    exceptions : re.Pattern
        Phrases that are cut out before the others are looked for: "nude lipstick".
    """

    name: str
    refused_up_to: int
    found: re.Pattern[str]
    together_with: re.Pattern[str] | None = None
    exceptions: re.Pattern[str] = _NEVER

    def matches(self, forms: Sequence[str]) -> bool:
        """Whether a prompt breaks the rule, given in the forms of ``prompt_text.views``."""
        left = [self.exceptions.sub(_CUT, form) for form in forms]
        if not any(self.found.search(form) for form in left):
            return False
        return self.together_with is None or any(self.together_with.search(form) for form in left)


def find_rule(prompt: str, rules: Sequence[PromptRule], tolerance: int) -> PromptRule | None:
    """Return the rule that a prompt breaks at a tolerance; of several the one that is refused up to the highest."""
    forms = views(prompt)
    broken = [rule for rule in rules if rule.refused_up_to >= tolerance and rule.matches(forms)]
    return max(broken, key=lambda rule: rule.refused_up_to, default=None)


def compile_phrases(phrases: Sequence[str]) -> re.Pattern[str]:
    """Return a pattern that finds any of the phrases in a form of a prompt.

    Raises
    ------
    PhraseError
        A phrase is empty, too long, or its brackets don't fit.

    >>> bool(compile_phrases(["take off (her|his) cloth*"]).search("now take off his clothes"))
    True
    """
    spaced = [each for each in phrases if not _UNSPACED.search(each)]
    anywhere = [each for each in phrases if _UNSPACED.search(each)]
    parts = []
    if spaced:
        parts.append(rf"(?<!\w)(?:{'|'.join(map(_to_pattern, spaced))})(?!\w)")
    if anywhere:
        parts.append("|".join(map(_to_pattern, anywhere)))
    return re.compile("|".join(parts)) if parts else _NEVER


def _to_pattern(phrase: str) -> str:
    """Return a phrase as a pattern without anything that could go back and forth."""
    if len(phrase) > _MAX_PHRASE:
        raise PhraseError(f"has {len(phrase)} characters; at most {_MAX_PHRASE} are allowed")
    matched = list(_PART.finditer(phrase))
    if "".join(part[0] for part in matched) != phrase:
        raise PhraseError("has brackets that don't fit: (a|b) can't hold further brackets")
    pieces = []
    for part in matched:
        choices = [_word_pattern(each) for each in part[1].split("|")] if part[1] else [_word_pattern(part[2])]
        if part[1] and not all(choices):
            raise PhraseError("has an empty choice between its brackets")
        if choices != [""]:
            pieces.append(f"(?:{'|'.join(choices)})" if part[1] else choices[0])
    if not pieces:
        raise PhraseError("is empty")
    return " ".join(pieces)


def _word_pattern(text: str) -> str:
    """Return words as a pattern; a star at the end of one becomes any further letters."""
    starred = " ".join(f"{words(fold(word))}*" if word.endswith("*") else words(fold(word)) for word in text.split())
    if starred.startswith("*") or " *" in starred:
        raise PhraseError("has a star without the beginning of a word in front of it")
    return " ".join(
        re.escape(word.removesuffix("*")) + (r"\w*" if word.endswith("*") else "") for word in starred.split()
    )
