"""The playground: the web page at ``/``, of plain files, that edits with this server's public API and nothing else."""

from retouch.server.playground.pages import add_playground

__all__ = ["add_playground"]
