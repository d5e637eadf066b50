"""News between processes that no supervisor connects: other machines, and other services on the same database.

PostgreSQL carries it by LISTEN and NOTIFY. SQLite has nothing of the kind, but tells cheaply whether anybody else has written;
that is asked often while somebody waits, and hardly ever otherwise.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from retouch.jobs.signals import JobSignals

__all__ = ["NewsService", "PostgresNews", "SqliteNews", "news_by"]

_CHANNEL: Final = "retouch_jobs"
_WORK: Final = "*"
"""In place of a job's id: a job waits."""
_LISTEN_SECONDS: Final = 1.0
_MAX_UNSENT: Final = 1000
_RETRY_SECONDS: Final = 1.0
_QUICK_SECONDS: Final = 0.005
_SLOW_SECONDS: Final = 1.0
_CONNECTION_SECONDS: Final = 60.0
"""Then another one: this one may be of a file that was replaced."""

_log = logging.getLogger(__name__)


class NewsService(Protocol):
    """Brings news of other processes, and may take ours to them."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End."""


def news_by(engine: sa.Engine, signals: JobSignals, somebody_waits: Callable[[], bool]) -> NewsService:
    """Return what carries news over this database.

    Parameters
    ----------
    engine : sqlalchemy.Engine
    signals : JobSignals
    somebody_waits : callable
        Whether news would be of use now; asked where looking for it costs something.
    """
    if engine.dialect.name == "postgresql":
        return PostgresNews(engine, signals)
    return SqliteNews(engine, signals, somebody_waits)


class PostgresNews:
    """NOTIFY for what happens here, LISTEN for what happens elsewhere; a connection and a thread for each.

    Parameters
    ----------
    engine : sqlalchemy.Engine
    signals : JobSignals
    """

    def __init__(self, engine: sa.Engine, signals: JobSignals) -> None:
        self._engine = engine
        self._signals = signals
        self._unsent: queue.Queue[str | None] = queue.Queue(_MAX_UNSENT)
        self._stopping = threading.Event()
        self._speaker_pid = 0
        self._threads = [
            threading.Thread(target=self._keep_on, args=(work,), name=name, daemon=True)
            for work, name in ((self._listen, "listen"), (self._speak, "notify"))
        ]

    def start(self) -> None:
        """Begin to listen and to tell."""
        self._signals.relay_by(self)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End both."""
        self._stopping.set()
        self._put(None)
        for thread in self._threads:
            thread.join()

    def job_changed(self, job_id: str) -> None:
        """Tell the others of a job."""
        self._put(job_id)

    def work_arrived(self) -> None:
        """Tell the others that a job waits."""
        self._put(_WORK)

    def _put(self, news: str | None) -> None:
        try:
            self._unsent.put_nowait(news)
        except queue.Full:  # the database has been away for long; whoever waits looks now and then
            _log.debug("news is dropped")

    def _keep_on(self, work: Callable[[Any], None]) -> None:
        """Work with a connection of its own, and with another one when that is lost."""
        while not self._stopping.is_set():
            try:
                connection = self._engine.raw_connection()
                driver: Any = connection.driver_connection
                connection.detach()
                try:
                    driver.autocommit = True
                    work(driver)
                finally:
                    driver.close()
            except (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error):
                _log.warning("news from other processes is late: the database can't be reached")
                self._stopping.wait(_RETRY_SECONDS)

    def _listen(self, driver: Any) -> None:
        driver.execute(f"LISTEN {_CHANNEL}")
        self._signals.tell_all(by=self)  # of what was missed meanwhile
        while not self._stopping.is_set():
            for notice in driver.notifies(timeout=_LISTEN_SECONDS):
                if notice.pid == self._speaker_pid:
                    continue
                if notice.payload == _WORK:
                    self._signals.work_arrived(by=self)
                else:
                    self._signals.job_changed(notice.payload, by=self)

    def _speak(self, driver: Any) -> None:
        self._speaker_pid = driver.info.backend_pid
        while not self._stopping.is_set():
            news = self._unsent.get()
            if news is not None:
                driver.execute("SELECT pg_notify(%s, %s)", (_CHANNEL, news))


class SqliteNews:
    """Looks whether anybody else has written.

    Parameters
    ----------
    engine : sqlalchemy.Engine
    signals : JobSignals
    somebody_waits : callable
    """

    def __init__(self, engine: sa.Engine, signals: JobSignals, somebody_waits: Callable[[], bool]) -> None:
        self._engine = engine
        self._signals = signals
        self._somebody_waits = somebody_waits
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="news", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._look()
            except SQLAlchemyError:
                _log.warning("news from other processes is late: the database can't be read")
                self._stopping.wait(_RETRY_SECONDS)

    def _look(self) -> None:
        # The number changes when another connection writes, and costs a look at shared memory.
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            known = None
            until = time.monotonic() + _CONNECTION_SECONDS
            while time.monotonic() < until:
                version = connection.exec_driver_sql("PRAGMA data_version").scalar()
                if known not in (None, version):
                    self._signals.tell_all()
                known = version
                if self._stopping.wait(_QUICK_SECONDS if self._somebody_waits() else _SLOW_SECONDS):
                    return
