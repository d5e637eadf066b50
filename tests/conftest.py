"""What all tests share."""

import os
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from hypothesis import settings
from tests.postgres import VARIABLE, fresh_database, private_cluster

# A developer's run looks for new counterexamples; CI judges the change at hand, the same way every time. No deadline for one
# example: on a busy machine it would fail for what other programs do.
settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "developer")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[sa.URL]:
    """A PostgreSQL server where databases can be made; skips where there is none."""
    named = os.environ.get(VARIABLE)
    if named:
        yield sa.make_url(named).set(drivername="postgresql+psycopg")
        return
    with private_cluster() as cluster:
        yield cluster.url


@pytest.fixture
def postgres_url(postgres_server) -> Iterator[str]:
    """The URL of an empty PostgreSQL database, which goes when the test ends."""
    with fresh_database(postgres_server) as url:
        yield url
