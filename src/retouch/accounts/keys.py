"""Keys in the database: who holds them, what each may do, and their secrets, of which only the SHA-256 is kept."""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from retouch.accounts.ledger import grant
from retouch.accounts.principal import Principal, Scope
from retouch.accounts.secret import digest_of, hint_of, make_secret
from retouch.accounts.tables import KEYS, SECRETS
from retouch.database.connection import reading, storage_errors
from retouch.errors import InvalidValueError, NotFoundError

__all__ = ["ApiKey", "Credential", "KeyStore", "KeyTerms"]

_ID_BYTES: Final = 12
_MAX_NAME: Final = 100
_MAX_PRIORITY: Final = 100
_MAX_LIMIT: Final = 2**31 - 1
_NOTE_USE_SECONDS: Final = 60.0
_LAST_MOMENT: Final = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
_LIMITS: Final = ("requests_per_minute", "images_per_day", "max_unfinished", "max_waiting")


@dataclass(frozen=True, slots=True)
class KeyTerms:
    """What a key may do. Checked when it is made: ``InvalidValueError`` names what is wrong.

    Attributes
    ----------
    name : str
        What the operator calls it.
    scopes : frozenset of Scope
    priority : int
        Of its jobs among waiting ones, -100 to 100; higher is sooner.
    expires_at : float or None
        Seconds since the epoch.
    requests_per_minute, images_per_day, max_unfinished, max_waiting : int or None
        None for as many as the server takes. Unfinished are those that wait or run.
    is_unlimited : bool
        Whether edits are accepted whatever its balance of credits.
    """

    name: str
    scopes: frozenset[Scope] = frozenset({Scope.EDIT, Scope.READ})
    priority: int = 0
    expires_at: float | None = None
    requests_per_minute: int | None = None
    images_per_day: int | None = None
    max_unfinished: int | None = None
    max_waiting: int | None = None
    is_unlimited: bool = True

    def __post_init__(self) -> None:
        if not 1 <= len(self.name) <= _MAX_NAME or not self.name.isprintable() or self.name != self.name.strip():
            raise InvalidValueError("name", f"1 to {_MAX_NAME} printable characters", self.name)
        if not self.scopes:
            raise InvalidValueError("scopes", f"one or more of {', '.join(Scope)}", [])
        if abs(self.priority) > _MAX_PRIORITY:
            raise InvalidValueError(
                "priority", f"a whole number from -{_MAX_PRIORITY} to {_MAX_PRIORITY}", self.priority
            )
        if self.expires_at is not None and not 0 <= self.expires_at <= _LAST_MOMENT:
            raise InvalidValueError("expires_at", "a time from the years 1970 to 9999", self.expires_at)
        for name in _LIMITS:
            limit = getattr(self, name)
            if limit is not None and not 1 <= limit <= _MAX_LIMIT:
                raise InvalidValueError(name, f"a whole number from 1 to {_MAX_LIMIT}, or none", limit)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as the database knows it. Times are seconds since the epoch.

    Attributes
    ----------
    id : str
        ``key_...``, public.
    terms : KeyTerms
    balance : int
        Credits. Of an unlimited key it may be below zero: what it has used.
    created_at : float
    disabled_at, last_used_at : float or None
        The last use is written at most once a minute.
    hints : tuple of str
        Beginnings of the secrets that are valid, the newest first.
    """

    id: str
    terms: KeyTerms
    balance: int
    created_at: float
    disabled_at: float | None = None
    last_used_at: float | None = None
    hints: tuple[str, ...] = ()

    @property
    def principal(self) -> Principal:
        """Who comes with this key."""
        return Principal(self.id, self.terms.name, self.terms.scopes, self.terms.priority)


@dataclass(frozen=True, slots=True)
class Credential:
    """A key as one of its secrets opens it.

    Attributes
    ----------
    key : ApiKey
    valid_until : float or None
        When the secret ends, of a key that was rotated.
    """

    key: ApiKey
    valid_until: float | None

    def refusal(self, now: float) -> str | None:
        """Return why it is not let in; None when it is."""
        if self.key.disabled_at is not None:
            return "The API key is disabled. Ask the server's operator."
        expires_at = self.key.terms.expires_at
        if expires_at is not None and expires_at <= now:
            return "The API key has expired. Ask the server's operator for a new one."
        if self.valid_until is not None and self.valid_until <= now:
            return "The API key was replaced by a new one. Use that, or ask the server's operator."
        return None


class KeyStore:
    """The keys of all processes that share a database.

    Parameters
    ----------
    engine : sqlalchemy.Engine
    clock : callable
        Seconds since the epoch.
    """

    def __init__(self, engine: sa.Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def any_exist(self) -> bool:
        """Whether there is any key, disabled ones included; False in a database that has no tables yet."""
        with reading(self._engine) as connection:
            if not sa.inspect(connection).has_table(KEYS.name):
                return False
            return connection.scalar(sa.select(sa.literal(1)).select_from(KEYS).limit(1)) is not None

    def create(self, terms: KeyTerms, credits: int = 0) -> tuple[ApiKey, str]:
        """Make a key; return it with its secret, which can't be had again.

        Parameters
        ----------
        terms : KeyTerms
        credits : int
            What it is given at once, 0 or more.

        Raises
        ------
        InvalidValueError
            It would have expired already.
        StorageError
        """
        now = self._clock()
        if terms.expires_at is not None and terms.expires_at <= now:
            raise InvalidValueError("expires_at", "a time to come", terms.expires_at)
        key_id, secret = f"key_{secrets.token_hex(_ID_BYTES)}", make_secret()
        with storage_errors(), self._engine.begin() as connection:
            connection.execute(sa.insert(KEYS).values(id=key_id, created_at=now, balance=0, **_columns(terms)))
            self._add_secret(connection, key_id, secret)
            if credits:
                grant(connection, key_id, credits, reference="with the key", now=now)
        return self.get(key_id), secret

    def get(self, key_id: str) -> ApiKey:
        """Return a key. Raises ``NotFoundError``."""
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(KEYS).where(KEYS.c.id == key_id)).one_or_none()
            if row is None:
                raise NotFoundError("key", key_id, "`retouch keys list` shows those that there are.")
            return self._with_hints(connection, [row])[0]

    def find(self, id_or_name: str) -> ApiKey:
        """Return a key by its id, or by its name where only one has it. Raises ``NotFoundError``."""
        with reading(self._engine) as connection:
            statement = sa.select(KEYS.c.id).where(sa.or_(KEYS.c.id == id_or_name, KEYS.c.name == id_or_name)).limit(2)
            found = list(connection.scalars(statement))
        if len(found) > 1:
            raise NotFoundError("single key", id_or_name, "Several have that name; use the id.")
        return self.get(found[0] if found else id_or_name)

    def page(self, *, limit: int, after: str | None = None) -> list[ApiKey]:
        """Return keys, the newest first, from the one after the key with that id."""
        statement = sa.select(KEYS).order_by(KEYS.c.created_at.desc(), KEYS.c.id.desc()).limit(limit)
        if after is not None:
            last = self.get(after)
            statement = statement.where(sa.tuple_(KEYS.c.created_at, KEYS.c.id) < (last.created_at, last.id))
        with reading(self._engine) as connection:
            return self._with_hints(connection, connection.execute(statement).all())

    def change(self, key_id: str, **changes: Any) -> ApiKey:
        """Change some of a key's terms, named as ``KeyTerms`` names them.

        Raises
        ------
        NotFoundError, InvalidValueError, StorageError
        """
        with storage_errors(), self._engine.begin() as connection:
            row = connection.execute(sa.select(KEYS).where(KEYS.c.id == key_id).with_for_update()).one_or_none()
            if row is not None:
                terms = replace(_terms(row), **changes)
                connection.execute(sa.update(KEYS).where(KEYS.c.id == key_id).values(**_columns(terms)))
        return self.get(key_id)

    def disable(self, key_id: str) -> ApiKey:
        """Let the key in no more. Raises ``NotFoundError``."""
        return self._set_disabled(key_id, sa.func.coalesce(KEYS.c.disabled_at, self._clock()))

    def enable(self, key_id: str) -> ApiKey:
        """Let the key in again. Raises ``NotFoundError``."""
        return self._set_disabled(key_id, sa.null())

    def rotate(self, key_id: str, *, grace_seconds: float) -> tuple[ApiKey, str]:
        """Give a key a new secret, and return both; what it had until now stays valid for a while.

        Raises
        ------
        NotFoundError, StorageError
        """
        self.get(key_id)
        secret = make_secret()
        ends_at = self._clock() + grace_seconds
        with storage_errors(), self._engine.begin() as connection:
            connection.execute(
                sa.update(SECRETS)
                .where(
                    SECRETS.c.key_id == key_id,
                    sa.or_(SECRETS.c.valid_until.is_(None), SECRETS.c.valid_until > ends_at),
                )
                .values(valid_until=ends_at)
            )
            self._add_secret(connection, key_id, secret)
        return self.get(key_id), secret

    def authenticate(self, digest: str) -> Credential | None:
        """Return what a secret with this SHA-256 opens, and note its use; None when there is no such secret."""
        statement = (
            sa.select(KEYS, SECRETS.c.valid_until)
            .join(SECRETS, SECRETS.c.key_id == KEYS.c.id)
            .where(SECRETS.c.digest == digest)
        )
        with reading(self._engine) as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            return None
        credential = Credential(_key(row, ()), row.valid_until)
        now = self._clock()
        if credential.refusal(now) is None and (row.last_used_at or 0.0) + _NOTE_USE_SECONDS <= now:
            with storage_errors(), self._engine.begin() as connection:
                connection.execute(sa.update(KEYS).where(KEYS.c.id == row.id).values(last_used_at=now))
        return credential

    def _set_disabled(self, key_id: str, value: sa.ColumnElement[Any]) -> ApiKey:
        with storage_errors(), self._engine.begin() as connection:
            connection.execute(sa.update(KEYS).where(KEYS.c.id == key_id).values(disabled_at=value))
        return self.get(key_id)

    def _add_secret(self, connection: sa.Connection, key_id: str, secret: str) -> None:
        values = {"digest": digest_of(secret), "key_id": key_id, "hint": hint_of(secret), "created_at": self._clock()}
        connection.execute(sa.insert(SECRETS).values(**values))

    def _with_hints(self, connection: sa.Connection, rows: Sequence[Any]) -> list[ApiKey]:
        still_valid = sa.or_(SECRETS.c.valid_until.is_(None), SECRETS.c.valid_until > self._clock())
        statement = (
            sa.select(SECRETS.c.key_id, SECRETS.c.hint)
            .where(SECRETS.c.key_id.in_([row.id for row in rows]), still_valid)
            .order_by(SECRETS.c.created_at.desc())
        )
        hints: dict[str, list[str]] = {}
        for key_id, hint in connection.execute(statement):
            hints.setdefault(key_id, []).append(hint)
        return [_key(row, tuple(hints.get(row.id, ()))) for row in rows]


def _columns(terms: KeyTerms) -> dict[str, Any]:
    return {**asdict(terms), "scopes": ",".join(sorted(terms.scopes))}


def _terms(row: Any) -> KeyTerms:
    return KeyTerms(
        name=row.name,
        scopes=frozenset(Scope(scope) for scope in row.scopes.split(",")),
        priority=row.priority,
        expires_at=row.expires_at,
        is_unlimited=row.is_unlimited,
        **{name: getattr(row, name) for name in _LIMITS},
    )


def _key(row: Any, hints: tuple[str, ...]) -> ApiKey:
    return ApiKey(row.id, _terms(row), row.balance, row.created_at, row.disabled_at, row.last_used_at, hints)
