"""Where a new object goes: "in the sky, top left", "next to the cup", "on the T-rex's head"."""

from dataclasses import dataclass, replace

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.nouns import EYEWEAR, HEADWEAR
from retouch.editor.instructions.phrases import parse_thing
from retouch.editor.instructions.pieces import parse_image_reference, parse_side
from retouch.editor.instructions.plan import Horizontal, Placement, Relation, Target, Vertical
from retouch.editor.instructions.targets import to_target
from retouch.editor.instructions.things import Thing

__all__ = ["Place", "parse_places", "take_size", "worn_relation"]

REGIONS: dict[str, Relation] = {
    "foreground": Relation.FOREGROUND,
    "front": Relation.FOREGROUND,
    "back": Relation.BACKGROUND,
    "background": Relation.BACKGROUND,
    "horizon": Relation.BACKGROUND,
    "sky": Relation.SKY,
    "air": Relation.SKY,
    "ground": Relation.GROUND,
    "floor": Relation.GROUND,
    "grass": Relation.GROUND,
    "lawn": Relation.GROUND,
    "sand": Relation.GROUND,
    "beach": Relation.GROUND,
    "road": Relation.GROUND,
    "street": Relation.GROUND,
    "path": Relation.GROUND,
    "sidewalk": Relation.GROUND,
    "pavement": Relation.GROUND,
    "field": Relation.GROUND,
    "meadow": Relation.GROUND,
    "carpet": Relation.GROUND,
    "snow": Relation.GROUND,
    "water": Relation.WATER,
    "sea": Relation.WATER,
    "lake": Relation.WATER,
    "river": Relation.WATER,
    "ocean": Relation.WATER,
    "pond": Relation.WATER,
    "pool": Relation.WATER,
}
"""Nouns that are regions of a scene rather than things to stand on."""

_SIDE_RELATIONS: dict[Relation, Horizontal] = {Relation.LEFT_OF: "left", Relation.RIGHT_OF: "right"}
_HEADS = frozenset(["head", "hair", "ear"])
_FACES = frozenset(["face", "eye", "nose"])
_HELD = frozenset(
    """
        hand arm finger mouth lip neck leg foot back wrist ankle lap palm knee elbow chest thumb
    """.split()  # noqa: SIM905 - a table of words is read, not run
)
_CANT = {
    "under": "under something",
    "inside": "inside something",
    "through": "through something",
}


@dataclass
class Place:
    """Places as they are read, one after the other, and put together."""

    relation: Relation | None = None
    anchor: Target | None = None
    second: Target | None = None
    horizontal: Horizontal | None = None
    vertical: Vertical | None = None
    start: int = -1
    end: int = -1
    image_index: int | None = None
    referent: Target | None = None

    def placement(self, ctx: Context, cur: Cursor, noun: str) -> Placement:
        """Return the placement of a new ``noun``; things that are worn go onto the head or over the eyes."""
        phrase = ctx.text(cur.tokens[self.start : self.end]) if self.start >= 0 else ""
        relation = self.relation or Relation.ANYWHERE
        if self.anchor is not None and relation is Relation.ON:
            relation = worn_relation(noun) or relation
        return Placement(relation, self.anchor, self.horizontal, self.vertical, phrase, self.second)


def worn_relation(noun: str) -> Relation | None:
    """Return where something is worn, None if it is not worn."""
    if noun in EYEWEAR:
        return Relation.OVER_EYES
    return Relation.ON_HEAD if noun in HEADWEAR else None


def parse_places(cur: Cursor, ctx: Context, place: Place | None = None) -> Place:
    """Read as many places as follow ("in the foreground, on the left"); an empty ``Place`` if none does."""
    place = place or Place()
    while not cur.done:
        begin = cur.at
        cur.take_connector(",")
        while cur.sense().participle or (cur.sense().degree and cur.sense(1).preposition):
            cur.at += 1
        moved = cur.at > begin and (cur.done or cur.sense().connector is not None)
        if cur.done or not _parse_place(cur, ctx, place):
            if not moved or cur.tokens[begin].sense.connector:
                cur.at = begin
            return place
        place.start = begin + bool(cur.tokens[begin].sense.connector) if place.start < 0 else place.start
        place.end = cur.at
    return place


def _parse_place(cur: Cursor, ctx: Context, place: Place) -> bool:
    """Read one place into ``place``; False (and the cursor where it was) if there is none."""
    begin = cur.at
    if cur.sense().term("blend") == "far":
        cur.at += 1
        place.relation = _both(place.relation, Relation.BACKGROUND)
        return True
    side = None if _leads_to_a_body_part(cur) else parse_side(cur, of_something=True)
    if side is not None:
        place.horizontal, place.vertical = side[0] or place.horizontal, side[1] or place.vertical
        return cur.word() != "of" or _take_region(cur, ctx, place)
    relation = cur.sense().relation
    preposition = None
    if relation is not None and not cur.done:
        cur.at += 1
    else:
        preposition = cur.sense().preposition
        if preposition not in ("in", "on", "to", "at", "into", "onto", "over", "near", "between", *_CANT):
            return False
        is_around = cur.word() in ("around", "all around")
        cur.at += 1
        if preposition == "between":
            return _take_two(cur, ctx, place, begin)
        if is_around:
            relation = Relation.AROUND
    if preposition in ("in", "into", "to", "on", "onto", "at") and _take_whole_picture(cur, ctx, place):
        return True
    if relation in _SIDE_RELATIONS and _take_whole_picture(cur, ctx, place):
        place.horizontal = _SIDE_RELATIONS[relation]
        return True
    anchor = parse_thing(cur, ctx)
    if anchor is None or anchor.everything or (anchor.noun is None and not anchor.pronoun and anchor.color is None):
        cur.at = begin
        return False
    _anchor(place, anchor, relation, preposition, ctx, cur)
    return True


def _leads_to_a_body_part(cur: Cursor) -> bool:
    """Whether "left" in "in his left hand" tells one hand from the other, not a side of the picture."""
    if cur.word(2) in ("left hand", "right hand") and cur.word(1) in _WHOSE and cur.word(3) not in _SIDES:
        raise Refusal("place", "in or on a hand, arm, mouth or leg")
    ahead = 1
    while ahead < _LONGEST and (cur.sense(ahead).determiner or cur.sense(ahead).side):
        ahead += 1
    return ahead > 1 and (cur.sense(ahead).noun or cur.word(ahead)) in _HELD | {"shoulder"}


_LONGEST = 5
_WHOSE = frozenset(["his", "her", "their", "its", "my", "'s"])
_SIDES = frozenset(["side", "corner", "part", "third", "half"])


def _take_two(cur: Cursor, ctx: Context, place: Place, begin: int) -> bool:
    """Read "the cup and the chair", "the two people" behind "between"."""
    first = parse_thing(cur, ctx)
    if first is None or first.picture:
        cur.at = begin
        return False
    place.relation = Relation.BETWEEN
    if not cur.take_connector("and"):
        if not first.plural and first.pronoun is None and first.number is None:
            raise Refusal("place", "between things of which only one is named")
        place.anchor = to_target(first, ctx)
        return True
    second = parse_thing(cur, ctx)
    if second is None:
        cur.at = begin
        return False
    place.anchor, place.second = to_target(first, ctx), to_target(second, ctx)
    return True


def _take_region(cur: Cursor, ctx: Context, place: Place) -> bool:
    """Read "of the sky" behind "at the top"."""
    cur.at += 1
    region = parse_thing(cur, ctx, with_side=False)
    if region is None or (region.noun not in REGIONS and not region.picture):
        return False
    place.image_index = region.image_index if region.image_index is not None else place.image_index
    place.relation = place.relation if region.picture else REGIONS[region.noun or ""]
    return True


def take_size(cur: Cursor) -> float | None:
    """Read a size behind a place: "an owl, bottom left corner, tiny"."""
    begin = cur.at
    cur.take_connector(",")
    cur.take_degree()
    size = cur.sense().size
    after = cur.sense(1)
    if size is None or not (cur.token(1) is None or after.connector or after.preposition or after.side):
        cur.at = begin
        return None
    cur.at += 1
    return size


def _take_whole_picture(cur: Cursor, ctx: Context, place: Place) -> bool:
    """Read "the second image" or "the photo" as the scene that receives the object."""
    index = parse_image_reference(cur, ctx, elided=True)
    if index is not None:
        place.image_index = index
        return True
    begin = cur.at
    while cur.sense().determiner == "definite":
        cur.at += 1
    if cur.sense().picture:
        cur.at += 1
        return True
    cur.at = begin
    return False


def _anchor(
    place: Place, anchor: Thing, relation: Relation | None, preposition: str | None, ctx: Context, cur: Cursor
) -> None:
    """Work out what a preposition and a noun mean together."""
    if preposition in _CANT:
        raise Refusal("place", _CANT[preposition])
    place.image_index = anchor.image_index if anchor.image_index is not None else place.image_index
    side = _SIDE_RELATIONS.get(relation) if relation else None
    beside = relation is Relation.NEXT_TO and anchor.noun in ("horizon", "foreground", "background")
    if anchor.noun in REGIONS and (relation is None or side or beside) and anchor.owner is None:
        place.horizontal = side or place.horizontal
        place.relation = _both(place.relation, REGIONS[anchor.noun])
        place.horizontal = anchor.horizontal or place.horizontal
        place.vertical = anchor.vertical or place.vertical
        return
    if anchor.noun in _HELD and (anchor.owner is not None or anchor.determiner == "definite"):
        raise Refusal("place", "in or on a hand, arm, mouth or leg")
    if anchor.noun == "shoulder" and relation in (None, Relation.ON):
        place.relation = Relation.ON_SHOULDER
        place.horizontal = anchor.horizontal or place.horizontal
        place.anchor = _owner(anchor, cur, ctx)
        return
    if anchor.noun in _HEADS | _FACES and relation in (None, Relation.ON):
        place.relation = Relation.ON_HEAD if anchor.noun in _HEADS else Relation.OVER_EYES
        place.anchor = _owner(anchor, cur, ctx)
        return
    if preposition == "in":
        raise Refusal("place", _CANT["inside"])
    # "Two dogs and a cat next to her": she is not one of the dogs that are just being added.
    known = replace(ctx, referent=place.referent) if anchor.pronoun == "person" else ctx
    place.anchor = to_target(anchor, known)
    place.relation = relation or _PREPOSITION_RELATIONS.get(preposition or "", Relation.ON)


_PREPOSITION_RELATIONS = {"over": Relation.ABOVE, "at": Relation.NEXT_TO, "near": Relation.NEXT_TO}


def _both(said: Relation | None, region: Relation) -> Relation:
    """Return the region of two said one after the other: "on the water in the distance" is still on the water."""
    return said if said in (Relation.WATER, Relation.SKY) and region is Relation.BACKGROUND else region


def _owner(head: Thing, cur: Cursor, ctx: Context) -> Target:
    """Return whose head it is: "the cat's head", "the head of the cat", "its head", "the head"."""
    if head.owner is not None:
        return to_target(head.owner, ctx)
    if cur.take_preposition("of") is not None:
        owner = parse_thing(cur, ctx)
        if owner is not None:
            return to_target(owner, ctx)
    if ctx.referent is not None and ctx.referent.noun not in HEADWEAR | EYEWEAR:
        return ctx.referent
    return ctx.subject(head.phrase)
