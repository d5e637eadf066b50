"""What tells a request that is sent again from another one."""

from dataclasses import replace

import pytest
from starlette.requests import Request

from retouch.server.dialects.submission import ParamNames, Submission, WebhookOrder
from retouch.server.errors import ProblemError
from retouch.server.idempotency import digest_of, read_key
from retouch.types import EditRequest, OutputFormat

SENT = Submission(EditRequest("Add a bird"), ("https://example.org/a.jpg", b"file"), mask=b"mask")


def request_with(*keys: str) -> Request:
    headers = [(b"idempotency-key", key.encode("latin-1")) for key in keys]
    return Request({"type": "http", "headers": headers})


def test_the_same_submission_has_the_same_digest():
    again = Submission(EditRequest("Add a bird"), ("https://example.org/a.jpg", b"file"), mask=b"mask")
    assert digest_of("/v1/edits", SENT) == digest_of("/v1/edits", again)


@pytest.mark.parametrize(
    "other",
    [
        replace(SENT, request=EditRequest("Add a cat")),
        replace(SENT, request=replace(SENT.request, output_format=OutputFormat.PNG)),
        replace(SENT, request=replace(SENT.request, seed=1)),
        replace(SENT, sources=("https://example.org/a.jpg", b"other")),
        replace(SENT, sources=(b"file", "https://example.org/a.jpg")),
        replace(SENT, sources=("https://example.org/a.jpg",)),
        replace(SENT, sources=("https://example.org/a.jpg", "file")),
        replace(SENT, mask=None),
        replace(SENT, parent="a.png"),
        replace(SENT, engine="flux"),
        replace(SENT, webhook=WebhookOrder("https://example.org", "bfl")),
        replace(SENT, ignored=({"field": "style", "reason": "unknown"},)),
    ],
    ids=lambda other: None,
)
def test_whatever_differs_makes_another_digest(other):
    assert digest_of("/v1/edits", other) != digest_of("/v1/edits", SENT)


def test_another_route_makes_another_digest():
    assert digest_of("/fal/app", SENT) != digest_of("/falq/app", SENT)


def test_what_the_client_did_not_send_makes_no_difference():
    ours = replace(SENT, names=ParamNames("image"), translate_mask=lambda data: data)
    assert digest_of("/v1/edits", ours) == digest_of("/v1/edits", SENT)


def test_a_request_without_the_header_has_no_key():
    assert read_key(request_with()) is None


@pytest.mark.parametrize("key", ["a", "8e03978e-40d5-43e8-bc93-6894a57f9324", '"quoted"', "~" * 255])
def test_a_key_is_visible_ascii(key):
    assert read_key(request_with(key)) == key


@pytest.mark.parametrize("keys", [("",), ("a b",), ("a\t",), ("ä",), ("a" * 256,), ("\x7f",), ("a\n",), ("a", "a")])
def test_a_bad_key_is_refused_by_name(keys):
    with pytest.raises(ProblemError, match="Idempotency-Key must be 1 to 255 visible ASCII") as caught:
        read_key(request_with(*keys))
    assert caught.value.problem.code == "invalid_request"
