"""Other ways to say what the grammars read: turns of speech and goals, told as plain instructions by tables."""
