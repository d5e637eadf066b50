import hashlib
import os
import time

import pytest

from retouch.errors import StorageError
from retouch.files.inputs import InputFiles


@pytest.fixture
def inputs(tmp_path):
    return InputFiles(tmp_path / "inputs")


def make_old(tmp_path, seconds):
    then = time.time() - seconds
    for path in (tmp_path / "inputs").glob("*/*"):
        os.utime(path, (then, then))


def test_bytes_are_named_by_their_content_and_kept_once(inputs, tmp_path):
    first, second = inputs.put(b"photo"), inputs.put(b"photo")
    assert first == second == hashlib.sha256(b"photo").hexdigest()
    assert inputs.get(first) == b"photo"
    assert len(list((tmp_path / "inputs").glob("*/*"))) == 1


def test_only_what_is_old_and_unused_is_deleted(inputs, tmp_path):
    used, unused = inputs.put(b"used"), inputs.put(b"unused")
    make_old(tmp_path, 1000)
    fresh = inputs.put(b"fresh")

    assert inputs.delete_unused({used}, min_age_seconds=600) == 1

    assert inputs.get(used) == b"used"
    assert inputs.get(fresh) == b"fresh"
    with pytest.raises(StorageError):
        inputs.get(unused)


def test_putting_the_same_bytes_again_makes_them_young_so_that_a_clean_up_spares_them(inputs, tmp_path):
    digest = inputs.put(b"photo")
    make_old(tmp_path, 1000)
    inputs.put(b"photo")
    assert inputs.delete_unused(frozenset(), min_age_seconds=600) == 0
    assert inputs.get(digest) == b"photo"


def test_bytes_can_be_kept_as_long_as_they_are_there(inputs, tmp_path):
    digest = inputs.put(b"photo")
    make_old(tmp_path, 1000)
    assert inputs.keep(digest)
    assert inputs.delete_unused(frozenset(), min_age_seconds=600) == 0
    assert inputs.delete_unused(frozenset(), min_age_seconds=0) == 1
    assert not inputs.keep(digest)


def test_bytes_that_were_changed_on_the_disk_are_not_used(inputs, tmp_path):
    digest = inputs.put(b"photo")
    next((tmp_path / "inputs").glob("*/*")).write_bytes(b"other")
    with pytest.raises(StorageError, match="changed"):
        inputs.get(digest)


@pytest.mark.parametrize("digest", ["", "../x", "ab", "G" * 64])
def test_a_digest_that_is_none_leads_nowhere(inputs, digest):
    with pytest.raises(StorageError):
        inputs.get(digest)


def test_cleaning_a_folder_that_was_never_used_is_no_error(inputs):
    assert inputs.delete_unused(frozenset(), min_age_seconds=0) == 0
