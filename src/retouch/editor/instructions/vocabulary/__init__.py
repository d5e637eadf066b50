"""Function words, verbs and looks: data. ``lexicon.py`` turns the tables into one dictionary of senses."""

from retouch.editor.instructions.vocabulary.actions import (
    AMOUNTS,
    DEGREES,
    LOOK_ADJECTIVES,
    LOOK_NOUNS,
    LOOK_VERBS,
    VERBS,
)
from retouch.editor.instructions.vocabulary.empty import (
    EXPRESSIONS,
    FILLER_PHRASES,
    FILLERS,
    FLUFF,
    NATURAL_FRAME,
    NATURAL_WORDS,
    SAME_WORDS,
)
from retouch.editor.instructions.vocabulary.phrases import (
    DETERMINERS,
    GROUP_NOUNS,
    NUMBERS,
    ORDINALS,
    PARTICIPLES,
    PICTURE_NOUNS,
    PREPOSITIONS,
    RELATIONS,
    SIDES,
    SIZES,
)
from retouch.editor.instructions.vocabulary.spelling import COMMON_WORDS, CONTRACTIONS, MISSPELLINGS

__all__ = [
    "AMOUNTS",
    "COMMON_WORDS",
    "CONTRACTIONS",
    "DEGREES",
    "DETERMINERS",
    "EXPRESSIONS",
    "FILLERS",
    "FILLER_PHRASES",
    "FLUFF",
    "GROUP_NOUNS",
    "LOOK_ADJECTIVES",
    "LOOK_NOUNS",
    "LOOK_VERBS",
    "MISSPELLINGS",
    "NATURAL_FRAME",
    "NATURAL_WORDS",
    "NUMBERS",
    "ORDINALS",
    "PARTICIPLES",
    "PICTURE_NOUNS",
    "PREPOSITIONS",
    "RELATIONS",
    "SAME_WORDS",
    "SIDES",
    "SIZES",
    "VERBS",
]
