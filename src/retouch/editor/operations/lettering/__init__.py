"""Lettering: writing on a picture, other words for words in it, and taking words away."""

from retouch.editor.operations.lettering.add import add_text
from retouch.editor.operations.lettering.erase import erase_text
from retouch.editor.operations.lettering.replace import replace_text

__all__ = ["add_text", "erase_text", "replace_text"]
