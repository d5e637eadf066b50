"""What a noun means to the classifier: a table from everyday words to ImageNet classes and back."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

__all__ = [
    "ANIMAL_CLASSES",
    "ATTACHED_WORDS",
    "CLASS_COUNT",
    "GROUND_WORDS",
    "PART_WORDS",
    "SCENERY_WORDS",
    "NounTable",
    "is_one_of",
    "is_person",
    "noun_forms",
    "noun_table",
]

CLASS_COUNT: Final = 1000


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PERSON_WORDS: Final = _words(
    "person people man woman boy girl child kid baby lady gentleman guy human adult teenager face portrait model astronaut "
    "photographer officer soldier admiral player athlete actor actress singer dancer doctor nurse teacher student worker "
    "chef farmer king queen prince princess bride couple friend family mother father mom dad grandmother grandfather "
    "presenter newsreader cameraman sailor pilot policeman him her groom crowd pirate runner clown guest mum mommy daddy "
    "granny grandma grandpa aunt uncle son daughter sister brother husband wife toddler infant dude bloke fella chap "
    "tourist stranger bystander passer-by waiter waitress bridesmaid groomsman neighbor neighbour cousin boyfriend "
    "girlfriend"
)
"""Words for people, whom ImageNet has no class for."""

PART_WORDS: Final = _words(
    "head hair eye nose mouth lip ear hand arm leg foot skin body cheek chin finger nail tooth tail fur beard neck shoulder wing "
    "paw handle lid sleeve collar hood petal branch trunk leaf label logo surface drawer frame medal strap badge pocket button "
    "zipper lace sole rim spout pedal knob stripe seam cuff brim heel stitching lapel hem spoke"
)
"""Parts that neither the matte nor the classifier tells from the whole; some are ImageNet labels of another meaning."""

GROUND_WORDS: Final = _words(
    "ground floor grass lawn sand beach seashore meadow snow field pavement sidewalk road street path driveway soil dirt"
)
"""What things stand on. The picture shows one ground, whatever it is called."""

SCENERY_WORDS: Final = _words(
    "tree bush hedge forest wood water river ocean pool pond cloud sun moon star rainbow wall ceiling horizon foreground shadow "
    "reflection hill island rock waterfall garden waterfront wave"
)
"""What surrounds a subject and is not one, and what nothing here can outline but by its color."""

ATTACHED_WORDS: Final = _words(
    "wheel tire tie necktie hat cap helmet glasses sunglasses goggles mask wig crown necklace earring ring bracelet watch glove "
    "gloves sock shoe boot sandal sneaker belt bag handbag backpack jacket coat suit dress shirt t-shirt sweater hoodie jeans "
    "trousers pants shorts skirt scarf uniform robe cloak apron vest blazer cardigan jersey bikini swimsuit window door roof "
    "curtain buckle seat saddle flag"
)
"""What a subject wears or is fitted with: seen on it, such a thing is a part of the subject and not the subject."""

ANIMAL_CLASSES: Final = range(398)


@dataclass(frozen=True, slots=True)
class NounTable:
    """The table, both ways.

    Attributes
    ----------
    classes : mapping of str to tuple of int
        Classes of each noun and synonym, in lower case.
    reportable : tuple of (str, tuple of int)
        Canonical nouns with their classes, and the labels of classes that no written noun covers narrowly.
    """

    classes: Mapping[str, tuple[int, ...]]
    reportable: tuple[tuple[str, tuple[int, ...]], ...]

    def lookup(self, noun: str) -> tuple[int, ...] | None:
        """Return the classes of a noun, singular or plural, or of its last word ("espresso cup"); None if it has none."""
        for form in noun_forms(noun):
            if form in self.classes:
                return self.classes[form]
        return None


@cache
def noun_table() -> NounTable:
    """Return the table, read once from the package's two data files."""
    labels = _read_labels()
    # Every class is a noun of its own; the written table overrides and adds.
    classes: dict[str, tuple[int, ...]] = {label.lower(): (index,) for index, label in enumerate(labels)}
    reportable: list[tuple[str, tuple[int, ...]]] = []
    named: set[int] = set()
    for words, indices in _read_nouns():
        classes.update(dict.fromkeys(words, indices))
        reportable.append((words[0], indices))
        if len(indices) <= NARROW:
            named.update(indices)
    reportable += [(label, (index,)) for index, label in enumerate(labels) if index not in named]
    return NounTable(classes, tuple(reportable))


NARROW: Final = 8
"""A class with no noun of at most this many classes is reported under its own label."""


def is_person(noun: str) -> bool:
    """Return whether a noun means a human being."""
    return is_one_of(noun, PERSON_WORDS)


def is_one_of(noun: str, words: frozenset[str]) -> bool:
    """Return whether a noun, its singular, or its last word is among the words."""
    return any(form in words for form in noun_forms(noun))


def noun_forms(noun: str) -> Iterator[str]:
    """Yield the noun, its singular, and the same of its last word."""
    whole = re.sub(r"[\s_-]+", " ", noun.lower()).strip()
    for phrase in dict.fromkeys((whole, whole.replace(" ", "-"), whole.rsplit(" ", 1)[-1])):
        yield phrase
        yield from _singulars(phrase)


def _singulars(word: str) -> Iterator[str]:
    if word.endswith("ies"):
        yield word[:-3] + "y"
    if word.endswith("ves"):
        yield word[:-3] + "f"
        yield word[:-3] + "fe"
    if word.endswith("es"):
        yield word[:-2]
    if word.endswith("s") and not word.endswith("ss"):
        yield word[:-1]


def _read_lines(name: str) -> Iterator[str]:
    text = resources.files("retouch.editor.scene").joinpath(name).read_text(encoding="utf-8")
    return (line for line in text.splitlines() if line.strip() and not line.startswith("#"))


def _read_labels() -> list[str]:
    labels = [label for line in _read_lines("imagenet_labels.txt") for label in line.split("|")]
    assert len(labels) == CLASS_COUNT
    return labels


def _read_nouns() -> Iterator[tuple[tuple[str, ...], tuple[int, ...]]]:
    for line in _read_lines("imagenet_nouns.txt"):
        words, ranges = line.split(" = ")
        indices: list[int] = []
        for part in ranges.split(","):
            first, _, last = part.strip().partition("-")
            indices.extend(range(int(first), int(last or first) + 1))
        yield tuple(words.split(", ")), tuple(dict.fromkeys(indices))
