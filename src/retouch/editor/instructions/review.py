"""Checks over a whole plan: do all pictures exist, does anything contradict, is everything kept that should be?"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from retouch.editor.instructions.context import Context
from retouch.editor.instructions.describe import describe
from retouch.editor.instructions.plan import (
    AddObject,
    AdjustLook,
    Background,
    ChangeBackground,
    ColorValue,
    Operation,
    PlaceSubject,
    PrintOnto,
    Recolor,
    Target,
    TargetKind,
)
from retouch.editor.instructions.refusals import hint
from retouch.editor.instructions.vocabulary import LOOK_OPPOSITES
from retouch.errors import UnsupportedInstructionError

__all__ = ["review"]


def review(operations: list[Operation], ctx: Context) -> None:
    """Raise ``UnsupportedInstructionError`` for a plan that can't be carried out as a whole."""
    used = {index for operation in operations for index in _images(operation)}
    if any(not 0 <= index < ctx.image_count for index in used):
        have = "1 picture" if ctx.image_count == 1 else f"{ctx.image_count} pictures"
        raise _error(operations, ctx.prompt, "pictures", have)
    _check_contradictions(operations, ctx)
    _drop_removed_backgrounds(operations)
    for phrase, targets in ctx.kept:
        if any(_touches(operation, target) for target in targets for operation in operations):
            raise _error(operations, phrase, "contradiction", phrase)
    base = _base_index(operations)
    for operation in operations:
        stray = [i for i in _edited_images(operation) if i != base]
        if stray:
            raise _error(operations, ctx.prompt, "one_picture", str(base + 1))


def _drop_removed_backgrounds(operations: list[Operation]) -> None:
    """Leave out the removal in "remove the background and make it white"."""
    kinds = [operation.kind if isinstance(operation, ChangeBackground) else None for operation in operations]
    for i, kind in reversed(list(enumerate(kinds))):
        if kind is Background.TRANSPARENT and any(later in _FILLED for later in kinds[i + 1 :]):
            del operations[i]


_FILLED = (Background.COLOR, Background.GRADIENT, Background.PICTURE)


def _error(operations: Sequence[Operation], phrase: str, reason: str, detail: str = "") -> UnsupportedInstructionError:
    understood = tuple(describe(operation) for operation in operations)
    return UnsupportedInstructionError(understood, (" ".join(phrase.split())[:160],), hint(reason, detail))


def _targets(operation: Operation) -> Iterator[Target]:
    match operation:
        case AddObject() if operation.placement.anchor is not None:
            yield operation.placement.anchor
        case Recolor():
            yield operation.target
        case ChangeBackground():
            yield operation.subject
        case PrintOnto():
            yield operation.picture
            yield operation.surface
        case PlaceSubject():
            yield operation.subject
            if operation.placement.anchor is not None:
                yield operation.placement.anchor
        case AdjustLook() if operation.target is not None:
            yield operation.target


def _images(operation: Operation) -> Iterator[int]:
    """Yield the indexes of all pictures that an operation speaks of."""
    for target in _targets(operation):
        if target.image_index is not None:
            yield target.image_index
    if isinstance(operation, PlaceSubject):
        yield operation.scene_image_index
    if isinstance(operation, ChangeBackground) and operation.background_image_index is not None:
        yield operation.background_image_index


def _base_index(operations: Sequence[Operation]) -> int:
    """Return the picture that is edited, as the editor chooses it: operations over two pictures decide."""
    for operation in operations:
        if isinstance(operation, PrintOnto | PlaceSubject) or (
            isinstance(operation, ChangeBackground) and operation.background_image_index is not None
        ):
            return next(_edited_images(operation), 0)
    named = [
        index for operation in operations if not isinstance(operation, AddObject) for index in _edited_images(operation)
    ]
    return named[0] if named else 0


def _edited_images(operation: Operation) -> Iterator[int]:
    """Yield the indexes of the pictures that an operation changes, where it names one."""
    match operation:
        case Recolor(target=target) if target.image_index is not None:
            yield target.image_index
        case AdjustLook(target=target) if target is not None and target.image_index is not None:
            yield target.image_index
        case ChangeBackground(subject=subject) if subject.image_index is not None:
            yield subject.image_index
        case AddObject(placement=placement) if (
            placement.anchor is not None and placement.anchor.image_index is not None
        ):
            yield placement.anchor.image_index
        case PrintOnto(surface=surface) if surface.image_index is not None:
            yield surface.image_index
        case PlaceSubject(scene_image_index=index):
            yield index


def _same(a: Target, b: Target) -> bool:
    return replace(a, phrase="") == replace(b, phrase="")


def _check_contradictions(operations: Sequence[Operation], ctx: Context) -> None:
    """Raise for two colors on one target, and for a look together with its opposite."""
    painted: list[tuple[Target, ColorValue]] = []
    looks: list[AdjustLook] = []
    for operation in operations:
        if isinstance(operation, Recolor) and operation.color is not None:
            if any(_same(target, operation.target) and color != operation.color for target, color in painted):
                raise _error(operations, ctx.prompt, "one_color")
            painted.append((operation.target, operation.color))
        if isinstance(operation, AdjustLook):
            opposite = LOOK_OPPOSITES.get(operation.look)
            if any(look.look is opposite and look.target == operation.target for look in looks):
                raise _error(operations, ctx.prompt, "contradiction", ctx.prompt[:160])
            looks.append(operation)


def _touches(operation: Operation, kept: Target) -> bool:
    """Whether an operation changes what the prompt wants kept."""
    if isinstance(operation, AdjustLook) and operation.target is None:
        return True
    if kept.kind in (TargetKind.BACKGROUND, TargetKind.SKY) and isinstance(operation, ChangeBackground):
        return True
    if isinstance(operation, Recolor | AdjustLook) and operation.target is not None:
        inside = kept.kind is TargetKind.SKY and operation.target.kind is TargetKind.BACKGROUND
        return inside or _same(operation.target, kept) or (kept.noun is not None and operation.target.noun == kept.noun)
    return False
