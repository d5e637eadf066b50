import pytest

from retouch.errors import ConfigurationError
from retouch.settings import load_settings

SECRET = "a-secret-that-nobody-may-see"


def test_options_come_one_by_one_from_the_environment(monkeypatch):
    monkeypatch.setenv("RETOUCH_STORAGE__URL", "s3://photos/retouch")
    monkeypatch.setenv("RETOUCH_STORAGE__OPTIONS__SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("RETOUCH_STORAGE__OPTIONS__ENDPOINT", "http://minio:9000")
    storage = load_settings().storage
    assert storage.place().url == "s3://photos/retouch"
    assert dict(storage.place().options) == {"secret_access_key": SECRET, "endpoint": "http://minio:9000"}
    assert SECRET not in f"{storage!r} {storage.place()!r} {storage.model_dump()}"


@pytest.mark.parametrize(
    "storage",
    [
        {"url": f"s3://id:{SECRET}@photos"},
        {"url": f"ftp://{SECRET}"},
        {"url": [SECRET]},
        {"options": {"secret_access_key": SECRET}},
        {"url": "s3://photos", "options": {"secret_access_key": [SECRET]}},
        {"url": "s3://photos", "options": SECRET},
        {"url": "s3://photos", "options": {"secret_access_key": SECRET}, "signed_url_seconds": 1},
    ],
)
def test_what_is_wrong_is_named_without_a_key(storage):
    with pytest.raises(ConfigurationError, match="The setting storage") as caught:
        load_settings(None, {"storage": storage})
    assert SECRET not in caught.value.message


def test_signed_urls_live_for_a_day_unless_said_otherwise():
    assert load_settings().storage.lifetime_of_urls is None
    assert load_settings(None, {"storage": {"signed_urls": True}}).storage.lifetime_of_urls == 86400
