"""Pronouns: data."""

__all__ = ["PRONOUNS"]

PRONOUNS: dict[str, str] = {
    "it": "thing", "this": "thing", "that": "thing", "them": "thing", "these": "thing", "those": "thing",
    "they": "thing",
    "him": "person", "her": "person", "he": "person", "she": "person", "himself": "person", "herself": "person",
    "itself": "thing",
    "me": "person", "one": "thing", "us": "person",
}  # fmt: skip
"""Pronoun -> what kind of thing it stands for."""
