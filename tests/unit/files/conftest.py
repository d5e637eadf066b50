"""A store of files in a temporary folder, whose clock can be set."""

from dataclasses import dataclass, field

import pytest

from retouch.database.connection import connect
from retouch.database.schema import upgrade
from retouch.files.blobs import Blobs
from retouch.files.folder import FolderBlobs
from retouch.files.storage import FileStorage


@dataclass
class Clock:
    """Seconds since the epoch, as the test says."""

    now: float = field(default=1_800_000_000.0)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def database(tmp_path):
    engine = connect(f"sqlite:///{tmp_path / 'index.sqlite'}")
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def open_storage(folder, database, clock):
    def make(blobs: Blobs | None = None, **options) -> FileStorage:
        return FileStorage(blobs or FolderBlobs(folder), database, clock=clock, **options)

    return make


@pytest.fixture
def storage(open_storage):
    return open_storage()


@pytest.fixture
def results(storage):
    return storage.results


@pytest.fixture
def inputs(storage):
    return storage.inputs


@pytest.fixture
def files_in(folder):
    """Every file of the store, by its key."""

    def list_files() -> list[str]:
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())

    return list_files
