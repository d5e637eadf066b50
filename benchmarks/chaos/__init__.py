"""Kills processes and connections of a real service while clients edit, and counts what came of every edit."""
