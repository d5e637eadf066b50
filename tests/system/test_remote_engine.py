"""The engine "remote" with this very server as the remote one, and behind this very server."""

import base64
import io

import httpx2
import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from retouch.engines.remote.engine import RemoteEngine
from retouch.engines.remote.options import RemoteOptions
from retouch.errors import EngineError, RemoteRefusedError, UnsupportedInstructionError
from retouch.images.geometry import fit_pixels, plan_fit
from retouch.pipeline import run_edit
from retouch.server.app import create_app
from retouch.settings import load_settings
from retouch.testing import FakeEngine
from retouch.types import EditRequest, OutputFormat

pytestmark = pytest.mark.slow

PICTURE = np.ascontiguousarray(astronaut()[:384])
ASKED = EditRequest("Add a bird.", seed=11, output_format=OutputFormat.PNG)


@pytest.fixture(scope="module")
def direct() -> np.ndarray:
    return pixels_of(run_edit(ASKED, [PICTURE], FakeEngine()))


def pixels_of(result) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(result.images[0].data)))


def remote(server, **options) -> RemoteEngine:
    return RemoteEngine(RemoteOptions(f"{server.url}/v1", api_key="any-key-will-do-here", **options))


@pytest.mark.parametrize("protocol", ["openai", "retouch", "aimlapi", "bfl"])
def test_an_edit_through_the_remote_engine_equals_the_direct_one_outside_the_change(start, direct, protocol):
    result = run_edit(ASKED, [PICTURE], remote(start(), protocol=protocol))
    edited = pixels_of(result)
    height, width = PICTURE.shape[:2]
    base = fit_pixels(PICTURE, plan_fit(width, height, aspect_ratio=None, keep_size=False))
    square = np.any(direct != base, axis=2)
    around = np.zeros_like(square)
    rows, cols = np.nonzero(square)
    margin = 40  # of the seam, where the change had to be found
    around[max(0, rows.min() - margin) : rows.max() + margin, max(0, cols.min() - margin) : cols.max() + margin] = True
    np.testing.assert_array_equal(edited[~around], direct[~around])
    assert np.abs(edited[square].astype(int) - direct[square]).mean() < 2
    if protocol == "retouch":
        np.testing.assert_array_equal(edited, direct)


@pytest.mark.parametrize("protocol", ["openai", "retouch", "aimlapi", "bfl"])
def test_its_refusal_comes_through(start, protocol):
    asked = EditRequest("Do the impossible.", seed=1)
    with pytest.raises(UnsupportedInstructionError) as caught:
        run_edit(asked, [PICTURE], remote(start(), protocol=protocol))
    assert caught.value.not_understood == ("Do the impossible.",)
    assert "Ask for something else." in caught.value.hint
    if protocol != "bfl":  # whose errors have no place for it
        assert caught.value.understood == ("paint a square",)


def test_a_wrong_key_is_told_without_it(start):
    server = start(RETOUCH_SERVER__API_KEYS="the-right-key-of-the-remote")
    with pytest.raises(RemoteRefusedError, match="refuses this server's key") as caught:
        run_edit(ASKED, [PICTURE], remote(server))
    assert "any-key" not in caught.value.message


def test_a_server_that_dies_during_the_edit_is_an_engine_error(start):
    server = start("--steps", "100", "--step-seconds", "0.2")
    seen = []

    def should_abort() -> bool:
        seen.append(None)
        if len(seen) == 15:  # it looks ten times a second
            server.kill()
        return False

    with pytest.raises(EngineError) as caught:
        run_edit(ASKED, [PICTURE], remote(server), should_abort=should_abort)
    assert caught.value.retryable


def test_a_server_serves_what_a_remote_one_makes(start, tmp_path, photo_uri):
    """Two servers: the nearer one has the engine "auto", whose built-in editor refuses what the farther one then does."""
    from starlette.testclient import TestClient

    from retouch.library import create_registry

    far = RemoteOptions(f"{start().url}/v1", protocol="retouch", api_key="any-key-will-do-here")
    near = create_app(
        load_settings(None, {"engine": {"default": "auto"}}), create_registry(tmp_path, remote=far), tmp_path / "near"
    )
    prompt = "Wibble the frobnicator sideways."
    body = {"model": "flux/kontext-max/image-to-image", "prompt": prompt, "image_url": photo_uri, "seed": 3}
    with TestClient(near, base_url="http://127.0.0.1", headers={"Authorization": "Bearer any"}) as client:
        answer = client.post("/v1/images/generations", json={**body, "response_format": "b64_json"}).json()
        direct = client.post("/v1/images/generations", json={**body, "engine": "remote"}).json()
        listed = client.get("/v1/models").json()
    assert "meta" in answer, answer
    assert answer["meta"]["engine"] == direct["meta"]["engine"] == "remote/retouch"
    assert any("'builtin' was asked first and refused" in note for note in answer["meta"]["notes"])
    assert Image.open(io.BytesIO(base64.b64decode(answer["data"][0]["b64_json"]))).size == (1184, 880)
    assert listed["data"][0]["info"]["engines"] == ["builtin", "flux", "remote", "auto"]
    assert httpx2.get(f"{far.url.removesuffix('/v1')}/health").status_code == 200
