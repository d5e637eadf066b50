"""Clauses about lettering: writing on the picture, other words for words in it, and taking words away."""

from dataclasses import dataclass, field, replace

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.grammar.lettering_style import StyleReader
from retouch.editor.instructions.phrases import parse_thing
from retouch.editor.instructions.pieces import parse_side
from retouch.editor.instructions.plan import (
    AddText,
    EraseText,
    Horizontal,
    LetteringKind,
    Operation,
    ReplaceText,
    Target,
    TargetKind,
    Vertical,
)
from retouch.editor.instructions.targets import to_target

__all__ = ["parse_lettering"]

_KINDS = {
    "text": LetteringKind.TEXT,
    "title": LetteringKind.TITLE,
    "caption": LetteringKind.CAPTION,
    "watermark": LetteringKind.WATERMARK,
    "stamp": LetteringKind.WATERMARK,
    "bubble": LetteringKind.BUBBLE,
}
_NEW_CARRIERS = frozenset(
    ["sign", "banner", "poster", "billboard", "board", "sticker", "badge", "button", "plaque", "flag"]
)


def parse_lettering(cur: Cursor, ctx: Context) -> list[Operation]:
    """Return what a clause asks for about lettering; empty if it is about something else."""
    literals = [token for token in cur.tokens if token.sense.literal is not None]
    logo = any(token.word in _LOGOS for token in cur.tokens)
    if (
        not literals
        and not logo
        and _term(cur) != "write"
        and not any(_kind_at(cur, i) for i in range(len(cur.tokens)))
    ):
        return []
    while not cur.done and (cur.sense().modal or cur.word() in ("i", "you", "we")):
        cur.at += 1
    for token in literals:
        if ctx.prompt[token.start] not in _QUOTES:
            ctx.assume(f'took "{token.sense.literal}" for the words')
    begin = cur.at
    for grammar in (_parse_erase, _parse_replace, _parse_add):
        cur.at = begin
        operations = grammar(cur, ctx)
        if operations:
            return operations
    if literals:
        raise Refusal("lettering")
    return []


_LOGOS = frozenset(["logo", "logos"])
"""Taken for the words in them: nothing else of a logo can be told from what it is on."""
_QUOTES = "\"'“”„«»‹›‘’`"


def _kind_at(cur: Cursor, at: int) -> LetteringKind | None:
    return _KINDS.get(cur.tokens[at].sense.term("lettering") or "") if at < len(cur.tokens) else None


def _term(cur: Cursor, ahead: int = 0) -> str | None:
    return cur.sense(ahead).term("lettering")


def _take_term(cur: Cursor, *terms: str) -> str | None:
    term = _term(cur)
    if cur.done or term not in terms:
        return None
    cur.at += 1
    return term


def _take_literal(cur: Cursor) -> str | None:
    """Step over words to be taken as they stand and return them."""
    literal = cur.sense().literal
    cur.at += literal is not None
    return literal


# Erase -------------------------------------------------------------------------------------------------------------------


def _parse_erase(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read "remove the text", "erase the word SALE from the sign", "remove the date stamp in the corner"."""
    if cur.take_verb("remove") is None:
        if cur.sense().term("remove") != "remove":  # "remove all", "get rid of all of" are expressions of their own
            return []
        cur.at += 1
    words: list[str] = []
    named: str | None = None
    target = Target(TargetKind.TEXT, "")
    within: Target | None = None
    while not cur.done:
        sense, begin = cur.sense(), cur.at
        term = _term(cur)
        if sense.literal is not None:
            words.append(sense.literal)
        elif cur.word() in _LOGOS:
            named = "logo"
            ctx.assume(f'took "{cur.word()}" for the words in it')
        elif term in _KINDS:
            named = named if named in ("watermark", "stamp") else term
        elif words or named:
            side = parse_side(cur, of_something=True)
            if side is not None:
                target = replace(target, horizontal=side[0] or target.horizontal, vertical=side[1] or target.vertical)
                continue
            if cur.take_preposition("from", "on", "of", "in", "off", "over", "at") or cur.take_word(
                "off", "that's", "which is"
            ):
                within = _parse_carrier(cur, ctx) or within
                continue
            if not (
                sense.connector or sense.determiner or term in ("saying", "all") or sense.copula or cur.word() in _IDLE
            ):
                return []
        elif not (
            sense.determiner or term == "all" or sense.color or sense.size or cur.word() in _IDLE or sense.number
        ):
            return []
        cur.at = max(cur.at, begin + 1)
    if not words and named is None:
        return []
    if named == "logo":  # all the words of the picture are no logo
        within = within or ctx.referent
        if within is None or within.kind not in (TargetKind.NOUN, TargetKind.COLOR_PART):
            return []
    phrase = ctx.text(cur.tokens)
    faint = named in ("watermark", "stamp")
    targets = [replace(target, words=word, phrase=phrase) for word in words] or [replace(target, phrase=phrase)]
    return [EraseText(one, within, faint and not words, phrase) for one in targets]


_IDLE = frozenset(
    """
        all any every unwanted printed overlaid written big small ugly annoying visible that there which is says saying off
    """.split()  # noqa: SIM905 - a table of words is read, not run
)


def _parse_carrier(cur: Cursor, ctx: Context) -> Target | None:
    """Return the thing that words are on; None for "the picture"."""
    thing = parse_thing(cur, ctx)
    if thing is None or thing.picture or thing.everything or thing.noun in ("corner", "edge", "margin"):
        return None
    return to_target(thing, ctx)


# Replace -----------------------------------------------------------------------------------------------------------------


def _parse_replace(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read 'change "OPEN" to "CLOSED"', "make the sign say CLOSED", "the text should say Hi"."""
    literals = [i for i, token in enumerate(cur.tokens) if token.sense.literal is not None]
    if not literals or len(literals) > 2:
        return []
    verb = cur.take_verb("change", "replace", "swap", "turn", "make", "show", "want")
    old, new = (literals[0], literals[1]) if len(literals) == 2 else (None, literals[0])
    joined = any(_joins(cur, i) for i in range(cur.at, new))
    said = any(cur.tokens[i].sense.term("lettering") == "saying" for i in range(cur.at, new))
    if verb in ("change", "replace", "swap", "turn"):
        if not (joined or said):
            return []
    elif not said or (old is not None) or not _speaks_of_something(cur):
        return []
    within: Target | None = None
    target = Target(TargetKind.TEXT, "", words=cur.tokens[old].sense.literal if old is not None else None)
    about_text = old is not None
    while not cur.done:
        sense, term = cur.sense(), _term(cur)
        if sense.literal is not None or sense.copula or sense.modal or term == "saying" or cur.word() in ("what", "so"):
            cur.at += 1
        elif term in _KINDS:
            about_text = True
            cur.at += 1
        elif sense.connector or _leads_to_words(cur) or (_joins(cur, cur.at) and cur.at < new and _leads_to(cur, new)):
            cur.at += 1
        else:
            side = parse_side(cur, of_something=True)
            if side is not None:
                target = replace(target, horizontal=side[0] or target.horizontal, vertical=side[1] or target.vertical)
                continue
            cur.take_preposition("on", "in", "of", "from", "at", "over")
            begin = cur.at
            within = _parse_carrier(cur, ctx) or within
            if cur.at == begin:
                return []
            ctx.referent = within or ctx.referent
    if not about_text and (within is None or not (said or within.noun in _CARRIERS)):
        return []
    words = cur.tokens[new].sense.literal or ""
    phrase = ctx.text(cur.tokens)
    return [ReplaceText(replace(target, phrase=phrase), words, within, phrase)]


_CARRIERS = _NEW_CARRIERS | {
    "label",
    "shirt",
    "t-shirt",
    "menu",
    "screen",
    "number plate",
    "license plate",
    "nameplate",
    "card",
}
"""Things of which only the lettering can be meant by 'change the sign to "CLOSED"'."""


def _joins(cur: Cursor, at: int) -> bool:
    return cur.tokens[at].sense.preposition in ("to", "with", "by", "into", "for")


def _leads_to_words(cur: Cursor) -> bool:
    """Whether "the" of "the text", 'the "SALE"' is next."""
    return cur.sense().determiner is not None and (_term(cur, 1) in _KINDS or cur.sense(1).literal is not None)


def _leads_to(cur: Cursor, new: int) -> bool:
    """Whether nothing but "the word", "say" stands between here and the new words."""
    return all(
        token.sense.determiner or token.sense.term("lettering") in (*_KINDS, "saying") or token.sense.copula
        for token in cur.tokens[cur.at + 1 : new]
    )


def _speaks_of_something(cur: Cursor) -> bool:
    """Whether a clause begins with a thing that is there: "the sign should say", "it say"; "a caption saying" is new."""
    return (cur.sense().determiner == "definite" or cur.sense().pronoun is not None) and not cur.done


# Add ---------------------------------------------------------------------------------------------------------------------


@dataclass
class _Draft:
    """A piece of lettering as it is read."""

    words: str | None = None
    kind: LetteringKind = LetteringKind.TEXT
    horizontal: Horizontal | None = None
    vertical: Vertical | None = None
    surface: Target | None = None
    anchor: Target | None = None
    above: bool = False
    style: StyleReader = field(default_factory=StyleReader)


def _parse_add(cur: Cursor, ctx: Context) -> list[Operation]:
    """Read "write OPEN on the mug", 'add the title "Summer" at the top in white'."""
    drafts = [_Draft()]
    lead = parse_side(cur)  # "at the top write SALE"
    if lead is not None:
        drafts[0].horizontal, drafts[0].vertical = lead
        cur.take_connector(",")
    verb = cur.take_verb("add", "put", "give", "show", "want", "make", "print", "use", "paint")
    verb = (
        verb
        or _take_term(cur, "write")
        or (cur.word() if cur.take_word("type", "overlay", "insert", "stamp") else None)
    )
    starts_with_lettering = any(_kind_at(cur, i) for i in range(cur.at, min(cur.at + 2, len(cur.tokens))))
    if verb is None and not starts_with_lettering and cur.sense().literal is None:
        return []
    while not cur.done:
        draft = drafts[-1]
        begin = cur.at
        literal = _take_literal(cur)
        if literal is not None and draft.words is not None:
            drafts.append(_Draft(literal, draft.kind, style=draft.style.copy()))
        elif literal is not None:
            draft.words = literal
        elif not _read_piece(cur, ctx, draft):
            return _give_up(cur, drafts, verb)
        cur.at = max(cur.at, begin + 1)
    if drafts[0].words is None:
        if verb in ("add", "put", "write", "want", "insert", "overlay", "give", "type", "print"):
            raise Refusal("which_words")
        return []
    phrase = ctx.text(cur.tokens)
    return [_operation(draft, phrase) for draft in drafts]


def _give_up(cur: Cursor, drafts: list[_Draft], verb: str | None) -> list[Operation]:
    """Refuse what can't be read, naming it, if it is certainly about lettering."""
    if drafts[0].words is None and not any(token.sense.literal for token in cur.tokens):
        if verb == "write":
            raise Refusal("which_words")
        return []
    if cur.word() in _NEW_CARRIERS or cur.sense().term("lettering") == "sign":
        raise Refusal("lettering_thing", cur.word())
    raise Refusal("lettering_part", cur.word())


def _read_piece(cur: Cursor, ctx: Context, draft: _Draft) -> bool:
    """Read one word about the lettering that is to be added; False if it is none."""
    term = _term(cur)
    if draft.style.read(cur, ctx):
        return True
    if term in _KINDS:
        kind = _KINDS[term]
        draft.kind = kind if kind is not LetteringKind.TEXT or draft.kind is LetteringKind.TEXT else draft.kind
        cur.at += 1
        return True
    if _read_place(cur, ctx, draft):
        return True
    sense = cur.sense()
    idle = (
        sense.determiner
        or sense.connector
        or sense.fluff
        or sense.copula
        or sense.degree
        or term in ("saying", "write", "font")
    )
    if (
        idle
        or cur.word() in _ADD_IDLE
        or sense.participle
        or (sense.preposition in ("with", "as", "in", "of") and cur.token(1))
    ):
        cur.at += 1
        return True
    return False


_ADD_IDLE = frozenset(
    """
        it that which reads nice beautiful visible readable legible something one for me
    """.split()  # noqa: SIM905
)


def _read_place(cur: Cursor, ctx: Context, draft: _Draft) -> bool:
    """Read where the lettering goes: "at the top", "on the mug", "above the dog", "across the picture"."""
    begin = cur.at
    if _take_term(cur, "across") is None:
        cur.at = begin
    side = parse_side(cur, of_something=True)
    if side is not None:
        draft.horizontal, draft.vertical = side[0] or draft.horizontal, side[1] or draft.vertical
        if cur.word() == "of":
            cur.at += 1
            return _read_carrier(cur, ctx, draft)
        return True
    if cur.at > begin:
        return _read_carrier(cur, ctx, draft) or True
    beside = _take_term(cur, "under", "above")
    if beside is not None:
        anchor = parse_thing(cur, ctx)
        if anchor is None or anchor.picture:
            draft.vertical = "top" if beside == "above" else "bottom"
        else:
            draft.anchor, draft.above = to_target(anchor, ctx), beside == "above"
        return True
    preposition = cur.take_preposition("on", "onto", "over", "in", "into", "to", "at", "around")
    on_top = preposition is None and cur.take_word("on top of")
    if preposition or on_top:
        inside = preposition in ("in", "into")
        if on_top and _is_region(cur) and cur.sense(int(cur.sense().determiner is not None)).picture:
            draft.vertical = "top"
        if (not inside or _is_region(cur)) and _read_carrier(cur, ctx, draft):
            return True
        cur.at = begin
    return False


def _is_region(cur: Cursor) -> bool:
    """Whether something that one can write in follows: "the sky". Other things are written on, and letters are in a color."""
    ahead = 1 if cur.sense().determiner else 0
    return cur.sense(ahead).picture or cur.word(ahead) in ("sky", "background", "foreground", "it")


def _read_carrier(cur: Cursor, ctx: Context, draft: _Draft) -> bool:
    """Read the thing that is written on; "the picture" is no surface."""
    thing = parse_thing(cur, ctx)
    if thing is None:
        return False
    if thing.determiner == "indefinite" and thing.noun in _NEW_CARRIERS:
        raise Refusal("lettering_thing", thing.noun or "")
    if thing.picture or thing.everything:
        return True
    target = to_target(thing, ctx)
    if draft.kind is LetteringKind.BUBBLE:
        draft.anchor = target
    else:
        draft.surface = target
    ctx.referent = target
    return True


def _operation(draft: _Draft, phrase: str) -> AddText:
    """Return the operation of a draft."""
    return AddText(
        draft.style.apply_case(draft.words or ""),
        draft.kind,
        draft.style.style(),
        draft.horizontal,
        draft.vertical,
        draft.surface,
        draft.anchor,
        draft.above,
        phrase,
    )
