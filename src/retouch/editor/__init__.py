"""The built-in editor: understands an instruction, finds what it is about, and edits, on a CPU."""
