"""English articles, for messages."""

from typing import Final

__all__ = ["with_article"]

_WITHOUT_ARTICLE: Final = frozenset(
    [
        "beer",
        "bread",
        "chocolate",
        "clothing",
        "coffee",
        "coral",
        "corn",
        "dough",
        "food",
        "furniture",
        "hay",
        "ice cream",
        "pasta",
        "soup",
        "wine",
    ]
)


def with_article(noun: str) -> str:
    """Return "a mug", "an apple", "coffee", "sunglasses"."""
    if noun in _WITHOUT_ARTICLE or (noun.endswith("s") and not noun.endswith("ss")):
        return noun
    sounds_like_vowel = noun[:1].lower() in "aeiou" and not noun.lower().startswith(("uni", "use", "eu", "one"))
    return f"{'an' if sounds_like_vowel else 'a'} {noun}"
