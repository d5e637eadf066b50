"""From a prompt to an ``EditPlan``: tokens, clauses, one grammar for each clause, and the checks over the whole plan."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from retouch.editor.instructions.asides import drop_asides
from retouch.editor.instructions.clauses import (
    share_complaint,
    split_again,
    split_clauses,
    split_ellipsis,
    split_joints,
)
from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.corrections import take_back
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.explain import find_reason, refuse, refuse_words, shorten
from retouch.editor.instructions.features import are_features, share_region, split_features
from retouch.editor.instructions.grammar.add import parse_add
from retouch.editor.instructions.grammar.background import parse_background
from retouch.editor.instructions.grammar.blend import parse_blend
from retouch.editor.instructions.grammar.borrow import parse_borrow
from retouch.editor.instructions.grammar.color import parse_color_change
from retouch.editor.instructions.grammar.combine import parse_combine, parse_framed
from retouch.editor.instructions.grammar.composition import parse_composition
from retouch.editor.instructions.grammar.keep import parse_keep, split_exception
from retouch.editor.instructions.grammar.lettering import parse_lettering
from retouch.editor.instructions.grammar.light import parse_light
from retouch.editor.instructions.grammar.looks import parse_look
from retouch.editor.instructions.grammar.recolor import parse_recolor
from retouch.editor.instructions.grammar.remove import parse_remove
from retouch.editor.instructions.grammar.retouch import parse_retouch
from retouch.editor.instructions.grammar.style import parse_style
from retouch.editor.instructions.phrases import parse_thing
from retouch.editor.instructions.plan import EditPlan, Operation
from retouch.editor.instructions.reasons import (
    asks_for_more,
    cut_purpose,
    drop_reasons,
    is_reason,
    say_more_plainly,
    tells_past,
)
from retouch.editor.instructions.refusals import hint
from retouch.editor.instructions.refusals.undressing import asks_to_undress
from retouch.editor.instructions.review import review
from retouch.editor.instructions.rewording.reword import goal_scale, reword
from retouch.editor.instructions.tokens import Token, read
from retouch.editor.instructions.topics import asks_to_fix, is_dislike, names_topic
from retouch.editor.instructions.trimmings import trim, without_degree
from retouch.errors import UnsupportedInstructionError

__all__ = ["parse"]

_RATIO = re.compile(r"\b\d{1,2}:\d{1,2}\b")

GRAMMARS: tuple[Callable[[Cursor, Context], Sequence[Operation]], ...] = (
    parse_framed,
    parse_borrow,
    parse_composition,
    parse_remove,
    parse_lettering,
    parse_light,
    parse_style,
    parse_retouch,
    parse_blend,
    parse_background,
    parse_combine,
    parse_color_change,
    parse_look,
    parse_recolor,
    parse_add,
)
"""Tried in this order; the first that reads a whole clause has it."""

MAX_CLAUSES = 24
"""More clauses than this are not an instruction; the bound keeps the time for a refusal short."""

MAX_RETRIES = 2

MAX_CLAUSE_TOKENS = 80
"""The same for the length of one clause; it also bounds the depth of "this image with ... with ..."."""


def parse(prompt: str, *, image_count: int, shows: Callable[[EditPlan], bool] | None = None) -> EditPlan:
    """Understand a prompt.

    Parameters
    ----------
    prompt : str
        An instruction in English.
    image_count : int
        How many pictures the request has.
    shows : callable, optional
        ``shows(plan)`` says whether the pictures have what a plan is about. A refusal asks it before it shows a sentence that
        would work; without it, such sentences are checked for their words alone.

    Returns
    -------
    EditPlan
        At least one operation, in the order of the prompt.

    Raises
    ------
    UnsupportedInstructionError
        A part of the prompt can't be carried out: nothing of it is. Says which part, what would have worked, and what to do.

    Notes
    -----
    The time grows linearly with the length of the prompt.
    """
    return _parse(prompt, image_count, lambda sentence: _reads(sentence, image_count, shows))


def _reads(sentence: str, image_count: int, shows: Callable[[EditPlan], bool] | None) -> bool:
    """Whether a sentence can be carried out."""
    try:
        plan = _parse(sentence, image_count, None)
    except UnsupportedInstructionError:
        return False
    return shows is None or shows(plan)


def _parse(prompt: str, image_count: int, reads: Callable[[str], bool] | None) -> EditPlan:
    """Do what ``parse`` does; ``reads`` tells the sentences that a refusal may show, None if it shall show none."""
    tokens, translation = read(prompt)
    if not prompt.strip():
        raise UnsupportedInstructionError((), (), hint("empty"))
    if not any(char.isalpha() for char in prompt) and _RATIO.search(prompt) is None:
        raise UnsupportedInstructionError((), (shorten(prompt),), hint("no_words"))
    if asks_to_undress(prompt):
        raise UnsupportedInstructionError((), (shorten(prompt),), hint("undressing"))
    ctx = Context(prompt, image_count, foreign=translation is not None)
    if translation is not None:
        english = " ".join(token.word for token in tokens)
        if translation.unknown:
            places = {piece.start for piece in translation.unknown}
            words = tuple(dict.fromkeys(prompt[piece.start : piece.end] for piece in translation.unknown))
            rest = " ".join(token.word for token in tokens if token.start not in places)
            raise refuse_words(words, translation.language, rest, reads)
        ctx.assume(f'read {translation.language} as "{english}"')
    for token in tokens:
        if token.typed is not None:
            ctx.assume(f'took "{token.typed}" for "{token.word}"')
    operations, refused = _read_clauses(take_back(split_clauses(drop_reasons(drop_asides(tokens, ctx), ctx)), ctx), ctx)
    if refused or not operations:
        raise refuse(prompt, ctx, operations, refused, reads)
    protected = review(operations, ctx)
    return EditPlan(tuple(operations), tuple(phrase for phrase, _ in ctx.kept), tuple(ctx.assumptions), protected)


def _read_clauses(clauses: list[list[Token]], ctx: Context) -> tuple[list[Operation], list[tuple[str, Refusal]]]:
    """Return the operations of all clauses, and the clauses that are refused with their reasons."""
    operations: list[Operation] = []
    refused: list[tuple[str, Refusal]] = []
    reasons: list[tuple[str, Refusal]] = []
    for i, clause in enumerate(clauses[:MAX_CLAUSES]):
        if operations and asks_to_fix(clause):
            continue
        if len(clauses) > 1 and tells_past(clause):
            ctx.assume(f'took "{ctx.text(clause)}" for the reason, not for something to do')
            continue
        if i + 1 < len(clauses) and _is_only_topic(clause, clauses[i + 1], ctx):
            continue
        if operations and asks_for_more(clause) and _strengthen(operations):
            continue
        read, problems = _read_clause(clause, ctx)
        if problems and i + 1 < len(clauses) and names_topic(clause, clauses[i + 1], ctx):
            continue
        operations += read
        if problems and is_reason(clause):
            reasons += problems
        else:
            refused += problems
    if refused and len(refused) <= MAX_RETRIES:
        # "Make everything else grey but keep the cup": what is kept is said behind what it explains.
        ctx.said_all = True
        again, refused = [clause for clause in clauses if ctx.text(clause) in dict(refused)], []
        for clause in again:
            read, problems = _read_clause(clause, ctx)
            operations += read
            refused += problems
    if operations:
        for phrase, _ in reasons:
            ctx.assume(f'took "{phrase}" for the reason, not for something to do')
    else:
        refused = [*reasons, *refused]
    if len(clauses) > MAX_CLAUSES:
        refused.append((ctx.text([token for clause in clauses[MAX_CLAUSES:] for token in clause]), Refusal("unknown")))
    return operations, refused


def _strengthen(operations: list[Operation]) -> bool:
    """Do more of the last operation: "make it warmer. Even more"; False where it has no strength."""
    strength = getattr(operations[-1], "strength", None)
    if strength is None:
        return False
    stronger: Any = operations[-1]
    operations[-1] = replace(stronger, strength=round(_MORE * strength, 2))
    return True


_MORE = 1.5


def _read_clause(clause: list[Token], ctx: Context) -> tuple[list[Operation], list[tuple[str, Refusal]]]:
    """Read one clause; where nothing reads it whole, without its exception, its "more" or its purpose."""
    complaints = _read_ways(share_complaint(clause), ctx) if _names_subject(clause) else None
    if complaints is not None:
        return complaints, []
    operations, problems = _read_whole(clause, ctx)
    if not problems:
        return operations, problems
    exception = split_exception(clause, ctx)
    if exception is not None:
        found, kept = exception
        operations, others = _read_whole(found, ctx)
        if operations and not others:
            ctx.kept.append(kept)
            return operations, []
    reworded = _read_reworded(clause, ctx) or _read_joined(clause, ctx)
    if reworded is not None:
        return reworded, []
    plainer = say_more_plainly(clause)
    purpose = cut_purpose(clause, ctx)
    for shorter, note in (
        (plainer, 'took "more" for "a lot": every request begins with the picture that is sent'),
        (
            purpose and purpose[0],
            f'took "{ctx.text(purpose[1])}" for the reason, not for something to do' if purpose else "",
        ),
    ):
        if shorter:
            operations, others = _read_whole(shorter, ctx)
            if operations and not others:
                ctx.assume(note)
                return operations, []
    bare, factor = without_degree(clause)
    graded = _read_reworded(bare, ctx) if bare else None
    if graded is not None:
        return _scale(graded, factor), []
    for shorter, note in trim(clause, ctx):
        operations, others = _read_clause(shorter, ctx)
        if operations and not others:
            ctx.assume(note)
            return operations, []
    return [], problems


_FLAWED = frozenset("grainy noisy blurry hazy foggy pixelated faded soft".split())  # noqa: SIM905


def _names_subject(clause: Sequence[Token]) -> bool:
    """Whether the parts of a list of complaints say something else without their subject.

    "Too dark" of "the plate is too blue and too dark" is about the plate; "grainy" of "it is dark and grainy" asks for no grain.
    """
    if any(token.word in _FLAWED for token in clause[2:]):
        return True
    return bool(clause) and clause[0].sense.determiner == "definite" and len(clause) > 1 and not clause[1].sense.picture


def _read_reworded(clause: list[Token], ctx: Context, *, depth: int = 0) -> list[Operation] | None:
    """Return what a turn of speech or a goal stands for, None for a clause that is neither; a turn may lead to another once."""
    for rewording in reword(clause, ctx):
        trial = replace(ctx, assumptions=list(ctx.assumptions), kept=list(ctx.kept))
        operations: list[Operation] = []
        notes = len(trial.assumptions)
        for part in rewording.clauses:
            read, problems = _read_whole(part, trial)
            found = _read_reworded(part, trial, depth=depth + 1) if problems and depth == 0 else read
            if found is None or not (found or len(trial.kept) > len(ctx.kept)):
                break
            operations += found
        else:
            ctx.referent, ctx.assumptions, ctx.kept = trial.referent, trial.assumptions, trial.kept
            if not any(
                note.startswith("read ") for note in ctx.assumptions[notes:]
            ):  # a second turn tells more plainly
                ctx.assume(f'read "{ctx.text(clause)}" as "{rewording.text}"')
            return _scale(operations, goal_scale(clause)) if rewording.is_goal else operations
    return None


def _scale(operations: list[Operation], factor: float) -> list[Operation]:
    """Return operations with their strengths multiplied, where they have one."""
    scaled: list[Operation] = []
    for operation in operations:
        strength = getattr(operation, "strength", None)
        changed: Any = operation
        scaled.append(operation if strength is None else replace(changed, strength=round(factor * strength, 2)))
    return scaled


def _read_joined(clause: list[Token], ctx: Context) -> list[Operation] | None:
    """Return the operations of a clause whose parts, cut at "and" and commas, each say something by themselves."""
    head = _head(clause, ctx)
    for ways in (share_complaint(clause), split_ellipsis(clause, head) if head > 1 else [], split_joints(clause)):
        operations = _read_ways(ways, ctx)
        if operations is not None:
            return operations
    return None


def _read_ways(ways: list[list[list[Token]]], ctx: Context) -> list[Operation] | None:
    """Return the operations of the first way to cut a clause of which every part reads; a part may list complaints."""
    for parts in ways:
        trial = replace(ctx, assumptions=list(ctx.assumptions), kept=list(ctx.kept))
        operations: list[Operation] = []
        for part in parts:
            if operations and asks_to_fix(part):
                continue
            read, problems = _read_whole(part, trial)
            found = read if not problems else _read_reworded(part, trial)
            if found is None:
                found = _read_ways(share_complaint(part), trial)
            if found is None:
                break
            operations += found
        else:
            ctx.referent, ctx.assumptions, ctx.kept = trial.referent, trial.assumptions, trial.kept
            return operations
    return None


def _read_whole(clause: list[Token], ctx: Context) -> tuple[list[Operation], list[tuple[str, Refusal]]]:
    """Read a clause; one that no grammar has is cut at its inner verbs and tried once more."""
    if len(clause) > MAX_CLAUSE_TOKENS:
        return [], [(ctx.text(clause), Refusal("unknown"))]
    shared = share_region(clause)
    operations = _read_parts(shared, ctx) if shared else None
    if operations is not None and are_features(operations):
        return operations, []
    try:
        operations = _apply_grammars(clause, ctx)
        if operations is not None:
            return operations, []
        for parts in (
            split_again(clause),
            *(way for head in (0, 1, _head(clause, ctx)) for way in split_ellipsis(clause, head)),
        ):
            found = _read_parts(parts, ctx) if len(parts) > 1 else None
            if found is not None:
                return found, []
    except Refusal as refusal:
        features = _read_features(clause, ctx)
        if features is not None:
            return features, []
        reason = find_reason(clause, ctx)
        reason = reason if refusal.reason in _VAGUE_REASONS or reason in _TELLING_REASONS else "unknown"
        clearer = Refusal(reason) if reason not in ("unknown", "replacing", "vague") else refusal
        return [], [(ctx.text(clause), clearer)]
    features = _read_features(clause, ctx)
    if features is not None:
        return features, []
    return [], [(ctx.text(clause), Refusal("more" if asks_for_more(clause) else find_reason(clause, ctx)))]


def _read_features(clause: list[Token], ctx: Context) -> list[Operation] | None:
    """Return the looks that a clause lists, None where some part is none."""
    for parts in split_features(clause):
        trial = replace(ctx, assumptions=list(ctx.assumptions), kept=list(ctx.kept))
        found = _read_parts(parts, trial)
        if found is not None and are_features(found):
            ctx.assumptions = trial.assumptions
            return found
    return None


def _is_only_topic(clause: list[Token], following: list[Token], ctx: Context) -> bool:
    """Whether a complaint only says what the next clause is about, which reads: "the background is busy, blur it"."""
    trial = replace(ctx, assumptions=list(ctx.assumptions), kept=list(ctx.kept))
    reads = not _read_whole(clause, replace(trial, assumptions=[], kept=[]))[1]
    if (reads and not is_dislike(clause)) or not names_topic(clause, following, trial):
        return False
    operations, problems = _read_clause(following, replace(trial, assumptions=[], kept=[]))
    if problems or not operations:
        return False
    ctx.referent = trial.referent
    return True


def _head(clause: list[Token], ctx: Context) -> int:
    """Return how many tokens the verb of a clause and its first thing take."""
    cursor = Cursor(clause)
    cursor.at = 1
    try:
        thing = parse_thing(cursor, replace(ctx, assumptions=[], kept=[]))
    except Refusal:
        return 0
    return 0 if thing is None else cursor.at


def _read_parts(parts: list[list[Token]], ctx: Context) -> list[Operation] | None:
    """Return the operations of all parts, None if one of them is not understood."""
    trial = replace(ctx, assumptions=list(ctx.assumptions), kept=list(ctx.kept))
    operations: list[Operation] = []
    for part in parts:
        try:
            found = _apply_grammars(part, trial)
        except Refusal:
            return None
        if found is None:
            return None
        operations += found
    ctx.referent, ctx.assumptions, ctx.kept = trial.referent, trial.assumptions, trial.kept
    return operations


def _apply_grammars(clause: list[Token], ctx: Context) -> list[Operation] | None:
    """Return the operations of a clause, [] for one that asks for what happens anyway, None for one that nothing reads."""
    if parse_keep(Cursor(clause), ctx):
        return []
    refusals: list[Refusal] = []
    for grammar in GRAMMARS:
        trial = replace(ctx, assumptions=list(ctx.assumptions), kept=list(ctx.kept))
        cursor = Cursor(clause)
        try:
            operations = grammar(cursor, trial)
        except Refusal as refusal:
            refusals.append(refusal)
            continue
        if operations and cursor.done:
            ctx.referent, ctx.assumptions, ctx.kept = trial.referent, trial.assumptions, trial.kept
            return list(operations)
    if refusals:
        raise min(refusals, key=lambda refusal: refusal.reason in _VAGUE_REASONS)
    return None


_TELLING_REASONS = ("long_exposure",)
"""Reasons whose words decide whatever else a clause says."""

_VAGUE_REASONS = ("place", "moving")
"""Reasons of grammars that may have misread the clause: another grammar's reason goes first."""
