"""One dictionary of senses, built once from the data tables."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from retouch.editor.instructions import vocabulary
from retouch.editor.instructions.colors import COLOR_MODIFIERS, PLURAL_COLORS, color_names
from retouch.editor.instructions.nouns import NOUN_ALIASES, NOUNS, canonical_noun, singular
from retouch.editor.instructions.plan import ColorValue, Horizontal, Look, Relation, Vertical
from retouch.editor.instructions.pronouns import PRONOUNS
from retouch.editor.instructions.refusals import NOT_OBJECTS, TRIGGERS
from retouch.editor.instructions.rewording.patterns import TABLES, load_rules, words_of
from retouch.editor.instructions.words import FAMILIES, PLAIN_WORDS

__all__ = ["Lexicon", "Sense", "lexicon"]


@dataclass(frozen=True, slots=True)
class Sense:
    """Everything that one expression can mean; a field that does not apply is None or False.

    Attributes
    ----------
    verb : str or None
        Canonical verb class of ``vocabulary.VERBS``.
    noun : str or None
        Canonical noun; ``plural`` says whether the word is a plural.
    negation : {"dont", "without", "no"} or None
    degree : {"little", "plain", "much"} or None
    ordinal : int or None
        As in ``vocabulary.ORDINALS``.
    expression : bool
        A word that a grammar asks for by name, or that belongs to no noun.
    literal : str or None
        Words that are lettering, as typed; see ``literals``.
    terms : tuple of (family, term)
        What it means to the grammars of ``words``: ("light", "sunset"). Ask with ``term``.
    """

    verb: str | None = None
    look_verb: Look | None = None
    look: Look | None = None
    look_pair: tuple[Look, Look] | None = None
    amount: int | None = None
    degree: str | None = None
    determiner: str | None = None
    number: int | None = None
    size: float | None = None
    color: ColorValue | None = None
    color_modifier: str | None = None
    ordinal: int | None = None
    relation: Relation | None = None
    side: tuple[Horizontal | None, Vertical | None] | None = None
    noun: str | None = None
    plural: bool = False
    pronoun: str | None = None
    preposition: str | None = None
    negation: str | None = None
    picture: bool = False
    participle: bool = False
    fluff: bool = False
    filler: bool = False
    connector: str | None = None
    grouping: bool = False
    color_word: bool = False
    modal: bool = False
    copula: bool = False
    expression: bool = False
    literal: str | None = None
    terms: tuple[tuple[str, str], ...] = ()

    def term(self, family: str) -> str | None:
        """Return what the expression means to a family of operations, None if nothing."""
        return next((term for of, term in self.terms if of == family), None)

    @property
    def known(self) -> bool:
        """Whether the expression means anything at all."""
        return self != UNKNOWN


UNKNOWN = Sense()


class Lexicon:
    """Expressions of up to six words, and what they mean."""

    def __init__(self) -> None:
        # What is said of each expression is put together first: a sense that is copied for each word takes four times as long.
        self._said: dict[str, dict[str, Any]] = {}
        self._fill()
        self.senses = {expression: Sense(**fields) for expression, fields in self._said.items()}
        self.correct_words = (
            {word for expression in self.senses for word in expression.split(" ")}
            | vocabulary.COMMON_WORDS
            | PLAIN_WORDS
            | {word for table in TABLES for word in words_of(load_rules(table))}
        )
        self._deletions = self._index_deletions()

    def _say(self, text: str, /, **fields: Any) -> None:
        self._said.setdefault(text, {}).update(fields)

    def _fill(self) -> None:
        """Read every table."""
        for noun in NOUNS:
            self._say(noun, noun=noun)
        for alias, noun in NOUN_ALIASES.items():
            self._say(alias, noun=noun)
        for name, color in color_names().items():
            self._say(name, color=color)
        for name in PLURAL_COLORS:
            self._say(f"{name}s", color=color_names()[name])
        self._fill_words("verb", {word: key for key, words in vocabulary.VERBS.items() for word in words.split()})
        self._fill_words(
            "look", {word: key for key, words in vocabulary.LOOK_ADJECTIVES.items() for word in words.split()}
        )
        self._fill_words("look_verb", {word: looks[0] for word, looks in vocabulary.LOOK_VERBS.items()})
        for field, table in _TABLES.items():
            self._fill_words(field, table)
        for field, words in _SETS.items():
            self._fill_words(field, dict.fromkeys(words, True))
        for noun in NOT_OBJECTS:
            self._say(noun, noun=self._said.get(noun, {}).get("noun") or noun)
        for word in (word for _, words in TRIGGERS for word in words if " " not in word):
            self._say(word, expression=True)
        for phrase in vocabulary.FILLER_PHRASES:
            self._say(phrase, filler=True)
        for family, terms in FAMILIES.items():
            for term, expressions in terms.items():
                for word in expressions.split():
                    self._add_term(word.replace("_", " "), (family, term))

    def _add_term(self, text: str, term: tuple[str, str]) -> None:
        terms = self._said.get(text, {}).get("terms", ())
        self._say(text, terms=(*terms, term))

    def _fill_words(self, field: str, table: dict[str, Any]) -> None:
        for word, value in table.items():
            self._say(word.replace("_", " "), **{field: value})

    def lookup(self, expression: str) -> Sense:
        """Return the sense of one expression in lower case; plurals of known nouns are found by their endings."""
        sense = self.senses.get(expression)
        if sense is not None and (sense.noun or sense.verb or len(expression) < 4 or not expression.endswith("s")):
            return sense
        noun = canonical_noun(expression)
        if noun is None:
            return sense or UNKNOWN
        return replace(sense or UNKNOWN, noun=noun, plural=expression != noun and not expression.endswith(noun))

    def _clearly(self, word: str, candidate: str) -> bool:
        """Whether a word is long enough to be a slip of ``candidate``, and not the name of something else."""
        sense = self.senses.get(candidate, UNKNOWN)
        if sense == UNKNOWN:
            return len(word) >= _SHORTEST_NOUN
        if sense == Sense(noun=sense.noun):
            return len(word) >= _SHORTEST_NOUN
        return len(word) >= _SHORTEST_WORD or sense.verb is not None or sense.color is not None

    # Typing errors -----------------------------------------------------------------------------------------------------

    def _index_deletions(self) -> dict[str, list[str]]:
        """Map every single-letter deletion of the correctable words to the words (SymSpell's index)."""
        index: dict[str, list[str]] = {}
        inner = {word for expression in self.senses for word in expression.split(" ") if len(word) >= _SHORTEST_NOUN}
        for word in {*self.senses, *inner, *PLAIN_WORDS}:
            if 4 <= len(word) <= _LONGEST_WORD and word.isalpha():
                for variant in {word, *_deletions(word)}:
                    index.setdefault(variant, []).append(word)
        return index

    def correct(self, word: str) -> str | None:
        """Return the one known word within one slip of ``word`` (optimal string alignment distance 1), or None.

        Only clear cases: at least four letters, the same first letter (or the first two swapped), and a single
        candidate;
        a swap of two neighbors, then a letter of a pair left out ("horizontaly") or doubled, beat other slips. A noun
        must be longer, because any word can be the name of a thing.

        References
        ----------
        W. Garbe, "SymSpell: symmetric delete spelling correction", 2012.
        """
        if word in vocabulary.MISSPELLINGS:
            return vocabulary.MISSPELLINGS[word]
        if word in self.correct_words or singular(word) in self.correct_words:
            return None
        if not 4 <= len(word) <= _LONGEST_WORD or not word.isalpha():
            return None
        candidates = {c for variant in (word, *_deletions(word)) for c in self._deletions.get(variant, ())}
        near = [c for c in candidates if _one_slip(word, c)]
        swapped = [c for c in near if len(c) == len(word) and sorted(c) == sorted(word)]
        others = [c for c in near if c[0] == word[0] and self._clearly(word, c)]
        chosen = swapped or [c for c in others if _undoubled(c) == _undoubled(word)] or others
        if len(chosen) > 1 and len({self.senses.get(c, UNKNOWN) for c in chosen}) == 1:
            return min(chosen, key=len)  # "contrast" and "contrasts", "color" and "colour" say the same
        return chosen[0] if len(chosen) == 1 else None


_LONGEST_WORD = 18
_SHORTEST_NOUN = 6
_SHORTEST_WORD = 5

_TABLES: dict[str, dict[str, Any]] = {
    "look_pair": vocabulary.LOOK_NOUNS,
    "amount": vocabulary.AMOUNTS,
    "degree": vocabulary.DEGREES,
    "determiner": vocabulary.DETERMINERS,
    "number": vocabulary.NUMBERS,
    "size": vocabulary.SIZES,
    "color_modifier": COLOR_MODIFIERS,
    "ordinal": vocabulary.ORDINALS,
    "relation": vocabulary.RELATIONS,
    "side": vocabulary.SIDES,
    "pronoun": PRONOUNS,
    "preposition": vocabulary.PREPOSITIONS,
    "negation": vocabulary.CONTRACTIONS,
    "connector": {
        "and": "and", "&": "and", ",": ",", "then": "then", "and then": "then", "after that": "then", "plus": "and",
        "but": "but",
        "afterwards": "then", "next": "then", "finally": "then", "and also": "and", "or": "or", "as well as": "and",
        "+": "and",
        "and finally": "then", "lastly": "then", "and after that": "then", "yet": "but", "followed by": "then",
        "and next": "then",
    },
}  # fmt: skip

_SETS: dict[str, Any] = {
    "expression": [*vocabulary.NATURAL_WORDS, *vocabulary.SAME_WORDS, *vocabulary.EXPRESSIONS],
    "picture": vocabulary.PICTURE_NOUNS,
    "participle": vocabulary.PARTICIPLES,
    "fluff": vocabulary.FLUFF,
    "filler": vocabulary.FILLERS,
    "grouping": vocabulary.GROUP_NOUNS,
    "color_word": ["color", "colour", "colors", "colours", "hue", "shade", "coloring", "tone", "shade of", "tone of",
    "color scheme"],
    "modal": ["can", "could", "should", "must", "would", "shall", "might", "may"],
    "copula": ["is", "are", "be", "'s", "was", "being", "become", "becomes", "to be", "should be", "must be",
    "needs to be", "has to be",
               "could be", "needs", "could use", "could do with",
               "becomes", "feels", "seems", "can be", "would be", "looks", "ought to be", "shall be", "were"],
}  # fmt: skip


def _deletions(word: str) -> list[str]:
    return [word[:i] + word[i + 1 :] for i in range(len(word))]


def _undoubled(word: str) -> str:
    """Return a word with each run of one letter cut to one."""
    return "".join(char for i, char in enumerate(word) if i == 0 or char != word[i - 1])


def _one_slip(a: str, b: str) -> bool:
    """Whether two different words differ by one insertion, deletion, replacement or swap of neighbors."""
    if a == b or abs(len(a) - len(b)) > 1:
        return False
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    rest_a, rest_b = a[start:], b[start:]
    if len(a) != len(b):
        return rest_a[1:] == rest_b or rest_a == rest_b[1:]
    return rest_a[1:] == rest_b[1:] or (rest_a[:2] == rest_b[1::-1] and rest_a[2:] == rest_b[2:])


@cache
def lexicon() -> Lexicon:
    """Return the English lexicon, built at first use."""
    return Lexicon()
