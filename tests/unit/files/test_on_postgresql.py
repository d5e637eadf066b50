"""What the index of files does, on the database of several machines."""

import threading
from types import SimpleNamespace

import pytest

from retouch.database.connection import connect
from retouch.database.schema import upgrade
from retouch.errors import StorageError

pytestmark = pytest.mark.slow


@pytest.fixture
def database(postgres_url):
    engine = connect(postgres_url)
    upgrade(engine)
    yield engine
    engine.dispose()


def test_inputs_are_kept_once_and_cleaned_up_when_nobody_wants_them(open_storage, clock, files_in):
    inputs = open_storage().inputs
    digests = [inputs.put(data) for data in (b"used", b"unused", b"used")]
    assert digests[0] == digests[2]
    clock.now += 1000
    assert inputs.delete_unused({digests[0]}, min_age_seconds=600) == 1
    assert len(files_in()) == 1
    assert not inputs.keep(digests[1])


def test_of_many_who_bring_the_same_picture_at_once_one_place_stays(open_storage, files_in):
    stores = [open_storage().inputs for _ in range(6)]
    threads = [threading.Thread(target=store.put, args=(b"photo",)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(files_in()) == 1


def test_results_are_told_of_expire_or_are_orphans(open_storage, database, clock):
    storage = open_storage()
    told, orphan = storage.results.save(b"told", ".png"), storage.results.save(b"orphan", ".png")
    job = SimpleNamespace(result=SimpleNamespace(file_names=(told,)))
    with database.begin() as connection:
        storage.recorder.ended(connection, job)
    clock.now += 3600
    assert storage.results.delete_orphans() == 1
    with pytest.raises(StorageError), database.begin() as connection:
        storage.recorder.ended(connection, SimpleNamespace(result=SimpleNamespace(file_names=(orphan,))))
    assert storage.results.delete_older_than(3600) == 1
