"""What clauses about the frame are made of: ratios, amounts, parts of the picture, "the picture" itself."""

import math
import re
from dataclasses import dataclass
from typing import Final

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.phrases import parse_thing
from retouch.editor.instructions.plan import Sides, Target, TargetKind
from retouch.editor.instructions.targets import to_target
from retouch.editor.instructions.things import Thing
from retouch.editor.instructions.words.composition import NOUNS, RATIOS

__all__ = [
    "FACE",
    "Part",
    "refuse_part",
    "said",
    "skip",
    "take",
    "take_amount",
    "take_number",
    "take_part",
    "take_picture",
    "take_ratio",
    "take_target",
]

FACE: Final = "face"
"""Noun of a target that is a face or a head, which is framed with hair, chin and shoulders in mind."""
_RATIO = re.compile(r"(\d{1,3})\s*(?::|x|×|by|to|/|-)\s*(\d{1,3})")
_JOINED_RATIO = re.compile(r"(\d{1,3})x(\d{1,3})")
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)(x|×|px|deg|degrees|%)?")
_MOST_UNEVEN = 5.0
_GLUE = frozenset(
    ["so", "only", "just", "visible", "is visible", "shown", "shows", "remains", "left", "there", "nicely"]
)


def said(cur: Cursor, *terms: str, ahead: int = 0) -> str | None:
    """Return which of the terms the next token stands for, None if none."""
    senses, word = cur.sense(ahead).terms, cur.word(ahead)
    return next((t for t in terms if ("composition", t) in senses or word in NOUNS.get(t, frozenset())), None)


def take(cur: Cursor, *terms: str) -> str | None:
    """Step over the next token if it stands for one of the terms, and return which."""
    found = None if cur.done else said(cur, *terms)
    cur.at += found is not None
    return found


def skip(cur: Cursor, *prepositions: str) -> None:
    """Step over articles, and over these prepositions."""
    while not cur.done and (cur.sense().determiner is not None or cur.sense().preposition in prepositions):
        cur.at += 1


def take_picture(cur: Cursor, ctx: Context) -> bool:
    """Step over "it", "this photo", "the whole image"; also "them" and "everything"."""
    begin = cur.at
    thing = parse_thing(cur, ctx, with_side=False)
    if (
        thing is not None
        and thing.image_index is None
        and (thing.picture or thing.everything or thing.pronoun == "thing")
    ):
        return True
    cur.at = begin
    while cur.sense().determiner is not None or cur.word() in ("whole", "entire", "full"):
        cur.at += 1
    if cur.sense().picture:
        cur.at += 1
        return True
    cur.at = begin
    return False


def take_number(cur: Cursor, ctx: Context) -> tuple[float, str] | None:
    """Read a number and its unit: "90 degrees", "20%", "100 px", "2x", "twice"; the unit is "", "deg", "%", "px" or "x"."""
    begin = cur.at
    words = {"twice": 2.0, "double": 2.0, "triple": 3.0}
    if cur.word() in words:
        cur.at += 1
        return words[cur.word(-1)], "x"
    match = _NUMBER.fullmatch(cur.word())
    value = float(match[1]) if match else cur.sense().number
    if value is None or cur.done or (cur.sense(1).number is not None and cur.word(1).isdecimal()):
        cur.at = begin
        return None
    unit = (match[2] or "") if match else ""
    token = cur.token()
    cur.at += 1
    if token is not None and ctx.prompt[token.end : token.end + 1] == "°":
        unit = "deg"
    if not unit:
        unit = {"degrees": "deg", "pixels": "px", "times": "x", None: ""}[take(cur, "degrees", "pixels", "times")]
        if not unit and cur.take_word("percent"):
            unit = "%"
    unit = {"×": "x", "degrees": "deg"}.get(unit, unit)
    return float(value), unit


def take_amount(cur: Cursor, ctx: Context) -> tuple[float, bool] | None:
    """Read how much of a side: "20%", "a third", "100 px", "two thirds"; (share or pixels, whether it is in pixels)."""
    begin = cur.at
    cur.take_preposition("by")
    found = take_number(cur, ctx)
    if found is not None and found[1] in ("%", "px"):
        return (found[0] / 100, False) if found[1] == "%" else (found[0], True)
    if found is not None and found[1] == "" and take(cur, "third", "quarter") is not None:
        parts = 3 if cur.word(-1).startswith("third") else 4
        return found[0] / parts, False
    cur.at = begin
    cur.take_preposition("by")
    skip(cur)
    fraction = take(cur, "half", "third", "quarter")
    if fraction is not None:
        return {"half": 1 / 2, "third": 1 / 3, "quarter": 1 / 4}[fraction], False
    cur.at = begin
    return None


def take_ratio(cur: Cursor, ctx: Context) -> tuple[int, int] | None:
    """Read "16:9", "4x5", "a square", "portrait format", "an aspect ratio of 3:2"."""
    begin = cur.at
    skip(cur, "to", "into", "in", "as", "for", "at", "with")
    cur.take_word("exact", "perfect", "classic")
    cur.at += cur.word() == "instagram" and " ".join((cur.word(), cur.word(1))) not in RATIOS and cur.word(1) in RATIOS
    take(cur, "ratio")
    skip(cur, "of", "to")
    noted = len(ctx.assumptions)
    ratio = _named_ratio(cur, ctx) or _typed_ratio(cur, ctx)
    if ratio is None:
        cur.at = begin
        return None
    take(cur, "ratio")
    closer = _named_ratio(cur, ctx) or (_typed_ratio(cur, ctx) if len(ctx.assumptions) > noted else None)
    if closer is not None:  # "vertical for an instagram story"
        del ctx.assumptions[noted:-1]
        if closer[0] * ratio[1] == closer[1] * ratio[0]:
            return max(ratio, closer)
    return closer or ratio


def _named_ratio(cur: Cursor, ctx: Context) -> tuple[int, int] | None:
    for length in (2, 1):
        words = " ".join(cur.word(ahead) for ahead in range(length))
        ratio = RATIOS.get(words)
        if ratio is not None:
            token = cur.token(length - 1)
            if token is None:
                continue
            cur.at += length
            if words not in ("square", "squared") and max(ratio) < 100:
                ctx.assume(f'took "{words}" for {ratio[0]}:{ratio[1]}')
            return ratio
    return None


def _typed_ratio(cur: Cursor, ctx: Context) -> tuple[int, int] | None:
    first = cur.token()
    if first is None:
        return None
    joined = _JOINED_RATIO.fullmatch(first.word)
    if joined is not None:
        cur.at += 1
        return _reduced(int(joined[1]), int(joined[2]))
    for ahead in (1, 2):
        last = cur.token(ahead)
        if last is None:
            return None
        match = _RATIO.fullmatch(ctx.prompt[first.start : last.end].lower())
        if match is not None:
            cur.at += ahead + 1
            return _reduced(int(match[1]), int(match[2]))
    return None


def _reduced(width: int, height: int) -> tuple[int, int] | None:
    """Return a ratio in lowest terms; None for what no picture has."""
    if min(width, height) < 1 or max(width, height) > _MOST_UNEVEN * min(width, height):
        return None
    divisor = math.gcd(width, height)
    return width // divisor, height // divisor


def take_target(cur: Cursor, ctx: Context) -> Target | None:
    """Read what the picture is to be framed around; a face, or the head, is a thing of its own."""
    begin = cur.at
    while cur.word() in _GLUE and not cur.done:
        cur.at += 1
    first = cur.at
    face = _take_face(cur, ctx)
    if face is not None:
        return face
    cur.at = first
    thing = parse_thing(cur, ctx)
    if thing is None or thing.picture or thing.everything:
        cur.at = begin
        return None
    target = _as_face(thing) or to_target(thing, ctx)
    ctx.referent = target
    return target


def _as_face(thing: Thing) -> Target | None:
    """Return a face that was read as a thing with its owner: "the man's face"."""
    if thing.noun not in NOUNS[FACE]:
        return None
    return Target(TargetKind.NOUN, thing.phrase, noun=FACE, horizontal=thing.horizontal, vertical=thing.vertical)


def _take_face(cur: Cursor, ctx: Context) -> Target | None:
    """Read "the face", "her head", "faces", "the cat's face"."""
    begin = cur.at
    while cur.sense().determiner is not None:
        cur.at += 1
    if said(cur, FACE) is None and cur.word(1) == "'s":
        cur.at += 2
    if take(cur, FACE) is None:
        return None
    end = cur.at
    if cur.take_preposition("of") is not None and parse_thing(cur, ctx) is None:
        cur.at = end
    return Target(TargetKind.NOUN, ctx.text(cur.tokens[begin : cur.at]), noun=FACE)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the picture by its place: which sides it lies at, and how much of the picture it is.

    Attributes
    ----------
    horizontal, vertical : set of str
        "left", "right"; "top", "bottom". Empty where nothing is said, both for "both sides".
    amount : float or None
        Share of the picture, or pixels.
    in_pixels : bool
    is_middle : bool
    """

    sides: frozenset[str]
    amount: float | None = None
    in_pixels: bool = False
    is_middle: bool = False

    def cut_off(self) -> Sides:
        """Return what goes when this part is cut off."""
        amount = self.amount if self.amount is not None else _EDGE_SHARE
        return Sides.at(self.sides, amount, in_pixels=self.in_pixels)

    def kept(self) -> Sides:
        """Return what goes when only this part is kept."""
        amount = self.amount if self.amount is not None else 0.5
        if self.is_middle and not self.sides:
            rest = (1 - amount) / 2
            return Sides(rest, rest, rest, rest)
        return Sides.at((_OPPOSITE[side] for side in self.sides), 1 - amount)


_EDGE_SHARE = 0.15
_OPPOSITE = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}


def take_part(cur: Cursor, ctx: Context) -> Part | None:
    """Read "the left third", "20% off the top", "the top left corner", "both sides", "the edges", "the left and the right"."""
    begin = cur.at
    amount = take_amount(cur, ctx)
    take(cur, "off")
    skip(cur, "from", "of", "at", "on", "off", "in", "to")
    sides, is_middle = _take_sides(cur)
    if not sides and not is_middle:
        cur.at = begin
        return None
    if amount is None:
        amount = take_amount(cur, ctx)
    take(cur, "edge")
    begin_of_behind = cur.at
    if amount is None and cur.take_preposition("by") is not None:
        amount = take_amount(cur, ctx)
        if amount is None:
            cur.at = begin_of_behind
    share, in_pixels = amount if amount is not None else (None, False)
    if share is not None and not in_pixels and not 0 < share < 1:
        raise Refusal("crop_nothing")
    return Part(frozenset(sides), share, in_pixels, is_middle)


def _take_sides(cur: Cursor) -> tuple[set[str], bool]:
    """Read the names of sides, joined or not."""
    sides: set[str] = set()
    is_middle = False
    while not cur.done:
        at = cur.at
        skip(cur)
        side = cur.sense().side
        word = cur.word()
        if side is not None:
            across, down = side
            is_middle = is_middle or "center" in (across, down) or "middle" in (across, down)
            sides |= {name for name in (across, down) if name in _OPPOSITE}
        elif said(cur, "lower"):
            sides.add("bottom")
        elif said(cur, "all sides") or (not sides and word in ("sides", "edges", "borders")):
            both = word in ("both sides", "sides", "each side")
            sides |= {"left", "right"} if both else {"left", "top", "right", "bottom"}
        else:
            cur.at = at
            break
        cur.at += 1
        following = cur.at
        if cur.take_connector("and", ","):
            skip(cur)
            cur.at = cur.at if cur.sense().side is not None else following
    return sides, is_middle


def refuse_part(cur: Cursor, ctx: Context) -> None:
    """Raise where a thing of the picture follows: the frame is the whole picture's."""
    thing = parse_thing(cur, ctx)
    if thing is not None and thing.noun is not None:
        raise Refusal("whole_frame", thing.phrase)
