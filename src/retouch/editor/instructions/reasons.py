"""Why something is wanted and what for: said by people, and no instruction."""

import re
from collections.abc import Sequence
from dataclasses import replace

from retouch.editor.instructions.clauses import starts_clause
from retouch.editor.instructions.context import Context
from retouch.editor.instructions.lexicon import lexicon
from retouch.editor.instructions.tokens import Token
from retouch.editor.instructions.vocabulary import SAME_WORDS

__all__ = ["asks_for_more", "cut_purpose", "drop_reasons", "is_reason", "say_more_plainly", "tells_past"]

_BECAUSE = frozenset(["because", "cuz", "coz", "bc", "due to", "given that", "given"])
_MAYBE_BECAUSE = frozenset(["since", "as", "cause", "for"])
_PERSONS = frozenset("i we you people they everyone nobody somebody".split())  # noqa: SIM905
_USES = frozenset(
    """
        website site homepage blog instagram insta facebook linkedin youtube tiktok whatsapp twitter pinterest tinder passport
        visa id cv resume application profile ebay etsy amazon shop store listing catalog catalogue print printing poster
        flyer brochure presentation slides newsletter birthday wedding card invitation mom mum mother grandma friend client
        boss customer wallpaper desktop thumbnail job school work project portfolio menu ad advert advertisement magazine
        newspaper article exhibition portrait headshot post story feed page album book
    """.split()  # noqa: SIM905
)
_USE_TAILS = frozenset("photo picture pic image page post store shop listing cover size ad card app profile me".split())  # noqa: SIM905
_LONGEST_USE = 6
_LONGEST_SUBJECT = 5
_SHAPES = frozenset(
    ["crop", "resize", "trim", "format", "ratio", "square", "aspect", "portrait format", "landscape format"]
)
_MORE = frozenset(
    ["more", "further", "even more", "a bit more", "a little more", "some more", "much more", "a lot more"]
)
_ONCE_MORE = _MORE | frozenset(
    ["again", "still", "once", "a bit", "a little", "a lot", "much", "even", "make", "it", "do", "so"]
)


def drop_reasons(tokens: Sequence[Token], ctx: Context) -> list[Token]:
    """Leave out "because it is too dark", "as it was taken at night", "for my website", "it's for a poster"; each is noted.

    A reason goes to the end of its sentence, or to a connector behind which an instruction begins. Time is linear.
    """
    left: list[Token] = []
    i = 0
    while i < len(tokens):
        end = _reason_end(tokens, i, ctx)
        if end is None:
            if not _only_stresses(tokens, i):
                left.append(tokens[i])
            i += 1
            continue
        _note(ctx, tokens[i:end])
        i = end
    return left


def _reason_end(tokens: Sequence[Token], i: int, ctx: Context) -> int | None:
    """Return where a reason that begins at a token ends, None if none begins there."""
    token = tokens[i]
    begins = i > 0 and (tokens[i - 1].ends_sentence or tokens[i - 1].sense.connector is not None)
    told = begins and (token.word.partition(" ")[0] in _PERSONS or token.sense.pronoun is not None)
    what_for = i > 0 and _says_what_for(tokens, i, ctx)
    if not (told or what_for or token.word in _BECAUSE or token.word in _MAYBE_BECAUSE):
        return None
    end = _clause_end(tokens, i + 1)
    inner = tokens[i + 1 : end]
    if token.word in _BECAUSE:
        return end
    if token.word in _MAYBE_BECAUSE and _is_statement(inner) and (i > 0 or token.word != "for"):
        return end
    if what_for and (_PERSON_NEXT.match(ctx.prompt, token.end) or _is_effect(tokens[i + (token.word == "so") : end])):
        return end
    if token.word == "for" and i > 0 and _is_use(inner) and not _sets_shape(tokens[:i]):
        return end
    # "I need it for a passport", "it's for a poster"
    at = next((k for k, each in enumerate(inner[:3]) if each.word == "for"), None)
    return end if told and at is not None and _is_use(inner[at + 1 :]) else None


def _clause_end(tokens: Sequence[Token], i: int) -> int:
    """Return where the sentence ends, or a connector stands before an instruction."""
    while i < len(tokens) and not tokens[i].ends_sentence:
        if (tokens[i].sense.connector is not None or tokens[i].word == "so") and (
            starts_clause(tokens, i + 1) or tokens[i].word == ","
        ):
            return i
        i += 1
    return i


def _is_statement(tokens: Sequence[Token]) -> bool:
    """Whether words say how something is: "it is too dark", "the sky was white"; not "[as] it is", "[as] it was before"."""
    if not tokens or not (tokens[0].sense.pronoun or tokens[0].sense.determiner or tokens[0].word in _PERSONS):
        return False
    verb = next((i for i, token in enumerate(tokens[:_LONGEST_SUBJECT]) if token.sense.copula), None)
    if verb is None:
        return tokens[0].word in _PERSONS and len(tokens) > 1
    return any(not set(token.word.split()) <= SAME_WORDS | {"now", "right", "here"} for token in tokens[verb + 1 :])


def _says_what_for(tokens: Sequence[Token], i: int, ctx: Context) -> bool:
    """Whether "so" stands at a token, or "so that" right before it; that is left out of the tokens as a mere filler."""
    return tokens[i].word == "so" or _SO_THAT.search(ctx.prompt[tokens[i - 1].end : tokens[i].start]) is not None


_SO_THAT = re.compile(r"\b(?:so|such) that\b", re.IGNORECASE)
_PERSON_NEXT = re.compile(r"\s+(?:that\s+)?(?:i|we|you|u|people|they|everyone)\b", re.IGNORECASE)


def _is_effect(tokens: Sequence[Token]) -> bool:
    """Whether words only say how it shall look in the end: "it looks better", "the clouds show", "it fits my website"."""
    if not tokens or not (tokens[0].sense.pronoun or tokens[0].sense.determiner):
        return False
    return any(token.word in _EFFECTS for token in tokens[1:_LONGEST_SUBJECT])


_EFFECTS = frozenset(
    """
        better best good great nice nicer professional perfect interesting attractive show shows fits pops stands appears
        works reads
    """.split()  # noqa: SIM905
)


def _is_use(tokens: Sequence[Token]) -> bool:
    """Whether words name what a picture is for: "my website", "a passport photo"."""
    if not tokens or len(tokens) > _LONGEST_USE:
        return False
    words = [part for token in tokens for part in token.word.split()]
    last = len(words) - 1
    while last > 0 and words[last] in _USE_TAILS and words[last] not in _USES:
        last -= 1
    return words[last] in _USES or words[last].rstrip("s") in _USES


def _sets_shape(tokens: Sequence[Token]) -> bool:
    """Whether a use may say a format: "crop it for Instagram"."""
    return any(token.word in _SHAPES or token.sense.verb == "crop" for token in tokens)


def _only_stresses(tokens: Sequence[Token], i: int) -> bool:
    """Whether a token is the "even" of "even darker" or the "still" of "a bit darker still"."""
    after = tokens[i + 1] if i + 1 < len(tokens) else None
    if tokens[i].word == "even":
        return after is not None and bool(
            after.sense.look or after.sense.degree or after.sense.amount or after.word == "more"
        )
    before = tokens[i - 1].sense if i > 0 else None
    return (
        tokens[i].word in ("still", "yet")
        and before is not None
        and before.look is not None
        and (after is None or after.ends_sentence)
    )


def tells_past(clause: Sequence[Token]) -> bool:
    """Whether a clause only tells how it was: "it was cloudy that day"; "it was too dark" complains."""
    return len(clause) > 2 and _tells(clause) and not any(token.word in ("too", "is") for token in clause)


def _tells(tokens: Sequence[Token]) -> bool:
    """Whether words tell what was: "it was shot at noon", "i took it in a hurry"."""
    told = any(token.word in _PAST for token in tokens[1:3])
    return told and (tokens[0].sense.pronoun is not None or tokens[0].word in _PERSONS) and _wants_nothing(tokens)


_PAST = frozenset(["was", "were", "took", "shot", "had", "used", "got", "forgot", "made", "came"])


def _wants_nothing(tokens: Sequence[Token]) -> bool:
    return not any(word in _DEMANDS for token in tokens for word in token.word.split())


def is_reason(clause: Sequence[Token]) -> bool:
    """Whether a clause that no grammar reads may be a mere reason: "the horizon is tilted", "so the cat isn't so cut off"."""
    if not clause:
        return False
    words = {word for token in clause for word in token.word.split()}
    if words & _DEMANDS or any(token.sense.modal or token.sense.color for token in clause):
        return False
    if clause[0].word == "so":
        return len(clause) > 1 and clause[1].sense.verb is None and clause[1].sense.look_verb is None
    if clause[0].sense.determiner != "definite" or any(token.sense.negation for token in clause):
        return False
    verb = next((i for i, token in enumerate(clause[:_LONGEST_SUBJECT]) if token.sense.copula), 0)
    return 0 < verb < len(clause) - 1 and not any(token.sense.verb in _WISHES for token in clause)


_DEMANDS = frozenset("should must shall ought needs need want wants room space more less bigger smaller".split())  # noqa: SIM905
_WISHES = frozenset(["want", "make", "change", "remove", "keep"])


def cut_purpose(clause: Sequence[Token], ctx: Context) -> tuple[list[Token], list[Token]] | None:
    """Cut "so that the dog stands out" or ", the horizon is crooked" off a clause; None where there is no such thing."""
    for i in range(1, len(clause)):
        if _says_what_for(clause, i, ctx) and not _DEMANDS & {
            word for token in clause[i:] for word in token.word.split()
        }:
            return list(clause[:i]), list(clause[i:])
        if clause[i].word == "," and (is_reason(clause[i + 1 :]) or _tells(clause[i + 1 :])):
            return list(clause[:i]), list(clause[i + 1 :])
    return None


def asks_for_more(clause: Sequence[Token]) -> bool:
    """Whether a clause only asks for more of what was just asked for: "a bit more", "even more", "do it more"."""
    words = [token.word for token in clause]
    return any(word in _MORE for word in words) and all(word in _ONCE_MORE for word in words)


def say_more_plainly(clause: Sequence[Token]) -> list[Token] | None:
    """Return a clause with "a lot" for the "more" at its end: "blur the background more"; None where it has none."""
    if len(clause) < 2 or clause[-1].word not in _MORE:
        return None
    return [*clause[:-1], replace(clause[-1], word="a lot", sense=lexicon().lookup("a lot"))]


def _note(ctx: Context, reason: Sequence[Token]) -> None:
    ctx.assume(f'took "{ctx.text(reason)}" for the reason, not for something to do')
