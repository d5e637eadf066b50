"""How letters should look, word by word: "in big bold red letters", "40 px", "Lobster font", "with a black outline"."""

import re
from dataclasses import dataclass, field, replace

from retouch.editor.instructions.context import Context
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.pieces import parse_color
from retouch.editor.instructions.plan import ColorValue, LetteringStyle

__all__ = ["StyleReader"]

_FONTS = frozenset(["serif", "sans", "script", "hand", "mono", "slab", "condensed", "display"])
_FONT_ADJECTIVES = {
    "elegant": "script",
    "fancy": "script",
    "wedding": "script",
    "classic": "serif",
    "roman": "serif",
    "times": "serif",
    "newspaper": "serif",
    "modern": "sans",
    "clean": "sans",
    "marker": "hand",
    "brush": "hand",
    "western": "slab",
    "narrow": "condensed",
    "meme": "display",
    "block": "display",
}
"""Words that say a font only among words about lettering; elsewhere they belong to things ("a fancy hat")."""

_TURNED = frozenset(["rotated", "rotate", "tilted", "tilt", "turned", "angled", "slanted", "at an angle", "angle"])
_SIZED = re.compile(r"(\d{1,4}(?:\.\d+)?)(px|pt|pixels?|points?)")
_BLACK = ColorValue("black", (0, 0, 0))
_FAINT = 0.45
_DIAGONAL_DEGREES = 30.0


@dataclass
class StyleReader:
    """Collects a style while a clause is read."""

    found: LetteringStyle = field(default_factory=LetteringStyle)
    case: str | None = None

    def copy(self) -> "StyleReader":
        """Return a reader that goes on from the same style."""
        return StyleReader(self.found, self.case)

    def style(self) -> LetteringStyle:
        """Return the style read so far."""
        return self.found

    def apply_case(self, words: str) -> str:
        """Return words in capitals or small letters, where the prompt asks for them."""
        return words.upper() if self.case == "upper" else words.lower() if self.case == "lower" else words

    def read(self, cur: Cursor, ctx: Context) -> bool:
        """Read one word or expression about the look of letters; False (the cursor as it was) if there is none."""
        return self._read_size(cur) or self._read_color(cur, ctx) or self._read_term(cur) or self._read_family(cur, ctx)

    def _set(self, **changes: object) -> None:
        self.found = replace(self.found, **changes)  # type: ignore[arg-type]

    def _read_size(self, cur: Cursor) -> bool:
        """Read "big", "40 px", "size 40", "10%", "10% of the height"."""
        sense, word = cur.sense(), cur.word()
        glued = _SIZED.fullmatch(word)
        if glued is not None:
            self._set(size_px=float(glued[1]))
        elif word.endswith("%") and len(word) > 1:
            self._set(size_share=float(word[:-1]) / 100.0)
        elif sense.number is not None and cur.sense(1).term("lettering") == "px":
            self._set(size_px=float(sense.number))
            cur.at += 1
        elif word == "size" and cur.sense(1).number is not None:
            self._set(size_px=float(cur.sense(1).number or 0))
            cur.at += 1
        elif sense.size is not None:
            self._set(scale=sense.size)
        elif word not in ("size", "sized", "height", "tall", "high"):
            return False
        cur.at += 1
        return True

    def _read_color(self, cur: Cursor, ctx: Context) -> bool:
        """Read a color: of the letters, or of their outline."""
        begin = cur.at
        if cur.sense().preposition == "in":
            cur.at += 1
        color = parse_color(cur, ctx)
        if color is None:
            cur.at = begin
            return False
        if cur.sense().term("lettering") == "outline" or cur.word() in ("border", "stroke", "edge", "edges"):
            cur.at += 1
            self._set(outline=color)
        elif cur.sense().term("lettering") == "shadow":
            cur.at += 1
            self._set(shadow=True)
        else:
            self._set(color=color)
        return True

    def _read_term(self, cur: Cursor) -> bool:
        """Read "bold", "handwritten", "with a shadow", "diagonally", "rotated 20 degrees"."""
        term, word = cur.sense().term("lettering"), cur.word()
        if word in _TURNED:
            return self._read_turn(cur)
        if term in _FONTS:
            self._set(font=term)
        elif word in _FONT_ADJECTIVES:
            self._set(font=_FONT_ADJECTIVES[word])
        elif term in ("bold", "italic"):
            self._set(**{term: True})
        elif word in ("thick", "fat", "strong"):
            self._set(bold=True)
        elif term in ("upper", "lower"):
            self.case = term
        elif term == "faint":
            self._set(opacity=_FAINT)
        elif term == "shadow":
            self._set(shadow=True)
        elif term == "plain":
            self._set(shadow=False)
        elif term == "outline":
            return self._read_outline(cur)
        elif term == "diagonal":
            self._set(rotation_degrees=_DIAGONAL_DEGREES)
        elif term == "vertical":
            self._set(rotation_degrees=90.0)
        else:
            return False
        cur.at += 1
        return True

    def _read_outline(self, cur: Cursor) -> bool:
        cur.at += 1
        cur.take_preposition("in", "with")
        self._set(outline=cur.sense().color or _BLACK)
        cur.at += cur.sense().color is not None
        return True

    def _read_turn(self, cur: Cursor) -> bool:
        cur.at += 1
        cur.take_preposition("by", "at")
        number = cur.sense().number
        degrees = float(number) if number is not None else 15.0
        cur.at += number is not None
        cur.at += cur.word() in ("degrees", "degree")
        clockwise = cur.take_word("clockwise")
        cur.take_word("counterclockwise", "anticlockwise", "counter-clockwise")
        self._set(rotation_degrees=-degrees if clockwise else degrees)
        return True

    def _read_family(self, cur: Cursor, ctx: Context) -> bool:
        """Read "Playfair Display font", "the font Lobster", "in Roboto": names that are no words of ours."""
        begin = cur.at
        if cur.sense().preposition == "in":
            cur.at += 1
        named = cur.sense().term("lettering") == "font"
        cur.at += named
        cur.at += cur.sense().determiner is not None and not named
        ends = [ahead for ahead in (1, 2, 3) if cur.sense(ahead).term("lettering") == "font"] if not named else []
        if ends and any(self._is_look(cur, ahead) for ahead in range(ends[0])):
            cur.at = begin
            return False
        count = ends[0] if ends else self._count_name(cur, ctx, named=named or cur.at > begin)
        family = ctx.text(cur.tokens[cur.at : cur.at + count])
        if not count or not all(part[0].isalnum() for part in family.split()) or cur.sense().literal is not None:
            cur.at = begin
            return False
        cur.at += count + bool(ends)
        self._set(family=family)
        return True

    def _is_look(self, cur: Cursor, ahead: int) -> bool:
        """Whether a word says a look rather than a name: "a big serif font"."""
        sense, word = cur.sense(ahead), cur.word(ahead)
        looks = sense.term("lettering") is not None or sense.size is not None or sense.color is not None
        return looks or word in _FONT_ADJECTIVES or word in ("thick", "fat", "strong") or sense.literal is not None

    def _count_name(self, cur: Cursor, ctx: Context, *, named: bool) -> int:
        """Return how many tokens, written with capitals, are a name: of a font, behind "in" or "font"."""
        count = 0
        while named and count < 4 and cur.token(count) is not None:
            token = cur.token(count)
            assert token is not None
            if token.sense.literal is not None or not ctx.prompt[token.start].isupper():
                break
            count += 1
        return count
