"""Printing pictures on surfaces in a picture."""
