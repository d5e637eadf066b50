"""Every kind of database that the service can be kept in."""

import pytest

from retouch.database.connection import connect


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path / 'jobs.sqlite'}"


@pytest.fixture
def engine(url):
    made = connect(url)
    yield made
    made.dispose()
