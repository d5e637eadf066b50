"""Everything about accounts that one database holds, put together once."""

from dataclasses import dataclass

import sqlalchemy as sa

from retouch.accounts.audit import Audit, audit_ledger
from retouch.accounts.books import Books
from retouch.accounts.jobs import JobList
from retouch.accounts.keys import KeyStore
from retouch.accounts.ledger import Ledger
from retouch.accounts.prices import Prices
from retouch.accounts.rates import RequestRates
from retouch.accounts.requests import RequestLog
from retouch.accounts.usage import UsageStore

__all__ = ["Accounts"]


@dataclass(frozen=True, slots=True)
class Accounts:
    """Keys, credits, limits, usage and the request log.

    Attributes
    ----------
    database : sqlalchemy.Engine
    prices : Prices
    keys : KeyStore
    ledger : Ledger
    rates : RequestRates
    requests : RequestLog
    usage : UsageStore
    jobs : JobList
    books : Books
        The observer that the job store is to be given.
    """

    database: sa.Engine
    prices: Prices
    keys: KeyStore
    ledger: Ledger
    rates: RequestRates
    requests: RequestLog
    usage: UsageStore
    jobs: JobList
    books: Books

    @classmethod
    def of(cls, engine: sa.Engine, prices: Prices) -> "Accounts":
        """Return the accounts of a database."""
        return cls(
            engine,
            prices,
            KeyStore(engine),
            Ledger(engine),
            RequestRates(engine),
            RequestLog(engine),
            UsageStore(engine),
            JobList(engine),
            Books(prices),
        )

    def audit(self) -> Audit:
        """Recompute the ledger; see ``audit_ledger``."""
        return audit_ledger(self.database)
