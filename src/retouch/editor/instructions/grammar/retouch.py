"""Clauses that repair or finish a photo: "sharpen it", "fix the white balance", "lift the shadows", "whiten the teeth"."""

from dataclasses import dataclass, field
from typing import Final

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.phrases import parse_thing
from retouch.editor.instructions.pieces import parse_amount
from retouch.editor.instructions.plan import Operation, Retouch, RetouchPicture, Target, TargetKind
from retouch.editor.instructions.targets import to_target
from retouch.editor.instructions.words.retouch import DOINGS

__all__ = ["parse_retouch"]

STRENGTHS: Final = {"little": 0.5, None: 1.0, "plain": 1.0, "much": 1.6}
MAX_STOPS: Final = 4.0

_OUTRIGHT: Final = {
    term: Retouch(term)
    for term in (
        "sharpen",
        "deblur",
        "denoise",
        "dehaze",
        "upscale",
        "white_balance",
        "enhance",
        "hdr",
        "clarity",
        "red_eye",
        "lift_corners",
    )
}
_QUALITIES: Final = ("sharpness", "noise", "haze", "shadows", "highlights", "skin", "teeth", "eyes", "stops")
_TOO: Final = {
    "shadows": ("dark", "black", "deep", "heavy", "strong"),
    "highlights": ("bright", "strong", "white", "harsh", "hot"),
}
_EXPOSURE: Final = frozenset(["exposure", "brightness", "contrast", "lighting", "light", "tones", "levels"])
_FRACTIONS: Final = {"half": 0.5, "third": 1 / 3, "quarter": 0.25}
_GLUE = frozenset(
    """
        up down out away it look looks so make half auto quality overall back bring photo off wrong
    """.split()  # noqa: SIM905
)


_BENEATH = frozenset(["under", "underneath", "beneath", "below", "behind"])


@dataclass
class _Clause:
    """What was read of a clause."""

    kinds: list[Retouch] = field(default_factory=list)
    quality: str | None = None
    part: str = ""
    doings: set[str] = field(default_factory=set)
    target: Target | None = None
    degree: str | None = None
    percent: float | None = None
    stops: float | None = None
    negative: bool = False
    pictured: bool = False
    exposed: bool = False
    """Whether it names the exposure, which an automatic enhancement sets right."""


def parse_retouch(cur: Cursor, ctx: Context) -> list[Operation]:
    """Return the retouching that a clause asks for; empty if it is about something else."""
    exposed = cur.word() in DOINGS["fix"] and any(token.word in _EXPOSURE for token in cur.tokens)
    if not exposed and not any(token.sense.term("retouch") for token in cur.tokens):
        return []
    clause = _Clause()
    while not cur.done:
        if not _read_piece(cur, ctx, clause):
            return []
    if clause.quality == "eyes" and clause.kinds == [Retouch.SHARPEN]:
        clause.quality, clause.target = None, Target(TargetKind.NOUN, clause.part, noun="eye")
    elif clause.quality == "eyes" and set(clause.kinds) <= {Retouch.ENHANCE}:
        clause.kinds = []
    if clause.quality in ("shadows", "highlights") and clause.kinds == [Retouch.CLARITY]:
        clause.kinds = []
    kinds = [*clause.kinds, *_of_quality(clause)]
    if clause.kinds and clause.quality not in (None, "sharpness"):
        return []
    kinds = list(dict.fromkeys(kinds))
    if not kinds or (Retouch.ENHANCE in kinds and clause.negative):
        return []
    if (
        len(kinds) > 1 and Retouch.ENHANCE in kinds and not clause.exposed
    ):  # "enhance the sharpness", "improve the white balance"
        kinds.remove(Retouch.ENHANCE)
    phrase = ctx.text(cur.tokens)
    if Retouch.EXPOSURE in kinds:
        return [RetouchPicture(Retouch.EXPOSURE, _stops(clause), clause.target, phrase)]
    strength = STRENGTHS[clause.degree] if clause.percent is None else min(2.0, max(0.2, clause.percent / 50.0))
    own_part = (Retouch.RED_EYE, Retouch.SMOOTH_SKIN, Retouch.WHITEN_TEETH, Retouch.BRIGHTEN_EYES)
    return [RetouchPicture(kind, strength, None if kind in own_part else clause.target, phrase) for kind in kinds]


def _read_piece(cur: Cursor, ctx: Context, clause: _Clause) -> bool:
    """Read the next piece of a clause; False for a word that does not belong."""
    term = cur.sense().term("retouch")
    word = cur.word()
    if term == "shine" and clause.doings & {"less", "lower"}:  # "less shine on the nose"
        term = "highlights"
    if word == "too" and cur.word(1) in _TOO.get(clause.quality or "", ()):  # "the shadows are too dark"
        clause.doings.add("raise" if clause.quality == "shadows" else "lower")
        cur.at += 2
        return True
    if word in _BENEATH and (cur.sense(1).determiner or cur.sense(1).noun):
        return False  # "the shadows under the hats" are not those of the hats
    doings = {doing for doing, words in DOINGS.items() if word in words}
    if term in ("shadows", "highlights") and clause.quality == "sharpness":  # "details in the shadows"
        clause.quality = None
        clause.doings.add("raise" if term == "shadows" else "lower")
    if term in _QUALITIES:
        if clause.quality is not None and clause.quality != term:
            return False
        clause.quality, clause.part = term, cur.word()
        cur.at += 1
        return True
    if term in _OUTRIGHT:
        clause.kinds.append(_OUTRIGHT[term])
        clause.doings |= doings
        cur.at += 1
        return True
    if doings:
        clause.doings |= doings
        clause.negative = clause.negative or word in (
            "darker",
            "less",
            "lower",
            "decrease",
            "reduce",
            "darken",
            "under",
            "down",
        )
        cur.at += 1
        return True
    if word in _EXPOSURE and "fix" in clause.doings and "raise" not in clause.doings:
        clause.exposed = True
        clause.kinds.append(Retouch.ENHANCE)
        cur.at += 1
        return True
    if cur.sense().degree is not None:
        clause.degree = cur.take_degree() or clause.degree
        return True
    if word == "bring":
        cur.at += 1
        return True
    return _read_amount(cur, ctx, clause) or _read_thing(cur, ctx, clause) or _read_glue(cur)


def _read_amount(cur: Cursor, ctx: Context, clause: _Clause) -> bool:
    """Read "by 20%", "1.5", "half a" in front of stops."""
    begin = cur.at
    stops_follow = any(cur.sense(ahead).term("retouch") == "stops" for ahead in (1, 2, 3))
    percent = None if stops_follow else parse_amount(cur)
    if percent is not None:
        clause.percent = percent
        return True
    cur.at = begin
    cur.take_preposition("by", "to")
    token = cur.token()
    value: float | None = None
    if token is not None and token.word.replace(".", "", 1).isdecimal():
        value = float(token.word)
    elif token is not None and stops_follow:
        value = _FRACTIONS.get(token.word, 1.0 if token.word in ("a", "one") else token.sense.number)
    if value is None or token is None or not (stops_follow or clause.quality == "stops"):
        cur.at = begin
        return False
    clause.negative = clause.negative or ctx.prompt[: token.start].endswith(("-", "−"))
    clause.stops = value if clause.stops is None else clause.stops
    cur.at += 1
    return True


def _read_thing(cur: Cursor, ctx: Context, clause: _Clause) -> bool:
    """Read what it is done to; a person in front of skin, teeth or eyes is no target of its own."""
    begin = cur.at
    while cur.sense().determiner is not None:
        cur.at += 1
    if cur.at > begin and cur.sense().term("retouch") is not None:
        return True
    cur.at = begin
    thing = parse_thing(cur, ctx)
    if thing is None or thing.determiner == "indefinite" or (thing.noun is None and thing.color is not None):
        cur.at = begin
        return False
    if thing.picture or thing.everything or (thing.pronoun is not None and ctx.referent is None):
        clause.pictured = True
        return thing.image_index in (None, 0)
    if cur.word() == "'s" and not cur.done:
        cur.at += 1
        return True
    if clause.target is not None:
        return False
    clause.target = to_target(thing, ctx)
    if clause.target.kind is TargetKind.PICTURE:
        clause.target = None
    return True


def _read_glue(cur: Cursor) -> bool:
    sense = cur.sense()
    verb = sense.verb in ("make", "give", "add", "change", "use", "turn", "want", "remove", "put", "show", "touch")
    glue = (
        verb or sense.determiner or sense.preposition or sense.connector or sense.copula or sense.fluff or sense.picture
    )
    glue = glue or sense.pronoun or sense.modal or cur.word() in _GLUE or cur.word() == "'s"
    cur.at += bool(glue)
    return bool(glue)


def _of_quality(clause: _Clause) -> list[Retouch]:
    """Return what is meant by a quality and what is done with it."""
    doings, more, less = clause.doings, "more" in clause.doings, "less" in clause.doings
    match clause.quality:
        case "sharpness":
            if clause.negative and not clause.kinds:
                raise Refusal("blur")
            return [Retouch.SHARPEN] if more or "fix" in doings or not less else []
        case "noise":
            return [Retouch.DENOISE] if less or (doings & {"smooth", "fix"}) else []
        case "haze":
            return [Retouch.DEHAZE] if less or "fix" in doings else []
        case "shadows":
            if "shrink" in doings and clause.percent is None:  # "reduce the shadows on her face"
                return [Retouch.LIFT_SHADOWS]
            if "raise" in doings and not clause.negative:
                return [Retouch.LIFT_SHADOWS]
            return [Retouch.DEEPEN_SHADOWS] if "lower" in doings else []
        case "highlights":
            return [Retouch.LOWER_HIGHLIGHTS] if "lower" in doings else []
        case "skin":
            return [Retouch.SMOOTH_SKIN] if "smooth" in doings else []
        case "teeth":
            return [Retouch.WHITEN_TEETH] if "whiten" in doings else []
        case "eyes":
            return [Retouch.BRIGHTEN_EYES] if "brighten" in doings and not clause.negative else []
        case "stops":
            return [Retouch.EXPOSURE]
    return []


def _stops(clause: _Clause) -> float:
    """Return the stops of an exposure, negative for darker."""
    stops = 1.0 if clause.stops is None else clause.stops
    if not 0 < stops <= MAX_STOPS:
        raise Refusal("stops")
    return -stops if clause.negative else stops
