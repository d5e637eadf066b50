"""Edit a photo by a sentence, and keep every other pixel exactly as it was."""
