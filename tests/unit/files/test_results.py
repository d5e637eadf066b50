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


def test_the_write_check_leaves_nothing_behind(results, tmp_path):
    results.check_writable()
    assert files_in(tmp_path) == []
