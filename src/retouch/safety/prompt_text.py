"""Bring a prompt into forms in which the usual disguises of a word are undone.

Undone are: capitals, accents, full-width and decorated letters, letters of other scripts that look the same, characters that
nobody sees, digits and signs for letters, letters that are set apart or drawn out. It is a net for carelessness and for the lazy;
who wants to get around a list of words gets around it.
"""

import re
import unicodedata
from typing import Final

__all__ = ["fold", "views"]

_LOOKALIKES: Final = str.maketrans(
    "аеорсухкмтнвіјѕԁһӏɡɑαεορτυικνηχвɩıł",
    "aeopcyxkmthbijsdhlgaaeoptuiknnxbiil",
)
"""Cyrillic, Greek and phonetic letters, and the Latin ones that they are taken for."""
_LEET_I: Final = str.maketrans("013457890@$!|+€", "oieastbgoasiite")
_LEET_L: Final = str.maketrans("013457890@$!|+€", "oleastbgoasllte")
_NO_WORD: Final = re.compile(r"[\W_]+")
_RUN: Final = re.compile(r"(\w)\1{2,}")
_REPEATED: Final = re.compile(r"(\w)\1+")
_SPELLED: Final = re.compile(r"(?<!\w)\w(?: \w(?!\w)){2,}")


def fold(text: str) -> str:
    """Return a text as small Latin letters without accents, lookalikes and invisible characters, its signs left in.

    >>> fold("Ｎ\u200bÜDΕ")
    'nude'
    """
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    seen = (char for char in decomposed if unicodedata.category(char) not in ("Mn", "Me", "Cf", "Cc") or char.isspace())
    return "".join(seen).casefold().translate(_LOOKALIKES)


def words(text: str) -> str:
    """Return a folded text as words between single spaces."""
    return " ".join(_NO_WORD.sub(" ", text).split())


def views(prompt: str) -> tuple[str, ...]:
    """Return the prompt in every form in which words are looked for: words between single spaces, no form twice.

    >>> views("a nude tone")
    ('a nude tone',)
    >>> "nude" in " ".join(views("n.u.d.3"))
    True
    """
    folded = fold(prompt)
    parts = folded.split()
    forms = [words(folded), " ".join(_NO_WORD.sub("", part) for part in parts)]
    for table in (_LEET_I, _LEET_L):
        read = (part.translate(table) if any(char.isalpha() for char in part) else part for part in parts)
        forms.append(" ".join(_NO_WORD.sub("", part) for part in read))
    joined = [_SPELLED.sub(lambda match: match[0].replace(" ", ""), form) for form in forms]
    squeezed = [_REPEATED.sub(r"\1", form) for form in (*forms, *joined) if _RUN.search(form)]
    doubled = [_RUN.sub(r"\1\1", form) for form in (*forms, *joined) if _RUN.search(form)]
    return tuple(dict.fromkeys(" ".join(form.split()) for form in (*forms, *joined, *squeezed, *doubled)))
