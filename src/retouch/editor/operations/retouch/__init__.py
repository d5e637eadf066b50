"""Operations that repair and finish a photo."""

from retouch.editor.operations.retouch.retouch import retouch_picture

__all__ = ["retouch_picture"]
