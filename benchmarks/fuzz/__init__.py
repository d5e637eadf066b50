"""Feeds the readers of strangers' bytes with damaged and hostile input: `python -m benchmarks.fuzz`."""
