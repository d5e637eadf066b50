"""What is nearest to a refused clause, as sentences that can be carried out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.phrases import parse_thing
from retouch.editor.instructions.refusals import EXAMPLES
from retouch.editor.instructions.tokens import Token

__all__ = ["MAX_SUGGESTIONS", "OPEN_REASONS", "suggest", "unread_words"]

MAX_SUGGESTIONS = 3
LONGEST_CLAUSE = 24
"""Longer clauses are not tried without some of their words."""
MOST_LEFT_OUT = 4
MAX_TRIALS = 90
LONGEST_SENTENCE = 120

OPEN_REASONS = frozenset(
    ["unknown", "vague", "remark", "light", "crop", "removing", "repair", "sharpening", "resizing", "more"]
)
"""Reasons that say little: what of the clause does read is then the nearest thing."""

_BY_VERB: dict[str, tuple[str, ...]] = {
    "remove": ("remove the {0}",),
    "replace": ("replace the {0} with a {1}", "remove the {0}"),
    "swap": ("replace the {0} with a {1}", "remove the {0}"),
    "add": ("add a {0}", "add a {0} next to the {1}"),
    "put": ("add a {0}", "move the {0} to the left"),
    "give": ("add a {0}",),
    "move": ("move the {0} to the left",),
    "blur": ("blur the background", "pixelate the {0}"),
    "crop": ("crop to the {0}", "crop to a square"),
    "extend": ("extend it to the left",),
    "rotate": ("rotate 90 degrees to the right",),
    "straighten": ("straighten the horizon",),
    "zoom": ("zoom in on the {0}",),
}
_FAMILIES: dict[str, str] = {
    "light": "make it {}", "style": "make it a {}", "retouch": "fix the {}", "composition": "{}", "remove": "remove the {}",
}  # fmt: skip
_BY_NOUN = ("make the {0} brighter", "make the {0} more saturated", "remove the {0}")
_BARE = ("make the background white", "blur the background", "make the background darker")
_TURNING = frozenset(["dont", "without", "no"])


def suggest(clause: Sequence[Token], reason: str, ctx: Context, reads: Callable[[str], bool]) -> tuple[str, ...]:
    """Return up to ``MAX_SUGGESTIONS`` sentences near to a clause, each of which ``reads`` agrees to; the nearest first.

    The clause without the few words that stand in the way comes first, then sentences about the things, colors and looks that it
    names, then the examples of ``EXAMPLES``. At most ``MAX_TRIALS`` sentences are read.
    """
    found: list[str] = []
    trials = 0
    for text in _candidates(clause, reason, ctx):
        if text in found or len(text) > LONGEST_SENTENCE:
            continue
        trials += 1
        if reads(text):
            found.append(text)
        if len(found) == MAX_SUGGESTIONS or trials == MAX_TRIALS:
            break
    return tuple(found)


def unread_words(clause: Sequence[Token]) -> tuple[str, ...]:
    """Return the words of a clause that mean nothing to any grammar."""
    return tuple(dict.fromkeys(token.word for token in clause if not token.sense.known and token.word.isalpha()))


def _candidates(clause: Sequence[Token], reason: str, ctx: Context) -> Iterator[str]:
    if reason in OPEN_REASONS and len(clause) <= LONGEST_CLAUSE:
        yield from map(_text, _shorter(clause))
        yield from _built(clause, ctx)
    yield from EXAMPLES.get(reason, EXAMPLES["unknown"])


def _shorter(clause: Sequence[Token]) -> Iterator[list[Token]]:
    """Yield a clause without unknown words, the rest from a preposition on, or the words before a connector."""
    count = len(clause)
    unknown = [
        (i, j)
        for i in range(count)
        for j in range(i + 1, min(i + MOST_LEFT_OUT, count) + 1)
        if not any(token.sense.known for token in clause[i:j])
    ]
    tails = [(i, count) for i in range(count - 1, 1, -1) if _begins_tail(clause[i])]
    heads = [(0, i + 1) for i in range(count - 2) if clause[i].sense.connector is not None]
    for i, j in [*sorted(unknown, key=lambda run: run[1] - run[0]), *tails, *heads]:
        if (i, j) != (0, count) and not any(_decides(token) for token in clause[i:j]):
            yield [*clause[:i], *clause[j:]]


def _begins_tail(token: Token) -> bool:
    sense = token.sense
    return (
        sense.connector is not None
        or sense.preposition is not None
        or sense.relation is not None
        or sense.degree is not None
    )


def _decides(token: Token) -> bool:
    """Whether a clause says something else without a word."""
    sense = token.sense
    return (
        sense.negation in _TURNING
        or sense.preposition == "except"
        or sense.verb is not None
        or sense.literal is not None
    )


def _built(clause: Sequence[Token], ctx: Context) -> Iterator[str]:
    """Yield sentences of the things, colors and looks that a clause names."""
    things = _things(clause, ctx)
    verb = next((token.sense.verb for token in clause if token.sense.verb), None)
    color = next((token.word for token in clause if token.sense.color is not None), None)
    for frame in _BY_VERB.get(verb or "", ()):
        if ("{0}" not in frame or things) and ("{1}" not in frame or len(things) > 1):
            yield frame.format(*things)
    if color is not None and things:
        yield f"make the {things[0]} {color}"
    for token in clause:
        if token.sense.look is not None:
            yield f"make the {things[0]} {token.word}" if things else f"make it {token.word}"
        for family, _ in token.sense.terms:
            if family in _FAMILIES:
                yield _FAMILIES[family].format(token.word)
    for thing in things[:1]:
        yield from _BARE if thing == "background" else (frame.format(thing) for frame in _BY_NOUN)


def _things(clause: Sequence[Token], ctx: Context) -> list[str]:
    """Return the things that a clause names, without their articles."""
    things: list[str] = []
    cur = Cursor(clause)
    while not cur.done:
        begin = cur.at
        try:
            thing = parse_thing(cur, replace(ctx, assumptions=[], kept=[]), one_noun=True, with_side=False)
        except Refusal:
            thing = None
        if thing is None or cur.at == begin:
            cur.at = begin + 1
        elif thing.noun is not None and thing.known and not thing.picture:
            things.append(" ".join(token.word for token in clause[begin : cur.at] if token.sense.determiner is None))
    return list(dict.fromkeys(thing for thing in things if thing))


def _text(tokens: Sequence[Token]) -> str:
    last = len(tokens)
    while last and tokens[last - 1].sense.connector is not None:
        last -= 1
    return (
        " ".join(" ".join(token.word for token in tokens[:last]).split())
        .replace(" 's", "'s")
        .replace(" ,", ",")
        .strip(" ,")
    )
