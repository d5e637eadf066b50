"""The words of each family of operations: data. A grammar asks a token for them with ``token.sense.term(family)``.

One file per family, with one table ``TERMS``: term -> the words for it, separated by spaces; an underscore joins the words of
one expression.
"""

from collections.abc import Mapping

from retouch.editor.instructions.words import blend, color, composition, lettering, light, remove, retouch, style

__all__ = ["FAMILIES", "PLAIN_WORDS"]

FAMILIES: Mapping[str, Mapping[str, str]] = {
    "blend": blend.TERMS,
    "remove": remove.TERMS,
    "color": color.TERMS,
    "composition": composition.TERMS,
    "lettering": lettering.TERMS,
    "light": light.TERMS,
    "style": style.TERMS,
    "retouch": retouch.TERMS,
}
"""Family -> its table."""

PLAIN_WORDS: frozenset[str] = frozenset(
    word
    for words in (*composition.NOUNS.values(), *retouch.DOINGS.values(), *map(str.split, composition.RATIOS))
    for word in words
)
"""Words that mean something to one grammar only; slips of the keyboard are led back to them too."""
