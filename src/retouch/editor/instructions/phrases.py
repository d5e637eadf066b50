"""Noun phrases: what a clause is about, as read."""

from retouch.editor.instructions.context import Context
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.nouns import CONTAINERS, canonical_noun, singular
from retouch.editor.instructions.picks import is_bare_one, read_depth, read_ordinal_side, read_wearing, take_superlative
from retouch.editor.instructions.pieces import parse_color, parse_image_reference, parse_side
from retouch.editor.instructions.refusals import CLOTHES
from retouch.editor.instructions.things import (
    ALL_WORDS,
    COLOR_PART_NOUNS,
    MATERIAL_ADJECTIVES,
    REGION_NOUNS,
    ROOMS,
    SUBJECT_NOUNS,
    Thing,
)
from retouch.editor.instructions.vocabulary import PICTURE_NOUNS

__all__ = ["parse_thing"]


def parse_thing(
    cur: Cursor,
    ctx: Context,
    *,
    with_side: bool = True,
    one_noun: bool = False,
    headless: bool = False,
    placed: bool = False,
) -> Thing | None:
    """Read a noun phrase; None (and the cursor where it was) if there is none.

    Parameters
    ----------
    with_side : bool
        Whether "on the left" behind the noun belongs to it (a target) or not (a new object, whose place it is).
    one_noun : bool
        Whether the phrase ends with its first known noun: "give the cat | sunglasses".
    headless : bool
        Whether the noun may be missing: "three red | and two blue balloons".
    placed : bool
        Whether "on the table" behind the noun says which one is meant.
    """
    begin = cur.at
    thing = Thing(start=begin)
    index = parse_image_reference(cur, ctx)
    if index is not None:
        thing.picture, thing.image_index = True, index
        _read_picture_contents(cur, ctx)
        return _finish(thing, cur, ctx)
    if _read_pronoun(thing, cur):
        return _finish(thing, cur, ctx)
    _read_modifiers(thing, cur, ctx)
    _read_nouns(thing, cur, one_noun=one_noun)
    if _is_whole_room(thing, cur):
        thing.noun, thing.picture = None, True
        return _finish(thing, cur, ctx)
    if thing.noun is None and thing.color is None and with_side:
        _read_bare_side(thing, cur)
    if (
        thing.noun is None
        and not thing.picture
        and not thing.everything
        and (thing.color is None or thing.size is not None)
        and not (headless and (thing.number is not None or thing.color is not None))
    ):
        cur.at = begin
        return None
    if cur.word() == "'s" and thing.noun is not None and (_is_noun_like(cur, 1) or _leads_to_noun(cur, 1)):
        return _read_possession(thing, cur, ctx, with_side=with_side)
    _read_contents(thing, cur)
    _read_wearer(thing, cur, ctx)
    _read_postmodifiers(thing, cur, ctx, with_side=with_side, placed=placed)
    if with_side and thing.noun is not None:
        _read_relative(thing, cur, ctx, placed=placed)
    read_ordinal_side(thing, cur, ctx)
    return _finish(thing, cur, ctx)


def _is_whole_room(thing: Thing, cur: Cursor) -> bool:
    """Whether "the kitchen" stands for all that is seen; behind a preposition, as in "in the kitchen", it is a place."""
    bare = thing.color is None and not (thing.extras or thing.horizontal or thing.vertical or thing.size)
    if thing.noun not in ROOMS or thing.determiner != "definite" or not bare or cur.word() == "'s":
        return False
    return thing.start == 0 or cur.tokens[thing.start - 1].sense.preposition is None


def _read_wearer(thing: Thing, cur: Cursor, ctx: Context) -> None:
    """Read "of the man on the left" behind "the shirt": whose it is, and where that one is."""
    begin = cur.at
    if thing.noun not in _WORN or cur.word() != "of":
        return
    cur.at += 1
    owner = parse_thing(cur, ctx)
    if owner is None or owner.determiner != "definite" or not owner.known or owner.picture:
        cur.at = begin
        return
    thing.owner = owner
    thing.horizontal, thing.vertical = owner.horizontal or thing.horizontal, owner.vertical or thing.vertical
    thing.image_index = owner.image_index


_WORN = CLOTHES | {"hat", "cap", "hair", "glasses", "sunglasses", "helmet"}


def _read_bare_side(thing: Thing, cur: Cursor) -> None:
    """Read "top" in "the top of the picture": a region of its own."""
    begin = cur.at
    across, down = cur.sense().side or (None, None)
    if cur.sense().side is None or thing.determiner != "definite" or cur.done:
        return
    cur.at += 1
    while cur.sense().side is not None and not cur.done:
        across, down = (cur.sense().side or (None, None))[0] or across, (cur.sense().side or (None, None))[1] or down
        cur.at += 1
    if _is_noun_like(cur) or cur.word() == "of":
        cur.at = begin
        return
    thing.horizontal, thing.vertical = across, down
    thing.noun, thing.known, thing.region = "part", True, True


def _read_relative(thing: Thing, cur: Cursor, ctx: Context, *, placed: bool) -> None:
    """Read "who is standing on the left", "that is on the table", "she is wearing", "behind her" behind a noun."""
    begin = cur.at
    relative = cur.word() in ("who", "that", "which", "whom")
    cur.at += relative
    cur.at += cur.sense().pronoun == "person" and (cur.sense(1).copula or cur.word(1) in _WEARING)
    while not cur.done and (cur.sense().copula or cur.sense().participle or cur.word() in _WEARING):
        relative = relative or cur.sense().participle or cur.word() in _WEARING
        cur.at += 1
    worn = cur.word(-1) in _WEARING
    if not (relative or placed):
        cur.at = begin
        return
    joined = cur.sense().relation is not None or cur.sense().preposition in _PLACING
    if worn and not joined:
        _assume_untold(thing, begin, cur, ctx)
        return
    side = parse_side(cur)
    if side is None and joined:
        cur.at += 1
        side = parse_side(cur) or (None, None)
        if side == (None, None) and cur.sense().pronoun and (cur.sense(1).color or cur.sense(1).color_modifier):
            cur.at += 1  # "the wall behind her light grey"
            _assume_untold(thing, begin, cur, ctx)
        elif side == (None, None):
            place = parse_thing(cur, ctx, with_side=False)
            if place is None or not (place.determiner == "definite" or place.pronoun) or place.picture:
                cur.at = begin
                return
            _assume_untold(thing, begin, cur, ctx)
    if side is None:
        cur.at = begin
        return
    thing.horizontal, thing.vertical = side[0] or thing.horizontal, side[1] or thing.vertical


_OTHER = -2
"""The ordinal of "the other one"; those before the last are told by the next numbers."""
_HAIRED = frozenset(["blonde", "blond", "brunette", "redheaded", "redhead", "ginger", "dark-haired"])
_HAVING_HAIR = frozenset("person people man woman child boy girl kid guy lady baby".split())  # noqa: SIM905
"""Who is called by the hair, which no one looks at: "the blonde woman" is no blond part of the picture."""
_WEARING = frozenset(["wearing", "wears", "wear", "holding", "holds", "carrying", "has on"])
_PLACING = frozenset(["on", "in", "under", "inside", "near", "at", "over"])


def _assume_untold(thing: Thing, begin: int, cur: Cursor, ctx: Context) -> None:
    """Note that the words since ``begin`` don't decide which thing is meant."""
    ctx.assume(f'looked for "{thing.noun}"; "{ctx.text(cur.tokens[begin : cur.at])}" is not told apart')


def _read_contents(thing: Thing, cur: Cursor) -> None:
    """Read "of coffee" behind "a cup", "with flowers" behind "a vase"."""
    joined = cur.word() == "of" or (cur.word() == "with" and thing.determiner == "indefinite")
    if thing.noun in CONTAINERS and joined and cur.sense(1).determiner is None and _is_noun_like(cur, 1):
        thing.extras.append(f"{cur.word()} {cur.word(1)}")
        cur.at += 2


def _finish(thing: Thing, cur: Cursor, ctx: Context) -> Thing:
    thing.end = cur.at
    thing.phrase = ctx.text(cur.tokens[thing.start : thing.end])
    return thing


def _read_pronoun(thing: Thing, cur: Cursor) -> bool:
    """Read "it", "him"; "her jacket" and "this mug" are no pronouns."""
    sense = cur.sense()
    if cur.word() in ALL_WORDS and not _is_noun_like(cur, 1) and cur.sense(1).determiner is None:
        thing.everything = True
        cur.at += 1
        return True
    if sense.pronoun is None or cur.done:
        return False
    if sense.determiner is not None:
        if _leads_to_noun(cur, 1):
            return False
        if cur.word() == "one":
            return False
    thing.pronoun = sense.pronoun
    cur.at += 1
    if cur.sense().picture and cur.sense(1).number is not None:
        thing.image_index = (cur.sense(1).number or 1) - 1
        cur.at += 2
    return True


def _leads_to_noun(cur: Cursor, ahead: int) -> bool:
    """Whether only adjectives stand before a noun, so that "her" in "her long red jacket" is a determiner."""
    while ahead < _LONGEST_ADJECTIVES:
        sense = cur.sense(ahead)
        if _is_noun_like(cur, ahead):
            return not (sense.color is not None and not _is_noun_like(cur, ahead + 1))
        adjective = (
            sense.color or sense.color_modifier or sense.size or sense.look or sense.number or sense.ordinal is not None
        )
        if not (adjective or sense.side or cur.word(ahead) in ("'s", "main", "whole", "entire")):
            return False
        ahead += 1
    return False


_LONGEST_ADJECTIVES = 6


def _is_noun_like(cur: Cursor, ahead: int = 0) -> bool:
    """Whether a token can be (part of) a noun: a known noun, or a word that the lexicon does not have."""
    token = cur.token(ahead)
    if token is None:
        return False
    sense = token.sense
    if token.word in REGION_NOUNS and cur.sense(ahead - 1).side is not None:
        return True
    if sense.noun is not None or sense.picture or token.word in SUBJECT_NOUNS or token.word in COLOR_PART_NOUNS:
        return True
    return not sense.known and token.word[0].isalpha()


def _read_modifiers(thing: Thing, cur: Cursor, ctx: Context) -> None:
    """Read determiner, number, size, color and other adjectives."""
    while not cur.done:
        sense = cur.sense()
        nouns_follow = _is_noun_like(cur, 1)
        if is_bare_one(thing, cur):
            thing.bare_one = True
            return
        if sense.noun is not None and not (sense.color and nouns_follow and cur.sense(1).color is None):
            return
        if cur.word() in ("a little", "little") and (nouns_follow or cur.sense(1).color or cur.sense(1).color_modifier):
            thing.size = 0.6
            thing.determiner = thing.determiner or "indefinite"
        elif sense.grouping:
            thing.number, thing.determiner = 1, "indefinite"
            if cur.word().startswith("exactly"):
                thing.determiner = "indefinite"
        elif sense.number is not None:
            thing.number = sense.number
        elif sense.size is not None:
            thing.size = sense.size
        elif sense.determiner is not None and not (thing.determiner and thing.extras):
            thing.determiner = (
                thing.determiner if thing.determiner and sense.determiner == "definite" else sense.determiner
            )
        elif cur.word() in _HAIRED and cur.sense(1).noun in _HAVING_HAIR:
            ctx.assume(f'"{cur.word()}" is not told apart')
        elif sense.color is not None or (sense.color_modifier and (cur.sense(1).color or cur.sense(2).color)):
            color = parse_color(cur, ctx)
            if color is None:
                return
            thing.color = color
            if cur.word() == "," and cur.sense(1).color is None and _is_noun_like(cur, 1):
                cur.at += 1
            continue
        elif sense.ordinal is not None and sense.ordinal != _OTHER and nouns_follow and not cur.sense(1).picture:
            thing.ordinal = sense.ordinal + (sense.ordinal < _OTHER)
        elif sense.side is not None and (nouns_follow or cur.sense(1).side) and thing.determiner:
            across, down = sense.side
            thing.horizontal, thing.vertical = across or thing.horizontal, down or thing.vertical
        elif _is_adjective(cur, definite=thing.determiner == "definite"):
            thing.extras.append(cur.word())
        else:
            return
        cur.at += 1


def _is_adjective(cur: Cursor, *, definite: bool = False) -> bool:
    """Whether a known word that is no noun stands before a noun as an adjective: "a vintage car", "a flying bird"."""
    sense = cur.sense()
    adjective = (
        sense.look is not None or sense.color_modifier is not None or sense.participle or sense.degree is not None
    )
    adjective = (
        adjective
        or cur.word() in MATERIAL_ADJECTIVES
        or cur.word()
        in (
            "natural",
            "realistic",
            "photorealistic",
            "photo-realistic",
            "real",
            "main",
            "beautiful",
            "professional",
            "original",
            "standing",
        )
    )
    if not sense.known and cur.word().isalpha() and cur.sense(1).color is not None and _is_noun_like(cur, 2):
        return True  # "the long blue dress"
    if sense.term("light") is not None and cur.sense(1).noun is not None and definite:
        return True  # "the autumn leaves"
    return adjective and (_is_noun_like(cur, 1) or cur.sense(1).color is not None or cur.sense(1).size is not None)


def _read_nouns(thing: Thing, cur: Cursor, *, one_noun: bool = False) -> None:
    """Read the noun, which may be several words ("bow window", "coffee grinder"), known or not."""
    words: list[str] = []
    while _is_noun_like(cur):
        token = cur.token()
        assert token is not None
        if words and token.sense.picture and cur.sense(1).number is not None:
            break
        if words and token.sense.color is not None and token.sense.noun is None:
            break
        if words and token.sense.color is not None and _ends_phrase(cur, 1):
            break
        if words and (token.word in SUBJECT_NOUNS and token.sense.noun is None and not token.sense.known):
            words.append(token.word)
            cur.at += 1
            continue
        words.append(token.word)
        thing.plural = token.sense.plural or (not token.sense.known and singular(token.word) != token.word)
        cur.at += 1
        if one_noun and token.sense.noun is not None:
            break
    if not words:
        return
    _name(thing, words, cur)


def _ends_phrase(cur: Cursor, ahead: int) -> bool:
    return not _is_noun_like(cur, ahead)


def _name(thing: Thing, words: list[str], cur: Cursor) -> None:
    """Turn the words of a noun into a canonical noun, a picture, "the subject" or a color's part."""
    while words and cur.word(-1) in ("color", "colour") and words[-1] in ("color", "colour"):
        words.pop()
    words = take_superlative(thing, words)
    text = " ".join(words)
    if len(words) == 1 and words[0] in PICTURE_NOUNS and words[0] != "frame":
        thing.picture = True
        return
    if len(words) > 1 and words[-1] in _PHOTOS and canonical_noun(text) is None:
        thing.picture = True  # "the fig photo": a picture, by what it shows
        thing.extras += words[:-1]
        return
    if text in REGION_NOUNS and (thing.horizontal or thing.vertical) and thing.color is None:
        thing.noun, thing.known, thing.region = text, True, True
        return
    if text in COLOR_PART_NOUNS and thing.color is not None:
        return
    if text in SUBJECT_NOUNS or text in COLOR_PART_NOUNS:
        thing.noun, thing.known = "subject", True
        return
    for first in range(len(words)):
        noun = canonical_noun(" ".join(words[first:]))
        if noun is not None:
            thing.noun, thing.known = noun, True
            thing.extras += words[:first]
            return
    thing.noun = " ".join([*words[:-1], singular(words[-1])])


_PHOTOS = frozenset("photo picture image pic photograph snapshot photos pictures images".split())  # noqa: SIM905


def _read_possession(owner: Thing, cur: Cursor, ctx: Context, *, with_side: bool) -> Thing | None:
    """Read "'s head" behind an owner."""
    cur.at += 1
    _finish(owner, cur, ctx)
    thing = Thing(start=owner.start, determiner="definite", owner=owner)
    _read_modifiers(thing, cur, ctx)
    _read_nouns(thing, cur)
    _read_postmodifiers(thing, cur, ctx, with_side=with_side)
    return _finish(thing, cur, ctx)


def _read_postmodifiers(thing: Thing, cur: Cursor, ctx: Context, *, with_side: bool, placed: bool = False) -> None:
    """Read "on the left", "from the first image", "of the photo" behind a noun."""
    if thing.picture:
        _read_picture_contents(cur, ctx)
        return
    while not cur.done:
        begin = cur.at
        apposed = cur.sense().picture or (cur.sense().ordinal is not None and cur.sense(1).picture)
        if apposed and thing.image_index is None:
            thing.image_index = parse_image_reference(cur, ctx)
            if thing.image_index is not None:
                continue
        if cur.take_preposition("from", "of", "in", "on", "out of"):
            index = parse_image_reference(cur, ctx, elided=True) if thing.image_index is None else None
            if index is not None:
                thing.image_index = index
                continue
            if _take_bare_picture(cur):
                continue
            cur.at = begin
        if with_side and thing.pick is None and (pick := read_depth(cur, far=placed)) is not None:
            thing.pick = pick
            continue
        if with_side and (worn := read_wearing(thing, cur, ctx)) is not None:
            thing.wearing = worn
            continue
        side = parse_side(cur) if with_side else None
        if side is None:
            return
        thing.horizontal, thing.vertical = side[0] or thing.horizontal, side[1] or thing.vertical


def _take_bare_picture(cur: Cursor) -> bool:
    """Step over "the photo", which says nothing where there is one."""
    begin = cur.at
    while cur.sense().determiner == "definite":
        cur.at += 1
    if cur.sense().picture and cur.sense(1).number is None:
        cur.at += 1
        return True
    cur.at = begin
    return False


def _read_picture_contents(cur: Cursor, ctx: Context) -> None:
    """Read "with the t-rex", "of the cat" behind "this image": it only says which picture."""
    begin = cur.at
    if cur.take_preposition("with", "of") is None:
        return
    inner = parse_thing(cur, ctx, with_side=False)
    if inner is None or inner.noun is None or inner.noun == "background":
        cur.at = begin
