"""What the built-in editor can't do, by name: data."""

from retouch.editor.instructions.refusals.examples import EXAMPLES
from retouch.editor.instructions.refusals.hints import CAN_DO, HINTS, hint
from retouch.editor.instructions.refusals.things import CLOTHES, NOT_OBJECTS, SCENES
from retouch.editor.instructions.refusals.triggers import TRIGGERS

__all__ = ["CAN_DO", "CLOTHES", "EXAMPLES", "HINTS", "NOT_OBJECTS", "SCENES", "TRIGGERS", "hint"]
