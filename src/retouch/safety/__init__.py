"""The picture check: what may go in and come out, by tolerance."""
