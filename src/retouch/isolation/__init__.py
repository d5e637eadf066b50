"""Decoding strangers' pictures in child processes that can do nothing else."""
