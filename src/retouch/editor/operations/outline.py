"""What to say of an outline that the picture leaves open."""

from typing import Final

from retouch.editor.scene.values import Subject

__all__ = ["note_unsure_outline"]

_SURE_OUTLINE: Final = 0.8


def note_unsure_outline(subject: Subject) -> tuple[str, ...]:
    """Return what to say of a cut-out whose outline the picture leaves open; empty where it does not."""
    if subject.edge_confidence >= _SURE_OUTLINE or subject.unsure_at is None:
        return ()
    x, y = subject.unsure_at
    across = "left" if x < 1 / 3 else "right" if x > 2 / 3 else "middle"
    down = "top" if y < 1 / 3 else "bottom" if y > 2 / 3 else ""
    return (f"The subject's outline is not certain everywhere: look at its {down} {across}.".replace("  ", " "),)
