"""Clauses that add an object: "put two small birds in the sky, top left", "give the cat sunglasses"."""

from dataclasses import replace

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.nouns import EYEWEAR, HEADWEAR
from retouch.editor.instructions.phrases import parse_thing
from retouch.editor.instructions.places import Place, parse_places, take_size, worn_relation
from retouch.editor.instructions.plan import AddObject, Placement, Relation, Target, TargetKind
from retouch.editor.instructions.refusals import CLOTHES, NOT_OBJECTS, SCENES
from retouch.editor.instructions.targets import to_target
from retouch.editor.instructions.things import Thing

__all__ = ["parse_add"]

MAX_COUNT = 12
_SOME = 3


_OWN = frozenset(["eye", "hair", "lip", "skin", "tooth", "fur", "nail"])


def parse_add(cur: Cursor, ctx: Context) -> list[AddObject]:
    """Return the objects that a clause adds; empty if it adds none."""
    lead = Place(referent=ctx.referent)
    if cur.sense().verb is None:
        lead = parse_places(cur, ctx, lead)
        cur.take_connector(",")
    verb = cur.take_verb("add", "put", "give", "show", "want", "make")
    if verb == "put" and (worn := _parse_put_on(cur, ctx)):
        return worn
    if verb == "give" and cur.tokens[-1].sense.noun in _OWN and any(token.sense.color for token in cur.tokens):
        return []  # "give the cat blue eyes" recolors
    if verb == "give" and not any(token.sense.preposition == "to" for token in cur.tokens):
        return _parse_give(cur, ctx)
    operations: list[AddObject] = []
    waiting: list[Thing] = []
    placeless = True
    while True:
        place = parse_places(cur, ctx, Place(**vars(lead)))
        thing = _another(cur, ctx, operations) or parse_thing(cur, ctx, with_side=False, headless=True)
        if thing is not None and _is_headless(thing) and cur.take_connector("and", ","):
            waiting.append(thing)
            continue
        if thing is None or not _can_be_added(thing, verb, cur, ctx):
            return []
        place = _read_place(thing, place, cur, ctx)
        if place.image_index not in (None, 0) or not _asks_for(verb, place, cur, ctx):
            return []
        if placeless and place.start >= 0:
            operations = _share_place(operations, place, cur, ctx)
        placeless = placeless and place.start < 0
        placement = place.placement(ctx, cur, thing.noun or "")
        if place.start < 0 and operations and thing.noun in CLOTHES:  # "sunglasses on the cat and a bow tie"
            _refuse_clothes(thing.noun, replace(operations[-1].placement, relation=Relation.ON))
        for other in waiting:
            other.noun, other.known = thing.noun, thing.known
        operations += [_operation(each, placement, ctx) for each in (*waiting, thing)]
        waiting = []
        if cur.done:
            return operations
        if not cur.take_connector("and", ","):
            return []
        cur.take_connector("and")
        cur.take_verb("add", "put")


def _can_be_added(thing: Thing, verb: str | None, cur: Cursor, ctx: Context) -> bool:
    """Whether a phrase names something that can be put in; raises for what is recognised as something else."""
    if verb == "put" and (thing.pronoun or thing.determiner == "definite"):
        _refuse_new_scene(cur)
    if thing.noun is None or thing.picture:
        if verb == "put" and thing.pronoun:
            raise Refusal("scene" if thing.phrase.lower() in ("me", "us") else "moving")
        return False
    if not _is_new(thing, verb, ctx):
        return False
    _refuse_what_is_no_object(thing)
    return True


def _read_place(thing: Thing, place: Place, cur: Cursor, ctx: Context) -> Place:
    """Read where a thing goes, and a size that is said before or after it."""
    cur.take_word("appear", "appears")
    place = parse_places(cur, ctx, place)
    size = take_size(cur)
    if size is None:
        return place
    thing.size = size
    return parse_places(cur, ctx, place)


def _asks_for(verb: str | None, place: Place, cur: Cursor, ctx: Context) -> bool:
    """Whether a clause asks for a new thing: "a bird in the sky" does, "a cat on a sofa" describes a picture."""
    if verb == "make":
        return "appear" in ctx.text(cur.tokens).lower()
    if verb is not None:
        return True
    described = place.anchor is not None and place.anchor.phrase.lower().startswith(("a ", "an "))
    return place.start >= 0 and not described


def _share_place(operations: list[AddObject], place: Place, cur: Cursor, ctx: Context) -> list[AddObject]:
    """Return "two cats and" in "two cats and one dog in the foreground" with the place that is said last."""
    if operations:
        things, where = ctx.text(cur.tokens[: place.start]).strip(), ctx.text(cur.tokens[place.start : place.end])
        ctx.assume(f'all of "{things}" go "{where}"')
    return [replace(done, placement=place.placement(ctx, cur, done.noun)) for done in operations]


def _another(cur: Cursor, ctx: Context, operations: list[AddObject]) -> Thing | None:
    """Read "another one" behind an object."""
    if not operations or cur.word() != "another" or cur.word(1) != "one":
        return None
    cur.at += 2
    phrase = ctx.text(cur.tokens[cur.at - 2 : cur.at])
    return Thing(cur.at - 2, cur.at, phrase, determiner="indefinite", noun=operations[-1].noun, known=True)


def _is_headless(thing: Thing) -> bool:
    return thing.noun is None and not thing.picture and not thing.pronoun and not thing.everything


def _is_new(thing: Thing, verb: str | None, ctx: Context) -> bool:
    """Whether a noun phrase can be about something that is not in the picture yet."""
    if thing.noun in ("background", "foreground", "subject", "sky") or thing.image_index is not None:
        return False
    if thing.determiner is None and not thing.known and thing.number is None and " " in (thing.noun or ""):
        return False
    if thing.determiner != "definite":
        return verb is not None or thing.known
    if verb == "put" and thing.noun not in HEADWEAR | EYEWEAR:
        raise Refusal("moving")
    if verb != "add" and verb != "put":
        return False
    ctx.assume(f'took "{thing.phrase}" for a new {thing.noun}')
    return True


def _refuse_new_scene(cur: Cursor) -> None:
    """Raise for "put him on a beach": another scene, which would have to be invented."""
    begin = cur.at
    placed = cur.sense().relation is not None or cur.sense().preposition in ("on", "in", "into", "to", "at")
    if placed and any(token.word in _FAR_AWAY for token in cur.tokens):
        raise Refusal("scene")
    if (
        cur.take_preposition("on", "in", "into", "at", "onto", "inside")
        and cur.sense().determiner == "indefinite"
        and cur.sense(1).noun in SCENES
    ):
        raise Refusal("scene")
    cur.at = begin


_FAR_AWAY = frozenset(
    """
        moon mars space jupiter saturn paris london rome venice hawaii york everest antarctica eiffel colosseum pyramids
    """.split()  # noqa: SIM905
)


def _refuse_what_is_no_object(thing: Thing) -> None:
    """Raise the refusal for "snow", "text", "wings": nouns that can't be put in as a cut-out."""
    noun = thing.noun or ""
    for word in (noun, noun.rpartition(" ")[2], *thing.extras):
        if word in NOT_OBJECTS:
            raise Refusal(NOT_OBJECTS[word])


def _parse_give(cur: Cursor, ctx: Context) -> list[AddObject]:
    """Return the objects of "give the cat sunglasses", "give her a crown and a ball"."""
    receiver = _parse_receiver(cur, ctx)
    if receiver is None or receiver.picture:
        return []
    anchor = to_target(receiver, ctx)
    operations: list[AddObject] = []
    while True:
        thing = parse_thing(cur, ctx, with_side=False)
        if thing is None or thing.noun in (None, "background") or thing.picture or thing.determiner == "definite":
            return []
        assert thing.noun is not None
        _refuse_what_is_no_object(thing)
        if thing.noun in CLOTHES:
            raise Refusal("clothes")
        operations.append(_operation(thing, _beside_or_worn(thing.noun, anchor, ctx), ctx))
        if cur.done:
            return operations
        if not cur.take_connector("and", ","):
            return []


def _parse_put_on(cur: Cursor, ctx: Context) -> list[AddObject]:
    """Read "the cat a crown [on the head]" behind "put", as other languages say it."""
    begin = cur.at
    receiver = parse_thing(cur, ctx, one_noun=True)
    thing = (
        parse_thing(cur, ctx, with_side=False) if receiver is not None and receiver.determiner == "definite" else None
    )
    noun = "" if thing is None or thing.determiner != "indefinite" else thing.noun or ""
    if receiver is None or thing is None or worn_relation(noun) is None:
        cur.at = begin
        return []
    if cur.take_preposition("on", "onto", "to", "over"):
        parse_thing(cur, ctx)
    anchor = to_target(receiver, ctx)
    return [_operation(thing, _beside_or_worn(noun, anchor, ctx), ctx)] if cur.done else []


def _parse_receiver(cur: Cursor, ctx: Context) -> Thing | None:
    """Read who gets something: in "give her sunglasses" the noun is the thing that is given."""
    begin = cur.at
    if cur.word() in ("everyone", "everybody"):
        cur.at += 1
        return Thing(begin, cur.at, ctx.text(cur.tokens[begin : cur.at]), noun="everyone")
    receiver = parse_thing(cur, ctx, one_noun=True)
    ends = cur.done or cur.sense().connector is not None
    if receiver is None or not ends or cur.tokens[begin].sense.pronoun is None:
        return receiver
    cur.at = begin + 1
    pronoun = cur.tokens[begin]
    return Thing(begin, cur.at, ctx.text([pronoun]), pronoun=pronoun.sense.pronoun)


def _beside_or_worn(noun: str, anchor: Target, ctx: Context) -> Placement:
    """Return the place of something that is given to ``anchor``."""
    relation = worn_relation(noun)
    if relation is None:
        relation = Relation.NEXT_TO
        ctx.assume(f"the {noun} goes next to {anchor.phrase}")
    return Placement(relation, anchor, phrase=anchor.phrase)


def _operation(thing: Thing, placement: Placement, ctx: Context) -> AddObject:
    """Return the operation, and remember the object as what "it" points at."""
    noun = thing.noun or ""
    _refuse_clothes(noun, placement)
    if placement.relation is Relation.AROUND and thing.number in (None, 1) and not thing.plural:
        raise Refusal("place", "around something")
    if thing.extras:
        ctx.assume(
            f'"{" ".join(thing.extras)}" is a wish for the choice of the {noun}, as far as the object library has it'
        )
    ctx.referent = Target(TargetKind.NOUN, thing.phrase, noun=noun, image_index=None)
    return AddObject(noun, thing.phrase, _count(thing, ctx), thing.color, thing.size or 1.0, placement)


def _refuse_clothes(noun: str, placement: Placement) -> None:
    """Raise for clothes that are put on somebody."""
    if placement.anchor is not None and noun in CLOTHES and placement.relation is Relation.ON:
        person = placement.anchor.kind is TargetKind.SUBJECT or placement.anchor.noun in _WEARERS
        if person:
            raise Refusal("clothes")


_WEARERS = frozenset(
    """
        man woman person people boy girl kid child baby model astronaut cat dog dinosaur t-rex
    """.split()  # noqa: SIM905
)


def _count(thing: Thing, ctx: Context) -> int:
    """Return how many; "birds" are two, "some birds" three."""
    if thing.number is not None:
        if not 1 <= thing.number <= MAX_COUNT:
            raise Refusal("count", str(thing.number))
        if thing.number > 1 and thing.determiner == "indefinite":
            ctx.assume(f'took "{thing.phrase}" for {thing.number}')
        return thing.number
    if not thing.plural:
        return 1
    count = _SOME if thing.determiner == "some" else 2
    ctx.assume(f'took "{thing.phrase}" for {count}')
    return count
