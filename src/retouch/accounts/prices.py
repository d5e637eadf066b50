"""What a picture costs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

__all__ = ["Prices"]


@dataclass(frozen=True, slots=True)
class Prices:
    """Credits for each picture that is made.

    Attributes
    ----------
    credits_per_image : int
        Where nothing else is said; 0 charges nothing.
    by_model, by_engine : mapping of str to int
        By the id of a model, such as ``flux/dev/image-to-image``, before the name of an engine, before the rest.
    usd_per_credit : Decimal
        What a credit is worth, for answers that state money.
    """

    credits_per_image: int = 0
    by_model: Mapping[str, int] = field(default_factory=dict)
    by_engine: Mapping[str, int] = field(default_factory=dict)
    usd_per_credit: Decimal = Decimal("0.01")

    def of_image(self, model: str, engine: str) -> int:
        """Return the credits of one picture.

        >>> prices = Prices(5, by_model={"flux/dev/image-to-image": 2}, by_engine={"builtin": 0})
        >>> prices.of_image("flux/dev/image-to-image", "builtin"), prices.of_image("other", "builtin"), prices.of_image("a", "b")
        (2, 0, 5)
        """
        return self.by_model.get(model, self.by_engine.get(engine, self.credits_per_image))

    def usd(self, credits: int) -> Decimal:
        """Return what credits are worth."""
        return self.usd_per_credit * credits
