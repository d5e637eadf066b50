"""Clauses that take something out: "remove the cup and the spoon", "take out the people behind her", "make the dog disappear"."""

from collections.abc import Sequence
from dataclasses import replace

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.grammar.replace import parse_move, parse_replace
from retouch.editor.instructions.nouns import NOUNS, singular
from retouch.editor.instructions.phrases import parse_thing
from retouch.editor.instructions.pieces import parse_side
from retouch.editor.instructions.plan import (
    Background,
    ChangeBackground,
    Flaw,
    Operation,
    Relation,
    Remove,
    RemoveFlaws,
    Target,
    TargetKind,
)
from retouch.editor.instructions.refusals import NOT_OBJECTS
from retouch.editor.instructions.targets import to_target
from retouch.editor.instructions.things import Thing
from retouch.editor.instructions.words import remove as words

__all__ = ["parse_remove"]

_FLAWS = {noun.replace("_", " "): Flaw(flaw) for flaw, nouns in words.FLAWS.items() for noun in nouns.split()}
_TEXT = frozenset(word.replace("_", " ") for word in words.TEXT_WORDS.split())
_NO_THINGS = frozenset(words.NO_THINGS.split())
_OTHERS = frozenset(words.OTHER_PEOPLE.split())
_EVERYONE = frozenset(["everyone", "everybody", "anyone", "anybody"])
_PARTICLE_VERBS = frozenset(
    ["take", "taking", "edit", "photoshop", "get", "paint", "wipe", "clone", "crop", "brush", "airbrush", "clean"]
)
_SURFACES = frozenset(["in", "on", "from", "at", "of", "near", "by", "out of"])


def parse_remove(cur: Cursor, ctx: Context) -> list[Operation]:
    """Return what a clause takes out, moves or replaces; empty if it is about something else."""
    for read in (_say_remove, _take_away, _make_vanish, _want_gone, _go_without, _clear_up, parse_replace, parse_move):
        cur.at = 0
        operations = read(cur, ctx)
        if operations and cur.done:
            ctx.referent = next((target for operation in operations for target in operation.targets()), ctx.referent)
            return operations
    return []


# Ways to say it ----------------------------------------------------------------------------------------------------------


def _say_remove(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read "remove the cup", "I want to get rid of the cup and the spoon"."""
    cur.take_verb("want")
    cur.take_preposition("to")
    cur.take_degree()
    if cur.take_verb("remove") is None and not _take_term(cur, "remove"):
        return []
    return _things(cur, ctx)


def _take_away(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read "take the cup out", "photoshop the tourists out"."""
    if cur.word() not in _PARTICLE_VERBS:
        return []
    cur.at += 1
    out = cur.word() == "out" and cur.word(-1) in ("photoshop", "edit", "clone")
    cur.at += out
    operations = _things(cur, ctx)
    said = cur.done and (out or cur.sense(-1).term("remove") == "away")
    said = said or (cur.done and any(token.word in ("off", "out of") for token in cur.tokens))
    if not said and cur.take_word("off", "out", "away"):
        said = cur.done
    return operations if said else []


def _make_vanish(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read "make the dog disappear"."""
    if cur.take_verb("make") is None and not cur.take_word("let", "have", "leave"):
        return []
    operations = _things(cur, ctx)
    return operations if _take_gone(cur) else []


def _want_gone(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read "I want the cup gone", "the cup should be gone", "the dog must go"."""
    cur.take_verb("want")
    operations = _things(cur, ctx)
    return operations if operations and _take_gone(cur) else []


def _take_gone(cur: Cursor) -> bool:
    """Step over "gone", "should be removed", "has to go"."""
    begin = cur.at
    while not cur.done and (
        cur.sense().modal or cur.sense().copula or cur.sense().preposition == "to" or cur.word() in _MUST
    ):
        cur.at += 1
    if _take_term(cur, "gone") or _take_term(cur, "vanish") or (cur.at > begin and cur.take_word("go", "out", "away")):
        cur.take_degree()
        _take_term(cur, "away")
        return True
    cur.at = begin
    return False


_MUST = frozenset(["needs", "need", "has", "have", "ought"])


def _go_without(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read "the same picture without the cup", "no people in the background", "I don't want the cup"."""
    cur.take_word("i", "we")
    wants = cur.take_verb("want", "show", "make", "give", "keep") is not None
    thing = parse_thing(cur, ctx) if cur.sense().negation is None else None
    if thing is not None and not (thing.picture or thing.everything or thing.pronoun):
        return []
    cur.skip_fluff()
    negation = cur.sense().negation
    if negation is None or cur.done:
        return []
    if negation == "no" and cur.tokens[0].start > _POLITE_START:
        return []  # "add a bird but no cat" is about what is added
    cur.at += 1
    if negation == "dont":
        if wants or (cur.take_verb("want", "show") is None and not cur.take_word("like", "need")):
            return []
        cur.take_preposition("to")
        cur.take_word("see", "have")
    return _things(cur, ctx)


_POLITE_START = 8
"""A clause that begins later in the prompt than "Please, " is not the first."""


def _clear_up(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read "clean up the background": no thing is named, so there is nothing to find."""
    if not _take_term(cur, "declutter"):
        return []
    thing = parse_thing(cur, ctx)
    cur.take_word("up")
    if (
        cur.done
        and thing is not None
        and thing.noun
        in ("background", "picture", "scene", "foreground", "sky", "room", "table", "desk", "street", "beach")
    ):
        raise Refusal("clutter")
    return []


# What is taken out -------------------------------------------------------------------------------------------------------


def _things(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read one or more things joined by "and", with what stands behind them; stops in front of what it can't use."""
    operations: list[Operation] = []
    while True:
        begin = cur.at
        operation: Remove | RemoveFlaws | ChangeBackground | None
        operation = _flaws(cur, ctx) or _region(cur, ctx) or _thing(cur, ctx)
        if operation is None:
            cur.at = begin
            return []
        operations.append(replace(operation, phrase=ctx.text(cur.tokens[begin : cur.at])))
        while not cur.done and (cur.sense().term("remove") == "away" or _take_from_picture(cur)):
            cur.at += cur.sense().term("remove") == "away" and not cur.done
        before = cur.at
        if not cur.take_connector("and", ",", "or"):
            return operations
        cur.take_connector("and", "or")
        if cur.done:
            cur.at = before
            return operations


def _take_term(cur: Cursor, term: str) -> bool:
    found = not cur.done and cur.sense().term("remove") == term
    cur.at += found
    return found


def _take_from_picture(cur: Cursor) -> bool:
    """Step over "from the picture", which says nothing."""
    begin = cur.at
    if cur.take_preposition("from", "in", "on", "of", "out of"):
        while cur.sense().determiner == "definite":
            cur.at += 1
        if cur.sense().picture or cur.sense().noun in ("scene", "view", "scenery") or cur.word() in _OLD_PICTURES:
            cur.at += 1
            return True
    cur.at = begin
    return False


_OLD_PICTURES = frozenset(["old photo", "old picture", "old photograph"])


def _flaws(cur: Cursor, ctx: Context) -> RemoveFlaws | None:
    """Read "the pimples on her face", "all dust and scratches", "the power lines"."""
    begin = cur.at
    while cur.sense().determiner or cur.sense().degree or cur.sense().size:
        cur.at += 1
    term = cur.sense().term("remove")
    flaw = next((each for each in Flaw if each == term and not cur.done), None)
    if flaw is not None:
        cur.at += 1
        cur.take_word("marks", "spots")
    else:
        cur.at = begin
        while cur.sense().determiner or cur.sense().degree or cur.sense().size:
            cur.at += 1
        if cur.word() in ("spot", "spots") and cur.sense(1).preposition in ("on", "from"):
            flaw = Flaw.BLEMISHES
            cur.at += 1
        elif cur.sense().ordinal is None:  # flaws are not counted
            thing = parse_thing(cur, ctx)
            flaw = None if thing is None or thing.color is not None else _flaw_of(thing)
    if flaw is None:
        cur.at = begin
        return None
    return RemoveFlaws(flaw, _where(cur, ctx))


def _flaw_of(thing: Thing) -> Flaw | None:
    """Return the flaw that a noun names, whole or by its last word; "the cable" is a thing, "the cables" are wires."""
    noun = thing.noun
    if noun is None or (noun in NOUNS and not thing.plural):
        return None
    return _FLAWS.get(noun) or _FLAWS.get(singular(noun)) or _FLAWS.get(singular(noun.rsplit(" ", 1)[-1]))


def _where(cur: Cursor, ctx: Context) -> Target | None:
    """Read "on her face", "in the sky", "from the picture" behind a flaw."""
    begin = cur.at
    if cur.take_preposition("on", "in", "from", "of", "across", "over") is None and not cur.take_word("off"):
        return None
    thing = parse_thing(cur, ctx)
    if thing is None:
        cur.at = begin
        _take_from_picture(cur)
        return None
    return None if thing.picture or thing.everything else to_target(thing, ctx)


def _region(cur: Cursor, ctx: Context) -> Remove | None:
    """Read "whatever is in the top left corner", "the thing in the corner on the left", "the bottom right corner"."""
    begin = cur.at
    named = _take_term(cur, "region")
    if not named:
        while cur.sense().determiner == "definite":
            cur.at += 1
        if cur.word() in _THINGS and cur.sense(1).preposition in ("in", "on", "at"):
            cur.at += 1
            named = True
        else:
            cur.at = begin
    while cur.sense().participle or cur.sense().copula:
        cur.at += 1
    side_begin = cur.at
    side = parse_side(cur)
    if side is None or (not named and cur.tokens[cur.at - 1].sense.side is not None):
        cur.at = begin
        return None
    phrase = ctx.text(cur.tokens[side_begin : cur.at])
    return Remove(Target(TargetKind.REGION, phrase, horizontal=side[0], vertical=side[1]))


_THINGS = frozenset(
    ["thing", "things", "stuff", "object", "objects", "everything", "anything", "whatever", "part", "area"]
)


def _thing(cur: Cursor, ctx: Context) -> Remove | ChangeBackground | None:
    """Read one thing, and which one of several: "the cup on the table", "the people behind her"."""
    if cur.word() in _EVERYONE and cur.word(1) == "else":
        cur.at += 2
        people = Target(TargetKind.NOUN, ctx.text(cur.tokens[cur.at - 2 : cur.at]), noun="people")
        return Remove(people, not_subject=True)
    hides = bool(cur.tokens) and cur.tokens[0].word == "hide"
    others = _take_others(cur)
    thing = parse_thing(cur, ctx)
    if thing is None or (hides and thing.noun in _HIDDEN):
        return None
    if others and not thing.plural and thing.noun is not None and thing.noun not in words.PEOPLE.split():
        raise Refusal("which_one", thing.noun)
    if thing.everything or thing.picture:
        return _all_but(cur, ctx)
    if not _can_go(thing, [token.word for token in cur.tokens]):
        return None
    if thing.noun is not None and singular(thing.noun.rsplit(" ", 1)[-1]) in _OTHERS:
        people = Target(TargetKind.NOUN, thing.phrase, "people", horizontal=thing.horizontal, vertical=thing.vertical)
        return _located(Remove(people, not_subject=True), cur, ctx)
    operation = Remove(to_target(thing, ctx))
    return _located(replace(operation, not_subject=others), cur, ctx)


_HIDDEN = frozenset(["face", "plate", "number plate", "license plate", "licence plate", "name", "address", "number"])
"""What is hidden by coarse pixels, and not filled in."""


def _take_others(cur: Cursor) -> bool:
    """Step over "all the other"; leave the cursor where it was if there is no "other"."""
    begin = cur.at
    while cur.sense().determiner or cur.word() in ("all", "of"):
        cur.at += 1
    if cur.take_word("other", "remaining"):
        return True
    cur.at = begin
    return False


def _can_go(thing: Thing, said: Sequence[str]) -> bool:
    """Whether a phrase names a thing; lettering, the background and what is no thing are for other grammars."""
    noun = thing.noun
    if noun in ("background", "sky", "foreground") and thing.color is None:
        return False
    if noun == "cloud" and thing.plural:  # a sky without clouds is another sky
        return False
    if noun is not None and noun not in NOUNS and (noun in NOT_OBJECTS or noun.rsplit(" ", 1)[-1] in NOT_OBJECTS):
        return False
    if noun == "bag" and any(word in ("eye", "eyes") for word in said):
        return False
    last = singular((noun or "").rsplit(" ", 1)[-1])
    return last not in _TEXT and last not in _NO_THINGS


def _located(operation: Remove, cur: Cursor, ctx: Context) -> Remove:
    """Read "in the background", "on the table", "next to her" behind a thing."""
    while not cur.done:
        begin = cur.at
        while cur.sense().participle or (cur.sense().copula and not cur.sense(1).term("remove")):
            cur.at += 1
        relation = cur.sense().relation
        if relation is None and cur.sense().preposition not in _SURFACES and cur.word() != "off":
            cur.at = begin
            return operation
        cur.at += 1
        anchor = parse_thing(cur, ctx)
        if anchor is None and relation is Relation.BEHIND and cur.done:
            operation = replace(operation, not_subject=True)
        elif anchor is None or (anchor.picture and relation is None):
            cur.at = begin
            return operation
        elif relation is Relation.BEHIND or anchor.noun == "background" or _is_the_back(anchor):
            operation = replace(operation, not_subject=True)
        else:
            operation = replace(operation, near=to_target(anchor, ctx))
    return operation


def _is_the_back(anchor: Thing) -> bool:
    """Whether "in the back" is meant, and nobody's back."""
    return anchor.noun == "back" and anchor.owner is None and anchor.phrase.lower().startswith("the ")


def _all_but(cur: Cursor, ctx: Context) -> ChangeBackground | None:
    """Read "everything except the dog": the dog is cut out, since nothing would be left to fill with."""
    if cur.sense().preposition != "except" and cur.word() != "but":
        return None
    cur.at += 1
    kept = parse_thing(cur, ctx)
    if kept is None:
        return None
    ctx.assume("everything else becomes transparent")
    target = to_target(kept, ctx)
    return ChangeBackground(Background.TRANSPARENT, target)
