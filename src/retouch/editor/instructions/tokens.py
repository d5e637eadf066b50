"""From text to tokens with their place in the prompt."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

from retouch.editor.instructions.colors import parse_color_code
from retouch.editor.instructions.lexicon import Lexicon, Sense, lexicon
from retouch.editor.instructions.literals import find_literals
from retouch.editor.instructions.sliders import find_sliders, find_stops
from retouch.editor.instructions.translation import Piece, Translation, translate
from retouch.editor.instructions.vocabulary import FILLERS

__all__ = ["Token", "lex", "read", "rejoin", "span_text", "tokenize"]

# Every alternative starts with a different kind of character and none nests a repetition: linear in the prompt.
_LEXER = re.compile(
    r"rgb\([ ]{0,3}\d{1,3}[ ]{0,3},[ ]{0,3}\d{1,3}[ ]{0,3},[ ]{0,3}\d{1,3}[ ]{0,3}\)"
    r"|#[0-9a-f]{6}(?![0-9a-z])|#[0-9a-f]{3}(?![0-9a-z])|[-=]>|b&w|b/w|w/o|w/|\n"
    r"|\d+\.\d+(?![\d.%])|\d+(?:\.\d+)?%|[^\W_]+(?:['-][^\W_]+){0,4}|\S"
)
_PLAIN = str.maketrans(
    {"’": "'", "‘": "'", "`": "'", "´": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": ";", "…": ".", "→": ">"}
)
_SENTENCE_ENDS = frozenset(".!?;\n")
_IGNORED = frozenset("\"'()[]*_-~^|<>:{}\\=`•·")
_SYMBOLS = frozenset(["So", "Sk", "Sm", "Sc", "Cf", "Mn", "Me", "Co", "Cn"])
_MAX_WORDS_OF_AN_EXPRESSION = 6


@dataclass(frozen=True, slots=True)
class Token:
    """One expression of the prompt.

    Attributes
    ----------
    word : str
        In lower case, corrected; "in front of" is one token.
    start, end : int
        Its place in the prompt, as typed.
    sense : Sense
    typed : str or None
        What the prompt says, where a typing error was corrected.
    """

    word: str
    start: int
    end: int
    sense: Sense
    typed: str | None = None

    @property
    def ends_sentence(self) -> bool:
        """Whether a clause can't go on behind this token."""
        return self.word in _SENTENCE_ENDS


def tokenize(prompt: str) -> list[Token]:
    """Return the expressions of a prompt, with politeness left out and clear typing errors corrected."""
    return read(prompt)[0]


def read(prompt: str) -> tuple[list[Token], Translation | None]:
    """Return the expressions of a prompt as ``tokenize`` does, and how it was translated, None for English."""
    words = lexicon()
    text = _lower(prompt)
    lettering: list[Token] = []
    for part in find_literals(prompt):
        lettering.append(Token(f'"{part.text}"', part.start, part.end, Sense(literal=part.text)))
        text = text[: part.start] + " " * (part.end - part.start) + text[part.end :]
    foreign, quotes = _mask_quotes(prompt, text, lettering)
    translation = translate(foreign, [(part.start, part.end) for part in quotes], lambda word: _is_english(word, words))
    if translation is not None:
        pieces = [token for piece in translation.pieces for token in _translated(piece, quotes, words)]
        pieces = _without_fillers(pieces)
        return [token for token in _join_expressions(pieces, words) if not token.sense.filler], translation
    for start, end, said in find_sliders(text):
        lettering += [*lex(said, start, end), Token(".", start, end, words.lookup("."))]
        text = text[:start] + " " * (end - start) + text[end:]
    for start, end, said in find_stops(text):
        lettering += lex(said, start, end)
        text = text[:start] + " " * (end - start) + text[end:]
    pieces = [piece for match in _LEXER.finditer(text) for piece in _split(match[0], match.start(), words)]
    pieces = _without_fillers(_mend(pieces, words))
    pieces = sorted(pieces + lettering, key=lambda piece: piece.start)
    return [token for token in _join_expressions(pieces, words) if not token.sense.filler], None


def _mend(pieces: list[Token], words: Lexicon) -> list[Token]:
    """Return pieces with "its" before a complaint told as "it's", "to dark" behind it as "too dark", a last "whit" as "white"."""
    mended: list[Token] = []
    for i, piece in enumerate(pieces):
        after = pieces[i + 1] if i + 1 < len(pieces) else None
        if piece.word == "/":
            if i > 0 and after is not None and _alike(pieces[i - 1].sense, after.sense):
                mended.append(replace(piece, word="and", sense=words.lookup("and")))
        elif piece.word == "its" and after is not None and (after.word in _COMPLAINING or after.sense.look is not None):
            mended += [
                replace(piece, word="it", sense=words.lookup("it")),
                replace(piece, word="'s", sense=words.lookup("'s")),
            ]
        elif piece.typed == "whit" and (after is None or after.ends_sentence or after.sense.connector is not None):
            mended.append(replace(piece, word="white", sense=words.lookup("white")))
        elif piece.sense.ordinal is not None and mended and mended[-1].sense.noun and _counts_from_side(pieces, i):
            noun = mended[-1]  # "the man second from the left"
            mended.insert(len(mended) - 1, replace(piece, start=noun.start, end=noun.start))
        elif (
            piece.word == "to"
            and after is not None
            and after.sense.look is not None
            and mended
            and mended[-1].sense.copula
        ):
            mended.append(replace(piece, word="too", sense=words.lookup("too")))
        else:
            mended.append(piece)
    return mended


def _counts_from_side(pieces: Sequence[Token], i: int) -> bool:
    """Whether "from the left" follows an ordinal."""
    rest = [piece for piece in pieces[i + 1 : i + 4] if piece.word != "the"]
    return len(rest) > 1 and rest[0].word == "from" and rest[1].word in ("left", "right")


def _alike(one: Sense, other: Sense) -> bool:
    """Whether words on both sides of a stroke are of a kind: "purple/orange", "brighter/warmer"."""
    return bool((one.color and other.color) or (one.look and other.look) or (one.noun and other.noun))


_COMPLAINING = frozenset("too to so very way not a really quite all got crooked tilted blurry leaning sideways".split())  # noqa: SIM905


def lex(text: str, start: int, end: int) -> list[Token]:
    """Return the single words of a text of our own, all at one place of the prompt."""
    pieces = [piece for match in _LEXER.finditer(text) for piece in _split(match[0], 0, lexicon())]
    return [replace(piece, start=start, end=end, typed=None) for piece in pieces]


def rejoin(pieces: Sequence[Token]) -> list[Token]:
    """Return single words joined into the expressions that the lexicon knows, as ``tokenize`` joins those of a prompt."""
    return [token for token in _join_expressions(list(pieces), lexicon()) if not token.sense.filler]


def _mask_quotes(prompt: str, text: str, lettering: Sequence[Token]) -> tuple[str, list[Token]]:
    """Return the text with everything in quotes blanked out, and all of it as lettering, for languages without cues for it."""
    found = list(lettering)
    for match in _QUOTES.finditer(prompt):
        if any(part.start < match.end() and match.start() < part.end for part in lettering):
            continue
        inner = match[0][1:-1]
        found.append(Token(f'"{inner}"', match.start(), match.end(), Sense(literal=inner)))
        text = text[: match.start()] + " " * len(match[0]) + text[match.end() :]
    return text, found


_QUOTES = re.compile(
    r'"[^"\n]{1,200}"|“[^“”\n]{1,200}”|„[^„“”\n]{1,200}[“”]|«[^«»\n]{1,200}»|「[^「」\n]{1,200}」|‘[^‘’\n]{1,200}’'
)


def _is_english(word: str, words: Lexicon) -> bool:
    """Whether a word is English, or nearly; a short word is a slip of something in any language."""
    if words.lookup(word).known or word in words.correct_words:
        return True
    return len(word) >= _SHORTEST_SLIP and words.correct(word) is not None


_SHORTEST_SLIP = 6


def _translated(piece: Piece, lettering: Sequence[Token], words: Lexicon) -> list[Token]:
    """Return the English tokens of one piece of a translation, all at its place in the prompt."""
    if piece.kind == "literal":
        return [part for part in lettering if part.start == piece.start]
    tokens = [token for match in _LEXER.finditer(piece.text) for token in _split(match[0], 0, words)]
    return [replace(token, start=piece.start, end=piece.end, typed=None) for token in tokens]


def _without_fillers(pieces: Sequence[Token]) -> list[Token]:
    """Leave out words that say nothing, but for an "only" that does."""
    return [
        replace(piece, sense=replace(piece.sense, filler=False)) if piece.word in FILLERS else piece
        for i, piece in enumerate(pieces)
        if piece.word not in FILLERS or _singles_out(pieces, i) or _is_called(pieces, i)
    ]


def _is_called(pieces: Sequence[Token], i: int) -> bool:
    """Whether "dude" names someone: "that random dude", "my bro"."""
    if pieces[i].word not in _CALLED:
        return False
    before = next((piece for piece in reversed(pieces[max(0, i - 3) : i]) if piece.sense.known), None)
    return before is not None and before.sense.determiner is not None


_CALLED = frozenset(["dude", "bro", "mate", "buddy", "pal", "bestie", "boss", "fam", "guys", "folks"])


def _singles_out(pieces: Sequence[Token], i: int) -> bool:
    """Whether "only" says what keeps its color, and is no filler: "keep only the red", "with only the red in color"."""
    if pieces[i].word not in ("only", "just"):
        return False
    before = pieces[i - 1].word if i > 0 else ","
    behind = pieces[i + 1].word if i + 1 < len(pieces) else ""
    if before in ("keep", "keeping", "leave", "leaving") or behind in ("keep", "keeping"):
        return True
    colored = any(piece.word in ("color", "colour", "colored", "coloured") for piece in pieces[i + 1 : i + 8])
    after = pieces[i + 1].sense if i + 1 < len(pieces) else None
    follows = after is not None and (after.determiner == "definite" or after.color is not None)
    return colored and follows and before in ("with", "but", "and", ",", "where", "show", "have")


def span_text(prompt: str, tokens: Sequence[Token]) -> str:
    """Return the words of the prompt from the first to the last of ``tokens``."""
    return prompt[min(t.start for t in tokens) : max(t.end for t in tokens)] if tokens else ""


def _lower(prompt: str) -> str:
    """Return the prompt in lower case with plain quotes, letter for letter (so that spans stay true); " - " ends a sentence."""
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in prompt.translate(_PLAIN)).replace(" - ", " ; ")


def _split(text: str, start: int, words: Lexicon) -> list[Token]:
    """Return the word or words that one lexer match stands for: possessives and unknown compounds come apart."""
    if text in _IGNORED or (len(text) == 1 and unicodedata.category(text) in _SYMBOLS and text not in "+&"):
        return []
    if text.endswith("'s") and not words.lookup(text).known:
        owner = _split(text[:-2], start, words)
        return [*owner, Token("'s", start + len(text) - 2, start + len(text), words.lookup("'s"))]
    if "-" in text and text not in ("->",) and not words.lookup(text).known:
        parts: list[Token] = []
        offset = start
        for part in text.split("-"):
            parts += _split(part, offset, words)
            offset += len(part) + 1
        return parts
    color = parse_color_code(text)
    if color is not None:
        return [Token(text, start, start + len(text), Sense(color=color))]
    sense = words.lookup(text)
    if not sense.known and (text.isdecimal() and len(text) <= 4):
        return [Token(text, start, start + len(text), Sense(number=int(text)))]
    corrected = None if sense.known else words.correct(text)
    if corrected is not None:
        return [Token(corrected, start, start + len(text), words.lookup(corrected), typed=text)]
    return [Token(text, start, start + len(text), sense)]


def _numbered(pieces: list[Token], after: int) -> bool:
    """Whether a number follows: "in the image" is no filler in "in the image 2"."""
    return after < len(pieces) and pieces[after].sense.number is not None


def _thing_and_color(pieces: list[Token], i: int, length: int) -> bool:
    """Whether "sky blue" is a thing and its new color, as in "make the sky blue", and not the name of a color."""
    first, before = pieces[i].sense, pieces[i - 1].sense if i > 0 else None
    if first.noun is None or pieces[i + length - 1].sense.color is None or before is None:
        return False
    after = pieces[i + length].sense if i + length < len(pieces) else None
    return (before.determiner == "definite" or before.verb is not None) and (after is None or after.noun is None)


def _join_expressions(pieces: list[Token], words: Lexicon) -> list[Token]:
    """Join neighbors into the longest expressions that the lexicon knows ("in", "front", "of" -> "in front of")."""
    joined: list[Token] = []
    i = 0
    while i < len(pieces):
        longest = min(_MAX_WORDS_OF_AN_EXPRESSION, len(pieces) - i)
        for length in range(longest, 0, -1):
            if length == 1:
                joined.append(pieces[i])
                break
            if any(piece.ends_sentence for piece in pieces[i : i + length]):
                continue
            text = " ".join(piece.word for piece in pieces[i : i + length])
            sense = words.lookup(text)
            misjoined = (sense.filler and _numbered(pieces, i + length)) or _thing_and_color(pieces, i, length)
            if sense.known and not misjoined:
                part = pieces[i : i + length]
                typed = next((p.typed for p in part if p.typed), None)
                joined.append(Token(text, min(p.start for p in part), max(p.end for p in part), sense, typed))
                break
        i += length
    return joined
