"""Benchmarks: run from the repository's root, such as ``python -m benchmarks.editor``."""
