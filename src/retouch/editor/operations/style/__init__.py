"""Painting, drawing, print and film styles."""
