"""From the words of another language to the English words that the grammars read, each with its place in the prompt."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from retouch.editor.instructions.translation.dictionary import Dictionary, load

__all__ = ["SUPPORTED", "Piece", "Translation", "translate"]

SUPPORTED: tuple[str, ...] = ("German", "French", "Spanish", "Portuguese", "Italian", "Chinese")
_SPACED = ("german", "french", "spanish", "portuguese", "italian")

_LEXER = re.compile(
    r"rgb\([ ]{0,3}\d{1,3}[ ]{0,3},[ ]{0,3}\d{1,3}[ ]{0,3},[ ]{0,3}\d{1,3}[ ]{0,3}\)"
    r"|#[0-9a-f]{6}(?![0-9a-z])|#[0-9a-f]{3}(?![0-9a-z])|\d+(?:\.\d+)?%?|\n|[^\W\d_]+'?|\S"
)
_HAN = re.compile(r"[\u4e00-\u9fff]")
_OTHER_SCRIPT = re.compile(
    r"[\u3040-\u30ff\uac00-\ud7af\u0400-\u04ff\u0600-\u06ff\u0370-\u03ff\u0e00-\u0e7f\u0900-\u097f]"
)
"""Japanese, Korean, Cyrillic, Arabic, Greek, Thai and Devanagari letters."""
_PUNCTUATION = str.maketrans("，。！？；、：％", ",.!?;,:%")
_SKIPPED = frozenset("'\"()[]*_-~^|<>{}\\=`«»„“”¿¡:·")
_STOPS = frozenset(".!?;\n")
_MOST_WORDS = 1200
"""Longer prompts than this are not looked up word by word."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One English expression of a translation.

    Attributes
    ----------
    text : str
        English; "" where the word of the prompt says nothing. Unknown words stand as they are.
    start, end : int
        The words of the prompt that it stands for.
    kind : str
        "word", "verb", "adjective", "noun", "unknown", "literal" or "stop".
    """

    text: str
    start: int
    end: int
    kind: str = "word"


@dataclass(frozen=True, slots=True)
class Translation:
    """A prompt in English words.

    Attributes
    ----------
    language : str
    pieces : tuple of Piece
        In English order.
    unknown : tuple of Piece
        Words that the dictionary lacks.
    """

    language: str
    pieces: tuple[Piece, ...]
    unknown: tuple[Piece, ...]


def translate(text: str, literals: Sequence[tuple[int, int]], is_english: Callable[[str], bool]) -> Translation | None:
    """Translate a prompt that is in one of ``SUPPORTED``.

    Parameters
    ----------
    text : str
        The prompt in lower case, its lettering blanked out.
    literals : sequence of (start, end)
        Where the lettering stands.
    is_english : callable
        Whether the editor knows an English word.

    Returns
    -------
    Translation or None
        None for English, and for a language that is not supported.

    Notes
    -----
    The language is the one whose dictionary knows most words, if it knows more of them than English does. O(len(text)).
    """
    text = text.translate(_PUNCTUATION)
    if _OTHER_SCRIPT.search(text):
        return None
    if _HAN.search(text):
        return _finish(load("chinese"), _cut_unspaced(text, load("chinese")), literals, is_english)
    words = [Piece(m[0], m.start(), m.end(), "unknown") for m in _LEXER.finditer(text) if m[0] not in _SKIPPED]
    letters = [word.text for word in words if word.text[0].isalpha()]
    if not letters or len(letters) > _MOST_WORDS:
        return None
    english = sum(is_english(word) for word in letters)
    if english == len(letters):
        return None
    readings = [(_look_up(words, dictionary), dictionary) for dictionary in map(load, _SPACED)]
    pieces, best = max(readings, key=lambda reading: _covered(reading[0], words))
    if _covered(pieces, words) < max(english, 0.5 * len(letters)):
        return None
    pieces = _resolve_circumfixes(text, pieces, best)
    pieces = [
        replace(piece, text="it") if piece.text == "the" and text[piece.start - 1 : piece.start] == "-" else piece
        for piece in pieces
    ]
    return _finish(best, pieces, literals, is_english)


def _finish(
    dictionary: Dictionary, pieces: list[Piece], literals: Sequence[tuple[int, int]], is_english: Callable[[str], bool]
) -> Translation:
    """Put the pieces into English order, clause by clause."""
    lettering = [Piece("", start, end, "literal") for start, end in literals]
    pieces = sorted(pieces + lettering, key=lambda piece: piece.start)
    pieces = [
        replace(p, kind="word") if p.kind == "unknown" and _is_borrowed(p.text, is_english) else p for p in pieces
    ]
    unknown = tuple(piece for piece in pieces if piece.kind == "unknown" and piece.text[0].isalpha())
    ordered: list[Piece] = []
    clause: list[Piece] = []
    for piece in [*pieces, Piece(".", -1, -1, "stop")]:
        clause.append(piece)
        if piece.kind == "stop" or piece.text in (",", "and", "then"):
            ordered += _reorder(clause[:-1], dictionary) + clause[-1:]
            clause = []
    return Translation(dictionary.name, tuple(piece for piece in ordered if piece.start >= 0), unknown)


def _is_borrowed(word: str, is_english: Callable[[str], bool]) -> bool:
    """Whether a word is an English one that is used in the other language; short ones are more likely something else ("sea")."""
    return len(word) >= _SHORTEST_BORROWED and is_english(word)


_SHORTEST_BORROWED = 4


# Looking up --------------------------------------------------------------------------------------------------------------


def _look_up(words: list[Piece], dictionary: Dictionary) -> list[Piece]:
    """Return the longest known expressions from left to right."""
    pieces: list[Piece] = []
    i = 0
    while i < len(words):
        for length in range(min(dictionary.longest, len(words) - i), 0, -1):
            part = words[i : i + length]
            text = " ".join(word.text for word in part)
            entry = dictionary.word(text) if length == 1 else dictionary.lookup(text)
            if entry is not None:
                pieces.append(Piece(entry.english, part[0].start, part[-1].end, entry.kind))
                break
            if length == 1:
                pieces.append(_as_it_is(part[0]))
        i += length
    return pieces


def _covered(pieces: Sequence[Piece], words: Sequence[Piece]) -> int:
    """Return how many words, in letters, a dictionary knows."""
    unknown = sum(piece.kind == "unknown" and piece.text[0].isalpha() for piece in pieces)
    return sum(word.text[0].isalpha() for word in words) - unknown


def _as_it_is(word: Piece) -> Piece:
    if word.text in _STOPS:
        return replace(word, kind="stop")
    return word if word.text[0].isalpha() else replace(word, kind="word")


def _cut_unspaced(text: str, dictionary: Dictionary) -> list[Piece]:
    """Cut a text without blanks into the longest known expressions; what is unknown in a row is one word."""
    pieces: list[Piece] = []
    at = 0
    while at < len(text):
        if not _HAN.match(text[at]):
            match = _LEXER.match(text, at)
            if match is not None and match[0] not in _SKIPPED:
                foreign = _HAN.search(match[0])
                end = match.end() if foreign is None else at + foreign.start()
                pieces.append(_as_it_is(Piece(text[at:end], at, end, "unknown")))
                at = end
            else:
                at = at + 1 if match is None else match.end()
            continue
        for length in range(min(dictionary.longest, len(text) - at), 0, -1):
            entry = dictionary.entries.get(text[at : at + length])
            if entry is not None:
                pieces.append(Piece(entry.english, at, at + length, entry.kind))
                at += length
                break
        else:
            last = pieces[-1] if pieces else None
            if last is not None and last.kind == "unknown" and last.end == at:
                pieces[-1] = replace(last, text=last.text + text[at], end=at + 1)
            else:
                pieces.append(Piece(text[at], at, at + 1, "unknown"))
            at += 1
    return _resolve_circumfixes(text, pieces, dictionary)


def _resolve_circumfixes(text: str, pieces: list[Piece], dictionary: Dictionary) -> list[Piece]:
    """Turn "at ... on-side" around a noun phrase into a preposition before it, "nimm ... weg" into one verb."""
    for i, piece in enumerate(pieces):
        for before, behind, english in dictionary.circumfixes:
            if text[piece.start : piece.end] != before:
                continue
            for j in range(i + 1, min(i + _LONGEST_PHRASE, len(pieces))):
                if pieces[j].kind in ("verb", "stop"):
                    break
                if text[pieces[j].start : pieces[j].end] == behind:
                    pieces[i] = replace(piece, text=english, kind="word" if dictionary.unspaced else "verb")
                    pieces[j] = replace(pieces[j], text="", kind="word")
                    break
            if pieces[i] is not piece:
                break
    return pieces


_LONGEST_PHRASE = 9


# English order -----------------------------------------------------------------------------------------------------------


def _reorder(clause: list[Piece], dictionary: Dictionary) -> list[Piece]:
    """Return a clause with its verb before its object and its adjectives before their nouns."""
    clause = [piece for piece in clause if piece.text or piece.kind == "literal"]
    clause = _by_context(clause, dictionary)
    if dictionary.unspaced:
        clause = _object_behind_verb(clause)
    if dictionary.verb_final:
        clause = _verb_first(clause)
    return _adjectives_first(clause) if dictionary.adjectives_after else clause


def _by_context(clause: list[Piece], dictionary: Dictionary) -> list[Piece]:
    """Choose between two meanings by what follows."""
    has_verb = any(piece.kind == "verb" for piece in clause)
    chosen: list[Piece] = []
    for i, piece in enumerate(clause):
        after = clause[i + 1].kind if i + 1 < len(clause) else ""
        if after in ("noun", "adjective") and piece.text in dictionary.before_noun:
            piece = replace(piece, text=dictionary.before_noun[piece.text])
        if after == "adjective" and piece.text in dictionary.before_adjective:
            piece = replace(piece, text=dictionary.before_adjective[piece.text])
        if after == "adjective" and has_verb and piece.text in dictionary.after_verb:
            piece = replace(piece, text=dictionary.after_verb[piece.text])
        chosen.append(piece)
    return chosen


def _verb_first(clause: list[Piece]) -> list[Piece]:
    """Move a verb at the end of a clause without another verb to its beginning."""
    verbs = [i for i, piece in enumerate(clause) if piece.kind == "verb"]
    if len(verbs) == 1 and verbs[0] == len(clause) - 1 and len(clause) > 1:
        first = next((i for i, piece in enumerate(clause) if piece.text not in _POLITE), 0)
        return [*clause[:first], clause[-1], *clause[first:-1]]
    return clause


def _object_behind_verb(clause: list[Piece]) -> list[Piece]:
    """Turn "make face a bit brighten" (an object put before its verb) into "a bit brighten face"."""
    verbs = [i for i, piece in enumerate(clause) if piece.kind == "verb"]
    if len(verbs) != 2 or clause[verbs[0]].text != "make" or clause[verbs[1]].text not in _TAKING_OBJECTS:
        return clause
    first, second = verbs
    return [*clause[:first], clause[second], *clause[first + 1 : second], *clause[second + 1 :]]


_TAKING_OBJECTS = frozenset(
    ["brighten", "darken", "sharpen", "remove", "move", "crop", "rotate", "flip", "straighten", "desaturate", "whiten"]
)


_POLITE = frozenset(["please", "can you", "could you", "don't"])
_MAKING = frozenset(["make", "turn", "paint", "color", "change", "put", "let", "set"])


def _adjectives_first(clause: list[Piece]) -> list[Piece]:
    """Move the adjectives behind a noun before it, unless they say what it is to become: "make the cup blue"."""
    verb = next((piece.text for piece in clause if piece.kind == "verb"), "")
    ordered: list[Piece] = []
    i = 0
    while i < len(clause):
        end = i + 1
        while end < len(clause) and clause[end].kind == "adjective":
            end += 1
        if clause[i].kind == "noun" and end > i + 1 and not _becomes(clause, i, end, verb):
            ordered += [*clause[i + 1 : end], clause[i]]
        else:
            ordered += clause[i:end]
        i = end
    return ordered


def _becomes(clause: Sequence[Piece], noun: int, end: int, verb: str) -> bool:
    """Whether the adjectives behind a noun are what a clause makes of it."""
    article = next((piece.text for piece in reversed(clause[:noun]) if piece.kind == "word"), "the")
    if article in ("a", "an", "some", "one") or article.isdecimal() or article in _NUMBERS:
        return False
    if verb.split(" ")[0] not in _MAKING and verb:
        return False
    later = clause[end:]
    said_later = any(
        piece.kind == "adjective" or piece.text in ("to", "into", "in", "as", "more", "less") for piece in later
    )
    return not said_later and not (not verb and later)


_NUMBERS = frozenset(["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"])
