"""Other languages, by data: one file of words for each, and a translator into English words before the grammars read them."""

from retouch.editor.instructions.translation.translate import SUPPORTED, Piece, Translation, translate

__all__ = ["SUPPORTED", "Piece", "Translation", "translate"]
