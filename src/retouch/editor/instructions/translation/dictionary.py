"""The dictionary of one language: a text file, read at first use.

Format of a file
----------------
``# ...`` is a comment. ``english: foreign foreign_expression ...`` says which words stand for an English word; an underscore
joins the words of one expression, on both sides; ``-`` as English stands for nothing. A line that begins with blanks goes on
with the one before it. ``[section]`` says what follows:

``[words]``, ``[verbs]``
    As they are. Verbs may be moved by ``verb-final`` and carry clitics.
``[adjectives]``
    Words that may stand behind their noun. ``~`` at the end stands for each of the language's endings.
``[nouns]``
    ``Tasse/Tassen`` gives singular and plural; where only one form is given, ``plural`` rules make the other.
``[circumfixes]``
    ``on: 在...上``: a pair around a noun phrase, which becomes a preposition before it;
    ``remove: nimm...weg``: a verb in two parts.

Rules are lines that begin with ``@``:

``@endings e er es``
    What ``~`` stands for, besides nothing; a file may give several lists, ``@endings:2 o a os as`` is used as ``~2``.
``@plural a>e o>i``
    How a noun's last letters change in the plural; the first that fits is used. ``>s`` fits every noun.
``@dative-plural n``
    What a plural on -e, -er or -el gets behind a preposition: "mit Sternen".
``@adjectives after``
    An adjective stands behind its noun: "tasse bleue".
``@verb-final``
    A verb at the end of a clause is its verb.
``@clitics lo la = it``
    Endings of a verb that stand for a pronoun.
``@prefix hell = light``
    Beginnings of color words.
``@compounds s n en``
    Two nouns may be written as one word, joined by nothing or by one of these.
``@spelling ä ae``
    Another way to write a letter.
``@before-noun bluer = blue``
    What stands for the first before a noun or an adjective, and elsewhere for itself: "blauer Vogel".
``@before-adjective on = in``
    The same before an adjective only: "en azul".
``@after-verb too = to``
    What stands for the first before an adjective in a clause that has a verb: "ändere es zu Grün".
``@unspaced``
    No blanks between words: the longest known word is taken at each place.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import product

__all__ = ["Dictionary", "Entry", "fold", "load"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What an expression stands for. ``kind``: "word", "verb", "adjective" or "noun"."""

    english: str
    kind: str


@dataclass
class Dictionary:
    """The words and rules of one language.

    Attributes
    ----------
    name : str
        In English: "German".
    entries : dict of str to Entry
        Expression in lower case, words joined by one space -> English.
    folded : dict of str to Entry
        The same without accents, and in other spellings.
    longest : int
        Words (for an unspaced language, characters) of the longest expression.
    """

    name: str
    entries: dict[str, Entry] = field(default_factory=dict)
    folded: dict[str, Entry] = field(default_factory=dict)
    longest: int = 1
    circumfixes: list[tuple[str, str, str]] = field(default_factory=list)
    endings: dict[str, list[str]] = field(default_factory=dict)
    plural: list[tuple[str, str]] = field(default_factory=list)
    clitics: list[tuple[str, str]] = field(default_factory=list)
    prefixes: list[tuple[str, str]] = field(default_factory=list)
    compound_joints: list[str] | None = None
    spellings: list[tuple[str, str]] = field(default_factory=list)
    before_noun: dict[str, str] = field(default_factory=dict)
    before_adjective: dict[str, str] = field(default_factory=dict)
    after_verb: dict[str, str] = field(default_factory=dict)
    adjectives_after: bool = False
    dative: str = ""
    verb_final: bool = False
    unspaced: bool = False

    def lookup(self, expression: str) -> Entry | None:
        """Return the entry of an expression in lower case, as written or without its accents."""
        return self.entries.get(expression) or self.folded.get(fold(expression))

    def word(self, word: str) -> Entry | None:
        """Return the entry of one word, taken apart where the rules of the language allow it."""
        return self.lookup(word) or self._colored(word) or self._with_clitic(word) or self._compound(word)

    def _colored(self, word: str) -> Entry | None:
        for prefix, english in self.prefixes:
            rest = self.lookup(word[len(prefix) :]) if word.startswith(prefix) else None
            if rest is not None and rest.kind == "adjective":
                return Entry(f"{english} {rest.english}", "adjective")
        return None

    def _with_clitic(self, word: str) -> Entry | None:
        for clitic, english in self.clitics:
            stem = self.lookup(word[: -len(clitic)]) if word.endswith(clitic) else None
            if stem is not None and stem.kind == "verb":
                return Entry(f"{stem.english} {english}", "verb")
        return None

    def _compound(self, word: str) -> Entry | None:
        if self.compound_joints is None or len(word) > _LONGEST_COMPOUND:
            return None
        for cut in range(len(word) - 3, 2, -1):
            head = self.lookup(word[cut:])
            if head is None or head.kind != "noun":
                continue
            for joint in ("", *self.compound_joints):
                if not word[:cut].endswith(joint):
                    continue
                first = self.lookup(word[: cut - len(joint)])
                if first is not None and first.kind == "noun":
                    return Entry(f"{first.english} {head.english}", "noun")
        return None


_LONGEST_COMPOUND = 30


def fold(text: str) -> str:
    """Return a text without accents: "füge" becomes "fuge", "ß" "ss"."""
    plain = unicodedata.normalize("NFD", text.replace("ß", "ss").replace("œ", "oe"))
    return "".join(char for char in plain if not unicodedata.combining(char))


@cache
def load(name: str) -> Dictionary:
    """Read the dictionary of a language by the name of its file: "german"."""
    text = (resources.files("retouch.editor.instructions.translation") / f"{name}.txt").read_text(encoding="utf-8")
    dictionary = Dictionary(name.capitalize())
    section = "words"
    for line in _logical_lines(text):
        if line.startswith("["):
            section = line.strip("[]")
        elif line.startswith("@"):
            _read_rule(dictionary, line[1:])
        else:
            english, _, foreign = line.partition(":")
            _read_entry(dictionary, section, english.strip().replace("_", " "), foreign.split())
    _add_spellings(dictionary)
    return dictionary


def _logical_lines(text: str) -> Iterator[str]:
    """Yield the lines without comments, continued lines joined."""
    current = ""
    for line in text.splitlines():
        content = line.partition("#")[0].rstrip()
        if not content:
            continue
        if content[0] == " ":
            current += content
            continue
        if current:
            yield current
        current = content
    if current:
        yield current


def _read_rule(dictionary: Dictionary, rule: str) -> None:
    name, _, rest = rule.partition(" ")
    left, _, right = (part.strip() for part in rest.partition("="))
    kind, _, number = name.partition(":")
    match kind:
        case "endings":
            dictionary.endings[number] = ["", *rest.split()]
        case "stems":
            dictionary.endings[number] = rest.split()
        case "plural":
            dictionary.plural = [(a, b) for a, _, b in (change.partition(">") for change in rest.split())]
        case "adjectives":
            dictionary.adjectives_after = rest == "after"
        case "verb-final":
            dictionary.verb_final = True
        case "clitics":
            dictionary.clitics += [(clitic, right) for clitic in left.split()]
        case "prefix":
            dictionary.prefixes += [(prefix, right) for prefix in left.split()]
        case "before-noun":
            dictionary.before_noun[left] = right
        case "before-adjective":
            dictionary.before_adjective[left] = right
        case "after-verb":
            dictionary.after_verb[left] = right
        case "compounds":
            dictionary.compound_joints = rest.split()
        case "spelling":
            dictionary.spellings.append((rest.split()[0], rest.split()[1]))
        case "dative-plural":
            dictionary.dative = rest
        case "unspaced":
            dictionary.unspaced = True
        case _:
            raise ValueError(f"{dictionary.name}: no such rule: @{rule}")


def _read_entry(dictionary: Dictionary, section: str, english: str, foreign: list[str]) -> None:
    english = "" if english == "-" else english
    for word in foreign:
        if section == "circumfixes":
            before, _, behind = word.partition("...")
            dictionary.circumfixes.append((before, behind, english))
        elif section == "nouns":
            for form, meaning in _noun_forms(dictionary, word, english):
                _say(dictionary, form, Entry(meaning, "noun"))
        elif "~" in word:
            stem, _, number = word.partition("~")
            for ending in dictionary.endings[number]:
                _say(dictionary, stem + ending, Entry(english, section.removesuffix("s")))
        else:
            _say(dictionary, word, Entry(english, section.removesuffix("s")))


def _noun_forms(dictionary: Dictionary, word: str, english: str) -> Iterator[tuple[str, str]]:
    """Yield a noun's singular and plural, each with its English."""
    singular, slash, plural = word.partition("/")
    yield singular, english
    if slash:
        yield plural, _plural_of(english)
        if dictionary.dative and plural.endswith(("e", "er", "el")):
            yield plural + dictionary.dative, _plural_of(english)
        return
    for old, new in dictionary.plural:
        if singular.endswith(old):
            yield singular[: len(singular) - len(old)] + new, _plural_of(english)
            return


def _plural_of(english: str) -> str:
    """Return the English plural of a noun; words that are plurals already stay."""
    if english in _SAME_PLURAL or english.endswith("s"):
        return english
    if english in _IRREGULAR:
        return _IRREGULAR[english]
    if english.endswith(("ch", "sh", "x", "z")):
        return english + "es"
    return english[:-1] + "ies" if english.endswith("y") and english[-2] not in "aeiou" else english + "s"


_SAME_PLURAL = frozenset(
    ["sheep", "fish", "people", "hair", "grass", "water", "sky", "sand", "snow", "background", "foreground"]
)
_IRREGULAR = {
    "man": "men",
    "woman": "women",
    "child": "children",
    "tooth": "teeth",
    "foot": "feet",
    "mouse": "mice",
    "leaf": "leaves",
}


def _say(dictionary: Dictionary, form: str, entry: Entry) -> None:
    """Enter a form as written, and folded. The first entry of a form stands."""
    text = (
        form.lower()
        if dictionary.unspaced
        else form.lower().replace("_", " ").replace("-", " ").replace("'", "' ").strip()
    )
    text = " ".join(text.split())
    dictionary.entries.setdefault(text, entry)
    dictionary.folded.setdefault(fold(text), entry)
    dictionary.longest = max(dictionary.longest, len(text) if dictionary.unspaced else len(text.split(" ")))


def _add_spellings(dictionary: Dictionary) -> None:
    for (letter, other), text in product(dictionary.spellings, list(dictionary.entries)):
        if letter in text:
            dictionary.folded.setdefault(fold(text.replace(letter, other)), dictionary.entries[text])
