"""Clauses over several pictures: who and what comes from which, all in one picture, or one laid over the other."""

from dataclasses import dataclass, replace

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.phrases import parse_thing
from retouch.editor.instructions.pieces import parse_image_reference
from retouch.editor.instructions.places import Place, parse_places
from retouch.editor.instructions.plan import (
    ApplyStyle,
    Background,
    Blend,
    BlendPictures,
    ChangeBackground,
    Operation,
    PlaceSubject,
    Style,
    Target,
)
from retouch.editor.instructions.targets import to_target
from retouch.editor.instructions.things import Thing

__all__ = ["parse_blend"]

_OPENERS = ("use", "make", "want", "combine", "put", "add", "show", "give", "cut", "change", "print")
_OPPOSITE = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}


def parse_blend(cur: Cursor, ctx: Context) -> list[Operation]:
    """Return what a clause does with several pictures; empty if it is about something else."""
    for read in (_laid_over, _roles, _together):
        cur.at = 0
        operations = read(cur, ctx)
        if operations and cur.done:
            phrase = ctx.text(cur.tokens)
            return [replace(operation, phrase=phrase) for operation in operations]  # type: ignore[type-var]
    return []


# Lists of pictures -------------------------------------------------------------------------------------------------------


def parse_pictures(cur: Cursor, ctx: Context) -> list[int]:
    """Read "both images", "the two pictures", "image 1 and image 2", "images 1, 2 and 3", "them"; empty if there is none."""
    begin = cur.at
    if cur.word() in ("them", "these", "those") and not cur.sense(1).noun:
        cur.at += 1
        cur.at += cur.sense().number == ctx.image_count and not cur.sense(1).picture
        return list(range(ctx.image_count))
    while cur.sense().determiner == "definite" or cur.sense().term("blend") == "both" or cur.word() == "all":
        cur.at += 1
    counted = cur.at > begin
    if counted and cur.sense(-1).term("blend") == "both" and (cur.done or cur.sense().preposition is not None):
        return list(range(max(2, ctx.image_count)))
    if counted and cur.sense().number is not None and (cur.token(1) is None or cur.sense(1).preposition is not None):
        cur.at += 1  # "of these two"
        return list(range(ctx.image_count)) if cur.sense(-1).number == ctx.image_count else []
    if cur.sense().number is not None and cur.sense(1).picture:
        counted = cur.sense().number == ctx.image_count or cur.sense().number == 2
        cur.at += 1
    if counted and cur.sense().picture and cur.sense(1).number is None:
        cur.at += 1
        return list(range(max(2, ctx.image_count)))
    cur.at = begin
    return _numbered(cur, ctx)


def _numbered(cur: Cursor, ctx: Context) -> list[int]:
    """Read "image 1 and image 2", "pictures 1, 2 and 3", "the first and the second picture"."""
    while cur.sense().determiner == "definite" and cur.sense(1).picture:
        cur.at += 1
    if cur.sense().picture and cur.sense(1).number is not None:
        cur.at += 1
        found = [_take_number(cur)]
    else:
        first = _ordinal(cur, ctx)
        if first is None:
            return []
        found = [first]
    while True:
        begin = cur.at
        while cur.take_connector("and", ","):
            pass
        following = None
        if cur.at > begin and cur.sense().number is not None and not cur.sense(1).picture:
            following = _take_number(cur)
        elif cur.at > begin:
            following = parse_image_reference(cur, ctx, other_than=found[-1], elided=True)
        if following is None:
            cur.at = begin
            return found
        found.append(following)


def _take_number(cur: Cursor) -> int:
    number = cur.sense().number or 1
    cur.at += 1
    return number - 1


def _ordinal(cur: Cursor, ctx: Context) -> int | None:
    """Read "the first picture", and "the first" where "and the second" follows."""
    begin = cur.at
    index = parse_image_reference(cur, ctx)
    if index is not None:
        return index
    while cur.sense().determiner == "definite":
        cur.at += 1
    ordinal = cur.sense().ordinal
    if ordinal is not None and (cur.sense(1).connector is not None or cur.token(1) is None):
        cur.at += 1
        return ctx.image_index(ordinal)
    cur.at = begin
    return None


# One laid over the other -------------------------------------------------------------------------------------------------


def _laid_over(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read "blend both images", "overlay image 2 at 40 %", "a double exposure of image 1 and 2", "fade image 1 into image 2"."""
    if cur.sense().term("blend") not in ("mix", "double", "fade"):
        if cur.take_verb("make", "add", "want", "give", "show", "use", "turn") is None:
            return []
        if cur.sense().pronoun and not cur.sense(1).noun:
            cur.at += 1
        while cur.sense().determiner is not None or cur.take_preposition("into") or cur.sense().grouping:
            cur.at += bool(cur.sense().determiner or cur.sense().grouping) and not cur.done
    kind = {"mix": Blend.MIX, "double": Blend.DOUBLE_EXPOSURE, "fade": Blend.FADE}.get(cur.sense().term("blend") or "")
    if kind is None or cur.done:
        return []
    named = kind is Blend.DOUBLE_EXPOSURE
    cur.at += 1
    cur.take_preposition("of", "from", "with", "between")
    first = parse_pictures(cur, ctx)
    into = cur.take_preposition("with", "into", "onto", "over", "to", "in", "on") if first else None
    second = parse_pictures(cur, ctx) if into else []
    if cur.sense().term("blend") == "together":
        cur.at += 1
    share, toward = _share(cur), _direction(cur)
    share = share if share is not None else _share(cur)
    if not cur.done or (not first and not named and kind is not Blend.FADE):
        return []
    if ctx.image_count < 2:
        raise Refusal("pictures", "1 picture")
    if not first and kind is Blend.FADE and toward is None:
        return []
    order = _order(first, second, into, kind, ctx)
    each = [share if share is not None else 1 / (number + 2) for number in range(len(order) - 1)]
    return [
        BlendPictures(kind, order[0], other, amount, toward or "right")
        for other, amount in zip(order[1:], each, strict=True)
    ]


def _order(first: list[int], second: list[int], into: str | None, kind: Blend, ctx: Context) -> list[int]:
    """Return the base, and what is blended into it."""
    if first and second:
        # "Fade 1 into 2" begins with 1; "blend 2 into 1" is built on 1.
        return [*first, *second] if kind is Blend.FADE or into == "with" else [*second, *first]
    if len(first) > 1:
        return first
    if len(first) == 1:
        return [1 if first[0] == 0 else 0, first[0]]
    return list(range(ctx.image_count))


def _share(cur: Cursor) -> float | None:
    """Read "at 40% opacity", "with 30 percent", "50/50"."""
    begin = cur.at
    cur.take_preposition("at", "with", "by", "to")
    word, share = cur.word(), None
    if word.endswith("%") and len(word) > 1:
        share = float(word[:-1]) / 100
        cur.at += 1
    elif cur.sense().number is not None and cur.word(1) == "percent":
        share = float(cur.sense().number or 0) / 100
        cur.at += 2
    if share is None or not 0 < share < 1:
        cur.at = begin
        return None
    if cur.sense().term("blend") == "opacity" or cur.word() == "transparency":
        cur.at += 1
    return share


def _direction(cur: Cursor) -> str | None:
    """Read "from left to right", "from top to bottom", "on the right"."""
    begin = cur.at
    cur.take_preposition("from", "on", "to", "at")
    is_from = cur.at > begin and cur.word(-1) == "from"
    while cur.sense().determiner == "definite":
        cur.at += 1
    side = _side(cur)
    if side is None:
        cur.at = begin
        return None
    if cur.take_preposition("to", "into"):
        while cur.sense().determiner == "definite":
            cur.at += 1
        return _side(cur) or _OPPOSITE[side]
    return _OPPOSITE[side] if is_from else side


def _side(cur: Cursor) -> str | None:
    across, down = cur.sense().side or (None, None)
    side = across or down
    if cur.done or side not in _OPPOSITE:
        return None
    cur.at += 1
    return side


# Who and what comes from which -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Part:
    role: str
    index: int
    thing: Thing | None = None


def _roles(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read "take the person from image 1, the background of image 2 and the style of image 3"."""
    cur.take_verb(*_OPENERS)
    parts: list[_Part] = []
    while not cur.done:
        linked = bool(parts) and cur.tokens[cur.at - 1].sense.preposition is not None
        part = _role(cur, ctx, bare=linked)
        if part is None:
            return []
        parts.append(part)
        while cur.take_connector("and", ",") or cur.take_preposition(
            "with", "in", "on", "for", "against", "over", "behind"
        ):
            pass
        cur.take_verb("use", "put", "add", "make", "apply", "give")
        cur.take_word("plus", "behind", "in front of")
    return _arrange(parts, ctx)


def _role(cur: Cursor, ctx: Context, *, bare: bool) -> _Part | None:
    """Read one of "the background of image 2", "image 2's background", "image 2 as background", "the dog from image 2".

    ``bare``: also "image 2" alone.
    """
    begin = cur.at
    index = parse_image_reference(cur, ctx)
    if index is not None:
        if cur.take_word("'s") or cur.take_preposition("as", "for"):
            role = _take_role(cur)
            thing = None if role else parse_thing(cur, ctx, with_side=False)
            return _Part(role or "subject", index, thing) if role or thing else None
        return _Part("subject", index) if bare else None
    role = _take_role(cur)
    if role is not None:
        linked = cur.take_preposition("of", "from", "in") or cur.word(-1) in _IN_STYLE
        index = parse_image_reference(cur, ctx, elided=True) if linked else None
        return None if index is None else _Part(role, index)
    cur.at = begin
    thing = parse_thing(cur, ctx, with_side=False)
    if thing is None or thing.image_index is None or thing.picture:
        return None
    return _Part("subject", thing.image_index, thing)


_IN_STYLE = ("style of", "the style of", "in the style of", "in style of")


def _take_role(cur: Cursor) -> str | None:
    begin = cur.at
    while cur.sense().determiner is not None and not cur.done:
        cur.at += 1
    if cur.sense().noun in ("background", "subject", "foreground") or cur.word() in ("subject", "main subject"):
        role = "background" if cur.sense().noun == "background" else "subject"
    elif cur.sense().term("blend") == "style" or cur.word() in ("style", *_IN_STYLE):
        role = "style"
    else:
        cur.at = begin
        return None
    cur.at += 1
    return role


def _arrange(parts: list[_Part], ctx: Context) -> list[Operation]:
    """Return the operations for subjects, a background and a style that come from several pictures."""
    backgrounds = [part.index for part in parts if part.role == "background"]
    styles = [part.index for part in parts if part.role == "style"]
    subjects = [part for part in parts if part.role == "subject"]
    if len(backgrounds) != 1 or len(styles) > 1 or not subjects:
        return []
    behind = backgrounds[0]
    moved = [part for part in subjects if part.index != behind]
    if not moved:
        return []
    if len(moved) == 1 and len(subjects) == 1:
        subject = _subject(moved[0], ctx)
        operations: list[Operation] = [
            ChangeBackground(Background.PICTURE, subject, background_image_index=behind),
        ]
    else:
        operations = [PlaceSubject(_subject(part, ctx), behind) for part in moved]
    ctx.referent = _subject(moved[0], ctx)
    if styles:
        operations.append(ApplyStyle(Style.PICTURE, picture_index=styles[0]))
    return operations


def _subject(part: _Part, ctx: Context) -> Target:
    thing = part.thing
    if thing is None or thing.picture or thing.noun is None:
        return ctx.subject(f"the subject of picture {part.index + 1}", part.index)
    return replace(to_target(thing, ctx), image_index=part.index)


# All in one picture ------------------------------------------------------------------------------------------------------


def _together(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read "put the dog from image 1 and the cat from image 2 into image 3", "put both people in one picture"."""
    if cur.take_verb("put", "add", "combine", "show", "use", "make", "want", "print", "move", "cut") is None:
        return []
    parts = _listed(cur, ctx)
    if len(parts) < 2:
        return []
    cur.take_connector("and", ",")
    if cur.take_verb("put", "add") is not None and cur.sense().pronoun is not None:
        cur.at += 1
    joined = _take_together(cur)
    place = Place() if cur.done else parse_places(cur, ctx, Place())
    joined = joined or _take_together(cur)
    scene = place.image_index if place.image_index is not None or place.start < 0 else _free_picture(parts, ctx)
    if not cur.done or (scene is None and not joined):
        return []
    if ctx.image_count < 2:
        raise Refusal("pictures", "1 picture")
    if scene is None:
        scene = parts[0].index
        ctx.assume(f"all come together in picture {scene + 1}")
    placement = place.placement(ctx, cur, "")
    return [PlaceSubject(_subject(part, ctx), scene, placement) for part in parts if part.index != scene]


def _free_picture(parts: list[_Part], ctx: Context) -> int | None:
    """Return the first picture that nobody is taken from: "the cat of image 2 on the sofa"."""
    taken = {part.index for part in parts}
    return next((index for index in range(ctx.image_count) if index not in taken), None)


def _listed(cur: Cursor, ctx: Context) -> list[_Part]:
    """Read who is meant, each with a picture: one after the other, or all by one word."""
    begin = cur.at
    both = cur.sense().term("blend") == "both" or cur.word() == "all"
    cur.at += both
    thing = parse_thing(cur, ctx, with_side=False)
    if thing is not None and thing.pronoun and cur.sense().term("blend") == "both":
        both = True
        cur.at += 1
    if both and thing is not None and not thing.picture and thing.image_index is None:
        # A plural means one of a kind in each picture.
        behind = cur.at
        if cur.take_preposition("from", "of", "in") and not parse_pictures(cur, ctx):
            cur.at = behind
        return [_Part("subject", index, thing if thing.noun else None) for index in range(max(2, ctx.image_count))]
    cur.at = begin
    shared = _shared(cur, ctx)
    if shared:
        return shared
    cur.at = begin
    parts: list[_Part] = []
    while True:
        thing = parse_thing(cur, ctx, with_side=False)
        if thing is None or thing.image_index is None:
            return parts
        parts.append(_Part("subject", thing.image_index, None if thing.picture else thing))
        begin = cur.at
        if not cur.take_connector("and", ",", "&") or cur.sense().verb:
            cur.at = begin
            return parts
        cur.take_connector("and")


def _shared(cur: Cursor, ctx: Context) -> list[_Part]:
    """Read "the people from image 1 and image 2", "the subjects of images 1, 2 and 3"."""
    begin = cur.at
    while cur.sense().determiner == "definite" or cur.sense().number is not None:
        cur.at += 1
    noun = cur.sense().noun
    word = cur.word()
    if cur.done or (noun is None and word not in ("subjects", "subject")):
        cur.at = begin
        return []
    cur.at += 1
    phrase = ctx.text(cur.tokens[begin : cur.at])
    if not cur.take_preposition("from", "of", "in"):
        return []
    indices = parse_pictures(cur, ctx)
    if len(indices) < 2:
        return []
    thing = None if word in ("subjects", "subject") else Thing(begin, cur.at, phrase, "definite", noun=noun, known=True)
    return [_Part("subject", index, thing) for index in indices]


def _take_together(cur: Cursor) -> bool:
    """Step over "together", "in one picture", "into the same photo"."""
    begin = cur.at
    cur.at += cur.sense().term("blend") == "together"
    found = cur.at > begin
    middle = cur.at
    if cur.take_preposition("in", "into", "on", "onto"):
        same = False
        while cur.sense().determiner or cur.sense().term("blend") == "same" or cur.word() == "one":
            same = (
                same
                or cur.sense().term("blend") == "same"
                or cur.word() == "one"
                or cur.sense().determiner == "indefinite"
            )
            cur.at += 1
        if same and cur.sense().picture and cur.sense(1).number is None:
            cur.at += 1
            return True
    cur.at = middle
    return found
