"""Patterns of sentences with gaps: read from a table, matched against the words of a clause.

Format of a table
-----------------
``# ...`` is a comment; a line that begins with blanks goes on with the one before it.

``@name = word two_words ...``
    A class of expressions; ``@name`` stands for any of them in a pattern.
``% pattern $ pattern``
    A frame: a rule for ``$name`` has the pattern of each frame, with the class of that name for ``$``.
``pattern | pattern => instruction; instruction``
    Words side by side follow each other; ``a/b`` is either, ``two_words`` one expression, and what ends in ``?`` may be missing.
    ``{x}`` is a gap of one to nine words, ``{x:thing}`` one that must be a noun phrase, ``{x:new}`` one without "the",
    ``{x:scene}`` one that is no living being, ``{x:color}`` a color, ``{x:side}`` a place in the picture ("on the left"),
    ``{x:look}`` words such as "dark" or "warmer", ``{x:more}`` one such as "darker", ``{x:tone}`` such as
    "bluer", ``{x:light}`` such as "sunset",
    ``{x@name}`` a word of a class. A gap is filled into the instructions by its name.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

__all__ = ["TABLES", "Element", "Rule", "fit", "load_rules", "read_rules", "words_of"]

TABLES = ("turns", "goals")
LONGEST_GAP = 9
_GAP = re.compile(r"\{([a-z])(?::([a-z]+)|(@[a-z]+))?\}(\??)")


@dataclass(frozen=True, slots=True)
class Element:
    """One place of a pattern: alternatives of one or more words each, or a gap.

    Attributes
    ----------
    choices : tuple of tuple of str
        Empty for a gap that no class fills.
    gap : str
        Its name, "" for words.
    kind : str
        What fills it: "thing", "color", "side", "new", or "" for anything.
    optional : bool
    """

    choices: tuple[tuple[str, ...], ...] = ()
    gap: str = ""
    kind: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern, and the instructions that say the same; a word in braces is a gap's name.

    Attributes
    ----------
    pattern : tuple of Element
    instructions : tuple of tuple of str
    needed : tuple of frozenset of str
        Sets of words of which each must be met in a clause: a quick test.
    """

    pattern: tuple[Element, ...]
    instructions: tuple[tuple[str, ...], ...]
    needed: tuple[frozenset[str], ...]


@cache
def load_rules(name: str) -> tuple[Rule, ...]:
    """Return the rules of a table of this package: "turns" or "goals"."""
    text = (resources.files(__package__) / f"{name}.txt").read_text(encoding="utf-8")
    return tuple(read_rules(text))


def read_rules(text: str) -> list[Rule]:
    """Return the rules of a table in its order; ``ValueError`` names a line that is none."""
    classes: dict[str, tuple[str, ...]] = {}
    frames: list[str] = []
    rules: list[Rule] = []
    for line in _lines(text):
        name, equals, words = line.partition(" = ")
        if equals:
            classes[name] = tuple(words.split())
            continue
        if line.startswith("% "):
            frames.append(line[2:])
            continue
        patterns, arrow, said = line.partition("=>")
        if not arrow:
            raise ValueError(f"neither a class nor a rule: {line!r}")
        instructions = tuple(tuple(part.split()) for part in said.split(";") if part.strip())
        goal = patterns.strip()
        if goal.startswith("$"):
            patterns = " | ".join(frame.replace("$", f"@{goal[1:]}") for frame in frames)
        for pattern in patterns.split(" | "):
            elements = tuple(_element(word, classes) for word in pattern.split())
            rules.append(Rule(elements, instructions, _needed(elements)))
    return rules


def _lines(text: str) -> list[str]:
    lines: list[str] = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line[0] == " ":
            lines[-1] += " " + line.strip()
        else:
            lines.append(line.strip())
    return lines


def _element(word: str, classes: dict[str, tuple[str, ...]]) -> Element:
    gap = _GAP.fullmatch(word)
    if gap is not None:
        choices = _choices(gap[3], classes) if gap[3] else ()
        return Element(choices, gap[1], gap[2] or "", optional=bool(gap[4]))
    return Element(_choices(word.removesuffix("?"), classes), optional=word.endswith("?"))


def _choices(word: str, classes: dict[str, tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    expressions = [expression for part in word.split("/") for expression in classes.get(part, (part,))]
    return tuple(tuple(expression.split("_")) for expression in expressions)


def _needed(elements: Sequence[Element]) -> tuple[frozenset[str], ...]:
    return tuple(
        frozenset(choice[0] for choice in element.choices)
        for element in elements
        if element.choices and not element.optional
    )


def fit(
    pattern: Sequence[Element], words: Sequence[str], fills: Callable[[str, int, int], bool]
) -> dict[str, tuple[int, int]] | None:
    """Return where each gap of a pattern begins and ends in a clause that it fits as a whole, None if it does not fit.

    ``fills`` says whether words fill a gap of a kind. O(len(pattern) * len(words)) places are tried, each once.
    """
    hopeless: set[tuple[int, int]] = set()

    def go(at: int, i: int) -> dict[str, tuple[int, int]] | None:
        if at == len(pattern):
            return {} if i == len(words) else None
        if (at, i) in hopeless:
            return None
        for end in _ends(pattern[at], words, i):
            element = pattern[at]
            if element.gap and end > i and element.kind and not fills(element.kind, i, end):
                continue
            rest = go(at + 1, end)
            if rest is not None:
                return {**rest, element.gap: (i, end)} if element.gap and end > i else rest
        hopeless.add((at, i))
        return None

    return go(0, 0)


def _ends(element: Element, words: Sequence[str], i: int) -> Iterator[int]:
    """Yield the places where an element that begins at a word can end: the longest first, of a gap for anything the shortest."""
    if not element.choices:
        longest = min(len(words), i + LONGEST_GAP)
        yield from range(longest, i, -1) if element.kind else range(i + 1, longest + 1)
    else:
        found = {i + len(choice) for choice in element.choices if tuple(words[i : i + len(choice)]) == choice}
        yield from sorted(found, reverse=True)
    if element.optional:
        yield i


def words_of(rules: Sequence[Rule]) -> frozenset[str]:
    """Return every word that a pattern of some rules asks for: none of them is a slip of the keyboard."""
    return frozenset(
        word for rule in rules for element in rule.pattern for choice in element.choices for word in choice
    )
