"""Operations that change the frame: crop, turn, extend, put beside each other."""

from retouch.editor.operations.composition.canvas import add_border, extend_canvas
from retouch.editor.operations.composition.crop import center_subject, crop, crop_out, trim, zoom
from retouch.editor.operations.composition.sheet import make_collage, show_before_after
from retouch.editor.operations.composition.turn import flip, rotate, straighten

__all__ = [
    "add_border",
    "center_subject",
    "crop",
    "crop_out",
    "extend_canvas",
    "flip",
    "make_collage",
    "rotate",
    "show_before_after",
    "straighten",
    "trim",
    "zoom",
]
