import dataclasses

import cv2
import numpy as np
import pytest
import skimage.data

from retouch.editor.instructions.plan import Retouch, RetouchPicture, Target, TargetKind
from retouch.editor.operations.registry import carry_out
from retouch.editor.operations.retouch.detail import noise_level
from retouch.editor.operations.retouch.tone import illuminant
from retouch.editor.scene.values import Box, Face
from retouch.errors import EditAbortedError, UnsupportedInstructionError

IT = Target(TargetKind.SUBJECT, "it")
WHOLE = [
    kind
    for kind in Retouch
    if kind not in (Retouch.RED_EYE, Retouch.SMOOTH_SKIN, Retouch.WHITEN_TEETH, Retouch.BRIGHTEN_EYES)
]


@pytest.fixture(scope="module")
def photo():
    return cv2.resize(skimage.data.astronaut(), (256, 256), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def suitable(photo):
    """Return a photo in which a kind of retouching finds something to do."""

    def choose(kind):
        if kind is not Retouch.LIFT_CORNERS:
            return photo
        wall = cv2.resize(np.dstack([skimage.data.brick()] * 3), (256, 256), interpolation=cv2.INTER_AREA)
        return vignetted(wall, 0.8)

    return choose


@pytest.fixture
def retouched(make_stage, make_context, disc):
    """Return the stage after one step of retouching; the subject is a disc in the middle."""

    def make(pixels, kind, strength=1.0, *, target=None, faces=(), should_abort=None):
        stage = make_stage(pixels, disc(pixels.shape[:2], (100, 100), 40, 6.0))
        stage.scene.faces = faces
        context = make_context(pixels, should_abort=should_abort)
        return carry_out(RetouchPicture(kind, strength, target, "do it"), stage, context)

    return make


def error(a, b):
    return float(np.sqrt(((a.astype(float) - b) ** 2).mean()))


def gray(pixels):
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255


@pytest.mark.parametrize("kind", WHOLE)
def test_without_a_target_it_is_global_and_changes_the_picture(kind, suitable, retouched):
    photo = suitable(kind)
    after = retouched(photo, kind)

    assert after.is_global
    assert after.pixels.shape == photo.shape
    assert error(after.pixels, photo) > 0.3


@pytest.mark.parametrize("kind", WHOLE)
def test_with_a_target_everything_else_stays_bit_identical(kind, suitable, retouched):
    photo = suitable(kind)
    after = retouched(photo, kind, target=IT)

    outside = after.change_mask == 0
    assert np.array_equal(after.pixels[outside], photo[outside])
    assert not np.array_equal(after.pixels, photo)
    assert not after.is_global


@pytest.mark.parametrize("kind", WHOLE)
def test_transparency_stays(kind, suitable, retouched):
    photo = suitable(kind)
    cut_out = np.dstack([photo, np.arange(65536, dtype=np.uint32).reshape(256, 256).astype(np.uint8)])

    assert np.array_equal(retouched(cut_out, kind).pixels[..., 3], cut_out[..., 3])


def test_sharpening_raises_detail_and_leaves_flat_noise_alone(photo, retouched):
    soft = cv2.GaussianBlur(photo, (0, 0), 1.0)
    flat = np.clip(128 + np.random.default_rng(0).normal(0, 2, (256, 256, 3)), 0, 255).astype(np.uint8)

    assert (
        cv2.Laplacian(gray(retouched(soft, Retouch.SHARPEN).pixels), -1).std()
        > 1.2 * cv2.Laplacian(gray(soft), -1).std()
    )
    assert noise_level(gray(retouched(flat, Retouch.SHARPEN).pixels)) < 1.8 * noise_level(gray(flat))


def test_deblurring_comes_nearer_to_the_sharp_picture(photo, retouched):
    blurred = cv2.GaussianBlur(photo, (0, 0), 1.2)

    assert error(retouched(blurred, Retouch.DEBLUR).pixels, photo) < 0.9 * error(blurred, photo)


def test_denoising_comes_nearer_to_the_clean_picture(photo, retouched):
    noisy = np.clip(photo + np.random.default_rng(0).normal(0, 18, photo.shape), 0, 255).astype(np.uint8)

    assert error(retouched(noisy, Retouch.DENOISE).pixels, photo) < 0.7 * error(noisy, photo)


def test_dehazing_takes_the_veil_off(photo, retouched):
    share = np.linspace(0.4, 0.9, 256)[:, None, None]
    hazy = (photo * share + 215 * (1 - share)).astype(np.uint8)

    assert gray(retouched(hazy, Retouch.DEHAZE).pixels)[:128].std() > 1.2 * gray(hazy)[:128].std()


def test_white_balance_makes_gray_gray(retouched):
    rng = np.random.default_rng(0)
    scene = np.repeat(rng.integers(30, 200, (32, 32, 1)), 3, axis=2).astype(np.float32)
    scene = cv2.resize(scene, (128, 128), interpolation=cv2.INTER_NEAREST)
    yellow = (scene * (1.0, 0.9, 0.7)).astype(np.uint8)

    after = retouched(yellow, Retouch.WHITE_BALANCE).pixels.reshape(-1, 3).mean(axis=0)

    assert np.ptp(after) < 0.3 * np.ptp(yellow.reshape(-1, 3).mean(axis=0))
    assert np.abs(np.log(illuminant((scene / 255).astype(np.float32)))).max() < 0.02, "gray light has no color"


def test_a_dark_picture_is_enhanced_more_than_a_good_one(photo, retouched):
    dark = (photo * 0.4).astype(np.uint8)

    assert gray(retouched(dark, Retouch.ENHANCE).pixels).mean() > 1.25 * gray(dark).mean()
    assert abs(gray(retouched(photo, Retouch.ENHANCE).pixels).mean() - gray(photo).mean()) < 0.08


def test_shadows_and_highlights_move_and_the_other_end_stays(photo, retouched):
    dark, bright = gray(photo) < 0.2, gray(photo) > 0.85
    lifted, lowered = (
        gray(retouched(photo, Retouch.LIFT_SHADOWS).pixels),
        gray(retouched(photo, Retouch.LOWER_HIGHLIGHTS).pixels),
    )

    assert lifted[dark].mean() > gray(photo)[dark].mean() + 0.03
    assert abs(lifted[bright].mean() - gray(photo)[bright].mean()) < 0.02
    assert lowered[bright].mean() < gray(photo)[bright].mean() - 0.05
    assert abs(lowered[dark].mean() - gray(photo)[dark].mean()) < 0.02
    assert gray(retouched(photo, Retouch.DEEPEN_SHADOWS).pixels)[dark].mean() < gray(photo)[dark].mean()


def test_a_stop_is_a_stop_in_the_dark_and_nothing_clips(retouched):
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    ramp = np.repeat(ramp, 16, axis=0)

    brighter = retouched(ramp, Retouch.EXPOSURE, 1.0).pixels[0, :, 0].astype(float)

    linear = ((brighter / 255 + 0.055) / 1.055) ** 2.4, ((ramp[0, :, 0] / 255 + 0.055) / 1.055) ** 2.4
    assert linear[0][40] / linear[1][40] == pytest.approx(2.0, rel=0.1)
    assert brighter[253] < 255
    assert (np.diff(brighter) >= 0).all()


FACE = Face(
    Box(60, 60, 200, 220), 0.99, ((100.0, 120.0), (160.0, 120.0)), 12.0, (130.0, 150.0), Box(100, 170, 160, 200)
)


def test_red_eyes_become_dark_and_nothing_else_changes(retouched):
    person = np.full((256, 256, 3), (190, 150, 130), np.uint8)
    for x, y in FACE.eyes:
        cv2.circle(person, (int(x), int(y)), 5, (210, 40, 40), -1)

    after = retouched(person, Retouch.RED_EYE, faces=(FACE,))

    assert int(after.pixels[120, 100, 0]) < 60
    assert np.array_equal(after.pixels[after.change_mask == 0], person[after.change_mask == 0])
    assert after.change_mask.mean() < 0.01


def test_without_faces_or_red_there_are_no_red_eyes_to_fix(photo, retouched):
    plain = np.full((256, 256, 3), (190, 150, 130), np.uint8)

    with pytest.raises(UnsupportedInstructionError, match="no face"):
        retouched(plain, Retouch.RED_EYE)
    with pytest.raises(UnsupportedInstructionError, match="not red"):
        retouched(plain, Retouch.RED_EYE, faces=(FACE,))


def test_teeth_lose_their_yellow_within_the_mask_alone(retouched):
    yellow = np.full((256, 256, 3), (225, 205, 150), np.uint8)

    after = retouched(yellow, Retouch.WHITEN_TEETH)

    r, _, b = after.pixels[100, 100].astype(int)
    assert r - b < 45
    assert np.array_equal(after.pixels[0, 0], yellow[0, 0])


def test_smoothed_skin_keeps_its_color_and_some_texture(photo, retouched):
    rng = np.random.default_rng(0)
    blotches = cv2.GaussianBlur(rng.normal(0, 1, (256, 256)).astype(np.float32), (0, 0), 3)
    skin = np.clip((200, 160, 140) + (60 * blotches + rng.normal(0, 2, (256, 256)))[..., None], 0, 255).astype(np.uint8)

    after = retouched(skin, Retouch.SMOOTH_SKIN, faces=(dataclasses.replace(FACE),))

    inside = after.change_mask == 1
    assert gray(after.pixels)[inside].std() < 0.8 * gray(skin)[inside].std()
    assert gray(after.pixels)[inside].std() > 0.005
    assert np.abs(after.pixels[inside].mean(axis=0) - skin[inside].mean(axis=0)).max() < 3


def test_eyes_become_brighter(photo, retouched):
    after = retouched(photo, Retouch.BRIGHTEN_EYES)

    inside = after.change_mask == 1
    assert gray(after.pixels)[inside].mean() > gray(photo)[inside].mean() + 0.02


def test_an_abort_is_obeyed(photo, retouched):
    with pytest.raises(EditAbortedError):
        retouched(photo, Retouch.ENHANCE, should_abort=lambda: True)


def vignetted(pixels, strength):
    rows, cols = pixels.shape[:2]
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : cols * 1j]
    falloff = np.exp(-strength * (x**2 + y**2) / 2)[..., None]
    return (255 * (np.float32(pixels) / 255 * falloff ** (1 / 2.2))).round().astype(np.uint8)


def corners(pixels):
    return float(np.mean([pixels[:24, :24], pixels[:24, -24:], pixels[-24:, :24], pixels[-24:, -24:]]))


def test_a_vignette_is_taken_out_as_far_as_it_was_there(retouched):
    plain = cv2.resize(np.dstack([skimage.data.brick()] * 3), (384, 256), interpolation=cv2.INTER_AREA)
    dark = vignetted(plain, 0.8)

    after = retouched(dark, Retouch.LIFT_CORNERS)

    assert corners(dark) < 0.75 * corners(plain)
    assert abs(corners(after.pixels) - corners(plain)) < 0.6 * (corners(plain) - corners(dark))
    assert error(after.pixels, plain) < 0.8 * error(dark, plain)


RAMP = np.tile(np.linspace(90, 160, 256)[None, :, None], (200, 1, 3)).round().astype(np.uint8)


@pytest.mark.parametrize(
    "pixels",
    [RAMP, skimage.data.astronaut(), skimage.data.rocket(), skimage.data.coffee()],
    ids=["ramp", "dark wall", "night sky", "bright subject"],
)
def test_a_picture_without_a_vignette_is_refused_one(pixels, retouched):
    with pytest.raises(UnsupportedInstructionError, match="no clear vignette"):
        retouched(pixels, Retouch.LIFT_CORNERS)
