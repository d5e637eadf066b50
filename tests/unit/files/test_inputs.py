import hashlib
import os
import threading

import pytest

from retouch.errors import StorageError
from retouch.files.folder import FolderBlobs


def write(folder, key: str, data: bytes, *, mtime: float = 0.0) -> None:
    """Put a file into the store behind its back."""
    path = folder / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (mtime, mtime))


def test_bytes_are_named_by_their_content_and_kept_once(inputs, files_in):
    first, second = inputs.put(b"photo"), inputs.put(b"photo")
    assert first == second == hashlib.sha256(b"photo").hexdigest()
    assert inputs.get(first) == b"photo"
    assert len(files_in()) == 1


def test_only_what_is_old_and_unused_is_deleted(inputs, clock, files_in):
    used, unused = inputs.put(b"used"), inputs.put(b"unused")
    clock.now += 1000
    fresh = inputs.put(b"fresh")

    assert inputs.delete_unused({used}, min_age_seconds=600) == 1

    assert inputs.get(used) == b"used"
    assert inputs.get(fresh) == b"fresh"
    assert len(files_in()) == 2
    with pytest.raises(StorageError, match="gone"):
        inputs.get(unused)


def test_what_a_result_descends_from_is_kept_as_long_as_the_result(storage, clock):
    digest = storage.inputs.put(b"photo")
    name = storage.results.save(b"pixels", ".png", {"first": digest, "lineage": {}})
    clock.now += 10**6
    assert storage.inputs.delete_unused(frozenset(), min_age_seconds=600) == 0
    storage.results.delete(name)
    assert storage.inputs.delete_unused(frozenset(), min_age_seconds=600) == 1


def test_putting_the_same_bytes_again_makes_them_young_so_that_a_clean_up_spares_them(inputs, clock):
    digest = inputs.put(b"photo")
    clock.now += 1000
    inputs.put(b"photo")
    assert inputs.delete_unused(frozenset(), min_age_seconds=600) == 0
    assert inputs.get(digest) == b"photo"


def test_bytes_can_be_kept_as_long_as_they_are_there(inputs, clock):
    digest = inputs.put(b"photo")
    clock.now += 1000
    assert inputs.keep(digest)
    assert inputs.delete_unused(frozenset(), min_age_seconds=600) == 0
    assert inputs.delete_unused(frozenset(), min_age_seconds=0) == 1
    assert not inputs.keep(digest)


class SlowToDelete(FolderBlobs):
    """Lets somebody in between the decision to delete and the deletion."""

    def __init__(self, folder, meanwhile) -> None:
        super().__init__(folder)
        self.meanwhile = meanwhile

    def delete(self, keys):
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        super().delete(keys)


def test_a_job_that_brings_a_picture_while_a_clean_up_deletes_it_has_it_afterwards(open_storage, folder, clock):
    jobs = open_storage().inputs
    digest = jobs.put(b"photo")
    clock.now += 1000
    cleaning = open_storage(SlowToDelete(folder, lambda: jobs.put(b"photo"))).inputs

    assert cleaning.delete_unused(frozenset(), min_age_seconds=600) == 1

    assert jobs.get(digest) == b"photo"


def test_a_picture_that_is_brought_and_cleaned_up_all_the_time_is_always_there_for_who_brought_it(open_storage, clock):
    digest = open_storage().inputs.put(b"photo")
    clock.now += 10.0
    over = threading.Event()
    failures = []
    deleted = []

    def clean_up():
        cleaning = open_storage().inputs
        while not over.is_set():
            clock.now += 10.0
            try:
                deleted.append(cleaning.delete_unused(frozenset(), min_age_seconds=15.0))
            except Exception as exc:
                failures.append(exc)

    cleaner = threading.Thread(target=clean_up)
    cleaner.start()
    bringing = open_storage().inputs
    for _ in range(60):
        bringing.put(b"photo")
        place = bringing._index.place_of(digest)
        if place is not None and bringing._blobs.find(place) is None and bringing._index.place_of(digest) == place:
            failures.append(place)
    over.set()
    cleaner.join()
    assert failures == []
    assert sum(deleted) > 0


def test_of_two_who_bring_the_same_picture_at_once_one_place_stays(open_storage, folder, files_in, database):
    class Slow(FolderBlobs):
        def put(self, key, data, *, media_type):
            super().put(key, data, media_type=media_type)
            other.put(b"photo")

    other = open_storage().inputs
    digest = open_storage(Slow(folder)).inputs.put(b"photo")
    assert len(files_in()) == 1
    assert other.get(digest) == b"photo"


def test_bytes_that_were_changed_in_the_store_are_not_used_and_can_be_brought_again(inputs, folder):
    digest = inputs.put(b"photo")
    next(folder.glob("inputs/*/*")).write_bytes(b"other")
    with pytest.raises(StorageError, match="changed"):
        inputs.get(digest)
    inputs.put(b"photo")
    assert inputs.get(digest) == b"photo"


def test_bytes_that_somebody_deleted_from_the_store_can_be_brought_again(inputs, folder):
    digest = inputs.put(b"photo")
    next(folder.glob("inputs/*/*")).unlink()
    with pytest.raises(StorageError, match="gone"):
        inputs.get(digest)
    inputs.put(b"photo")
    assert inputs.get(digest) == b"photo"


@pytest.mark.parametrize("digest", ["", "../x", "ab", "G" * 64])
def test_a_digest_that_is_none_leads_nowhere(inputs, digest):
    with pytest.raises(StorageError):
        inputs.get(digest)
    assert not inputs.keep(digest)


def test_cleaning_a_folder_that_was_never_used_is_no_error(inputs):
    assert inputs.delete_unused(frozenset(), min_age_seconds=0) == 0


def test_more_inputs_than_a_page_of_the_index_are_all_deleted(inputs, clock, files_in, monkeypatch):
    monkeypatch.setattr("retouch.files.input_index._PAGE", 3)
    digests = [inputs.put(bytes([number])) for number in range(10)]
    clock.now += 1000
    assert inputs.delete_unused(set(digests[:2]), min_age_seconds=600) == 8
    assert len(files_in()) == 2


def test_what_a_crash_left_before_the_index_knew_of_it_is_deleted_after_an_hour(inputs, folder, files_in):
    digest = inputs.put(b"photo")
    stranger = hashlib.sha256(b"stranger").hexdigest()
    write(folder, f"inputs/{stranger[:2]}/{stranger}-00000000", b"stranger")
    write(folder, f"inputs/{stranger[:2]}/.{stranger}.0123.part", b"stran")
    write(folder, f"inputs/{digest[:2]}/{digest}-ffffffff", b"photo")
    inputs.delete_unused(frozenset(), min_age_seconds=600)
    assert [name[10:74] for name in files_in()] == [digest]


def test_what_is_being_written_now_is_not_taken_for_what_a_crash_left(inputs, folder, files_in, clock):
    digest = hashlib.sha256(b"new").hexdigest()
    path = folder / f"inputs/{digest[:2]}/{digest}-00000000"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"new")
    inputs.delete_unused(frozenset(), min_age_seconds=0)
    assert len(files_in()) == 1


def test_inputs_of_before_there_was_an_index_are_found_and_taken_over_if_a_job_or_a_result_wants_them(
    storage, folder, files_in, clock
):
    digests = {data: hashlib.sha256(data).hexdigest() for data in (b"job", b"result", b"nobody")}
    for data, digest in digests.items():
        write(folder, f"inputs/{digest[:2]}/{digest}", data)
    storage.results.save(b"pixels", ".png", {"first": digests[b"result"], "lineage": {}})
    assert storage.inputs.get(digests[b"job"]) == b"job"

    storage.inputs.delete_unused({digests[b"job"]}, min_age_seconds=600)

    assert storage.inputs.keep(digests[b"job"])
    assert storage.inputs.get(digests[b"result"]) == b"result"
    with pytest.raises(StorageError):
        storage.inputs.get(digests[b"nobody"])


def test_what_somebody_else_put_into_the_folder_is_left_alone(inputs, folder, files_in):
    write(folder, "inputs/ab/README (ours).txt", b"notes")
    write(folder, "inputs/stray.txt", b"notes")
    inputs.delete_unused(frozenset(), min_age_seconds=0)
    assert len(files_in()) == 2
