"""One suite over every kind of store. Buckets are real servers on loopback."""

import urllib.request
from contextlib import ExitStack

import pytest
from tests.object_stores import azurite, moto

from retouch.errors import StorageError
from retouch.files.blobs import IMMUTABLE
from retouch.files.places import StoragePlace, open_blobs

KEY, OTHER, MISSING = "results/ab/abcd.png", "results/cd/cdef.jpg.origin", "results/ab/none.png"


@pytest.fixture(scope="module")
def running():
    """Starts each store once, when it is needed first."""
    started = {}
    with ExitStack() as stack:

        def start(kind):
            if kind not in started:
                started[kind] = stack.enter_context(azurite() if kind == "az" else moto(kind))
            return started[kind]

        yield start


@pytest.fixture(params=["file", "s3", "gs", "az"])
def blobs(request, running, tmp_path):
    place = StoragePlace(tmp_path.as_uri()) if request.param == "file" else running(request.param).place
    opened = open_blobs(place, tmp_path / "elsewhere")
    for page in opened.pages("results"):
        opened.delete([blob.key for blob in page])
    return opened


def keys_in(blobs, prefix="results"):
    return sorted(blob.key for page in blobs.pages(prefix) for blob in page)


def test_what_was_put_is_read_whole_or_in_parts(blobs):
    blobs.put(KEY, b"pixels", media_type="image/png")
    assert blobs.get(KEY) == b"pixels"
    assert blobs.get_range(KEY, 1, 4) == b"ixe"
    found = blobs.find(KEY)
    assert (found.key, found.size_bytes) == (KEY, 6)


def test_what_is_not_there_is_none(blobs):
    assert blobs.get(MISSING) is blobs.get_range(MISSING, 0, 1) is blobs.find(MISSING) is None


def test_putting_again_replaces(blobs):
    blobs.put(KEY, b"pixels", media_type="image/png")
    blobs.put(KEY, b"other", media_type="image/png")
    assert blobs.get(KEY) == b"other"


def test_what_lies_under_a_prefix_is_listed_with_size_and_age(blobs):
    assert keys_in(blobs) == []
    blobs.put(KEY, b"pixels", media_type="image/png")
    blobs.put(OTHER, b"{}", media_type="application/json")
    blobs.put("inputs/ab/abcd", b"input", media_type="application/octet-stream")
    assert keys_in(blobs) == [KEY, OTHER]
    (page,) = list(blobs.pages("results"))
    known = {blob.key: blob for blob in page}
    assert known[KEY].size_bytes == 6
    assert known[KEY].modified_at == pytest.approx(blobs.find(KEY).modified_at, abs=2)


def test_what_is_deleted_is_gone_and_what_is_gone_already_is_no_error(blobs):
    blobs.put(KEY, b"pixels", media_type="image/png")
    blobs.put(OTHER, b"{}", media_type="application/json")
    blobs.delete([MISSING, KEY])
    assert keys_in(blobs) == [OTHER]
    blobs.delete([OTHER, MISSING])
    blobs.delete([])
    assert keys_in(blobs) == []


def test_a_check_leaves_nothing_behind(blobs):
    blobs.check()
    assert keys_in(blobs) == keys_in(blobs, "probes") == []


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "results/../../x", "results//x", "results/AB/x", "results/ab/.x", "x"]
)
def test_a_key_that_is_none_leads_nowhere(blobs, key):
    def put(key):
        blobs.put(key, b"", media_type="image/png")

    for method in (put, blobs.get, blobs.find, lambda key: blobs.get_range(key, 0, 1), lambda key: blobs.delete([key])):
        with pytest.raises(StorageError):
            method(key)


@pytest.mark.parametrize("kind", ["s3", "az"])
def test_a_signed_url_is_good_for_anybody_and_says_what_the_file_is(running, kind, tmp_path):
    blobs = open_blobs(running(kind).place, tmp_path)
    blobs.put(KEY, b"pixels", media_type="image/png")
    with urllib.request.urlopen(blobs.signed_url(KEY, 60)) as answer:
        assert answer.read() == b"pixels"
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["cache-control"] == IMMUTABLE
        assert answer.headers["content-disposition"] == 'inline; filename="abcd.png"'


def test_a_folder_signs_nothing(tmp_path):
    assert open_blobs(StoragePlace(), tmp_path).signed_url(KEY, 60) is None
