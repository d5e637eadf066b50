import errno
import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from retouch import atomic
from retouch.errors import NotFoundError, StorageError

ORIGIN = {"first": "f" * 64, "lineage": {"turns": 1}}


def make_told(storage, database, *names: str) -> None:
    """End a job that tells of the files, as the job store does."""
    with database.begin() as connection:
        storage.recorder.ended(connection, SimpleNamespace(result=SimpleNamespace(file_names=names)))


def make_old(folder: Path, pattern: str = "*") -> None:
    for path in folder.rglob(pattern):
        if path.is_file():
            os.utime(path, (0, 0))


def test_a_saved_picture_is_found_and_read_again(results):
    name = results.save(b"pixels", ".png")
    assert results.read(name) == b"pixels"
    assert results.read_range(name, 1, 4) == b"ixe"
    found = results.find(name)
    assert (found.media_type, found.size_bytes) == ("image/png", 6)


def test_names_hold_at_least_128_random_bits_and_never_repeat(results):
    names = {results.save(b"same", ".jpg") for _ in range(50)}
    assert len(names) == 50
    assert all(re.fullmatch(r"[0-9a-f]{40}\.jpg", name) for name in names)


@pytest.mark.parametrize(
    "name",
    ["../jobs.sqlite", "..", "", "a.jpg", "/etc/passwd", "0" * 40 + ".jpg", "0" * 40 + ".exe", "0" * 40 + ".jpg\n"],
)
def test_a_name_that_was_never_given_out_leads_nowhere(results, name):
    with pytest.raises(NotFoundError):
        results.find(name)
    with pytest.raises(NotFoundError):
        results.read(name)
    with pytest.raises(NotFoundError):
        results.read_range(name, 0, 1)
    with pytest.raises(NotFoundError):
        results.fill(name, b"upload")


def test_a_full_disk_is_a_clear_error_and_leaves_nothing_behind(results, tmp_path, files_in, monkeypatch):
    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(StorageError, match="disk is full") as caught:
        results.save(b"pixels", ".png")
    assert str(tmp_path) not in caught.value.message
    assert files_in() == []


def test_a_folder_that_is_a_file_is_a_storage_error(results, folder):
    folder.write_text("in the way")
    with pytest.raises(StorageError):
        results.save(b"pixels", ".png")
    with pytest.raises(StorageError):
        results.check_writable()


def test_old_results_are_deleted_and_young_ones_kept(storage, database, results, clock):
    old = results.save(b"old", ".jpg")
    make_told(storage, database, old)
    clock.now += 1800
    young = results.save(b"young", ".jpg")
    make_told(storage, database, young)

    assert results.delete_older_than(1800) == 1

    with pytest.raises(NotFoundError):
        results.read(old)
    assert results.read(young) == b"young"


def test_more_old_results_than_a_page_of_the_index_are_all_deleted(
    storage, database, results, clock, files_in, monkeypatch
):
    monkeypatch.setattr("retouch.files.result_index._PAGE", 3)
    names = [results.save(b"pixels", ".jpg") for _ in range(10)]
    make_told(storage, database, *names[:5])
    clock.now += 4000
    assert results.delete_older_than(4000) == 5
    assert results.delete_orphans() == 5
    assert files_in() == []


def test_what_no_job_told_of_is_deleted_after_an_hour_and_what_one_did_stays(storage, database, results, clock):
    crashed, told = results.save(b"crashed", ".jpg", ORIGIN), results.save(b"told", ".jpg")
    make_told(storage, database, told)
    clock.now += 3599
    assert results.delete_orphans() == 0
    clock.now += 1
    assert results.delete_orphans() == 1
    assert results.read(told) == b"told"
    with pytest.raises(NotFoundError):
        results.read(crashed)


def test_a_job_cant_end_with_pictures_that_were_taken_for_a_crashs_leavings(storage, database, results, clock):
    name = results.save(b"late", ".jpg")
    clock.now += 3600
    results.delete_orphans()
    with pytest.raises(StorageError, match="deleted before"):
        make_told(storage, database, name)


def test_a_job_that_failed_tells_of_nothing(storage, database):
    with database.begin() as connection:
        storage.recorder.ended(connection, SimpleNamespace(result=None))


def test_what_a_crash_left_half_written_is_deleted_and_never_served(results, folder, files_in, monkeypatch, clock):
    def crash(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        results.save(b"pixels", ".jpg")
    monkeypatch.undo()
    (left,) = files_in()
    with pytest.raises(NotFoundError):
        results.find(Path(left).name)
    make_old(folder)
    clock.now += 3600

    assert results.delete_orphans() == 1, "its name was noted before it was written"
    assert files_in() == []


def test_deleting_twice_is_no_error(results):
    name = results.save(b"pixels", ".png")
    results.delete(name)
    results.delete(name)


def test_cleaning_a_folder_that_was_never_used_is_no_error(results):
    assert results.delete_older_than(0) == 0
    assert results.delete_orphans() == 0


def test_an_origin_lies_beside_its_picture_and_is_no_result_itself(results, folder):
    name = results.save(b"pixels", ".png", ORIGIN)
    assert results.read_origin(name) == ORIGIN
    assert results.read_origin(results.save(b"fresh", ".png")) is None
    (origin,) = folder.rglob("*.origin")
    for asked in (origin.name, f"{origin.parent.name}/{origin.name}"):
        with pytest.raises(NotFoundError):
            results.find(asked)
        with pytest.raises(NotFoundError):
            results.read_origin(asked)


@pytest.mark.parametrize("name", ["../x", "", "0" * 40 + ".png\n", "/etc/passwd"])
def test_a_name_that_was_never_given_out_has_no_origin(results, name):
    with pytest.raises(NotFoundError):
        results.read_origin(name)


def test_an_origin_goes_with_its_picture_however_that_goes(storage, database, results, clock, files_in):
    deleted, expired = (results.save(b"pixels", ".jpg", ORIGIN) for _ in range(2))
    make_told(storage, database, expired)
    results.delete(deleted)
    clock.now += 3600
    kept = results.save(b"pixels", ".jpg", ORIGIN)

    assert results.delete_older_than(3600) == 1

    assert [Path(key).name for key in files_in()] == [kept, f"{kept}.origin"]


def test_an_origin_that_was_left_without_its_picture_is_deleted(storage, database, results, folder, files_in):
    name = results.save(b"pixels", ".jpg", ORIGIN)
    results._index.remove([name])
    next(folder.rglob("*.jpg")).unlink()
    make_old(folder)
    assert results.delete_orphans() == 1
    assert files_in() == []


def test_a_disk_that_is_full_after_the_origin_leaves_neither_behind(results, files_in, monkeypatch):
    before = []

    def full_at_the_picture(_descriptor):
        before.extend(files_in())
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full_at_the_picture)
    with pytest.raises(StorageError, match="disk is full"):
        results.save(b"pixels", ".png", ORIGIN)
    assert len(before) == 2  # the origin, and the picture that was being written
    assert files_in() == []


def test_results_of_before_there_was_an_index_are_taken_over_with_their_age_and_what_they_descend_from(
    storage, database, folder, clock
):
    old, damaged = (storage.results.save(b"pixels", ".png", ORIGIN) for _ in range(2))
    storage.results._index.remove([old, damaged])
    (folder / f"results/{damaged[:2]}/{damaged}.origin").write_bytes(b"\xff")
    make_old(folder)

    assert storage.results.delete_orphans() == 0

    assert storage.results.read(old) == storage.results.read(damaged) == b"pixels"
    assert storage.inputs._index.is_first_input("f" * 64)
    assert storage.results.delete_older_than(clock.now) == 2, "they are of 1970"


def test_an_origin_that_is_no_json_object_cant_be_read(results, folder):
    name = results.save(b"pixels", ".png", ORIGIN)
    next(folder.rglob("*.origin")).write_bytes(b"[]")
    with pytest.raises(StorageError):
        results.read_origin(name)


def test_a_reserved_name_takes_one_upload_within_the_hour(results, clock):
    name, late = results.reserve(), results.reserve()
    with pytest.raises(NotFoundError):
        results.read(name)
    results.fill(name, b"upload")
    assert results.read(name) == b"upload"
    with pytest.raises(NotFoundError):
        results.fill(name, b"another")
    clock.now += 3600
    results.delete_orphans()
    with pytest.raises(NotFoundError):
        results.fill(late, b"upload")
    assert results.read(name) == b"upload"


def test_an_upload_that_could_not_be_stored_can_be_sent_again(results, monkeypatch):
    name = results.reserve()

    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(StorageError):
        results.fill(name, b"upload")
    monkeypatch.undo()
    results.fill(name, b"upload")
    assert results.read(name) == b"upload"


def test_a_folder_is_not_written_anew_for_everybody_who_asks_whether_it_can_be(results, monkeypatch):
    synced = []
    sync = atomic.os.fsync

    def note(descriptor):
        synced.append(descriptor)
        sync(descriptor)

    monkeypatch.setattr(atomic.os, "fsync", note)
    results.check_writable()
    once = len(synced)
    results.check_writable()
    assert len(synced) == once > 0


def test_the_write_check_leaves_nothing_behind(results, files_in):
    results.check_writable()
    assert files_in() == []


def test_a_folder_signs_no_urls_so_the_servers_own_are_answered(open_storage):
    results = open_storage(signed_url_seconds=60).results
    name = results.save(b"pixels", ".png")
    assert results.urls([name], lambda name: f"http://here/files/{name}") == {name: f"http://here/files/{name}"}
    assert results.name_in_signed_url(f"http://here/files/{name}") is None
