"""The settings of keys, credits and the log of requests."""

from decimal import Decimal

from pydantic import Field, field_validator

from retouch.accounts.prices import Prices
from retouch.settings.groups import Group

__all__ = ["AccountSettings"]


class AccountSettings(Group):
    """What edits cost, and what is kept of requests. Keys themselves are kept in the database: `retouch keys`."""

    credits_per_image: int = Field(
        default=0,
        ge=0,
        le=10**9,
        description="Credits that a key pays for a picture that is made. 0 charges nothing, which suits a server of one's own.",
    )
    credits_by_model: dict[str, int] = Field(
        default={},
        description="Other prices by the model that the client names, before those by engine. A table in the TOML file "
        '(`"flux/dev/image-to-image" = 2`), JSON in the environment.',
    )
    credits_by_engine: dict[str, int] = Field(
        default={}, description="Other prices by the engine that makes the picture, such as `builtin = 0`."
    )
    usd_per_credit: Decimal = Field(
        default=Decimal("0.01"),
        ge=0,
        le=1_000_000,
        description="US dollars that a credit stands for where an answer states money. The default makes a credit a cent; "
        "nothing is ever paid through the server.",
    )
    low_balance_credits: int = Field(
        default=100,
        ge=0,
        description="Credits below which `/v1/billing/balance` says that a key's balance is low.",
    )
    log_retention_days: float = Field(
        default=30,
        ge=0,
        description="Days after which a row of the log of requests (`/v2/logs`) is deleted. 0 keeps them for ever. Sums by day "
        "and the ledger stay in any case. The default answers last month's questions.",
    )
    failed_keys_per_minute: int = Field(
        default=30,
        ge=1,
        le=100_000,
        description="Wrong keys that one address (of IPv6: one /64 network) may send in a minute before it is answered with 429 "
        "until it slows down. Right keys that were used before pass all the same.",
    )

    @field_validator("credits_by_model", "credits_by_engine")
    @classmethod
    def _not_negative(cls, prices: dict[str, int]) -> dict[str, int]:
        if any(not 0 <= price <= 10**9 for price in prices.values()):
            raise ValueError("a price is a whole number of credits, 0 or more")
        return prices

    def prices(self) -> Prices:
        """Return what the books are kept with."""
        return Prices(self.credits_per_image, self.credits_by_model, self.credits_by_engine, self.usd_per_credit)
