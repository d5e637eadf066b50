"""Clauses that take one quality of another picture: "the colors of image 2", "use the sky from the second picture"."""

from typing import Final

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.pieces import parse_image_reference
from retouch.editor.instructions.plan import BorrowSky, MatchColors, Operation

__all__ = ["parse_borrow"]

_COLORS: Final = frozenset(
    """
        colors colours color colour palette grading tones tone grade scheme coloring lighting mood
    """.split()  # noqa: SIM905
)
_GLUE: Final = frozenset(
    """
        match matching matched copy transfer same apply have get has look like one that it its with
    """.split()  # noqa: SIM905
)
_VERBS: Final = frozenset(
    ["give", "use", "make", "put", "add", "change", "replace", "swap", "turn", "want", "show", "paint"]
)
_OWNING: Final = ("of", "from", "in", "as", "like", "with", "by")


def parse_borrow(cur: Cursor, ctx: Context) -> list[Operation]:
    """Return what a clause takes from another picture; empty if it is about something else."""
    of_sky = any(token.sense.noun == "sky" for token in cur.tokens)
    of_colors = any(token.word in _COLORS or token.sense.color_word for token in cur.tokens)
    if of_sky == of_colors:
        return []
    found: list[tuple[int, str]] = []
    degree = None
    while not cur.done:
        before = cur.word(-1) if cur.at else ""
        index = parse_image_reference(cur, ctx, elided=True)
        if index is not None:
            found.append((index, "'s" if cur.word() == "'s" else before))
            cur.at += cur.word() == "'s" and not cur.done
        elif not _step_over(cur):
            degree = cur.take_degree()
            if degree is None:
                return []
    if not found or len(found) > 2:
        return []
    if ctx.image_count < 2:
        raise Refusal("pictures", "1 picture")
    other = _source(found, matching=any(token.word.startswith("match") for token in cur.tokens))
    base = next((index for index, _ in found if index != other), 1 if other == 0 else 0)
    phrase = ctx.text(cur.tokens)
    if of_sky:
        return [BorrowSky(base, other, phrase)]
    return [MatchColors(base, other, 0.5 if degree == "little" else 1.0, phrase)]


def _step_over(cur: Cursor) -> bool:
    """Step over a word that only links the pictures and what is taken."""
    sense, word = cur.sense(), cur.word()
    linking = sense.preposition or sense.determiner or sense.color_word or sense.noun == "sky" or sense.copula
    linking = linking or word in _COLORS or word in _GLUE or sense.verb in _VERBS or sense.connector == "and"
    linking = linking or sense.picture or (sense.pronoun == "thing")
    cur.at += bool(linking)
    return bool(linking)


def _source(found: list[tuple[int, str]], *, matching: bool) -> int:
    """Return whose quality is taken: "of image 2", "image 2's"; with "match" what is matched to, which comes last."""
    if matching and len(found) == 2:
        return found[-1][0]
    return next((index for index, before in found if before == "'s" or before in _OWNING), found[-1][0])
