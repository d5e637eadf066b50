"""A whole server in this process, with the fake engine, in a temporary folder."""

import base64
import io
from contextlib import ExitStack

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut
from starlette.testclient import TestClient

from retouch.safety.pictures import PictureCheck
from retouch.server.app import create_app
from retouch.settings import load_settings
from retouch.testing import FakeEngine, fake_registry

MODEL = "flux/kontext-max/image-to-image"
GENERATIONS = "/v1/images/generations"
BASE_URL = "http://127.0.0.1:8000"


@pytest.fixture(scope="session")
def photo() -> bytes:
    """A PNG of 512 x 384, which is 4:3 as the documented example's 1024 x 768."""
    buffer = io.BytesIO()
    Image.fromarray(astronaut()[64:448]).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="session")
def photo_uri(photo) -> str:
    return f"data:image/png;base64,{base64.b64encode(photo).decode()}"


@pytest.fixture
def serve(tmp_path):
    """Start a server with settings by group; return a client that is let in."""
    with ExitStack() as stack:

        def start(
            *,
            engine: FakeEngine | None = None,
            base_url: str = BASE_URL,
            picture_check: PictureCheck | None = None,
            **settings,
        ) -> TestClient:
            groups = {"engine": {"default": "fake"}, **settings}
            loaded = load_settings(None, groups)
            app = create_app(loaded, fake_registry(engine), tmp_path / "data", picture_check=picture_check)
            client = TestClient(app, base_url=base_url, headers={"Authorization": "Bearer any"})
            return stack.enter_context(client)

        yield start


@pytest.fixture
def client(serve) -> TestClient:
    return serve()


@pytest.fixture
def body(photo_uri):
    """The documented request, with changes."""

    def make(**changes):
        made = {"model": MODEL, "prompt": "Add a bird to the foreground of the photo.", "image_url": photo_uri}
        made |= changes
        return {name: value for name, value in made.items() if value is not ...}

    return make


def pixels_of(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))
