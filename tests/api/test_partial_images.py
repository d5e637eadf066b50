"""``stream: true, partial_images: k``: previews as events of their own while the edit runs."""

import asyncio
import base64
import io
import json
import threading
from dataclasses import replace

import pytest
from PIL import Image
from tests.api.conftest import pixels_of

from retouch.errors import EngineError
from retouch.server.dialects import image_stream
from retouch.testing import FakeEngine
from retouch.types import Progress

EDITS = "/v1/images/edits"
GENERATIONS = "/v1/images/generations"
SECONDS = 20


class Painter(FakeEngine):
    """Shows a preview after each of four steps, where they are asked for, and goes on when ``may_go_on`` was released."""

    def __init__(self, *, error_after=None):
        super().__init__()
        self.error_after = error_after
        self.may_go_on = threading.Semaphore(0)
        self.aborted = threading.Event()
        self.every = "not asked"

    @property
    def capabilities(self):
        return replace(super().capabilities, generation_options=frozenset({"preview_every"}))

    def edit(self, request, inputs, *, seed, on_step=None, should_abort=None):
        self.every = request.generation.preview_every
        for step in range(1, 5):
            preview = None if self.every is None else preview_file(step)
            on_step(Progress(step, 4, "painting", preview_png=preview))
            if step < 4 and preview is not None:
                self.wait(should_abort)
            if step == self.error_after:
                raise EngineError("The paint ran out.")
        return super().edit(request, inputs, seed=seed)

    def wait(self, should_abort):
        for _ in range(SECONDS * 100):
            if self.may_go_on.acquire(timeout=0.01):
                return
            if should_abort():
                self.aborted.set()
                return


def preview_file(step):
    buffer = io.BytesIO()
    Image.new("RGB", (16, 12), (10 * step, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def painter():
    return Painter()


@pytest.fixture(autouse=True)
def _sent_before_the_next_step(painter, monkeypatch):
    """Let the painter go on when its preview has become an event: without that, how many are seen is a matter of speed."""
    partial = image_stream._partial

    def tell(*arguments):
        painter.may_go_on.release()
        return partial(*arguments)

    monkeypatch.setattr(image_stream, "_partial", tell)


def events_of(answer):
    parts = [part.split("\n") for part in answer.text.strip().split("\n\n")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in parts]


def ask(client, photo_uri, path=EDITS, **more):
    body = {"prompt": "Add a bird.", "stream": True, "partial_images": 3, "image_url": photo_uri, **more}
    return client.post(path, json={"model": "gpt-image-1", **body})


@pytest.mark.parametrize(("path", "kind"), [(EDITS, "image_edit"), (GENERATIONS, "image_generation")])
def test_previews_come_before_the_picture_in_order(serve, painter, photo_uri, path, kind):
    answer = ask(serve(engine=painter), photo_uri, path)

    *partial, (last, completed) = events_of(answer)
    assert [name for name, _ in partial] == [f"{kind}.partial_image"] * 3
    assert last == f"{kind}.completed"
    for index, (name, said) in enumerate(partial):
        assert said["type"] == name
        assert said["partial_image_index"] == index
        assert (said["size"], said["output_format"]) == ("16x12", "png")
        assert tuple(pixels_of(base64.b64decode(said["b64_json"]))[0, 0]) == (10 * (index + 1), 0, 0)
    assert pixels_of(base64.b64decode(completed["b64_json"])).shape == (880, 1184, 3)


def test_no_more_previews_come_than_were_asked_for_and_they_are_spread_over_the_steps(serve, painter, photo_uri):
    for _ in range(3):
        painter.may_go_on.release()

    partial = [
        said for name, said in events_of(ask(serve(engine=painter), photo_uri, partial_images=1)) if "partial" in name
    ]

    assert len(partial) <= 1
    assert all(pixels_of(base64.b64decode(said["b64_json"]))[0, 0, 0] >= 20 for said in partial)


@pytest.mark.parametrize("more", [{"partial_images": 0}, {"partial_images": None}, {"stream": False}])
def test_nobody_gets_previews_who_did_not_ask(serve, painter, photo_uri, more):
    answer = ask(serve(engine=painter), photo_uri, **more)

    assert answer.status_code == 200
    assert "partial_image_index" not in answer.text
    assert painter.every is None


def test_where_pictures_are_checked_no_preview_leaves(serve, painter, photo_uri):
    class Harmless:
        def score(self, _pixels):
            return 0.0

    for _ in range(3):
        painter.may_go_on.release()

    answer = ask(serve(engine=painter, picture_check=Harmless()), photo_uri)

    assert [name for name, _ in events_of(answer)] == ["image_edit.completed"]


def test_an_error_after_a_preview_is_an_event(serve, photo_uri, painter):
    painter.error_after = 2
    answer = ask(serve(engine=painter), photo_uri)

    assert answer.status_code == 200
    *partial, (name, said) = events_of(answer)
    assert [each for each, _ in partial] == ["image_edit.partial_image"] * 2
    assert name == said["type"] == "error"
    assert said["error"]["code"] == "engine_failed"
    assert said["error"]["message"] == "The paint ran out."


def test_an_error_before_any_preview_is_an_ordinary_one(serve, photo_uri):
    answer = ask(serve(engine=FakeEngine(error=EngineError("The paint ran out."))), photo_uri)

    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "engine_failed"


class NeverReleased(threading.Semaphore):
    def release(self, n=1):
        """Let nobody pass."""


def test_a_client_that_goes_away_between_two_previews_aborts_the_edit(serve, painter, photo_uri):
    painter.may_go_on = NeverReleased(0)  # the first preview is the last one unless the edit is aborted
    client = serve(engine=painter)
    body = json.dumps({"prompt": "Add a bird.", "stream": True, "partial_images": 3, "image_url": photo_uri}).encode()

    async def leave_after_the_first_event():
        seen = asyncio.Event()
        asked = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive():
            if asked:
                return asked.pop()
            await seen.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            if message.get("body"):
                seen.set()

        headers = [(b"host", b"127.0.0.1"), (b"authorization", b"Bearer any"), (b"content-type", b"application/json")]
        scope = {"type": "http", "method": "POST", "path": EDITS, "query_string": b"", "headers": headers}
        scope |= {"asgi": {"spec_version": "2.3"}, "scheme": "http", "server": ("127.0.0.1", 8000)}
        await client.app(scope, receive, send)

    asyncio.run(asyncio.wait_for(leave_after_the_first_event(), SECONDS))

    assert painter.aborted.wait(SECONDS)
