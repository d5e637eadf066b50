"""One file for each wire protocol: its words to ``EditRequest``, and a finished job to its answer."""
