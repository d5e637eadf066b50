"""Worker processes: what runs in one, and what starts, watches and replaces them."""
