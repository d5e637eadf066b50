"""Clauses that crop: to a ratio, a thing, a part, or by zooming in."""

from dataclasses import replace

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.grammar.composition.pieces import (
    FACE,
    said,
    skip,
    take,
    take_number,
    take_part,
    take_picture,
    take_ratio,
    take_target,
)
from retouch.editor.instructions.plan import (
    CenterSubject,
    Crop,
    CropOut,
    ExtendCanvas,
    Operation,
    Sides,
    Target,
    TargetKind,
    Trim,
    Zoom,
)

__all__ = ["read_center", "read_crop", "read_shape", "read_zoom"]

_TIGHT, _LOOSE = 0.3, 2.5
_HEADSHOT_MARGIN = 2.0
_FACTORS = {"little": 1.25, None: 1.5, "plain": 1.5, "much": 2.5}
_ZOOM_OUT_SHARES = {"little": 0.12, None: 0.25, "plain": 0.25, "much": 0.5}


def read_crop(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read "crop to the face", "crop it to 4:5 around the dog", "cut off the left third", "keep only the top half"."""
    phrase = ctx.text(cur.tokens)
    only = cur.word() in ("only", "just") and cur.sense(1).verb == "keep"
    cur.at += only
    if cur.take_verb("keep") is not None:
        only = cur.take_word("only", "just") or only
        skip(cur)
        part = take_part(cur, ctx)
        if part is None or not (only or part.amount) or not cur.done:
            return []
        return [Trim(part.kept(), phrase)]
    if cur.sense().verb == "remove" or take(cur, "cut off") is not None:
        cur.at += cur.sense().verb == "remove"
        return _read_cut_off(cur, ctx, phrase)
    cur.take_verb("make", "give", "want", "show", "add", "create")
    skip(cur)
    if take(cur, "crop out") is not None:
        part = take_part(cur, ctx)
        if part is not None and cur.done:
            return [Trim(part.cut_off(), phrase)]
        target = take_target(cur, ctx)
        return [CropOut(target, phrase)] if target is not None and cur.done else []
    return _read_crop_to(cur, ctx, phrase)


def _read_cut_off(cur: Cursor, ctx: Context, phrase: str) -> list[Operation]:
    """Read what is cut off: "the left third", "20% off the top", "the bottom of the picture"."""
    part = take_part(cur, ctx)
    take(cur, "off")
    if part is None or not cur.done or not part.sides:
        return []
    if cur.sense(-1).verb is None and cur.tokens[0].sense.verb == "remove" and part.amount is None:
        return []  # "remove the left one" is about a thing
    return [Trim(part.cut_off(), phrase)]


def _read_crop_to(cur: Cursor, ctx: Context, phrase: str) -> list[Operation]:
    """Read a crop with its ratio, its target and its margin, in any order."""
    crop = Crop(phrase=phrase)
    leading = cur.word(-1) if take(cur, "tight", "loose") is not None else ""
    found = _take_crop_word(cur)
    ratio = None
    if found is None and _take_headshot(cur):
        found, crop = "crop", replace(crop, target=_face(ctx.text([cur.tokens[cur.at - 1]])))
    if found is None:
        ratio = take_ratio(cur, ctx)
        found = _take_crop_word(cur) if ratio is not None else None
        if found is None:
            return []
    margin = _HEADSHOT_MARGIN if crop.target is not None else _margin(f"{leading} {found}")
    crop = replace(crop, ratio=ratio, margin=margin)
    take_picture(cur, ctx)
    while not cur.done:
        if said(cur, "tight", "loose"):
            crop = replace(crop, margin=_margin(cur.word()))
            cur.at += 1
        elif cur.sense().degree or (
            cur.word() in ("down", "in", "that", "so", "keeping", "off") and cur.sense(1).known
        ):
            cur.at += 1
        elif crop.ratio is None and (ratio := take_ratio(cur, ctx)) is not None:
            crop = replace(crop, ratio=ratio)
        elif _take_headshot(cur):
            crop = replace(crop, target=_face(ctx.text([cur.tokens[cur.at - 1]])), margin=_HEADSHOT_MARGIN)
        elif crop.target is None and (trim := _read_region(cur, ctx, phrase)) is not None:
            return [trim] if cur.done and crop.ratio is None else []
        elif (crop.target is None or crop.margin == _HEADSHOT_MARGIN) and (
            target := _take_framed(cur, ctx)
        ) is not None:
            if (
                target.kind is TargetKind.BACKGROUND or target.noun == "background"
            ):  # "a passport photo with a white background"
                return []
            crop = replace(crop, target=target if crop.target is None else crop.target)
        else:
            return []
    if crop.target is None and crop.ratio is None and crop.margin < 1:
        crop = replace(crop, target=ctx.subject())
    if crop.target is None and crop.ratio is None:
        raise Refusal("which_crop")
    return [crop]


def _take_crop_word(cur: Cursor) -> str | None:
    if take(cur, "crop") is None:
        return None
    return cur.word(-1)


def _margin(word: str) -> float:
    if any(tight in word for tight in ("tight", "close")):
        return _TIGHT
    return _LOOSE if "loose" in word else 1.0


def _take_headshot(cur: Cursor) -> bool:
    begin = cur.at
    skip(cur, "to", "into", "as", "for")
    if take(cur, "headshot") is None:
        cur.at = begin
        return False
    return True


def _face(phrase: str) -> Target:
    return Target(TargetKind.NOUN, phrase, noun=FACE)


def _read_region(cur: Cursor, ctx: Context, phrase: str) -> Trim | None:
    """Read a part of the picture: behind "to" it is kept, else it goes ("crop the top"), but for halves."""
    begin = cur.at
    kept = cur.take_preposition("to", "in", "on", "into") is not None
    took_off = kept and cur.word(-1) in ("in", "on")
    part = take_part(cur, ctx)
    take(cur, "off")
    if part is None or not cur.done:
        cur.at = begin
        return None
    if took_off and not part.is_middle:
        kept = False
    if not kept and not part.in_pixels and part.amount is not None and part.amount >= 0.5:
        ctx.assume(f'took "{phrase}" for what is kept')
        kept = True
    elif not kept and cur.word(-1) not in ("off", "away") and part.sides:
        ctx.assume(f'took "{phrase}" for what is cut off')
    return Trim(part.kept() if kept or not part.sides else part.cut_off(), phrase)


def _take_framed(cur: Cursor, ctx: Context) -> Target | None:
    """Read "to the face", "around the dog", "so that only her face is visible"."""
    begin = cur.at
    cur.take_preposition("to", "on", "at", "in", "into", "for", "over", "with", "of")
    while cur.word() in (
        "around",
        "only",
        "just",
        "include",
        "includes",
        "including",
        "show",
        "shows",
        "focus",
        "focusing",
    ):
        cur.at += 1
        cur.take_preposition("on")
    target = take_target(cur, ctx)
    if target is None:
        cur.at = begin
        return None
    while cur.word() in _VISIBLE or cur.sense().copula:
        cur.at += 1
    return target


_VISIBLE = frozenset(
    [
        "visible",
        "is visible",
        "shown",
        "shows",
        "remains",
        "left",
        "seen",
        "in the frame",
        "fills",
        "fill",
        "only",
        "area",
    ]
)


def read_zoom(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read "zoom in on the face", "zoom 2x", "a close-up of the cat", "zoom out a bit"."""
    phrase = ctx.text(cur.tokens)
    cur.take_verb("make", "give", "want", "show", "add")
    take_picture(cur, ctx)
    skip(cur, "into")
    degree = cur.take_degree()
    way = take(cur, "zoom out", "zoom in")
    if way is None:
        return []
    target: Target | None = None
    factor: float | None = None
    while not cur.done:
        number = take_number(cur, ctx)
        if number is not None:
            factor = _factor(*number)
            if factor is None:
                return []
        elif cur.sense().degree is not None:
            degree = cur.take_degree() or degree
        elif cur.word() in ("out", "back") and way == "zoom in":
            way = "zoom out"
            cur.at += 1
        elif take_picture(cur, ctx) or cur.word() in (
            "in",
            "by",
            "more",
            "further",
            "closer",
            "to",
            "view",
            "shot",
            "even",
        ):
            cur.at += (
                cur.word() in ("in", "by", "more", "further", "closer", "to", "view", "shot", "even") and not cur.done
            )
        elif target is None and (target := _take_framed(cur, ctx)) is not None:
            continue
        else:
            return []
    if way == "zoom out":
        if target is not None:
            return []
        share = _ZOOM_OUT_SHARES[degree] if factor is None else (factor - 1) / 2
        return [ExtendCanvas(sides=Sides(share, share, share, share), phrase=phrase)]
    if factor is None and (target is None or degree is not None):
        factor = _FACTORS[degree]
    return [Zoom(factor, target, phrase)]


def _factor(number: float, unit: str) -> float | None:
    """Return how much larger "2x", "by 50%" and "200%" make things; None for what is no zoom."""
    if unit not in ("x", "", "%"):
        return None
    factor = number if unit != "%" else number / 100 if number >= 100 else 1 + number / 100
    return factor if 1.0 < factor <= 10.0 else None


def read_center(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read "center the subject", "put the dog in the middle of the frame", "crop using the rule of thirds"."""
    phrase = ctx.text(cur.tokens)
    subject = ctx.subject("")
    if any(token.sense.term("composition") == "thirds" for token in cur.tokens):
        return _read_thirds(cur, ctx, phrase, subject)
    puts = cur.take_verb("put", "make", "move") is not None
    if not puts and take(cur, "center") is None:
        return []
    take(cur, "crop")
    target = take_target(cur, ctx)
    if target is None and take_picture(cur, ctx):
        target = subject
    if target is not None and puts:
        skip(cur, "in", "at", "to", "into")
        cur.take_word("exact", "dead")
        if take(cur, "center") is None and not cur.take_word("middle"):
            return []
    skip(cur, "in", "of", "on", "around")
    while cur.sense().picture or cur.word() in ("frame", "middle"):
        cur.at += 1
    target = target or take_target(cur, ctx) or (subject if not puts else None)
    if target is None or not cur.done or target.horizontal is not None:
        return []
    return [CenterSubject(target, phrase=phrase)]


def _read_thirds(cur: Cursor, ctx: Context, phrase: str, subject: Target) -> list[Operation]:
    """Read a clause with "the rule of thirds": what is placed by it, the subject where nothing is named."""
    target: Target | None = None
    while not cur.done:
        sense = cur.sense()
        if (
            sense.term("composition") in ("thirds", "crop", "center")
            or sense.verb
            or sense.preposition
            or sense.determiner
        ):
            known = parse_target_here(cur, ctx) if sense.determiner and target is None else None
            target = known or target
            cur.at += known is None
        elif sense.picture or cur.word() in _BY_RULE:
            cur.at += 1
        elif target is None and (target := take_target(cur, ctx)) is not None:
            continue
        else:
            return []
    return [CenterSubject(target or subject, on_thirds=True, phrase=phrase)]


_BY_RULE = frozenset(["following", "follow", "according", "based", "line", "lines", "so", "composition"])


def parse_target_here(cur: Cursor, ctx: Context) -> Target | None:
    """Read a target that starts with an article; None (nothing read) where none does."""
    begin = cur.at
    target = take_target(cur, ctx)
    if target is None or target.kind is TargetKind.PICTURE:
        cur.at = begin
        return None
    return target


def read_shape(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read "make it square", "change the aspect ratio to 16:9", "i want it in portrait format", "16:9 please"."""
    phrase = ctx.text(cur.tokens)
    led = cur.take_verb("make", "turn", "change", "give", "want", "use", "put", "show", "print", "resize") is not None
    led = cur.take_word("resize", "format") or led
    pictured = take_picture(cur, ctx)
    skip(cur)
    take(cur, "ratio")
    uncropped = take(cur, "uncropped") is not None
    cur.at += cur.sense().copula and not cur.done
    ratio = take_ratio(cur, ctx)
    if ratio is None or not (led or pictured or cur.done or said(cur, "uncropped")):
        return []
    cur.take_word("one", "version", "photo", "picture", "image", "instead")
    uncropped = take(cur, "uncropped") is not None or uncropped
    if not cur.done:
        return []
    if uncropped:
        return [ExtendCanvas(ratio=ratio, phrase=phrase)]
    return [Crop(ratio=ratio, phrase=phrase)]
