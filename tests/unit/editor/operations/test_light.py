"""Light and weather on a small synthetic landscape: a blue sky with a tree and a mast before it, a meadow, a lake."""

import cv2
import numpy as np
import pytest

from retouch.editor.instructions.plan import BorrowSky, ChangeLight, LightKind, Target, TargetKind
from retouch.editor.operations.light.borrow_sky import borrow_sky
from retouch.editor.operations.light.change_light import change_light
from retouch.editor.operations.light.sky_matte import split_sky
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.scene.scene import Finding, Horizon, Light, Subject
from retouch.errors import EditAbortedError, UnsupportedInstructionError
from retouch.images.color import linear_to_srgb, luminance, srgb8_to_oklab, srgb_to_linear, to_uint8

HEIGHT, WIDTH = 180, 240
SKYLINE = 90
SKY = np.array([0.30, 0.52, 0.85], np.float32)
MEADOW = np.array([0.10, 0.20, 0.05], np.float32)
TREE = np.array([0.03, 0.06, 0.02], np.float32)
MAST_COLUMN = 60
IN_SKY = (slice(10, 60), slice(100, 160))
IN_MEADOW = (slice(140, 176), slice(10, 90))


class Landscape:
    is_open_air = True
    shows_nature = False


class Scene:
    """A scene whose masks are known."""

    def __init__(self, pixels, *, sky, subject=None, ground=None, water=None, outdoors=True):
        empty = np.zeros(pixels.shape[:2], np.float32)
        self.pixels = pixels
        self.sky = sky
        self.subject = Subject(empty if subject is None else subject, 0.95, subject is not None)
        self.ground = empty if ground is None else ground
        self.water = water
        self.horizon = None if sky is None else Horizon(float(SKYLINE), 0.9)
        self.light = Light(0.0, 0.5, np.ones(3, np.float32))
        self.head = None
        self.labels = (("temple", 0.9),)
        self.landscape = Landscape()
        self.landscape.is_open_air = outdoors
        self.vegetation = None

    def describe(self):
        return "a meadow"

    def keep(self, key, compute):
        return compute()

    def find(self, target):
        return Finding(self.subject.matte, 0.9, "the main subject", verified=True)


@pytest.fixture(scope="module")
def alpha():
    """The sky's true matte: a tree with a soft outline reaches into it; a mast one pixel wide."""
    sky = np.zeros((HEIGHT * 4, WIDTH * 4), np.float32)
    sky[: SKYLINE * 4] = 1.0
    cv2.circle(sky, (200 * 4, 70 * 4), 30 * 4, 0.0, -1)
    fine = cv2.resize(sky, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    fine[30:SKYLINE, MAST_COLUMN] = 0.0
    return fine


@pytest.fixture(scope="module")
def photo(alpha):
    land = np.broadcast_to(MEADOW, (HEIGHT, WIDTH, 3)).copy()
    land[:SKYLINE] = TREE
    noise = np.random.default_rng(0).normal(1.0, 0.06, (HEIGHT, WIDTH, 1)).astype(np.float32)
    return to_uint8(linear_to_srgb((1 - alpha[..., None]) * land * noise + alpha[..., None] * SKY))


@pytest.fixture(scope="module")
def coarse(alpha):
    """What a segmentation would give: the mast is lost and the outline is soft."""
    closed = cv2.morphologyEx(alpha, cv2.MORPH_CLOSE, np.ones((3, 5), np.uint8))
    return np.asarray(np.clip(cv2.GaussianBlur(closed, (0, 0), 1.2), 0, 1), np.float32)


def stage_of(pixels, scene):
    return Stage(pixels=pixels, change_mask=np.zeros(pixels.shape[:2], np.float32), scene=scene)


def context_of(seed=1, should_abort=None):
    return Context(
        np.random.default_rng(seed), scenes=None, originals=None, analyze=None, models=None, objects=None,
        should_abort=should_abort,
    )  # fmt: skip


@pytest.fixture
def outdoors(photo, coarse):
    ground = np.zeros((HEIGHT, WIDTH), np.float32)
    ground[SKYLINE + 4 :] = 1.0
    return stage_of(photo, Scene(photo, sky=coarse, ground=ground))


@pytest.fixture
def indoors(photo, disc):
    subject = disc((HEIGHT, WIDTH), (100, 120), 40, 4.0)
    return stage_of(photo, Scene(photo, sky=None, subject=subject, outdoors=False))


def changed(stage, *kinds, seed=1, **how):
    return change_light(stage, ChangeLight(kinds, phrase="the words", **how), context_of(seed))


def mean_of(pixels, window):
    return srgb_to_linear(pixels[..., :3])[window].reshape(-1, 3).mean(axis=0)


# The sky ---------------------------------------------------------------------------------------------------------------


def test_the_matte_is_solved_finer_than_the_segmentation_it_starts_from(photo, coarse, alpha):
    solved = split_sky(srgb_to_linear(photo), coarse, np.zeros_like(coarse)).alpha

    assert np.abs(solved - alpha).mean() < 0.5 * np.abs(coarse - alpha).mean()
    assert solved[40:80, MAST_COLUMN].max() < 0.3


def test_a_sunset_sky_is_warm_low_and_no_old_blue_is_left_at_the_tree(outdoors, alpha):
    after = changed(outdoors, LightKind.SUNSET)

    low_sky = mean_of(after.pixels, (slice(70, 88), slice(80, 160)))
    edge = (alpha > 0.2) & (alpha < 0.8)
    edge[:, MAST_COLUMN - 3 : MAST_COLUMN + 4] = False
    old_hue = SKY[2] / SKY[0]
    rim = srgb_to_linear(after.pixels)[edge]
    assert low_sky[0] > 1.3 * low_sky[2]
    assert (rim[:, 2] / rim[:, 0] < 0.6 * old_hue).mean() > 0.95


@pytest.mark.parametrize("kind", [LightKind.NIGHT, LightKind.BLUE_HOUR, LightKind.DUSK])
def test_late_hours_darken_land_and_sky_without_crushing_them(outdoors, photo, kind):
    after = changed(outdoors, kind)

    before_land, land = (luminance(mean_of(p, IN_MEADOW)[None, None])[0, 0] for p in (photo, after.pixels))
    sky = luminance(mean_of(after.pixels, IN_SKY)[None, None])[0, 0]
    assert 0.003 < land < 0.6 * before_land
    assert 0.001 < sky < 0.16


def test_stars_shine_in_the_sky_and_never_before_the_land(outdoors, alpha):
    night = changed(outdoors, LightKind.NIGHT, LightKind.STARS).pixels.max(axis=2).astype(int)

    assert (night[alpha == 1] > 95).sum() >= 4
    assert (night[SKYLINE + 6 :] > 95).sum() == 0


def test_a_moon_is_bright_and_leaves_everything_but_the_sky_bit_identical(outdoors, photo, alpha):
    after = changed(outdoors, LightKind.MOON, sky_only=True)

    outside = after.change_mask == 0
    assert np.array_equal(after.pixels[outside], photo[outside])
    assert not after.is_global
    assert outside[SKYLINE + 8 :].all()
    assert (after.pixels[alpha > 0].astype(int) - photo[alpha > 0]).max() > 40


@pytest.mark.parametrize("kind", [LightKind.CLOUDS, LightKind.CLEAR, LightKind.SUNSET])
def test_only_the_sky_means_only_the_sky(outdoors, photo, kind):
    after = changed(outdoors, kind, sky_only=True)

    outside = after.change_mask == 0
    assert outside.mean() > 0.4
    assert np.array_equal(after.pixels[outside], photo[outside])
    assert not np.array_equal(after.pixels[IN_SKY], photo[IN_SKY])


def test_a_change_of_light_is_global_and_keeps_alpha(outdoors, photo, coarse):
    alpha_channel = np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 1), dtype=np.uint8)
    stage = stage_of(np.concatenate([photo, alpha_channel], axis=2), outdoors.scene)

    after = changed(stage, LightKind.GOLDEN_HOUR)

    assert after.is_global
    assert np.array_equal(after.pixels[..., 3:], alpha_channel)


def test_a_smooth_sky_shows_no_bands(outdoors):
    after = changed(outdoors, LightKind.NIGHT).pixels[5:55, 90:160, 2].astype(int)

    runs = [len(np.unique(column)) for column in after.T]
    assert np.mean(runs) > 3
    assert np.abs(np.diff(np.median(after, axis=1))).max() <= 4


def test_water_takes_the_color_of_its_new_sky(photo, coarse):
    water = np.zeros((HEIGHT, WIDTH), np.float32)
    water[SKYLINE + 2 : 130] = 1.0
    window = (slice(SKYLINE + 6, 125), slice(20, 220))
    dry = changed(stage_of(photo, Scene(photo, sky=coarse)), LightKind.SUNSET)
    wet = changed(stage_of(photo, Scene(photo, sky=coarse, water=water)), LightKind.SUNSET)

    land, lake = mean_of(dry.pixels, window), mean_of(wet.pixels, window)
    assert lake[0] > 1.5 * land[0]


def test_what_shines_in_the_dark_goes_on_shining_at_night(coarse):
    dark = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
    dark[:SKYLINE] = (60, 80, 120)
    dark[120:126, 100:106] = (255, 230, 180)
    after = changed(stage_of(dark, Scene(dark, sky=coarse)), LightKind.NIGHT).pixels

    assert after[121:125, 101:105].min() > 130
    assert after[150:170, 20:60].max() < 60


# The weather ---------------------------------------------------------------------------------------------------------------


def test_fog_hides_what_is_far_and_spares_what_is_near(outdoors, photo):
    after = changed(outdoors, LightKind.FOG).pixels.astype(int)

    difference = np.abs(after - photo).mean(axis=(1, 2))
    assert difference[SKYLINE + 2 : SKYLINE + 12].mean() > 4 * difference[-12:].mean()


def test_rain_falls_in_streaks_that_are_longer_than_wide(outdoors):
    without = changed(outdoors, LightKind.OVERCAST).pixels[IN_MEADOW].astype(np.float32).mean(axis=2)
    rain = changed(outdoors, LightKind.RAIN).pixels[IN_MEADOW].astype(np.float32).mean(axis=2)

    def roughness(image, axis):
        return np.abs(np.diff(image - cv2.GaussianBlur(image, (0, 0), 8), axis=axis)).mean()

    assert roughness(rain, 1) / roughness(rain, 0) > 1.15 * roughness(without, 1) / roughness(without, 0)


def test_snow_lies_on_the_ground_and_not_in_the_sky(outdoors, photo):
    after = changed(outdoors, LightKind.SNOW_COVER)

    ground, before = mean_of(after.pixels, IN_MEADOW), mean_of(photo, IN_MEADOW)
    assert ground.min() > 1.4 * before.mean()
    assert np.ptp(ground) < 0.3 * ground.max()
    assert np.abs(after.pixels[IN_SKY].astype(int) - photo[IN_SKY]).max() <= 3


def test_snow_spares_a_living_subject(photo, coarse, disc):
    subject = disc((HEIGHT, WIDTH), (140, 120), 25, 3.0)
    scene = Scene(photo, sky=coarse, subject=subject, ground=(1 - subject).astype(np.float32))
    scene.labels = (("dog", 0.9),)
    after = changed(stage_of(photo, scene), LightKind.SNOW_COVER).pixels

    assert np.abs(after[subject == 1].astype(int) - photo[subject == 1]).max() <= 3


def test_autumn_turns_the_green_and_nothing_else(outdoors, photo):
    after = changed(outdoors, LightKind.AUTUMN).pixels

    before, now = (srgb8_to_oklab(p[IN_MEADOW]).reshape(-1, 3).mean(axis=0) for p in (photo, after))
    assert before[1] < -0.02 < 0.01 < now[1]
    assert np.abs(after[IN_SKY].astype(int) - photo[IN_SKY]).max() <= 3


def test_autumn_without_leaves_is_refused(coarse):
    gray = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)

    with pytest.raises(UnsupportedInstructionError, match="no green"):
        changed(stage_of(gray, Scene(gray, sky=coarse)), LightKind.AUTUMN)


# Indoors -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", [LightKind.CLOUDS, LightKind.STARS, LightKind.MOON, LightKind.DRAMATIC, LightKind.THUNDERSTORM]
)
def test_where_there_is_no_sky_none_is_made(indoors, kind):
    with pytest.raises(UnsupportedInstructionError, match="no sky"):
        changed(indoors, kind)


@pytest.mark.parametrize("kind", [LightKind.FOG, LightKind.RAIN, LightKind.SNOWFALL, LightKind.SNOW_COVER])
def test_indoors_there_is_no_weather(indoors, kind):
    with pytest.raises(UnsupportedInstructionError, match="indoors"):
        changed(indoors, kind)


@pytest.mark.parametrize("kind", [LightKind.GOLDEN_HOUR, LightKind.NIGHT, LightKind.SUNSET])
def test_indoors_the_light_of_an_hour_is_given_and_said_to_be_only_that(indoors, photo, kind):
    after = changed(indoors, kind)

    assert np.abs(after.pixels.astype(int) - photo).mean() > 4
    assert any("no sky" in note for note in after.notes)


# Lamps and lens ------------------------------------------------------------------------------------------------------------


def test_a_spotlight_leaves_the_rest_in_the_dark(indoors, photo):
    after = changed(indoors, LightKind.SPOTLIGHT).pixels.astype(float)

    assert after[95:105, 115:125].mean() > 0.9 * photo[95:105, 115:125].mean()
    assert after[150:, :30].mean() < 0.55 * photo[150:, :30].mean()


def test_a_rim_light_brightens_the_edge_more_than_the_middle(indoors, photo):
    rose = changed(indoors, LightKind.RIM_LIGHT).pixels.astype(float) - photo

    assert rose[98:102, 155:158].mean() > rose[98:102, 115:125].mean() + 15


@pytest.mark.parametrize("kind", [LightKind.STUDIO_LIGHT, LightKind.RIM_LIGHT, LightKind.BACKLIGHT])
def test_a_lamp_for_a_subject_needs_one(photo, kind):
    with pytest.raises(UnsupportedInstructionError, match="No main subject"):
        changed(stage_of(photo, Scene(photo, sky=None)), kind)


def test_a_lamp_falls_on_what_the_prompt_names(indoors):
    target = Target(TargetKind.SUBJECT, "the cat")
    after = changed(indoors, LightKind.SPOTLIGHT, target=target)

    assert after.resolutions[0].phrase == "the cat"


@pytest.mark.parametrize("kind", [LightKind.LENS_FLARE, LightKind.SUN_RAYS])
def test_flare_and_rays_add_light_at_their_source(outdoors, photo, kind):
    after = changed(outdoors, kind).pixels.astype(int)

    gain = cv2.blur((after - photo).mean(axis=2).astype(np.float32), (15, 15))
    assert gain.max() > 15
    assert after.max() <= 255


# All of them ---------------------------------------------------------------------------------------------------------------


EVERYWHERE = [
    (LightKind.SUNSET,), (LightKind.NIGHT, LightKind.STARS, LightKind.MOON), (LightKind.NIGHT, LightKind.RAIN),
    (LightKind.SNOWFALL, LightKind.SNOW_COVER), (LightKind.THUNDERSTORM, LightKind.LIGHTNING), (LightKind.SUNRISE, LightKind.FOG),
    (LightKind.SUN_RAYS, LightKind.LENS_FLARE), (LightKind.DAY,),
]  # fmt: skip


@pytest.mark.parametrize("kinds", EVERYWHERE)
def test_the_seed_decides_everything(outdoors, kinds):
    first, same, other = (changed(outdoors, *kinds, seed=seed).pixels for seed in (5, 5, 6))

    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("kinds", EVERYWHERE)
def test_the_picture_is_not_written_into(outdoors, photo, kinds):
    before = photo.copy()

    changed(outdoors, *kinds)

    assert np.array_equal(photo, before)


@pytest.mark.parametrize("kind", [LightKind.SUNSET, LightKind.NIGHT, LightKind.FOG])
def test_slightly_changes_less(outdoors, photo, kind):
    little, plain = (np.abs(changed(outdoors, kind, strength=s).pixels.astype(int) - photo).mean() for s in (0.5, 1.0))

    assert 0 < little < 0.85 * plain


def test_strength_0_leaves_the_picture_as_it_is(outdoors, photo):
    assert np.array_equal(changed(outdoors, LightKind.SUNSET, strength=0.0).pixels, photo)


def test_a_black_and_white_photo_stays_one(photo, coarse):
    gray = np.repeat(photo.mean(axis=2).astype(np.uint8)[..., None], 3, axis=2)
    after = changed(stage_of(gray, Scene(gray, sky=coarse)), LightKind.DRAMATIC)

    assert np.ptp(after.pixels.astype(int), axis=2).max() <= 3
    assert any("one tone" in note for note in after.notes)


def test_a_second_change_finds_the_sky_that_the_first_one_made(outdoors, alpha):
    night = changed(outdoors, LightKind.NIGHT)
    after = changed(night, LightKind.MOON, sky_only=True)

    assert np.array_equal(after.pixels[SKYLINE + 8 :], night.pixels[SKYLINE + 8 :])
    assert after.pixels[alpha == 1].max() > 200


def test_it_stops_when_it_is_told_to(outdoors):
    with pytest.raises(EditAbortedError):
        change_light(outdoors, ChangeLight((LightKind.FOG,)), context_of(should_abort=lambda: True))


# The sky that is there, and another picture's ----------------------------------------------------------------------------


def clouded(photo, alpha):
    """The landscape under soft clouds."""
    puffs = cv2.GaussianBlur(np.random.default_rng(5).random((HEIGHT, WIDTH)).astype(np.float32), (0, 0), 9)
    puffs = (puffs - puffs.min()) / np.ptp(puffs)
    sky = photo.astype(np.float32) + alpha[..., None] * puffs[..., None] * (245 - photo)
    return np.clip(sky, 0, 255).astype(np.uint8)


def test_a_sky_with_clouds_is_brought_out_and_nothing_else_changes(photo, coarse, alpha):
    picture = clouded(photo, alpha)
    stage = stage_of(picture, Scene(picture, sky=coarse))

    after = changed(stage, LightKind.DRAMATIC, sky_only=True, grade=True)

    before, now = (pixels[IN_SKY].astype(float).mean(axis=2) for pixels in (picture, after.pixels))
    assert now.std() > 1.25 * before.std()
    assert np.corrcoef(now.ravel(), before.ravel())[0, 1] > 0.9, "the same clouds, no new ones"
    assert (after.pixels[after.change_mask == 0] == picture[after.change_mask == 0]).all()
    assert (after.pixels[SKYLINE + 6 :] == picture[SKYLINE + 6 :]).all()


def test_a_blank_white_sky_has_nothing_to_bring_out_and_gets_clouds(photo, coarse, alpha):
    white = np.where(alpha[..., None] > 0.5, 250, photo).astype(np.uint8)
    after = changed(stage_of(white, Scene(white, sky=coarse)), LightKind.DRAMATIC, sky_only=True, grade=True)

    assert after.pixels[IN_SKY].std() > 8


def borrowed(stage, other):
    context = Context(
        np.random.default_rng(1), scenes=lambda index: other, originals=None, analyze=None, models=None, objects=None,
    )  # fmt: skip
    return borrow_sky(stage, BorrowSky(0, 1, "the words"), context)


def test_a_borrowed_sky_has_the_color_of_the_other_one_and_the_land_stays(outdoors, photo, coarse, alpha):
    orange = photo.copy()
    orange[alpha > 0.5] = (230, 140, 60)

    after = borrowed(outdoors, Scene(orange, sky=coarse))

    assert np.abs(after.pixels[IN_SKY].astype(int) - (230, 140, 60)).max() < 12
    assert (after.pixels[SKYLINE + 6 :] == photo[SKYLINE + 6 :]).all()


def test_a_picture_without_a_sky_lends_none(outdoors, indoors):
    with pytest.raises(UnsupportedInstructionError, match="no sky in picture 2"):
        borrowed(outdoors, indoors.scene)


def test_a_sky_behind_a_thicket_is_not_borrowed(outdoors, photo, coarse):
    thicket = photo.copy()
    thicket[:, ::6] = 20

    with pytest.raises(UnsupportedInstructionError, match="Too much stands before the sky"):
        borrowed(outdoors, Scene(thicket, sky=coarse))
