import errno
import os
import re
import time
from pathlib import Path

import pytest

from retouch import atomic
from retouch.errors import NotFoundError, StorageError
from retouch.files.results import ResultFiles


@pytest.fixture
def results(tmp_path):
    return ResultFiles(tmp_path / "results")


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_saved_picture_is_found_and_read_again(results):
    name = results.save(b"pixels", ".png")
    assert results.read(name) == b"pixels"
    found = results.find(name)
    assert (found.media_type, found.stat.st_size) == ("image/png", 6)


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


def test_a_full_disk_is_a_clear_error_and_leaves_nothing_behind(results, tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(StorageError, match="disk is full") as caught:
        results.save(b"pixels", ".png")
    assert str(tmp_path) not in caught.value.message
    assert files_in(tmp_path) == []


def test_a_folder_that_is_a_file_is_a_storage_error(tmp_path):
    (tmp_path / "results").write_text("in the way")
    results = ResultFiles(tmp_path / "results")
    with pytest.raises(StorageError):
        results.save(b"pixels", ".png")
    with pytest.raises(StorageError):
        results.check_writable()


def test_old_results_are_deleted_and_young_ones_kept(results):
    old, young = results.save(b"old", ".jpg"), results.save(b"young", ".jpg")
    an_hour_ago = time.time() - 3600
    os.utime(results.find(old).path, (an_hour_ago, an_hour_ago))

    assert results.delete_older_than(1800) == 1

    with pytest.raises(NotFoundError):
        results.read(old)
    assert results.read(young) == b"young"


def test_what_a_crash_left_half_written_is_deleted_and_never_served(results, tmp_path, monkeypatch):
    def crash(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        results.save(b"pixels", ".jpg")
    monkeypatch.undo()
    (left,) = files_in(tmp_path)
    with pytest.raises(NotFoundError):
        results.find(left.name)
    two_hours_ago = time.time() - 7200
    os.utime(left, (two_hours_ago, two_hours_ago))

    assert results.delete_older_than(10**9) == 1
    assert files_in(tmp_path) == []


def test_deleting_twice_is_no_error(results):
    name = results.save(b"pixels", ".png")
    results.delete(name)
    results.delete(name)


def test_cleaning_a_folder_that_was_never_used_is_no_error(results):
    assert results.delete_older_than(0) == 0


ORIGIN = {"first": "f" * 64, "lineage": {"turns": 1}}


def test_an_origin_lies_beside_its_picture_and_is_no_result_itself(results, tmp_path):
    name = results.save(b"pixels", ".png", ORIGIN)
    assert results.read_origin(name) == ORIGIN
    assert results.read_origin(results.save(b"fresh", ".png")) is None
    (origin,) = tmp_path.rglob("*.origin")
    for asked in (origin.name, f"{origin.parent.name}/{origin.name}"):
        with pytest.raises(NotFoundError):
            results.find(asked)
        with pytest.raises(NotFoundError):
            results.read_origin(asked)


@pytest.mark.parametrize("name", ["../x", "", "0" * 40 + ".png\n", "/etc/passwd"])
def test_a_name_that_was_never_given_out_has_no_origin(results, name):
    with pytest.raises(NotFoundError):
        results.read_origin(name)


def test_an_origin_goes_with_its_picture_however_that_goes(results, tmp_path):
    deleted, expired, kept = (results.save(b"pixels", ".jpg", ORIGIN) for _ in range(3))
    results.delete(deleted)
    for path in tmp_path.rglob(f"{expired}*"):
        os.utime(path, (0, 0))
    for path in tmp_path.rglob(f"{kept}.origin"):
        os.utime(path, (0, 0))  # older than its picture, as it was written first

    assert results.delete_older_than(3600) == 1

    assert sorted(path.name for path in files_in(tmp_path)) == [kept, f"{kept}.origin"]


def test_an_origin_that_a_crash_left_without_its_picture_is_deleted(results, tmp_path):
    name = results.save(b"pixels", ".jpg", ORIGIN)
    results.find(name).path.unlink()
    assert results.delete_older_than(10**9) == 0
    two_hours_ago = time.time() - 7200
    os.utime(next(tmp_path.rglob("*.origin")), (two_hours_ago, two_hours_ago))
    assert results.delete_older_than(10**9) == 1
    assert files_in(tmp_path) == []


def test_a_disk_that_is_full_after_the_origin_leaves_neither_behind(results, tmp_path, monkeypatch):
    syncs = []

    def full_at_the_second_file(_descriptor):
        syncs.append(1)
        if len(syncs) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full_at_the_second_file)
    with pytest.raises(StorageError, match="disk is full"):
        results.save(b"pixels", ".png", ORIGIN)
    assert files_in(tmp_path) == []


def test_first_inputs_are_those_of_every_result_that_is_there(results, tmp_path):
    assert results.first_inputs() == frozenset()
    names = [results.save(b"pixels", ".png", {"first": digest * 64, "lineage": {}}) for digest in "aab"]
    results.save(b"fresh", ".png")
    assert results.first_inputs() == {"a" * 64, "b" * 64}
    results.delete(names[0])
    assert results.first_inputs() == {"a" * 64, "b" * 64}
    results.delete(names[1])
    assert results.first_inputs() == {"b" * 64}
    assert ResultFiles(tmp_path / "results").first_inputs() == {"b" * 64}


@pytest.mark.parametrize("damage", [b"", b"[]", b"\xff", b'{"first": 5}', b"{}"])
def test_an_origin_that_was_changed_on_the_disk_refers_to_nothing(results, tmp_path, damage, caplog):
    name = results.save(b"pixels", ".png", ORIGIN)
    next(tmp_path.rglob("*.origin")).write_bytes(damage)
    (tmp_path / "results" / "00").mkdir()
    (tmp_path / "results" / "00" / "stray.origin").write_bytes(b"{}")
    assert results.first_inputs() == frozenset()
    assert results.read(name) == b"pixels"


def test_an_origin_that_is_no_json_object_cant_be_read(results, tmp_path):
    name = results.save(b"pixels", ".png", ORIGIN)
    next(tmp_path.rglob("*.origin")).write_bytes(b"[]")
    with pytest.raises(StorageError):
        results.read_origin(name)


def test_the_write_check_leaves_nothing_behind(results, tmp_path):
    results.check_writable()
    assert files_in(tmp_path) == []
