"""Clauses that move a thing, or put another in its place: "move the cup to the left", "replace the dog with a cat"."""

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.nouns import EYEWEAR, HEADWEAR, NOUNS
from retouch.editor.instructions.phrases import parse_thing
from retouch.editor.instructions.pieces import parse_side
from retouch.editor.instructions.plan import AddObject, Horizontal, MoveObject, Operation, ReplaceObject, Vertical
from retouch.editor.instructions.refusals import CLOTHES, NOT_OBJECTS
from retouch.editor.instructions.targets import to_target
from retouch.editor.instructions.things import Thing
from retouch.editor.instructions.words.remove import PEOPLE

__all__ = ["parse_move", "parse_replace"]

_STRENGTH = {"little": 0.5, None: 1.0, "plain": 1.0, "much": 2.0}
_PEOPLE = frozenset(PEOPLE.split())
_DIRECTIONS: dict[str, tuple[Horizontal | None, Vertical | None]] = {
    "up": (None, "top"),
    "upwards": (None, "top"),
    "higher": (None, "top"),
    "down": (None, "bottom"),
    "downwards": (None, "bottom"),
    "lower": (None, "bottom"),
    "left": ("left", None),
    "leftwards": ("left", None),
    "right": ("right", None),
    "rightwards": ("right", None),
}


def parse_replace(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read "replace the dog with a cat", "swap the mug for a vase", "a vase instead of the mug"."""
    if cur.take_preposition("instead"):  # "instead of the cat I want a rabbit"
        old = parse_thing(cur, ctx)
        cur.take_connector(",")
        if cur.take_verb("want", "put", "add", "use", "show") is None:
            return []
        new = parse_thing(cur, ctx, with_side=False)
        return _replacement(old, new, cur, ctx) if old is not None and new is not None else []
    verb = cur.take_verb("replace", "swap", "turn", "change", "make", "put", "add", "want")
    first = parse_thing(cur, ctx)
    if first is None:
        return []
    if cur.sense().preposition == "instead" or cur.take_word("in place of", "in the place of"):
        cur.at += cur.sense().preposition == "instead" and not cur.done
        old = parse_thing(cur, ctx)
        return _replacement(old, first, cur, ctx) if old is not None else []
    joined = ("with", "by", "for", "into") if verb in ("replace", "swap") else ("into", "to", "for", "with")
    if verb not in ("replace", "swap", "turn", "change", "make") or cur.take_preposition(*joined) is None:
        return []
    new = parse_thing(cur, ctx, with_side=False)
    if new is None or (new.color is not None and new.noun is None):
        return []
    bare = ctx.foreign and new.determiner is None and cur.done and cur.sense(-1).color is None  # an orange, or orange
    if verb not in ("replace", "swap") and not (new.known and (new.determiner == "indefinite" or bare)):
        return []
    return _replacement(first, new, cur, ctx)


def _replacement(old: Thing, new: Thing, cur: Cursor, ctx: Context) -> list[Operation]:
    if not cur.done or not _is_thing(old) or new.noun is None or not _is_thing(new):
        return []
    if new.determiner == "definite" or new.image_index is not None or new.number not in (None, 1):
        return []
    if new.determiner is None and not new.known and (old.pronoun == "person" or _last(old.noun) in _PEOPLE):
        raise Refusal("likeness")
    if _last(new.noun) in _PEOPLE and new.determiner == "indefinite" and ctx.image_count == 1:
        raise Refusal("person")
    if (
        (old.noun is None and old.pronoun is None)
        or _last(old.noun) == _last(new.noun)
        or _PEOPLE & {old.noun, new.noun}
    ):
        return []
    added = AddObject(new.noun, new.phrase, color=new.color, scale=new.size or 1.0)
    return [ReplaceObject(to_target(old, ctx), added, ctx.text(cur.tokens))]


def _last(noun: str | None) -> str:
    return (noun or "").rsplit(" ", 1)[-1]


def _is_thing(thing: Thing) -> bool:
    """Whether a phrase names a thing that can be cut out of a picture or put into it."""
    if thing.picture or thing.everything:
        return False
    noun = thing.noun or ""
    if noun in ("background", "sky", "foreground", "face", "head", "color", "colour") or noun in CLOTHES:
        return False
    return noun in NOUNS or noun not in NOT_OBJECTS


def parse_move(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read "move the cup a bit to the left", "shift it up", "move the dog into the bottom right corner"."""
    verb = cur.take_verb("move", "put")
    if verb is None:
        return []
    thing = parse_thing(cur, ctx, with_side=False)
    if thing is None or not _is_thing(thing):
        return []
    if verb == "put" and (thing.determiner != "definite" or ctx.image_count > 1 or thing.noun in HEADWEAR | EYEWEAR):
        return []
    if verb == "put" and _last(thing.noun) == "logo":
        raise Refusal("logo")
    degree = cur.take_degree()
    cur.take_word("further", "farther", "more", "over")
    degree = "much" if cur.word(-1) in ("further", "farther") else degree
    begin = cur.at
    horizontal, vertical = _DIRECTIONS.get(cur.word(), (None, None))
    if horizontal or vertical:
        cur.at += 1
        by_some = True
    else:
        side = parse_side(cur)
        if side is None:
            return []
        horizontal, vertical = side
        last = cur.tokens[cur.at - 1]
        by_some = last.sense.side is not None and "center" not in side and "middle" not in side
        by_some = by_some and not (horizontal and vertical) and cur.tokens[begin].word not in ("into", "in")
    degree = cur.take_degree() or degree
    if not cur.done:
        return []
    return [MoveObject(to_target(thing, ctx), horizontal, vertical, by_some, _STRENGTH[degree], ctx.text(cur.tokens))]
