"""From a prompt to a typed plan. Knows words, not pixels."""

from retouch.editor.instructions.parser import parse

__all__ = ["parse"]
