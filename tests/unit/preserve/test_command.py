import json

import numpy as np
import pytest
import typer
from PIL import Image, ImageCms
from typer.testing import CliRunner

from retouch.cli.output import exits
from retouch.cli.preserve import preserve
from retouch.preserve.report import decode_mask_runs


@pytest.fixture(scope="module")
def run():
    app = typer.Typer()
    app.command()(exits(preserve))

    def invoke(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return invoke


@pytest.fixture
def pictures(tmp_path, coffee, with_disc, as_jpeg):
    small = coffee[::2, ::2].copy()
    Image.fromarray(coffee).save(tmp_path / "photo.png")
    Image.fromarray(as_jpeg(with_disc(small, (150, 100), 30))).save(tmp_path / "edited.png")
    return tmp_path


def test_the_answer_has_the_edited_picture_s_size_and_its_report_as_json(run, pictures):
    result = run(pictures / "photo.png", pictures / "edited.png", "-o", pictures / "out.png", "--json")

    body = json.loads(result.stdout)
    written = np.asarray(Image.open(pictures / "out.png"))
    assert result.exit_code == 0
    assert written.shape == (240, 320, 3)
    assert body["kind"] == "local"
    assert body["file"]["lossless"]
    assert decode_mask_runs(body["mask"]).mean() == pytest.approx(body["changed_share"], abs=1e-5)


def test_at_the_original_size_every_pixel_outside_of_the_mask_is_the_original_s(run, pictures, coffee):
    out, mask = pictures / "out.png", pictures / "mask.png"

    result = run(pictures / "photo.png", pictures / "edited.png", "-o", out, "--size", "original", "--save-mask", mask)

    outside = np.asarray(Image.open(mask)) == 0
    assert result.exit_code == 0
    assert 0.85 < outside.mean() < 1
    assert np.array_equal(np.asarray(Image.open(out))[outside], coffee[outside])


def test_a_jpeg_answer_states_what_writing_it_cost(run, pictures):
    Image.open(pictures / "photo.png").save(pictures / "photo.jpg", quality=85)
    out = pictures / "out.jpg"

    result = run(pictures / "photo.jpg", pictures / "edited.png", "-o", out, "--size", "original", "--json")

    body = json.loads(result.stdout)["file"]
    assert not body["lossless"]
    assert body["psnr_outside_db"] is None or body["psnr_outside_db"] > 40
    assert "own tables" in body["notes"][0]


def test_a_mask_of_the_caller_limits_the_edit(run, pictures):
    allowed = np.zeros((240, 320), np.uint8)
    allowed[80:120, 130:170] = 255
    Image.fromarray(allowed).save(pictures / "mask.png")

    result = run(
        pictures / "photo.png",
        pictures / "edited.png",
        "-o",
        pictures / "out.png",
        "--mask",
        pictures / "mask.png",
        "--json",
    )

    found = decode_mask_runs(json.loads(result.stdout)["mask"])
    assert not found[allowed == 0].any()
    assert found[allowed > 0].mean() > 0.8


@pytest.mark.parametrize("name", ["missing.png", "text.png"])
def test_an_unreadable_picture_is_an_error_with_a_message(run, pictures, name):
    (pictures / "text.png").write_text("not a picture")

    result = run(pictures / "photo.png", pictures / name, "-o", pictures / "out.png", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["message"]
    assert not (pictures / "out.png").exists()


def test_the_words_say_what_changed(run, pictures):
    result = run(pictures / "photo.png", pictures / "edited.png", "-o", pictures / "out.png")

    assert "A local edit" in result.stdout
    assert "Saved" in result.stdout


def test_a_photo_in_another_color_space_keeps_its_own_pixels_and_profile(run, pictures, coffee):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"____").replace(b"gXYZ", b"rXYZ").replace(b"____", b"gXYZ")
    swapped = swapped.replace("sRGB".encode("utf-16-be"), "sGRB".encode("utf-16-be"))
    native = coffee[..., [1, 0, 2]]  # what sRGB pixels are in a space whose red and green are swapped
    Image.fromarray(native).save(pictures / "wide.png", icc_profile=swapped)
    out, mask = pictures / "out.png", pictures / "mask.png"

    result = run(pictures / "wide.png", pictures / "edited.png", "-o", out, "--size", "original", "--save-mask", mask)

    with Image.open(out) as written:
        alpha = np.asarray(Image.open(mask))
        pixels = np.asarray(written)
        assert result.exit_code == 0
        assert written.info["icc_profile"] == swapped
        assert 0.85 < (alpha == 0).mean() < 1
        assert np.array_equal(pixels[alpha == 0], native[alpha == 0])
        # The disc is (40, 80, 220) in sRGB.
        assert np.abs(pixels[200, 300].astype(int) - [80, 40, 220]).max() < 14
