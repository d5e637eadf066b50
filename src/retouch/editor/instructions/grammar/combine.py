"""Clauses over two pictures: print one on a thing in another, put the subject of one into another."""

from dataclasses import replace

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.nouns import PRINTABLE
from retouch.editor.instructions.phrases import parse_thing
from retouch.editor.instructions.pieces import parse_image_reference, parse_side
from retouch.editor.instructions.places import Place, parse_places, take_size
from retouch.editor.instructions.plan import PlaceSubject, PrintOnto, Relation, Target, TargetKind
from retouch.editor.instructions.targets import to_target
from retouch.editor.instructions.things import Thing

__all__ = ["parse_combine", "parse_framed"]

GRAPHICS = frozenset(
    """
        logo design artwork drawing pattern graphic print illustration sticker painting art emblem icon motif
    """.split()  # noqa: SIM905
)
"""Nouns that stand for the whole of a picture that shows only them."""


def parse_combine(cur: Cursor, ctx: Context) -> list[PrintOnto | PlaceSubject]:
    """Return what a clause does with two pictures; empty if it is about one."""
    if cur.sense().verb == "replace":
        return _print_instead(cur, ctx)
    verb = cur.take_verb("print", "put", "add", "use", "make", "turn", "want", "combine", "move", "cut", "give", "show")
    if verb is None and cur.sense().term("blend") == "show_on":
        verb = "print"
        cur.at += 1
    if verb is None:
        return []
    source = parse_thing(cur, ctx, with_side=False)
    if source is None or source.everything or source.noun in ("background", "sky"):
        return []
    if source.noun in ("face", "head", "body") and not _goes_on_surface(cur, ctx):
        raise Refusal("face")
    if source.noun in ("face", "head", "body") and ctx.image_count < 2:
        raise Refusal("face_print")
    _take_again(cur)
    as_print = verb == "print" or _take_as_print(cur)
    begin = cur.at
    if cur.take_preposition("on", "onto", "to", "over", "into", "in", "for", "with"):
        surface = _parse_surface(cur, ctx)
        as_print = _take_as_print(cur) or as_print
        fitting = as_print or verb in ("print", "put", "add", "use", "show")
        if surface is not None and cur.done and fitting and _is_print(source, surface, ctx, as_print=as_print):
            return [_print(source, surface, ctx, cur)]
    cur.at = begin
    if as_print:
        return []
    return [*_place(source, cur, ctx, verb)]


def _goes_on_surface(cur: Cursor, ctx: Context) -> bool:
    """Whether "on the mug" follows: a face is printed there, and nobody's face is swapped."""
    begin = cur.at
    on = cur.take_preposition("on", "onto", "to", "over") is not None
    surface = parse_thing(cur, ctx) if on else None
    cur.at = begin
    return surface is not None and surface.noun in PRINTABLE


def _parse_surface(cur: Cursor, ctx: Context) -> Thing | None:
    """Read "the mug", "the screen of the phone in image 2"."""
    surface = parse_thing(cur, ctx, with_side=True)
    begin = cur.at
    if surface is None or surface.noun not in PRINTABLE or cur.take_preposition("of") is None:
        return surface
    owner = parse_thing(cur, ctx, with_side=True)
    if owner is None or owner.noun is None:
        cur.at = begin
        return surface
    surface.image_index = surface.image_index if surface.image_index is not None else owner.image_index
    surface.phrase = ctx.text(cur.tokens[surface.start : cur.at])
    return surface


def _print_instead(cur: Cursor, ctx: Context) -> list[PrintOnto | PlaceSubject]:
    """Read "replace the poster with image 2"."""
    cur.at += 1
    surface = parse_thing(cur, ctx, with_side=True)
    if surface is None or surface.noun not in PRINTABLE or not cur.take_preposition("with", "by"):
        return []
    source = parse_thing(cur, ctx, with_side=False)
    if source is None or not cur.done or not (source.picture or source.noun in GRAPHICS):
        return []
    return [_print(source, surface, ctx, cur)]


def parse_framed(cur: Cursor, ctx: Context) -> list[PrintOnto]:
    """Read "put image 2 in the picture frame": the frame is a thing of the picture, not a border around it."""
    verb = cur.take_verb("print", "put", "add", "use", "show", "make")
    source = parse_thing(cur, ctx, with_side=False) if verb else None
    if source is None or not source.picture or cur.sense().term("blend") != "in_frame":
        return []
    begin = cur.at
    cur.at += 1
    side = parse_side(cur)
    index = parse_image_reference(cur, ctx, elided=True) if cur.take_preposition("of", "in", "from") else None
    phrase = ctx.text(cur.tokens[begin : cur.at])
    frame = Thing(begin, cur.at, phrase, "definite", noun="picture frame", known=True, image_index=index)
    frame.horizontal, frame.vertical = side or (None, None)
    return [_print(source, frame, ctx, cur)] if cur.done else []


def _take_again(cur: Cursor) -> None:
    """Step over "and put it" in "take the dog from image 1 and put it into image 2"."""
    begin = cur.at
    cur.take_connector("and", ",")
    if cur.at == begin or cur.take_verb("put", "add", "print", "use") is None or cur.sense().pronoun is None:
        cur.at = begin
        return
    cur.at += 1


def _take_as_print(cur: Cursor) -> bool:
    """Step over "as a print", "as a logo"."""
    begin = cur.at
    if cur.take_preposition("as", "like"):
        while cur.sense().determiner or cur.sense().color_modifier or cur.sense().size:
            cur.at += 1
        if (
            cur.word() in GRAPHICS
            or cur.sense().verb == "print"
            or cur.word() in ("texture", "decal", "label", "printed")
        ):
            cur.at += 1
            return True
    cur.at = begin
    return False


def _is_print(source: Thing, surface: Thing, ctx: Context, *, as_print: bool) -> bool:
    """Whether a picture is meant to be printed on a surface, rather than a subject set into a scene."""
    if surface.picture or surface.noun in (None, "background", "sky", "foreground", "ground"):
        return False
    if as_print:
        return True
    if source.noun == "face" and surface.noun in PRINTABLE:
        return True
    graphic = source.picture or (source.noun in GRAPHICS and (source.image_index is not None or ctx.image_count > 1))
    if graphic:
        return True
    if source.image_index is not None and surface.noun in PRINTABLE and not source.known:
        return True
    return source.image_index is not None and surface.noun in PRINTABLE and surface.noun in _USUALLY_PRINTED


_USUALLY_PRINTED = frozenset(
    [
        "mug",
        "t-shirt",
        "shirt",
        "hoodie",
        "poster",
        "billboard",
        "coffee mug",
        "tote bag",
        "label",
        "screen",
        "book cover",
        "phone case",
    ]
)


def _print(source: Thing, surface: Thing, ctx: Context, cur: Cursor) -> PrintOnto:
    """Return the print; a picture that is not numbered is the first, or the other one."""
    picture_index, surface_index = source.image_index, surface.image_index
    if picture_index is None and surface_index is None:
        picture_index, surface_index = 0, 1
        ctx.assume("the first picture is printed on the second")
    elif picture_index is None:
        picture_index = 1 if surface_index == 0 else 0
    elif surface_index is None:
        surface_index = 1 if picture_index == 0 else 0
        ctx.assume(f'looked for "{surface.phrase}" in picture {surface_index + 1}')
    if ctx.image_count < 2:
        raise Refusal("pictures", _pictures(ctx))
    if source.noun in GRAPHICS:
        ctx.assume(f'took the whole of picture {(picture_index or 0) + 1} for "{source.phrase}"')
        picture = Target(TargetKind.PICTURE, source.phrase, image_index=picture_index)
    else:
        picture = replace(to_target(source, ctx), image_index=picture_index)
    target = replace(to_target(surface, ctx), image_index=surface_index)
    ctx.referent = target
    return PrintOnto(picture, target, phrase=ctx.text(cur.tokens))


def _pictures(ctx: Context) -> str:
    return "1 picture" if ctx.image_count == 1 else f"{ctx.image_count} pictures"


def _place(source: Thing, cur: Cursor, ctx: Context, verb: str) -> list[PlaceSubject]:
    """Read where the subject of one picture goes in another."""
    place = parse_places(cur, ctx, Place())
    source.size = take_size(cur) or source.size
    if verb in ("use", "cut", "make", "turn", "want", "give") and place.start < 0:
        return []
    if verb == "combine" and (place.start < 0 or source.image_index is None):
        raise Refusal("combine")
    if not cur.done:
        return []
    anchored = place.anchor.image_index if place.anchor is not None else None
    scene = place.image_index if place.image_index is not None else anchored
    said = source.image_index is not None or scene not in (None, 0)
    if not said and (ctx.image_count < 2 or verb not in ("put", "add", "combine") or source.determiner != "definite"):
        return []
    if source.image_index is None and source.determiner == "indefinite" and not source.picture:
        return []
    if source.image_index is None and scene is None:
        ctx.assume(f'took "{source.phrase}" from the first picture, and put it into the second')
    source_index = source.image_index if source.image_index is not None else (0 if scene != 0 else 1)
    if scene is None:
        scene = 1 if source_index == 0 else 0
    if ctx.image_count < 2:
        raise Refusal("pictures", _pictures(ctx))
    if scene == source_index:
        raise Refusal("moving")
    subject = _subject(source, source_index, ctx)
    if place.anchor is not None:
        place.anchor = replace(place.anchor, image_index=scene)
    placement = place.placement(ctx, cur, subject.noun or "")
    if (
        placement.relation is Relation.ANYWHERE
        and place.start >= 0
        and placement.horizontal is None
        and placement.vertical is None
    ):
        placement = replace(placement, phrase="")
    ctx.referent = replace(subject, image_index=scene)
    return [PlaceSubject(subject, scene, placement, source.size or 1.0, phrase=ctx.text(cur.tokens))]


def _subject(source: Thing, index: int, ctx: Context) -> Target:
    """Return what is cut out: the thing that is named, or the main subject of a whole picture."""
    if source.picture:
        ctx.assume(f"cut out the main subject of picture {index + 1}")
        return ctx.subject(source.phrase, index)
    if source.pronoun is not None:
        return ctx.subject(source.phrase, index)
    return replace(to_target(source, ctx), image_index=index)
