"""The guide: ``docs/`` as a small site, the same from the server at ``/guide`` and from ``scripts/build_docs``."""

from retouch.guide.site import Guide, source_root

__all__ = ["Guide", "source_root"]
