"""A PostgreSQL server for tests: the one that ``RETOUCH_TEST_POSTGRES_URL`` names, or a private one in a temporary folder."""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

VARIABLE = "RETOUCH_TEST_POSTGRES_URL"
_USER = "retouch"
_SYSTEM_USER = "postgres"
_DEBIAN = Path("/usr/lib/postgresql")


class Cluster:
    """A server of our own, reached through a socket in its folder, so that it needs no port."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._data = folder / "data"
        # PostgreSQL refuses to run as root.
        self._as_user = {"user": _SYSTEM_USER, "group": _SYSTEM_USER, "extra_groups": []} if os.geteuid() == 0 else {}

    @property
    def url(self) -> sa.URL:
        return sa.URL.create(
            "postgresql+psycopg", username=_USER, database="postgres", query={"host": str(self._folder)}
        )

    def create(self) -> None:
        if self._as_user:
            shutil.chown(self._folder, _SYSTEM_USER, _SYSTEM_USER)
        self._run("initdb", "--auth=trust", f"--username={_USER}", "--encoding=UTF8", "--no-sync", str(self._data))

    def start(self) -> None:
        options = (
            f"-c listen_addresses='' -c unix_socket_directories='{self._folder}' -c fsync=off -c max_connections=200"
        )
        log = str(self._folder / "log")
        self._run("pg_ctl", "start", "--wait", "--pgdata", str(self._data), "--log", log, "--options", options)

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "--mode=immediate", "--wait", "--pgdata", str(self._data))

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._programs / program), *arguments],
            check=True,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # a pipe would be held open by the server
            stderr=subprocess.DEVNULL,
            timeout=180,
            **self._as_user,
        )


@contextmanager
def private_cluster() -> Iterator[Cluster]:
    """Run a server of our own; skip the test where PostgreSQL is not installed."""
    programs = _find_programs()
    if programs is None:
        pytest.skip(f"needs PostgreSQL: install it, or name a server in {VARIABLE}")
    if os.geteuid() == 0 and not any(user.pw_name == _SYSTEM_USER for user in pwd.getpwall()):
        pytest.skip(
            f"PostgreSQL does not run as root, and there is no user {_SYSTEM_USER}; name a server in {VARIABLE}"
        )
    folder = Path(tempfile.mkdtemp(prefix="retouch-pg-"))  # short: the path of a socket may have about 100 characters
    cluster = Cluster(programs, folder)
    try:
        cluster.create()
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def fresh_database(server: sa.URL) -> Iterator[str]:
    """Make an empty database on a server, and drop it again; yields its URL."""
    name = f"retouch_test_{secrets.token_hex(6)}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


def _find_programs() -> Path | None:
    found = shutil.which("initdb")
    if found is not None and shutil.which("pg_ctl") is not None:
        return Path(found).resolve().parent
    newest = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return newest[-1].parent if newest else None
