"""Log lines: one event a line, bounded, and free of what must not be written down."""

import io
import json
import logging
import threading
import time

import pytest

from retouch.telemetry.context import bound, hiding
from retouch.telemetry.logs import LogOptions, configure_logs
from retouch.telemetry.redact import MOST_CHARACTERS, clean, one_line

PROMPT = "make my ex-wife Anna look older"
KEY = "rt_live_0123456789abcdef0123456789abcdef"
HOSTILE = [
    "two\nlines 2026-01-01 ERROR forged: line",
    "carriage\rreturn",
    "\x1b[2J\x1b[31mred",
    "\x00\x07\x9b31m",
    "paragraph\u2029separator\u2028line\x85next",
    "\u202egnp.txt right to left",
    "lone \ud800 surrogate",
    "x" * 1_000_000,
    "%s %d %(name)s {0}",
]


@pytest.fixture
def log():
    """Configure logging as the service does; return what was written so far. The test session gets its own logging back."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()

    def configure(**options) -> io.StringIO:
        configure_logs(LogOptions(**options), stream=stream)
        for handler in handlers:
            root.removeHandler(handler)
        return stream

    yield configure
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize("format", ["text", "json"])
@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_is_logged_is_one_bounded_line_without_control_characters(log, format, hostile) -> None:
    written = log(format=format)
    with bound(request_id=hostile):
        logging.getLogger("retouch.test").info("said %s", hostile, extra={"path": hostile, "many": [hostile] * 3})
    (line,) = written.getvalue().splitlines()
    assert len(line) < 8 * MOST_CHARACTERS
    assert line.isprintable()
    if format == "json":
        assert json.loads(line)["level"] == "info"


@pytest.mark.parametrize("format", ["text", "json"])
@pytest.mark.parametrize(
    "said",
    [
        f"Authorization: Bearer {KEY}",
        f"headers {{'authorization': 'Bearer {KEY}', 'x-key': '{KEY}'}}",
        f"Key {KEY}",
        f"api_key={KEY}&x=1",
        f'{{"token": "{KEY}"}}',
        f"https://example.org/a?sig={KEY}",
        f"https://user:{KEY}@example.org/",
        f"s3://bucket/{KEY}",
        f"postgresql://retouch:{KEY}@db/retouch",
        f"data:image/png;base64,{KEY}",
        f"secret {KEY}",
    ],
)
def test_keys_and_urls_are_not_written_down(log, format, said) -> None:
    written = log(format=format)
    logging.getLogger("some.library").warning(said)
    logging.getLogger("some.library").warning("a value", extra={"value": said, "nested": {"deep": [said]}})
    try:
        raise ValueError(said)
    except ValueError:
        logging.getLogger("some.library").exception("failed")
    assert KEY not in written.getvalue()
    assert len(written.getvalue().splitlines()) >= 3


def test_a_prompt_is_not_written_down_by_whoever_has_it(log) -> None:
    written = log()
    with hiding(PROMPT):
        logging.getLogger("an.engine").info("working on %r", PROMPT)
        try:
            raise RuntimeError(f"tokenizer failed at {PROMPT}")
        except RuntimeError:
            logging.getLogger("an.engine").exception("broken by %s", PROMPT)
    logging.getLogger("an.engine").info("after")
    assert "Anna" not in written.getvalue()
    assert written.getvalue().count("[hidden]") == 3


def test_an_operator_may_ask_for_prompts(log) -> None:
    written = log(show_prompts=True)
    with hiding(PROMPT):
        logging.getLogger("an.engine").info("working on %s", PROMPT)
    assert PROMPT in written.getvalue()


def test_what_is_bound_is_in_every_line_of_the_thread_and_of_no_other(log) -> None:
    written = log(format="json")

    def work(job_id: str) -> None:
        with bound(job_id=job_id, engine="fake", key_id=None):
            logging.getLogger("retouch.jobs").info("begun")
            time.sleep(0.01)
            logging.getLogger("another.library").info("went on")

    threads = [threading.Thread(target=work, args=(f"job{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    logging.getLogger("retouch.jobs").info("idle")
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert sorted(line.get("job_id", "none") for line in lines) == sorted([f"job{n}" for n in range(4)] * 2 + ["none"])
    assert all("key_id" not in line for line in lines)


def test_an_exception_says_where_it_came_from_and_what_led_to_it(log) -> None:
    written = log(format="json")
    try:
        try:
            raise KeyError("inner")
        except KeyError as exc:
            raise RuntimeError("outer") from exc
    except RuntimeError:
        logging.getLogger("retouch.test").exception("it failed")
    event = json.loads(written.getvalue())
    assert (event["error"], event["error_message"]) == ("RuntimeError", "outer")
    assert "this KeyError led to RuntimeError" in event["error_at"]
    assert any("test_logs.py" in place for place in event["error_at"])


def test_libraries_that_write_down_requests_are_heard_from_warnings_on(log) -> None:
    written = log(level="debug")
    logging.getLogger("uvicorn.access").info("GET /files/half-secret")
    logging.getLogger("uvicorn.error").warning("a warning")
    logging.getLogger("retouch.test").debug("a detail")
    assert "half-secret" not in written.getvalue()
    assert "a warning" in written.getvalue()
    assert "a detail" in written.getvalue()


def test_configuring_twice_writes_every_line_once(log) -> None:
    log()
    written = log()
    logging.getLogger("retouch.test").info("once")
    assert written.getvalue().count("once") == 1


@pytest.mark.parametrize(
    "hostile",
    ["key " * 50_000, "a" * 1_000_000, "A1" * 99 + " ", "http://" * 50_000, "token" + " " * 100_000, "x@" * 100_000,
     ("Ab3/" * 49 + "-") * 500, "data:" * 50_000, "secret=" * 20_000, "'\"" * 50_000],
    ids=range(10),
)  # fmt: skip
def test_cleaning_takes_no_time_whatever_is_cleaned(hostile) -> None:
    started = time.process_time()
    one_line(clean(hostile, ["a prompt"]))
    assert time.process_time() - started < 0.5
