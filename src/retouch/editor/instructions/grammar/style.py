"""Clauses that ask for a painting, drawing, print or film style: "turn it into a watercolor", "in the style of image 2"."""

from dataclasses import dataclass, replace

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.phrases import parse_thing
from retouch.editor.instructions.pieces import parse_colors, parse_image_reference, parse_percent
from retouch.editor.instructions.plan import FILM_STYLES, ApplyStyle, ColorValue, Look, Style, Target, TargetKind
from retouch.editor.instructions.targets import to_target
from retouch.editor.instructions.things import Thing

__all__ = ["parse_style"]

STRENGTH = {"little": 0.5, None: 1.0, "plain": 1.0, "much": 1.6}

_VERBS = ("make", "turn", "change", "give", "use", "put", "want", "show", "paint", "add", "touch", "print", "replace")
_PUTTING = frozenset(["add", "put", "show", "want"])
_ARTWORKS = frozenset(["painting", "drawing", "artwork", "sketch", "cartoon", "illustration", "comic", "poster"])
_STYLE_OF = frozenset(["style of", "in the style of"])
_GLUE = frozenset(["in", "into", "onto", "to", "as", "like", "with", "on", "for", "of", "by", "from", "using"])
_SAID_AS_STYLE = frozenset(["like", "into", "as", "to", "in", "by", "of"])
_FILLING = frozenset(
    """
        style styles stylized stylised stylize stylise artistic
        art inspired look-alike version mode rendering render rendition
        transfer reference guide source design technique portrait photo-to-painting background's type classic old real nice
        beautiful traditional vintage retro colorful detailed simple loose fine hand realistic modern famous done made
        created match minimalist print prints expressive bold tiles onto transfer picture's some more paper canvas
        japanese masterpiece master artist artists itself feel film colors colours
        up process processing grading graded draw redraw repaint sort kind
        effects photo photograph only just so that though were was
        had been if it it's 's
    """.split()  # noqa: SIM905 - a table of words is read, not run
)
"""Words around a style that say nothing about which."""

_OWN_WORDS = {
    "renoir": "an impressionist painting",
    "pissarro": "an impressionist painting",
    "degas": "an impressionist painting",
    "cezanne": "an impressionist painting",
    "braque": "a cubist painting",
    "anime": "a cartoon",
    "manga": "a cartoon",
    "banksy": "a stencil",
    "rembrandt": "an oil painting",
    "vermeer": "an oil painting",
    "caravaggio": "an oil painting",
    "wes anderson": "a pastel palette",
    "aerochrome": "an infrared look",
    "lichtenstein": "a pop-art print",
    "cinematic": "teal and orange",
}
"""A word that names more than the editor does -> what it is taken for."""


@dataclass
class _Reading:
    """What was read of a clause so far."""

    verb: str | None = None
    style: Style | None = None
    generic: Style | None = None
    picture_index: int | None = None
    base_index: int | None = None
    thing: Thing | None = None
    all_but: bool = False
    degree: str | None = None
    colors: tuple[ColorValue, ...] = ()


def _complains(cur: Cursor) -> bool:
    """Whether a clause says that the photo is grainy, rather than asking for grain: "it looks grainy"."""
    flawed = any(token.word in ("grainy", "pixelated", "noisy") for token in cur.tokens)
    told = any(token.sense.copula or token.word in ("looks", "seems", "feels") for token in cur.tokens[1:])
    said_of = cur.sense().determiner or cur.sense().pronoun or cur.sense().picture
    return flawed and told and bool(said_of) and not any(token.sense.verb or token.sense.modal for token in cur.tokens)


def parse_style(cur: Cursor, ctx: Context) -> list[ApplyStyle]:
    """Return the style that a clause asks for; empty if it is about something else.

    Raises
    ------
    Refusal
        It asks for the style of a studio, or of an artist, that the editor doesn't have.
    """
    hidden = _parse_hidden(cur, ctx)
    if hidden is not None:
        return [hidden]
    cur.at = 0
    if not _speaks_of_style(cur, ctx) or _complains(cur):
        return []
    read = _Reading()
    cur.at += bool(cur.sense().modal) and not cur.done
    if cur.sense().term("style") is None or cur.word() in ("painting", "drawing"):
        read.verb = cur.take_verb(*_VERBS)
        if read.verb in ("give", "show", "use"):
            cur.take_word("me", "us")
    while not cur.done:
        if not any(take(cur, ctx, read) for take in _TAKERS):
            return []
    style = read.style or read.generic
    if read.picture_index is not None and style is None:
        return [_from_picture(cur, ctx, read)]
    if style is None or read.picture_index is not None:
        return []
    target = _target(read, ctx)
    return [
        ApplyStyle(
            style,
            STRENGTH[read.degree],
            target,
            colors=read.colors if style is Style.DUOTONE else (),
            base_index=read.base_index,
            phrase=ctx.text(cur.tokens),
        )
    ]


def _parse_hidden(cur: Cursor, ctx: Context) -> ApplyStyle | None:
    """Read "blur the face", "blur out the license plate": what is private is hidden behind coarse pixels."""
    if cur.take_verb("blur") is None:
        return None
    thing = parse_thing(cur, ctx)
    cur.take_word("out")
    plate = thing is not None and thing.noun == "plate" and bool(_PLATES & set(thing.extras))
    if thing is None or not (plate or thing.noun in _PRIVATE) or not cur.done:
        return None
    ctx.assume(f'hides "{thing.phrase}" behind coarse pixels')
    ctx.referent = to_target(thing, ctx)
    return ApplyStyle(Style.PIXELATED, STRENGTH[None], ctx.referent, phrase=ctx.text(cur.tokens))


_PLATES = frozenset(["license", "licence", "number", "registration"])
_PRIVATE = frozenset(["face", "license plate", "number plate", "eye", "head", "screen", "name tag", "credit card"])


def _from_picture(cur: Cursor, ctx: Context, read: _Reading) -> ApplyStyle:
    """Return the style of another input picture."""
    index = read.picture_index
    assert index is not None
    base = read.base_index if read.base_index is not None else int(index == 0)
    if base == index:
        raise Refusal("style_picture")
    return ApplyStyle(
        Style.PICTURE, STRENGTH[read.degree], _target(read, ctx), index, base_index=base, phrase=ctx.text(cur.tokens)
    )


# Triggers ----------------------------------------------------------------------------------------------------------------


def _speaks_of_style(cur: Cursor, ctx: Context) -> bool:
    """Whether some word of the clause is about style, and not a thing of that name ("remove the painting")."""
    begin = cur.at
    found = False
    while not cur.done and not found:
        found = _is_style(cur, ctx)
        cur.at += 1
    cur.at = begin
    verb = cur.sense(int(bool(cur.sense().modal))).verb
    return found and (cur.sense().term("style") is not None or verb is None or verb in _VERBS)


def _is_style(cur: Cursor, ctx: Context) -> bool:
    term = cur.sense().term("style")
    if term is None:
        return _is_picture_style(cur, ctx)
    ambiguous = (
        cur.sense().noun is not None or cur.sense().color is not None or cur.sense().verb not in (None, "stylize")
    )
    return _means_style(cur, ambiguous=ambiguous)


def _means_style(cur: Cursor, *, ambiguous: bool) -> bool:
    """Whether a style word stands as one: not behind "the", and not as a thing that is put in."""
    verb = next((token.sense.verb for token in cur.tokens if token.sense.verb is not None), None)
    followed = cur.sense(1).fluff or (cur.sense(1).term("style") is not None) or cur.sense(1).picture
    name = cur.sense().term("style") or ""
    changes_photo = name == "grain" or (not name.islower() and Style[name] in FILM_STYLES)
    if (
        verb in _PUTTING
        and not followed
        and not changes_photo
        and not _behind(cur, *_SAID_AS_STYLE, "like", "style of")
    ):
        return verb == "want" and not ambiguous
    if not ambiguous:
        return True
    if followed or cur.at == 0:
        return not (cur.at == 0 and cur.sense(1).determiner is not None)
    return _behind(cur, *_SAID_AS_STYLE, "a", "an", "more", "style of", "in the style of", "looks")


def _behind(cur: Cursor, *words: str) -> bool:
    """Whether one of the two words before is one of ``words``."""
    return any(cur.at >= back and cur.tokens[cur.at - back].word in words for back in (1, 2, 3) if cur.at >= back)


def _is_picture_style(cur: Cursor, ctx: Context) -> bool:
    """Whether "the style of image 2", "like image 2" or "image 2 as the style" begins here."""
    begin = cur.at
    trial = _Reading()
    found = _take_picture_style(cur, ctx, trial)
    cur.at = begin
    return found


# Pieces ------------------------------------------------------------------------------------------------------------------


def _take_picture_style(cur: Cursor, ctx: Context, read: _Reading) -> bool:
    """Read "in the style of the second image", "like image 2", "image 2 as the style reference", "image 2's style"."""
    begin = cur.at
    if read.picture_index is None:
        index = _style_then_picture(cur, ctx)
        if index is None:
            cur.at = begin
            index = _picture_then_style(cur, ctx)
        if index is not None:
            read.picture_index = index
            return True
    cur.at = begin
    return False


def _style_then_picture(cur: Cursor, ctx: Context) -> int | None:
    while cur.sense().determiner == "definite" or cur.word() in ("in", "same", "artistic", "art", "painting"):
        cur.at += 1
    if cur.word() in _STYLE_OF or cur.word() == "like":
        alike = cur.word() == "like"
        cur.at += 1
        index = parse_image_reference(cur, ctx, elided=True)
        if index is None and ctx.image_count == 2 and cur.sense().determiner == "definite" and cur.word(1) in _ARTWORKS:
            cur.at += 2
            index = 1
        if alike and index is not None:
            ctx.assume(f'took "like picture {index + 1}" for its style: its colors and brushwork, not what it shows')
        return index
    elif cur.word() in ("style", "styles", "look"):
        cur.at += 1
        cur.take_word("transfer")
        if cur.take_preposition("of", "from", "as", "in") is None and not cur.take_word("of"):
            return None
    else:
        return None
    return parse_image_reference(cur, ctx, elided=True)


def _picture_then_style(cur: Cursor, ctx: Context) -> int | None:
    index = parse_image_reference(cur, ctx)
    if index is None:
        return None
    if cur.word() == "'s" and cur.word(1) in ("style", "look"):
        cur.at += 2
        return index
    while cur.word() in ("as", "for", "a", "the", "my", "an", "'s") or cur.word() == "artistic":
        cur.at += 1
    if cur.word() not in ("style", "styles", "style reference", "stylistic reference"):
        return None
    while cur.word() in ("style", "styles", "reference", "guide", "source", "image", "example", "style reference"):
        cur.at += 1
    return index


def _take_style(cur: Cursor, ctx: Context, read: _Reading) -> bool:
    """Read one style word; the more telling of two wins ("a van gogh oil painting"), two equal ones are none."""
    term = cur.sense().term("style")
    if term is None or (cur.sense().noun and read.style is None and not _is_style(cur, ctx)):
        return False
    if term.startswith("no_"):
        raise Refusal(f"style_{term[3:]}", cur.word())
    if term == "grain":
        term = "GRAIN"
    if term.startswith("generic_"):
        read.generic = read.generic or (Style.OIL if term == "generic_painting" else Style.PENCIL)
    else:
        style = Style[term]
        if read.style is not None and read.style is not style:
            chosen = _more_telling(read.style, style)
            if chosen is None:
                return False
            style = chosen
        read.style = style
        if cur.word() in _OWN_WORDS:
            ctx.assume(f'took "{cur.word()}" for {_OWN_WORDS[cur.word()]}')
    cur.at += 1
    return True


_MEDIA = frozenset([Style.OIL, Style.GOUACHE, Style.PASTEL, Style.INK, Style.POSTER, Style.CARTOON, Style.PENCIL])


def _more_telling(one: Style, other: Style) -> Style | None:
    for finer, coarser in ((Style.PIXEL_ART, Style.PIXELATED), (Style.COMIC, Style.HALFTONE)):
        if {one, other} == {finer, coarser}:
            return finer
    if (one in _MEDIA) == (other in _MEDIA):
        return None
    return other if one in _MEDIA else one


def _take_degree(cur: Cursor, ctx: Context, read: _Reading) -> bool:  # noqa: ARG001 - all takers are called alike
    begin = cur.at
    degree = cur.take_degree() or parse_percent(cur)
    read.degree = degree if degree not in (None, "plain") else read.degree
    if cur.at == begin and cur.sense().size is not None and cur.sense(1).term("style"):
        read.degree = "much" if (cur.sense().size or 1) > 1 else "little"
        cur.at += 1
    return cur.at > begin


def _take_exception(cur: Cursor, ctx: Context, read: _Reading) -> bool:
    """Read "everything except the cat", "but not the sky": everything but that one thing."""
    if cur.sense().preposition != "except" and not (cur.word() == "but" and read.thing is not None):
        return False
    begin = cur.at
    cur.at += 1
    thing = parse_thing(cur, ctx)
    if thing is None or (read.thing is not None and not (read.thing.everything or read.thing.picture)):
        cur.at = begin
        return False
    read.thing, read.all_but = thing, True
    return True


def _take_duotone(cur: Cursor, ctx: Context, read: _Reading) -> bool:
    """Read the two colors of a duotone."""
    if read.colors or not any(token.sense.term("style") == "DUOTONE" for token in cur.tokens):
        return False
    if cur.sense().color is None:
        return False
    colors = parse_colors(cur, ctx)
    if not 1 <= len(colors) <= 2:
        return False
    read.colors = tuple(colors)
    return True


def _take_glue(cur: Cursor, ctx: Context, read: _Reading) -> bool:  # noqa: ARG001
    """Step over words between a target and its style."""
    sense, word = cur.sense(), cur.word()
    saying_nothing = sense.fluff or word in _FILLING
    if (sense.noun is not None and not saying_nothing) or sense.color is not None:
        return False
    style_behind = any(token.sense.term("style") or token.word in _STYLE_OF for token in cur.tokens[cur.at :])
    glue = (saying_nothing or sense.copula or word in _STYLE_OF or word == ",") and not sense.pronoun
    glue = glue or (sense.preposition in _GLUE and (style_behind or not _thing_follows(cur)))
    glue = glue or (sense.determiner is not None and not sense.pronoun and _style_next(cur))
    glue = glue or (sense.amount == 1 and style_behind)
    glue = glue or (sense.verb in ("make", "paint", "add", "turn", "show", "use") and style_behind and cur.at > 0)
    glue = glue or (sense.look is not None and style_behind and _style_next(cur) and not _is_a_look_beside(cur))
    if not glue and sense.preposition in _GLUE and read.thing is None:
        glue = True
    if not glue:
        return False
    cur.at += 1
    return True


def _is_a_look_beside(cur: Cursor) -> bool:
    """Whether "black and white, grain" asks for two things; a black-and-white sketch is one."""
    if cur.sense().look not in (Look.BLACK_AND_WHITE, Look.SEPIA):
        return False
    term = next((token.sense.term("style") for token in cur.tokens[cur.at :] if token.sense.term("style")), None)
    return term in _FINISHES


_FINISHES = frozenset(["grain", "GRAIN", "VIGNETTE", "GLOW", "TILT_SHIFT", "FADED_FILM"])


def _thing_follows(cur: Cursor) -> bool:
    return cur.sense(1).determiner is not None or cur.sense(1).noun is not None or cur.sense(1).pronoun is not None


def _style_next(cur: Cursor) -> bool:
    """Whether a style follows within a few words that say nothing of their own: "a loose, expressive watercolor"."""
    for ahead in (1, 2, 3, 4):
        sense, word = cur.sense(ahead), cur.word(ahead)
        if sense.term("style") is not None:
            return True
        if not (
            sense.fluff
            or word in _FILLING
            or sense.look
            or sense.degree
            or sense.size
            or sense.determiner
            or (sense.preposition in _GLUE and sense.preposition != "on")
            or word == ","
        ):
            return False
    return False


def _take_target(cur: Cursor, ctx: Context, read: _Reading) -> bool:
    """Read the one thing that the style is for."""
    if read.thing is not None:
        return _take_again(cur, ctx)
    begin = cur.at
    index = parse_image_reference(cur, ctx, elided=read.picture_index is not None)
    if index is not None:
        read.base_index = index
        return True
    thing = parse_thing(cur, ctx)
    if thing is not None and thing.determiner is None and not (thing.known or thing.pronoun or thing.picture):
        # A word that nobody knows, without an article, is an adjective of the style rather than a thing.
        thing = None if not thing.everything else thing
    if thing is None or (thing.determiner == "indefinite" and not thing.picture) or thing.noun in ("style", "filter"):
        cur.at = begin
        return False
    read.thing = thing
    return True


def _take_again(cur: Cursor, ctx: Context) -> bool:
    """Step over the picture or a pronoun said twice: "make this photo look like it was painted"."""
    begin = cur.at
    thing = parse_thing(cur, ctx)
    if thing is not None and (thing.pronoun is not None or (thing.picture and thing.image_index is None)):
        return True
    cur.at = begin
    return False


_TAKERS = (
    _take_picture_style,
    _take_duotone,
    _take_style,
    _take_degree,
    _take_exception,
    _take_glue,
    _take_target,
)


def _target(read: _Reading, ctx: Context) -> Target | None:
    """Return the target: None for the whole picture, which "it" is unless a person is meant."""
    thing = read.thing
    if thing is None or thing.picture or thing.everything:
        if thing is not None and thing.image_index is not None:
            read.base_index = thing.image_index
        return None
    if thing.pronoun is not None and thing.pronoun != "person":
        if ctx.referent is not None and not read.all_but:
            ctx.assume(f'took "{thing.phrase}" for the whole picture')
        return None
    target = to_target(thing, ctx)
    if target.kind is TargetKind.PICTURE:
        return None
    ctx.referent = target
    return replace(target, all_but=True) if read.all_but else target
