"""From tokens to clauses: at the ends of sentences, and where "and", "then" or a comma begins a new instruction."""

from collections.abc import Sequence

from retouch.editor.instructions.tokens import Token, lex
from retouch.editor.instructions.vocabulary import NATURAL_FRAME, NATURAL_WORDS

__all__ = ["share_complaint", "split_again", "split_clauses", "split_ellipsis", "split_joints", "starts_clause"]

_OPENERS = frozenset(["while", "without"])
_REST_NEXT = frozenset(["else", "rest", "other"])


def split_clauses(tokens: Sequence[Token]) -> list[list[Token]]:
    """Return the clauses; connectors between them are dropped, connectors within them stay."""
    clauses: list[list[Token]] = [[]]
    for i, token in enumerate(tokens):
        if _ends_clause(tokens, i, clauses[-1]):
            clauses.append([])
        elif _opens_clause(tokens, i) and clauses[-1]:
            clauses.append([token])
        else:
            clauses[-1].append(token)
    trimmed = [_trim(clause) for clause in clauses]
    return [clause for clause in trimmed if clause and not (len(clause) == 1 and clause[0].sense.ordinal is not None)]


def _ends_clause(tokens: Sequence[Token], i: int, clause: Sequence[Token]) -> bool:
    """Whether a token stands between two clauses."""
    token = tokens[i]
    if token.ends_sentence or token.sense.connector == "then" or _is_list_number(tokens, i):
        return True
    if token.word == "so":
        return bool(clause) and not _is_degree(tokens, i) and starts_clause(tokens, i + 1)
    if token.sense.connector is None or not starts_clause(tokens, i + 1):
        return False
    return not (_is_care(clause) and _is_natural(tokens, i + 1)) and not _goes_on_taking(clause, tokens, i + 1)


def _is_degree(tokens: Sequence[Token], i: int) -> bool:
    """Whether "so" says how much: "isn't so cut off", "so that"."""
    return bool(tokens[i - 1].sense.copula or tokens[i - 1].sense.negation)


def _goes_on_taking(clause: Sequence[Token], tokens: Sequence[Token], i: int) -> bool:
    """Whether "and put it ..." at a connector ends a "take the dog from image 1" or a "cut out the dog"."""
    while i < len(tokens) and tokens[i].sense.connector is not None:
        i += 1
    if not clause or (clause[0].word not in _TAKING and clause[0].sense.verb != "cut"):
        return False
    return (
        i + 1 < len(tokens)
        and tokens[i].sense.verb in ("put", "add", "print", "use")
        and tokens[i + 1].sense.pronoun is not None
    )


_TAKING = frozenset(["take", "taking", "grab", "copy", "get", "use"])


def split_again(clause: Sequence[Token]) -> list[list[Token]]:
    """Return a clause cut at the verbs inside it: "make the cup red blur the background" lacks a comma."""
    parts: list[list[Token]] = [[]]
    for i, token in enumerate(clause):
        strong = (
            token.sense.verb is not None
            and token.sense.noun is None
            and not token.sense.fluff
            and not token.sense.copula
        )
        if i > 1 and strong and _takes_object(clause, i):
            parts.append([])
        parts[-1].append(token)
    return [trimmed for part in parts if (trimmed := _trim(part))]


def split_ellipsis(clause: Sequence[Token], head: int) -> list[list[list[Token]]]:
    """Return ways to cut a clause at a connector, with its first ``head`` tokens said again.

    "Make the mug red and the background blurry" repeats the verb, "make the background darker and blurry" verb and target.
    """
    if head >= len(clause) or (head > 0) != (clause[0].sense.verb is not None):
        return []
    places = [i for i, token in enumerate(clause) if i > max(head, 0) and token.sense.connector in ("and", ",", "but")]
    ways = [[list(clause[:i]), [*clause[:head], *_trim(list(clause[i:]))]] for i in places[:MAX_ELLIPSES]]
    return [way for way in ways if len(way[1]) > head]


MAX_ELLIPSES = 6


def split_joints(clause: Sequence[Token]) -> list[list[list[Token]]]:
    """Return ways to cut a clause where it is joined: at all commas, at one "and", "but", "with" or comma, at all of them."""
    places = [i for i, token in enumerate(clause) if 0 < i < len(clause) - 1 and _joins(token)]
    if not places or len(places) > MAX_ELLIPSES:
        return []
    commas = [i for i in places if clause[i].sense.connector == ","]
    cuts = [commas, *([i] for i in places), places]
    ways = [_cut(clause, cut) for i, cut in enumerate(cuts) if cut and cut not in cuts[:i]]
    return [way for way in ways if len(way) > 1]


def share_complaint(clause: Sequence[Token]) -> list[list[list[Token]]]:
    """Return ways to say a list of complaints one by one: "it is too dark and noisy", "it is too dark", "it is too noisy".

    Each complaint gets the subject and its verb; one without a degree takes that of the first, or none. Empty for other clauses.
    """
    verb = next((i for i, token in enumerate(clause[:_LONGEST_SUBJECT]) if i and _tells_how(token)), None)
    named = bool(clause) and (clause[0].sense.determiner or clause[0].sense.pronoun or clause[0].sense.picture)
    if clause and clause[0].word in _TOO:  # "too dark and noisy"
        clause = [*lex("it is", clause[0].start, clause[0].start), *clause]
        verb, named = 1, True
    if verb is None or not named or any(_asks(token) for token in clause[: verb + 1]):
        return []
    head, said = list(clause[: verb + 1]), list(clause[verb + 1 :])
    places = [i for i, token in enumerate(said) if token.sense.connector in ("and", ",", "but") or token.word == "plus"]
    parts = _cut(said, places) if places and len(places) <= MAX_ELLIPSES else []
    if len(parts) < 2 or any(_tells_how(token) or token.sense.pronoun for part in parts for token in part):
        return []
    plain = [[*head, *part] for part in parts]
    degree = parts[0][0]
    if degree.sense.degree is None and degree.word not in _DEGREES:
        return [plain]
    graded = [
        [*head, *part] if part[0].sense.degree or part[0].word in _DEGREES else [*head, degree, *part] for part in parts
    ]
    return [graded, plain]


def _asks(token: Token) -> bool:
    return bool(token.sense.modal or token.sense.negation or token.sense.verb)


_TOO = frozenset(["too", "way too", "far too", "much too"])
_DEGREES = _TOO | {"so", "all"}


def _tells_how(token: Token) -> bool:
    """Whether a complaint may follow: "is", "looks", "feels"."""
    return token.sense.copula or token.word in _TELLING


_TELLING = frozenset("look looks feel feels seem seems appear appears 's turned came".split())  # noqa: SIM905


def _joins(token: Token) -> bool:
    return token.sense.connector in ("and", ",", "but") or token.word == "with"


def _cut(clause: Sequence[Token], places: Sequence[int]) -> list[list[Token]]:
    parts = [list(clause[i:j]) for i, j in zip([0, *places], [*places, len(clause)], strict=True)]
    return [trimmed for part in parts if part and (trimmed := _trim(part[part[0].word == "with" :]))]


def _takes_object(tokens: Sequence[Token], i: int) -> bool:
    return i + 1 < len(tokens) and (
        tokens[i + 1].sense.determiner is not None or tokens[i + 1].sense.pronoun is not None
    )


def _is_list_number(tokens: Sequence[Token], i: int) -> bool:
    """Whether a token is the "2" of "2. blur the background" or "2) blur the background"."""
    token = tokens[i]
    if _counts_on(tokens, i):
        return True
    if (
        token.sense.number is None
        or not token.word.isdecimal()
        or not starts_clause(tokens, i + 1 + (i + 1 < len(tokens) and tokens[i + 1].word == "."))
    ):
        return False
    listed = tokens[0].word == "1" and starts_clause(tokens, 1)
    if i == 0 or tokens[i - 1].ends_sentence or (listed and i > 1):
        return True
    return tokens[i + 1].word == "." and tokens[i - 1].sense.number is None  # "crop to 1:1. Add ..." counts nothing


def _counts_on(tokens: Sequence[Token], i: int) -> bool:
    """Whether a token is the "3" of a list that began with "1." and went on with "2."."""
    if i < 2 or not tokens[i].word.isdecimal() or tokens[0].word != "1" or not _has_point(tokens, 0):
        return False
    before = [token.word for k, token in enumerate(tokens[:i]) if token.word.isdecimal() and _has_point(tokens, k)]
    return _has_point(tokens, i) and before == [str(number) for number in range(1, int(tokens[i].word))]


def _has_point(tokens: Sequence[Token], i: int) -> bool:
    return i + 2 < len(tokens) and tokens[i + 1].word == "." and tokens[i + 2].sense.number is None


def starts_clause(tokens: Sequence[Token], i: int) -> bool:
    """Whether an instruction of its own begins at a token."""
    while i < len(tokens) and (
        tokens[i].sense.connector is not None
        or (tokens[i].word in ("first", "second", "third") and not _is_ordinal(tokens, i))
    ):
        i += 1
    if i >= len(tokens):
        return False
    sense = tokens[i].sense
    after = tokens[i + 1].sense if i + 1 < len(tokens) else None
    if sense.verb is not None and not _is_color_noun(tokens, i) and not (sense.verb == "print" and after is None):
        return not (sense.noun is not None and after is not None and after.preposition is not None)
    if (
        (sense.look_verb is not None and sense.look is None)
        or sense.negation is not None
        or tokens[i].word in ("everything else", "make sure", "ensure")
    ):
        return True
    if sense.look_verb is not None and after is not None and (after.determiner or after.pronoun):
        return True
    if tokens[i].word in _FINISHING and after is not None and (after.determiner == "definite" or after.pronoun):
        return True
    if sense.amount is not None and after is not None and after.determiner == "definite":
        return True
    return _is_rest(tokens, i) or _is_natural(tokens, i) or _stays(tokens, i)


def _stays(tokens: Sequence[Token], i: int) -> bool:
    """Whether "the sky should stay the same", "sky unchanged" begins at a token."""
    if not (tokens[i].sense.determiner or tokens[i].sense.noun):
        return False
    for token in tokens[i + 1 : i + _LONGEST_SUBJECT]:
        if token.word in _STAYING:
            return True
        if token.ends_sentence or token.sense.connector == "," or token.sense.verb or token.sense.look_verb:
            return False
    return False


_LONGEST_SUBJECT = 6
_STAYING = frozenset("stay stays remain remains unchanged untouched intact unaltered unedited".split())  # noqa: SIM905


_FINISHING = frozenset("whiten sharpen smooth denoise dehaze deblur lift deepen enhance fix correct straighten".split())  # noqa: SIM905
"""Verbs of retouching, which are adjectives or nouns elsewhere."""


def _is_ordinal(tokens: Sequence[Token], i: int) -> bool:
    return i + 1 < len(tokens) and (tokens[i + 1].sense.picture or tokens[i + 1].sense.noun is not None)


def _is_color_noun(tokens: Sequence[Token], i: int) -> bool:
    """Whether "color" is a noun here."""
    return tokens[i].sense.color_word and (i + 1 >= len(tokens) or tokens[i + 1].sense.determiner is None)


def _is_rest(tokens: Sequence[Token], i: int) -> bool:
    """Whether "everything else ...", "the rest ..." begins at a token."""
    return any(token.word in _REST_NEXT for token in tokens[i : i + 2]) and (
        i + 2 >= len(tokens) or not tokens[i].sense.negation
    )


def _is_natural(tokens: Sequence[Token], i: int) -> bool:
    """Whether "realistic", "photorealistic lighting" begins at a token and fills the rest of its sentence."""
    words: list[str] = []
    for token in tokens[i:]:
        if token.ends_sentence:
            break
        words += token.word.split()
        if len(words) > 8:
            return False
    return bool(words) and all(
        word in NATURAL_WORDS or word in ("and", ",", "very", "looking", "high", "a") for word in words
    )


def _is_care(clause: Sequence[Token]) -> bool:
    """Whether a clause is about looking natural, so that "and realistic" goes on with it."""
    words = [word for token in clause for word in token.word.split()]
    return any(word in NATURAL_WORDS for word in words) and all(word in NATURAL_WORDS | NATURAL_FRAME for word in words)


def _opens_clause(tokens: Sequence[Token], i: int) -> bool:
    """Whether a token begins a clause without a connector: "while keeping ...", "with realistic shadows"."""
    if i == 0:
        return False
    token = tokens[i]
    follows = tokens[i + 1].sense.verb if i + 1 < len(tokens) else None
    if (
        token.word in ("so", "to make")
        and i + 1 < len(tokens)
        and (tokens[i + 1].sense.determiner or tokens[i + 1].sense.pronoun)
    ):
        return True
    if token.word in _OPENERS or token.sense.negation == "without":
        return follows is not None or (i + 1 < len(tokens) and tokens[i + 1].word in _CAREFUL)
    if token.sense.verb == "keep" and token.word.endswith("ing"):
        return True
    return token.word == "with" and _is_natural(tokens, i + 1)


_CAREFUL = frozenset(["blowing", "burning", "clipping", "losing", "overdoing"])


def _trim(clause: list[Token]) -> list[Token]:
    """Drop connectors and stray words at both ends of a clause."""
    first, last = 0, len(clause)
    while first < last and (
        clause[first].sense.connector is not None
        or (clause[first].word in ("first", "firstly", "secondly", "while") and not _is_ordinal(clause, first))
    ):
        first += 1
    if last - first > 1 and clause[first].word == "to" and clause[first + 1].sense.verb is not None:
        first += 1
    if last - first > 1 and clause[first].word == "so" and clause[first + 1].sense.verb is not None:
        first += 1
    while last > first and (clause[last - 1].sense.connector is not None or clause[last - 1].word in (",", "too", ":")):
        last -= 1
    if last - first > 1 and clause[first].word == "with" and _is_natural(clause, first + 1):
        first += 1
    return clause[first:last]
