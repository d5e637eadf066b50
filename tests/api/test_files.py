import pytest

GENERATIONS = "/v1/images/generations"


@pytest.fixture
def url(client, body):
    return client.post(GENERATIONS, json=body(output_format="png")).json()["data"][0]["url"]


def test_a_result_needs_no_key_and_may_be_kept_for_ever(client, url):
    answer = client.get(url, headers={"Authorization": ""})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == f'inline; filename="{url.rsplit("/", 1)[1]}"'
    assert answer.headers["accept-ranges"] == "bytes"


def test_head_says_what_get_would(client, url):
    head, get = client.head(url), client.get(url)
    assert head.content == b""
    for name in ("content-length", "content-type", "etag"):
        assert head.headers[name] == get.headers[name]


@pytest.mark.parametrize(
    ("asked", "part"), [("bytes=0-9", slice(0, 10)), ("bytes=-5", slice(-5, None)), ("bytes=100-", slice(100, None))]
)
def test_a_range_of_bytes_is_served(client, url, asked, part):
    whole = client.get(url).content
    answer = client.get(url, headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.content == whole[part]
    assert answer.headers["content-range"].endswith(f"/{len(whole)}")


def test_head_knows_no_ranges(client, url):
    answer = client.head(url, headers={"Range": "bytes=0-9"})
    assert answer.status_code == 200
    assert answer.headers["content-length"] == client.head(url).headers["content-length"] != "10"


def test_a_range_beyond_the_end_cant_be_served(client, url):
    answer = client.get(url, headers={"Range": "bytes=99999999-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"].startswith("bytes */")


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=0-1,4-5", "bytes=-", "bytes=a-b", "items=0-1", "bytes=0x1-2"])
def test_a_range_that_is_none_or_several_is_answered_with_the_whole_file(client, url, asked):
    answer = client.get(url, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, client.get(url).content)


def test_a_part_is_sent_only_of_the_file_that_the_client_has(client, url):
    etag = client.get(url).headers["etag"]
    same = client.get(url, headers={"Range": "bytes=0-9", "If-Range": etag})
    other = client.get(url, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (same.status_code, other.status_code) == (206, 200)


def test_a_file_in_many_pieces_is_the_file(client, url, monkeypatch):
    whole = client.get(url).content
    monkeypatch.setattr("retouch.server.stored_file_response._PIECE_BYTES", 1000)
    assert client.get(url).content == whole
    assert client.get(url, headers={"Range": "bytes=999-3001"}).content == whole[999:3002]


def test_a_client_whose_copy_is_young_enough_is_told_so(client, url):
    modified = client.get(url).headers["last-modified"]
    since = "If-Modified-Since"
    assert client.get(url, headers={since: modified}).status_code == 304
    assert client.get(url, headers={since: "Mon, 01 Jan 2001 00:00:00 GMT"}).status_code == 200
    for odd in ("yesterday", "Mon, 01 Jan 99999 00:00:00 GMT", ""):
        assert client.get(url, headers={since: odd}).status_code == 200
    assert client.get(url, headers={since: modified, "If-None-Match": '"other"'}).status_code == 200


def test_a_client_that_has_the_file_is_told_so(client, url):
    etag = client.get(url).headers["etag"]
    for value in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        answer = client.get(url, headers={"If-None-Match": value})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
    assert client.get(url, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/files/" + "0" * 40 + ".jpg",
        "/files/..%2Fjobs.sqlite",
        "/files/%2e%2e%2fjobs.sqlite",
        "/files/a",
        "/files/",
        "/files/x/y",
    ],
)
def test_a_name_that_was_never_given_out_is_not_found(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert set(answer.json()) >= {"message", "path", "requestId", "statusCode", "timestamp"}
