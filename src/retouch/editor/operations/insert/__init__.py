"""Putting new objects into a picture."""
