"""A remote server that is slow, broken, busy, hostile or not there."""

import logging
import socket
import threading
import time

import numpy as np
import pytest
from tests.stand_in import Answer, b64_answer, png, with_bird
from tests.unit.engines.remote.conftest import KEY

from retouch.engines.remote.breaker import CircuitBreaker
from retouch.engines.remote.edit import RemoteEdit
from retouch.engines.remote.hosted import AimlApi, Bfl
from retouch.engines.remote.openai_form import OpenAIForm, RetouchForm
from retouch.engines.remote.options import RemoteOptions
from retouch.engines.remote.transport import HttpAnswer
from retouch.errors import (
    ConfigurationError,
    EditAbortedError,
    EngineError,
    ModeratedError,
    RemoteRefusedError,
    UnsupportedInstructionError,
)


@pytest.fixture
def good(inputs):
    return b64_answer(with_bird(inputs.fitted(0)))


@pytest.mark.parametrize("failure", [Answer(status=500), Answer(status=503), Answer(status=429)])
def test_a_failure_that_may_pass_is_tried_again(server, make_engine, inputs, request_, good, failure):
    server.answers = [failure, failure, good]
    assert make_engine(max_attempts=3).edit(request_, inputs, seed=1).pixels.shape[:2] == (832, 1248)
    assert len(server.received) == 3


def test_it_gives_up_after_the_last_attempt(server, make_engine, inputs, request_, good):
    server.answers = [Answer(status=502), Answer(status=502), good]
    with pytest.raises(EngineError, match="status 502") as caught:
        make_engine(max_attempts=2).edit(request_, inputs, seed=1)
    assert caught.value.retryable
    assert len(server.received) == 2


def test_retry_after_is_kept_to(server, make_engine, inputs, request_, good):
    server.answers = [Answer(status=429, headers={"Retry-After": "1"}), good]
    started = time.monotonic()
    make_engine().edit(request_, inputs, seed=1)
    assert time.monotonic() - started >= 1.0


def test_a_retry_after_beyond_the_deadline_is_not_waited_for(server, make_engine, inputs, request_, good):
    server.answers = [Answer(status=429, headers={"Retry-After": "3600"}), good]
    with pytest.raises(EngineError, match="too much to do") as caught:
        make_engine().edit(request_, inputs, seed=1)
    assert caught.value.retryable
    assert len(server.received) == 1


def test_a_server_that_says_not_to_try_again_is_not_tried_again(server, make_engine, inputs, request_, good):
    server.answers = [Answer(status=500, headers={"x-should-retry": "false"}), good]
    with pytest.raises(RemoteRefusedError) as caught:
        make_engine().edit(request_, inputs, seed=1)
    assert not caught.value.retryable
    assert len(server.received) == 1


def test_a_connection_that_breaks_after_the_order_is_not_ordered_again(server, make_engine, inputs, request_, good):
    server.answers = [Answer(resets=True), good]
    with pytest.raises(EngineError, match="broke the connection off") as caught:
        make_engine().edit(request_, inputs, seed=1)
    assert caught.value.retryable
    assert len(server.received) == 1


def test_a_server_that_is_not_there_is_tried_again_and_told_of(make_engine, inputs, request_):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        with pytest.raises(EngineError, match="can't be reached") as caught:
            make_engine(url=url).edit(request_, inputs, seed=1)
    assert caught.value.retryable
    assert "127.0.0.1" not in caught.value.message


def test_a_server_that_hangs_runs_into_the_deadline(server, make_engine, inputs, request_):
    server.answers = [Answer(hang_seconds=30)]
    with pytest.raises(EngineError, match="did not answer within 1 s") as caught:
        make_engine(timeout_seconds=1).edit(request_, inputs, seed=1)
    assert caught.value.retryable
    assert len(server.received) == 1


def test_a_picture_that_never_gets_ready_runs_into_the_deadline(server, make_engine, inputs, request_):
    waiting = Answer(body={"id": "a", "status": "Pending"})
    server.answers = [Answer(body={"id": "a", "polling_url": f"{server.url}/v1/get_result?id=a"}), waiting]
    with pytest.raises(EngineError, match="within 2 s"):
        make_engine(protocol="bfl", timeout_seconds=2).edit(request_, inputs, seed=1)


def test_an_abort_closes_the_connection_at_once(server, make_engine, inputs, request_):
    server.answers = [Answer(hang_seconds=30)]
    told = threading.Event()

    def should_abort() -> bool:
        if server.received and not told.is_set():
            told.at = time.monotonic()
            told.set()
        return told.is_set()

    with pytest.raises(EditAbortedError):
        make_engine().edit(request_, inputs, seed=1, should_abort=should_abort)
    assert time.monotonic() - told.at < 2
    assert server.hung_up.wait(5)


def test_an_abort_is_heard_between_attempts(server, make_engine, inputs, request_):
    server.answers = [Answer(status=429, headers={"Retry-After": "15"})]
    with pytest.raises(EditAbortedError):
        make_engine().edit(request_, inputs, seed=1, should_abort=lambda: bool(server.received))


GARBAGE = [
    b"",
    b"<html>Bad gateway</html>",
    b"[1]",
    b"\xff\xfe",
    b"[" * 100_000,
    b"{}",
    b'{"data": []}',
    b'{"data": "x"}',
    b'{"data": [null]}',
    b'{"data": [{}]}',
    b'{"data": [{"b64_json": "#"}]}',
    b'{"data": [{"url": 5}]}',
    b'{"status": "Ready", "result": []}',
    b'{"polling_url": 5}',
]


@pytest.mark.parametrize("body", GARBAGE)
@pytest.mark.parametrize("protocol", [OpenAIForm, RetouchForm, AimlApi, Bfl])
def test_garbage_is_an_engine_error(request_, body, protocol):
    edit = RemoteEdit(request_, 1, (b"",), (1248, 832))
    with pytest.raises(EngineError):
        protocol(RemoteOptions("http://127.0.0.1/v1")).read(HttpAnswer(200, {}, body), edit)


@pytest.mark.parametrize(
    "picture", [{"b64_json": "bm90IGEgcGljdHVyZQ=="}, {"b64_json": "###"}, {"url": "file:///etc/passwd"}]
)
def test_an_answer_without_a_picture_is_an_engine_error(server, make_engine, inputs, request_, picture):
    server.answers = [Answer(body={"data": [picture]})]
    with pytest.raises(EngineError) as caught:
        make_engine().edit(request_, inputs, seed=1)
    assert "passwd" not in caught.value.message


def test_a_truncated_picture_is_an_engine_error(server, make_engine, inputs, request_):
    whole = png(inputs.fitted(0))
    server.answers = [Answer(body={"data": [{"url": f"{server.url}/x"}]}), Answer(body=whole[: len(whole) // 2])]
    with pytest.raises(EngineError, match="no picture that can be read"):
        make_engine().edit(request_, inputs, seed=1)


def test_a_huge_answer_is_not_read_to_its_end(server, make_engine, inputs, request_):
    server.answers = [Answer(body=b"x" * 3_000_000)]
    with pytest.raises(EngineError, match="more than 1000000 bytes"):
        make_engine(max_answer_bytes=1_000_000).edit(request_, inputs, seed=1)


def test_a_huge_answer_of_unknown_length_is_not_read_to_its_end(server, make_engine, inputs, request_):
    chunks = b"".join(b"10000\r\n" + b"x" * 65536 + b"\r\n" for _ in range(40)) + b"0\r\n\r\n"
    server.answers = [Answer(body=chunks, headers={"Transfer-Encoding": "chunked"})]
    with pytest.raises(EngineError, match="more than 1000000 bytes"):
        make_engine(max_answer_bytes=1_000_000).edit(request_, inputs, seed=1)


def test_a_huge_picture_behind_a_url_is_not_read_to_its_end(server, make_engine, inputs, request_):
    server.answers = [Answer(body={"data": [{"url": f"{server.url}/x"}]}), Answer(body=b"x" * 3_000_000)]
    with pytest.raises(EngineError, match="could not be fetched"):
        make_engine(max_answer_bytes=1_000_000).edit(request_, inputs, seed=1)


def test_a_public_server_cannot_point_inside(server, make_engine, inputs, request_, monkeypatch):
    """The stand-in is taken for a public server here: then its URLs and redirects may not lead to this machine."""
    monkeypatch.setattr("retouch.engines.remote.transport.is_public_address", lambda _: True)
    server.answers = [Answer(body={"data": [{"url": f"{server.url}/secret.png"}]}), Answer(body=png(inputs.fitted(0)))]
    with pytest.raises(EngineError, match="could not be fetched"):
        make_engine(api_key=None).edit(request_, inputs, seed=1)
    assert len(server.received) == 1


def test_a_redirect_of_the_order_is_not_followed_with_the_key(server, make_engine, inputs, request_):
    server.answers = [Answer(status=307, headers={"Location": "http://169.254.169.254/latest"})]
    with pytest.raises(RemoteRefusedError, match="redirects"):
        make_engine().edit(request_, inputs, seed=1)
    assert len(server.received) == 1


def test_a_key_is_not_shown_to_a_public_address_without_tls(server, make_engine, inputs, request_, monkeypatch):
    monkeypatch.setattr("retouch.engines.remote.transport.is_public_address", lambda _: True)
    server.answers = [b64_answer(inputs.fitted(0))]
    with pytest.raises(ConfigurationError, match="the key was not sent"):
        make_engine().edit(request_, inputs, seed=1)
    assert server.received == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_the_operators_to_fix(server, make_engine, inputs, request_, status, caplog):
    caplog.set_level(logging.DEBUG)
    server.answers = [Answer(status=status, body={"error": {"message": f"bad key {KEY} for account 77", "code": KEY}})]
    with pytest.raises(RemoteRefusedError, match="refuses this server's key") as caught:
        make_engine().edit(request_, inputs, seed=1)
    assert not caught.value.retryable
    assert "77" not in caught.value.message
    assert KEY not in caught.value.message + caplog.text
    assert len(server.received) == 1


def test_a_server_that_wants_a_key_where_none_is_set_says_so(server, make_engine, inputs, request_):
    server.answers = [Answer(status=401)]
    with pytest.raises(RemoteRefusedError, match="wants a key"):
        make_engine(api_key=None).edit(request_, inputs, seed=1)


def test_the_key_is_in_no_representation_and_no_log(server, make_engine, inputs, request_, good, caplog):
    caplog.set_level(logging.DEBUG)
    server.answers = [Answer(status=500), Answer(status=400, body={"error": {"code": KEY}})]
    engine = make_engine()
    with pytest.raises(RemoteRefusedError) as caught:
        engine.edit(request_, inputs, seed=1)
    assert KEY not in caught.value.message + repr(engine._options)
    assert KEY not in caplog.text


def test_another_retouchs_refusal_keeps_its_parts_and_loses_the_key(server, make_engine, inputs, request_):
    error = {
        "code": "unsupported_instruction",
        "message": "Can't.",
        "understood": ["blur the background"],
        "not_understood": ["make him\nsmile"],
        "hint": f"Ask for something else. {KEY}",
    }
    server.answers = [Answer(status=400, body={"error": error})]
    with pytest.raises(UnsupportedInstructionError) as caught:
        make_engine().edit(request_, inputs, seed=1)
    assert caught.value.understood == ("blur the background",)
    assert caught.value.not_understood == ("make him smile",)
    assert caught.value.hint == "Ask for something else. ***"


@pytest.mark.parametrize(
    ("code", "allowed_from"),
    [("content_moderated", 4), ("content_policy_violation", None), ("moderation_blocked", None)],
)
def test_a_content_check_is_told_as_one(server, make_engine, inputs, request_, code, allowed_from):
    server.answers = [Answer(status=400, body={"error": {"code": code, "allowed_from": allowed_from}})]
    with pytest.raises(ModeratedError) as caught:
        make_engine().edit(request_, inputs, seed=1)
    assert caught.value.allowed_from == allowed_from


def test_failures_in_a_row_open_the_breaker_and_an_answer_closes_it(server, make_engine, inputs, request_, good):
    now = [0.0]
    engine = make_engine(CircuitBreaker(2, 30, clock=lambda: now[0]), max_attempts=1)
    server.answers = [Answer(status=500), Answer(status=500), good]
    for _ in range(2):
        with pytest.raises(EngineError, match="status 500"):
            engine.edit(request_, inputs, seed=1)
    with pytest.raises(EngineError, match="left alone") as caught:
        engine.edit(request_, inputs, seed=1)
    assert caught.value.retryable
    assert len(server.received) == 2
    now[0] = 31
    engine.edit(request_, inputs, seed=1)
    engine.edit(request_, inputs, seed=1)
    assert len(server.received) == 4


def test_progress_is_told_from_the_calling_thread(server, make_engine, inputs, request_, good):
    server.answers = [good]
    threads, steps = set(), []

    def on_step(progress) -> None:
        threads.add(threading.get_ident())
        steps.append((progress.step, progress.total))

    make_engine().edit(request_, inputs, seed=1, on_step=on_step)
    assert threads == {threading.get_ident()}
    assert steps == [(1, 3), (2, 3), (3, 3)]


def test_side_by_side_edits_get_their_own_answers(server, make_engine, inputs, request_):
    def answer(request):
        shade = int(request.form["seed"][0])
        return b64_answer(np.full_like(inputs.fitted(0), shade))

    server.answers = [answer]
    engine = make_engine()
    shades = {}

    def edit(seed: int) -> None:
        shades[seed] = int(engine.edit(request_, inputs, seed=seed).pixels[0, 0, 0])

    threads = [threading.Thread(target=edit, args=[seed]) for seed in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shades == {seed: seed for seed in range(1, 5)}
