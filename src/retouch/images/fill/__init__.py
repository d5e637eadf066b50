"""Filling holes of a picture from the rest of it, by patch synthesis."""

from retouch.images.fill.facade import fill

__all__ = ["fill"]
