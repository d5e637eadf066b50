"""The playground with the built-in editor: a real edit of a real photo."""

import shlex
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from tests.browser.conftest import pixels_of

pytestmark = pytest.mark.slow


def test_a_real_photo_is_really_edited_explained_and_exact_and_the_command_line_agrees(
    visit, editor_server, photos, tmp_path
):
    page = visit(editor_server)
    page.take(photos["coffee"])
    page.edit("make the mug blue")
    assert "“the mug”" in page.text_content(".phrases")
    before, after = pixels_of(photos["coffee"].read_bytes()), pixels_of(page.saved("#download"))
    changed = (before != after).any(axis=2).mean()
    told = float(page.text_content("#changed-share").split("%")[0]) / 100
    assert 0.01 < changed <= told + 0.001
    assert "the mug" in page.text_content(".ideas").lower()
    page.click("#report details summary")
    page.get_by_role("button", name="CLI", exact=True).click()
    command = page.text_content("#snippet")
    assert command.startswith("retouch edit ")
    (tmp_path / "coffee.png").write_bytes(photos["coffee"].read_bytes())
    program = f"{shlex.quote(sys.executable)} -m {command}"
    subprocess.run(["bash", "-c", program], cwd=tmp_path, check=True, capture_output=True, timeout=240)
    assert (pixels_of((tmp_path / "edited.png").read_bytes()) == after).all()


def test_a_refusal_suggests_what_works_and_one_click_takes_it(visit, editor_server, photos):
    page = visit(editor_server)
    page.take(photos["coffee"])
    page.fill("#instruction", "make the frobnicator gleam")
    page.click("#run")
    page.wait_for_selector(".refusal")
    assert "frobnicator" in page.text_content(".refusal mark")
    suggestion = page.text_content(".refusal .chip >> nth=0")
    page.click(".refusal .chip >> nth=0")
    assert page.input_value("#instruction") == suggestion
    page.click("#run")
    page.wait_for_selector("#changed-share")


def test_a_photo_that_the_browser_cannot_show_is_shown_and_edited(visit, editor_server, heic):
    page = visit(editor_server, width=360)
    page.take(heic)
    page.wait_for_selector("img.after")
    assert page.text_content(".facts").endswith("300 × 200")
    page.edit("make the background white")
    after = pixels_of(page.saved("#download"))
    before = np.asarray(_opened(heic))
    assert after.shape == before.shape
    assert (after == before).all(axis=2).mean() > 0.2


def _opened(path) -> Image.Image:
    import pillow_heif

    pillow_heif.register_heif_opener()
    return Image.open(path).convert("RGB")
