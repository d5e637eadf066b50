"""Why a prompt is refused, and what to say instead."""

from collections.abc import Callable, Sequence

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.languages import detect_language
from retouch.editor.instructions.plan import Operation
from retouch.editor.instructions.refusals import CAN_DO, TRIGGERS, hint
from retouch.editor.instructions.suggestions import MAX_SUGGESTIONS, OPEN_REASONS, suggest, unread_words
from retouch.editor.instructions.tokens import Token, tokenize
from retouch.editor.instructions.translation import SUPPORTED
from retouch.errors import UnsupportedInstructionError

__all__ = ["find_reason", "refuse", "refuse_words", "shorten"]


def find_reason(clause: Sequence[Token], ctx: Context) -> str:
    """Return why a clause that no grammar reads can't be carried out."""
    verb = next((token.sense.verb for token in clause if token.sense.verb), None)
    typed = ctx.text(clause).lower().replace("’", "'")
    corrected = " ".join(token.word for token in clause)
    text = f" {_words(typed)} {_words(corrected)} "
    if verb == "remove":
        return "repair" if any(token.word in _WRINKLES for token in clause) else "removing"
    if any(token.sense.negation == "dont" for token in clause):
        return "negation"
    if any(token.word in ("if", "unless", "or", "whatever") for token in clause):
        return "condition"
    nouns = [token.sense.noun for token in clause if token.sense.noun]
    if nouns == ["background"] and verb in ("make", "change") and not any(token.sense.preposition for token in clause):
        return "which_background"
    if "background" in nouns and verb in (
        "change",
        "replace",
        "make",
        "turn",
        "put",
        "give",
        "add",
        "swap",
        "use",
        "want",
    ):
        return "scene"
    for reason, words in TRIGGERS:
        if any(f" {word} " in text for word in words):
            return reason
    if verb == "move":
        return "moving"
    if verb in ("replace", "swap"):
        return "removing"
    return "replacing" if verb in ("turn", "change", "make") and len(nouns) > 1 else "unknown"


_WRINKLES = frozenset(["wrinkle", "wrinkles", "circles", "bags", "dark circles", "lines"])


def _words(text: str) -> str:
    """Return a text as words between single spaces."""
    return " ".join("".join(char if char.isalnum() or char in "'-" else " " for char in text).split())


def refuse(
    prompt: str,
    ctx: Context,
    operations: Sequence[Operation],
    refused: Sequence[tuple[str, Refusal]],
    reads: Callable[[str], bool] | None,
) -> UnsupportedInstructionError:
    """Return the error that names what is refused, describes what would have worked, and shows what is nearest.

    ``reads`` says whether a sentence can be carried out; None leaves the nearest ones out.
    """
    understood = tuple(operation.describe() for operation in operations)
    language = detect_language(prompt)
    if language is not None and language not in SUPPORTED:
        return UnsupportedInstructionError(understood, (shorten(prompt),), hint("language", language))
    if not refused:
        return UnsupportedInstructionError((), (shorten(prompt),), hint("nothing" if ctx.kept else "unknown"))
    reasons = list(dict.fromkeys((refusal.reason, refusal.detail) for _, refusal in refused))
    known = [reason for reason in reasons if reason[0] != "unknown"] or reasons
    hints = [hint(*reason) for reason in known[:3]]
    phrases = tuple(shorten(phrase) for phrase, _ in refused[:8])
    if reads is None:
        return UnsupportedInstructionError(understood, phrases, " ".join(hints))
    unread, near = _nearest(sorted(refused, key=lambda each: each[1].reason == "unknown")[:MAX_EXPLAINED], ctx, reads)
    if near:
        works = ", ".join(f'"{sentence}"' for sentence in near)
        if known == reasons and known[0][0] == "unknown":
            hints = [f"Say it as a plain instruction, such as {works}. {CAN_DO}"]
        else:
            hints.append(f"Nearest to it, this works: {works}.")
    if unread:
        hints.insert(0, f"It does not know {', '.join(unread)}.")
    return UnsupportedInstructionError(understood, phrases, " ".join(hints))


MAX_UNREAD = 8
"""So many words are named."""
MAX_EXPLAINED = 2
"""So many of the refused clauses get sentences of their own."""


def _nearest(
    refused: Sequence[tuple[str, Refusal]], ctx: Context, reads: Callable[[str], bool]
) -> tuple[list[str], list[str]]:
    """Return the words of refused clauses that mean nothing here, in quotes, and sentences near to the clauses that work."""
    unread: list[str] = []
    near: list[str] = []
    for phrase, refusal in refused:
        clause = tokenize(phrase)
        if refusal.reason in OPEN_REASONS:
            unread += [f'"{shorten(word)}"' for word in unread_words(clause)]
        near += suggest(clause, refusal.reason, ctx, reads)
    return list(dict.fromkeys(unread))[:MAX_UNREAD], list(dict.fromkeys(near))[:MAX_SUGGESTIONS]


def refuse_words(
    words: Sequence[str], language: str, rest: str, reads: Callable[[str], bool] | None
) -> UnsupportedInstructionError:
    """Return the error for words of another language that its dictionary lacks; ``rest`` is the English of the others."""
    text = hint("untranslated", language)
    rest = rest.replace(" ,", ",").strip(" ,")
    if reads is not None and reads(rest):
        text = f'{text} Without them it reads "{rest}", which works.'
    return UnsupportedInstructionError((), tuple(words[:8]), text)


_LONGEST_QUOTE = 160


def shorten(text: str) -> str:
    """Return at most ``_LONGEST_QUOTE`` characters of the prompt on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_QUOTE else line[: _LONGEST_QUOTE - 3] + "..."
