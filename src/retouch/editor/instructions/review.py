"""Checks over a whole plan: do all pictures exist, does anything contradict, is everything kept that should be?"""

import re
from collections.abc import Sequence

from retouch.editor.instructions.context import Context
from retouch.editor.instructions.plan import (
    AdjustLook,
    Background,
    ChangeBackground,
    Look,
    Operation,
    Recolor,
    Retouch,
    RetouchPicture,
    Straighten,
    Target,
    TargetKind,
    choose_base,
    is_same_target,
)
from retouch.editor.instructions.refusals import hint
from retouch.errors import UnsupportedInstructionError

__all__ = ["review"]


def review(operations: list[Operation], ctx: Context) -> tuple[Target, ...]:
    """Return what a plan must protect; raise ``UnsupportedInstructionError`` where it can't be carried out as a whole."""
    used = {index for operation in operations for index in operation.pictures()}
    if any(not 0 <= index < ctx.image_count for index in used):
        have = "1 picture" if ctx.image_count == 1 else f"{ctx.image_count} pictures"
        raise _error(operations, ctx.prompt, "pictures", have)
    _drop_repeated(operations)
    _check_contradictions(operations, ctx)
    _drop_removed_backgrounds(operations)
    protected = _spare_what_is_kept(operations, ctx)
    for phrase, _ in ctx.kept:
        if _KEPT_SHADOW.match(phrase) and any(
            isinstance(op, ChangeBackground) and op.kind in _BARE for op in operations
        ):
            raise _error(operations, phrase, "shadow")
    for phrase, targets in ctx.kept:
        if any(_spoils(operation, target) for target in targets for operation in operations):
            raise _error(operations, phrase, "contradiction", phrase)
    base = choose_base(operations)
    for operation in operations:
        if operation.edited_picture() not in (None, base):
            raise _error(operations, ctx.prompt, "one_picture", str(base + 1))
    return protected


def _spoils(operation: Operation, kept: Target) -> bool:
    """Whether an operation can't be carried out without changing what the prompt wants kept."""
    return operation.changes_colors() if kept.is_all_colors else operation.touches(kept)


def _spare_what_is_kept(operations: list[Operation], ctx: Context) -> tuple[Target, ...]:
    """Tell each operation what it must not take along, and return that: "make it darker but keep the sky"."""
    kept = dict.fromkeys(target for _, targets in ctx.kept for target in targets)
    for target in kept:
        operations[:] = [operation.sparing(target) for operation in operations]
    return tuple(target for target in kept if target.kind is not TargetKind.PICTURE)


def _drop_repeated(operations: list[Operation]) -> None:
    """Leave out what is asked for twice: "it's too dark, brighten it"."""
    for i in reversed(range(1, len(operations))):
        one, other = operations[i - 1], operations[i]
        if _says_how_much(one, other):
            del operations[i - 1]
            continue
        if _is_same_grade(one, other):
            del operations[i - 1 if _strength(other) > _strength(one) else i]
        elif isinstance(one, Straighten) and isinstance(other, Straighten):
            del operations[i]


def _is_same_grade(one: Operation, other: Operation) -> bool:
    """Whether two operations ask for the same, if not for as much of it: "it's way too dark, brighten it"."""
    if isinstance(one, AdjustLook) and isinstance(other, AdjustLook):
        return one.look == other.look and _same(one.target, other.target)
    if isinstance(one, RetouchPicture) and isinstance(other, RetouchPicture):
        same = one.kind == other.kind and _same(one.target, other.target)
        return same and (one.kind is not Retouch.EXPOSURE or one.strength == other.strength)
    if isinstance(one, Recolor) and isinstance(other, Recolor) and one.color is None and other.color is None:
        return one.lightness_shift * other.lightness_shift > 0 and _same(one.target, other.target)
    return False


def _strength(operation: Operation) -> float:
    """Return how strong a grade is."""
    if isinstance(operation, Recolor):
        return abs(operation.lightness_shift)
    return abs(float(getattr(operation, "strength", 1.0)))


def _same(one: Target | None, other: Target | None) -> bool:
    return one == other or (one is not None and other is not None and is_same_target(one, other))


def _says_how_much(complaint: Operation, request: Operation) -> bool:
    """Whether a request in stops is what the complaint before it asks for: "it's overexposed, bring it down a stop"."""
    if not isinstance(complaint, AdjustLook) or not isinstance(request, RetouchPicture):
        return False
    sign = {Look.BRIGHTER: 1, Look.DARKER: -1}.get(complaint.look, 0)
    return request.kind is Retouch.EXPOSURE and complaint.target == request.target and sign * request.strength > 0


def _drop_removed_backgrounds(operations: list[Operation]) -> None:
    """Leave out the removal in "remove the background and make it white"."""
    kinds = [operation.kind if isinstance(operation, ChangeBackground) else None for operation in operations]
    for i, kind in reversed(list(enumerate(kinds))):
        if kind is Background.TRANSPARENT and any(later in _FILLED for later in kinds[i + 1 :]):
            del operations[i]


_KEPT_SHADOW = re.compile(r"(?:but )?(?:keep|leave|preserve|retain|save|don'?t remove)\b.*\bshadows?\b", re.IGNORECASE)
_BARE = (Background.COLOR, Background.GRADIENT, Background.TRANSPARENT)
_FILLED = (Background.COLOR, Background.GRADIENT, Background.PICTURE)


def _error(operations: Sequence[Operation], phrase: str, reason: str, detail: str = "") -> UnsupportedInstructionError:
    understood = tuple(operation.describe() for operation in operations)
    return UnsupportedInstructionError(understood, (" ".join(phrase.split())[:160],), hint(reason, detail))


def _check_contradictions(operations: Sequence[Operation], ctx: Context) -> None:
    """Raise where an operation can't follow an earlier one: two colors on one target, a look together with its opposite."""
    for number, operation in enumerate(operations):
        for earlier in operations[:number]:
            reason = operation.contradicts(earlier)
            if reason is not None:
                raise _error(operations, ctx.prompt, reason, ctx.prompt[:160])
