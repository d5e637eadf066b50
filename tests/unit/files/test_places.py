"""What can be written into ``storage.url`` and ``storage.options``, and what an operator is told when it does not work."""

import logging
import socket
import traceback

import pytest
from tests.object_stores import BUCKET, moto

from retouch.errors import ConfigurationError, StorageError
from retouch.files.bucket import BucketBlobs
from retouch.files.folder import FolderBlobs
from retouch.files.places import StoragePlace, open_blobs
from retouch.files.storage import FileStorage

SECRET = "a-secret-that-nobody-may-see"
KEYS = {"access_key_id": "an-id", "secret_access_key": SECRET, "allow_http": "true"}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_ALLOW_HTTP"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def s3():
    with moto() as running:
        yield running


@pytest.fixture
def closed_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        yield listener.getsockname()[1]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "photos",
        "/srv/files",
        "http://minio:9000/photos",
        "ftp://photos",
        "s3://",
        "s3:///prefix",
        "s3://id:key@photos",
        "s3://photos:9000",
        "s3://photos/../other",
        "s3://photos/a b",
        "s3://photos?region=x",
        "s3://photos#x",
        "s3://[::1",
        "gs://photos/\n",
        "file://host/srv",
        "file:relative",
    ],
)
def test_an_address_that_cant_be_is_refused_without_repeating_it(url, tmp_path):
    with pytest.raises(ConfigurationError, match=r"storage\.url") as caught:
        open_blobs(StoragePlace(url), tmp_path)
    assert len(url) < 6 or url not in caught.value.message


def test_no_address_is_the_data_folder_and_file_is_another(tmp_path):
    folder, other = tmp_path / "data", tmp_path / "with space"
    for place, where in ((StoragePlace(), folder), (StoragePlace(other.as_uri()), other)):
        opened = open_blobs(place, folder)
        assert isinstance(opened, FolderBlobs)
        opened.put("results/ab/x.png", b"x", media_type="image/png")
        assert (where / "results/ab/x.png").read_bytes() == b"x"


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("s3://photos/a/b", {**KEYS, "endpoint": "http://minio:9000", "virtual_hosted_style_request": "false"}),
        ("s3://photos", {**KEYS, "endpoint": "https://x.r2.cloudflarestorage.com", "region": "auto", "timeout": "90s"}),
        ("gs://photos/a", {"bearer_token": SECRET}),
        ("az://photos/a", {"account_name": "me", "sas_key": "sv=1&sig=x"}),
    ],
)
def test_buckets_are_opened_with_their_options(url, options, tmp_path):
    assert isinstance(open_blobs(StoragePlace(url, options), tmp_path), BucketBlobs)


@pytest.mark.parametrize(
    ("url", "options"),
    [
        (None, KEYS),
        ("file:///srv", KEYS),
        ("s3://photos", {**KEYS, "endpointt": SECRET}),
        ("s3://photos", {**KEYS, "timeout": SECRET}),
        ("s3://photos", {**KEYS, "allow_http": SECRET}),
        ("az://photos", {"account_name": "me", "account_key": SECRET}),
        ("az://photos", {}),
        ("gs://photos", {"service_account_key": SECRET}),
        ("gs://photos", {"service_account": f"/nowhere/{SECRET}"}),
    ],
)
def test_wrong_options_are_named_and_their_values_never_shown(url, options, tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        open_blobs(StoragePlace(url, options), tmp_path)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_place_does_not_show_its_options():
    assert SECRET not in repr(StoragePlace("s3://photos", KEYS))


def test_keys_and_the_endpoint_may_come_from_the_environment(s3, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "an-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.address)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    blobs = open_blobs(StoragePlace(f"s3://{BUCKET}"), tmp_path)
    blobs.check()
    assert "an-id" in blobs.signed_url("results/ab/x.png", 60)


def reasons(place, database, tmp_path, caplog, **options) -> str:
    """Open a store that does not work; return what the operator is told, in the error and in the log."""
    with caplog.at_level(logging.DEBUG, "retouch"), pytest.raises(ConfigurationError) as caught:
        FileStorage.open(place, tmp_path, database, **options)
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert SECRET not in told
    return caught.value.message


@pytest.mark.slow  # three attempts with pauses
def test_a_store_where_nothing_listens_is_said_at_the_start(closed_port, database, tmp_path, caplog):
    place = StoragePlace("s3://photos", {**KEYS, "endpoint": f"http://127.0.0.1:{closed_port}"})
    assert "nothing listens at its address" in reasons(place, database, tmp_path, caplog)


def test_http_without_leave_is_said_at_the_start(database, tmp_path, caplog):
    place = StoragePlace("s3://photos", {**KEYS, "endpoint": "http://127.0.0.1:1", "allow_http": "false"})
    assert "allow_http is not set" in reasons(place, database, tmp_path, caplog)


def test_a_bucket_that_is_not_there_is_said_at_the_start(s3, database, tmp_path, caplog):
    place = StoragePlace("s3://no-such-bucket", {**KEYS, "endpoint": s3.address})
    message = reasons(place, database, tmp_path, caplog)
    assert "the bucket does not exist" in message
    assert "s3://no-such-bucket" in message


def test_a_folder_that_cant_be_written_is_said_at_the_start(database, tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    assert "can't be written" in reasons(StoragePlace((tmp_path / "file/x").as_uri()), database, tmp_path, caplog)


def test_signed_urls_of_a_folder_are_refused_at_the_start(database, tmp_path, caplog):
    message = reasons(StoragePlace(), database, tmp_path / "data", caplog, signed_url_seconds=60)
    assert "needs a bucket" in message


def test_an_error_in_the_middle_of_an_edit_tells_no_address_and_no_key(s3, tmp_path, caplog):
    blobs = open_blobs(StoragePlace("s3://no-such-bucket", {**KEYS, "endpoint": s3.address}), tmp_path)
    with pytest.raises(StorageError) as caught:
        blobs.put("results/ab/x.png", b"x", media_type="image/png")
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert s3.address not in caught.value.message
    assert SECRET not in told
    assert caught.value.retryable
