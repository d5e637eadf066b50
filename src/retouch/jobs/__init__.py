"""Edits as jobs: what they are, where they wait, who carries them out."""
