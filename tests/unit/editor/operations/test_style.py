import cv2
import numpy as np
import onnx
import pytest
import skimage.data

from retouch.editor.instructions.plan import FILM_STYLES, ApplyStyle, ColorValue, Style, Target, TargetKind
from retouch.editor.operations.style.apply import apply_style
from retouch.editor.operations.style.film import develop
from retouch.editor.operations.style.flow import edge_flow, ink_lines, kuwahara, lightness, smooth_along
from retouch.editor.operations.style.graphic import quantize
from retouch.editor.operations.style.network import paint_learned, paint_like, transfer_graph
from retouch.editor.operations.style.strokes import Brush, paint
from retouch.errors import EditAbortedError, UnsupportedInstructionError
from retouch.images.color import oklab_to_oklch, srgb8_to_oklab
from retouch.models import ModelStore

NETWORK = frozenset([Style.VAN_GOGH, Style.MUNCH, Style.KANDINSKY, Style.UKIYO_E, Style.PICTURE])
OWN = [style for style in Style if style not in NETWORK]
REDRAWN = [style for style in OWN if style not in FILM_STYLES]
IT = Target(TargetKind.SUBJECT, "it")


@pytest.fixture(scope="module")
def photo():
    return skimage.data.astronaut()[40:232, 100:292].copy()


@pytest.fixture
def styled(photo, make_stage, make_context, disc):
    def apply(style, strength=1.0, target=None, seed=1, **more):
        stage = make_stage(photo, disc(photo.shape[:2], (96, 96), 50))
        return apply_style(stage, ApplyStyle(style, strength, target, **more), make_context(seed=seed))

    return apply


def grey(pixels):
    return cv2.cvtColor(np.ascontiguousarray(pixels[..., :3]), cv2.COLOR_RGB2GRAY).astype(np.float32)


@pytest.mark.parametrize("style", OWN)
def test_every_style_changes_the_picture_and_keeps_its_size(style, photo, styled):
    after = styled(style)

    assert after.is_global
    assert after.pixels.shape == photo.shape
    assert after.pixels.dtype == np.uint8
    assert np.abs(after.pixels.astype(int) - photo).mean() > 0.8


@pytest.mark.parametrize("style", [style for style in OWN if style is not Style.MONDRIAN])
def test_what_the_picture_shows_can_still_be_made_out(style, photo, styled):
    before, after = (cv2.GaussianBlur(grey(pixels), (0, 0), 4) for pixels in (photo, styled(style).pixels))

    likeness = np.corrcoef(before.ravel(), after.ravel())[0, 1]

    assert likeness > (0.15 if style in (Style.LINE_ART, Style.INFRARED) else 0.7)


@pytest.mark.parametrize("style", [style for style in REDRAWN if style is not Style.PIXELATED])
def test_no_style_is_a_blur(style, photo, styled):
    """A painting has edges as sharp as the photo's: strokes, lines, grain."""
    sharpest = np.percentile(np.abs(cv2.Laplacian(grey(styled(style).pixels), cv2.CV_32F)), 97)

    assert sharpest > 0.3 * np.percentile(np.abs(cv2.Laplacian(grey(photo), cv2.CV_32F)), 97)


@pytest.mark.parametrize("style", OWN)
def test_outside_its_target_a_style_touches_nothing(style, photo, styled):
    after = styled(style, target=IT)

    outside = after.change_mask == 0
    assert outside.mean() > 0.3
    assert np.array_equal(after.pixels[outside], photo[outside])
    assert not after.is_global
    assert after.resolutions[0].resolved_to == "the main subject"


def test_everything_but_the_target_leaves_the_target_alone(photo, styled):
    after = styled(Style.PENCIL, target=Target(TargetKind.SUBJECT, "it", all_but=True))

    inside = after.change_mask == 0
    assert inside.mean() > 0.1
    assert np.array_equal(after.pixels[inside], photo[inside])
    assert not np.array_equal(after.pixels, photo)


@pytest.mark.parametrize("style", OWN)
def test_the_same_seed_paints_the_same_bytes(style, styled):
    assert np.array_equal(styled(style, seed=5).pixels, styled(style, seed=5).pixels)


@pytest.mark.parametrize("style", [Style.OIL, Style.WATERCOLOR, Style.CARTOON, Style.KODACHROME, Style.VIGNETTE])
def test_slightly_changes_less(style, photo, styled):
    slight, plain = (np.abs(styled(style, s).pixels.astype(int) - photo).mean() for s in (0.5, 1.0))

    assert slight < 0.8 * plain


@pytest.mark.parametrize("style", OWN)
def test_strength_0_leaves_the_picture_as_it_is(style, photo, styled):
    assert np.array_equal(styled(style, 0.0).pixels, photo)


@pytest.mark.parametrize("style", [Style.OIL, Style.PENCIL, Style.NOIR])
def test_transparency_is_kept(style, photo, make_stage, make_context):
    alpha = np.tile(np.arange(192, dtype=np.uint8), (192, 1))
    pixels = np.dstack([photo, alpha])

    after = apply_style(make_stage(pixels, np.zeros((192, 192), np.float32)), ApplyStyle(style), make_context())

    assert np.array_equal(after.pixels[..., 3], alpha)


def test_a_picture_too_small_for_a_stroke_is_refused(make_stage, make_context):
    stage = make_stage(np.zeros((20, 400, 3), np.uint8), np.zeros((20, 400), np.float32))

    with pytest.raises(UnsupportedInstructionError, match="24 pixels"):
        apply_style(stage, ApplyStyle(Style.OIL, phrase="oil"), make_context())


@pytest.mark.parametrize("style", REDRAWN)
def test_even_a_flat_or_odd_sized_picture_can_be_painted(style, make_stage, make_context):
    pixels = np.full((37, 51, 3), 128, np.uint8)

    after = apply_style(make_stage(pixels, np.zeros((37, 51), np.float32)), ApplyStyle(style), make_context())

    assert after.pixels.shape == (37, 51, 3)


def test_painting_stops_between_layers_when_it_is_told_to(photo, make_stage, make_context):
    answers = iter([False, False, True])
    stage = make_stage(photo, np.zeros(photo.shape[:2], np.float32))

    with pytest.raises(EditAbortedError):
        apply_style(stage, ApplyStyle(Style.OIL), make_context(should_abort=lambda: next(answers)))


# The painters' own promises ----------------------------------------------------------------------------------------------


def test_pixel_art_is_made_of_equal_squares_of_at_most_24_colors(styled):
    art = styled(Style.PIXEL_ART).pixels

    assert np.array_equal(art[0:192:4, 0:192:4], art[3:192:4, 3:192:4])
    assert len(np.unique(art.reshape(-1, 3), axis=0)) <= 24


def test_pixelating_hides_detail_however_slightly_it_is_asked_for(photo, styled):
    hidden = styled(Style.PIXELATED, 0.5).pixels

    assert len(np.unique(hidden.reshape(-1, 3), axis=0)) < 400
    assert np.abs(hidden.mean(axis=(0, 1)) - photo.mean(axis=(0, 1))).max() < 3


def test_a_pencil_sketch_is_grey_on_white(styled):
    drawn = styled(Style.PENCIL).pixels

    assert oklab_to_oklch(srgb8_to_oklab(drawn))[..., 1].max() < 0.02
    assert np.percentile(grey(drawn), 90) > 215


def test_line_art_is_mostly_paper(styled):
    drawn = grey(styled(Style.LINE_ART).pixels)

    assert (drawn > 250).mean() > 0.6
    assert (drawn < 60).mean() > 0.01


def test_a_duotone_runs_between_its_two_colors(photo):
    colors = (ColorValue("yellow", (255, 220, 0)), ColorValue("navy", (0, 0, 90)))

    toned = develop(photo, Style.DUOTONE, 1.0, np.random.default_rng(1), colors)

    dark, light = toned[grey(photo) < 12], toned[grey(photo) > 245]
    assert np.abs(dark.mean(axis=0) - (0, 0, 90)).max() < 40
    assert np.abs(light.mean(axis=0) - (255, 220, 0)).max() < 40


def test_a_vignette_darkens_corners_and_not_the_middle():
    flat = np.full((120, 160, 3), 180, np.uint8)

    framed = develop(flat, Style.VIGNETTE, 1.0, np.random.default_rng(1))

    assert (framed[50:70, 70:90] == 180).all()
    assert framed[0, 0, 0] < 130


def test_tilt_shift_keeps_a_band_sharp():
    noise = np.random.default_rng(1).integers(0, 255, (200, 100, 3), dtype=np.uint8)

    blurred = grey(develop(noise, Style.TILT_SHIFT, 1.0, np.random.default_rng(1)))

    assert blurred[108:116].std() > 3 * blurred[:10].std()


def test_infrared_turns_leaves_bright_and_sky_dark():
    leaves, sky = np.full((40, 40, 3), (60, 130, 40), np.uint8), np.full((40, 40, 3), (70, 130, 220), np.uint8)

    toned = grey(develop(np.hstack([leaves, sky]), Style.INFRARED, 1.0, np.random.default_rng(1)))

    assert toned[10:30, 5:20].mean() > toned[10:30, 60:75].mean() + 80


@pytest.mark.parametrize("angle", [0.0, 30.0, 75.0, 120.0])
def test_the_flow_runs_along_the_edges(angle):
    rows, columns = np.mgrid[:96, :96].astype(np.float32)
    turn = np.radians(angle)
    stripes = 0.5 + 0.5 * np.sin((columns * np.cos(turn) + rows * np.sin(turn)) / 3)

    flow = edge_flow(stripes.astype(np.float32), 4.0)

    across = np.abs(flow.x * np.cos(turn) + flow.y * np.sin(turn))[20:-20, 20:-20]
    assert across.max() < 0.2
    assert np.abs(smooth_along(stripes.astype(np.float32), flow, 6.0) - stripes)[20:-20, 20:-20].mean() < 0.06


def test_kuwahara_flattens_noise_and_keeps_the_edge():
    rng = np.random.default_rng(1)
    clean = np.zeros((80, 80), np.float32) + 70
    clean[:, 40:] = 180
    noisy = np.clip(clean + 12 * rng.standard_normal(clean.shape), 0, 255).astype(np.uint8)
    pixels = np.dstack([noisy] * 3)

    flat = grey(kuwahara(pixels, edge_flow(lightness(pixels), 3.0), 4.0))

    assert flat[:, :34].std() < 0.35 * noisy[:, :34].std()
    assert (flat[:, 42] - flat[:, 37]).mean() > 80


def test_lines_are_drawn_at_edges_alone():
    pixels = np.full((80, 80), 0.8, np.float32)
    pixels[:, 40:] = 0.3

    lines = ink_lines(pixels, edge_flow(pixels, 3.0), 1.2)

    assert lines[:, 38:44].max(axis=1).min() > 0.9
    assert lines[:, :30].max() == 0
    assert lines[:, 50:].max() == 0


def test_finer_brushes_paint_closer_to_the_photo(photo):
    rough, fine = (
        paint(photo, Brush(radii, relief=0.0, jitter=0.0, hue_jitter=0.0), np.random.default_rng(1))
        for radii in ((40.0,), (40.0, 18.0, 8.0, 4.0))
    )

    assert np.abs(fine.astype(int) - photo).mean() < 0.7 * np.abs(rough.astype(int) - photo).mean()


def test_a_palette_holds_the_small_bright_thing(photo):
    pixels = np.full((60, 60, 3), 90, np.uint8)
    pixels[:, :30] = 200
    pixels[26:34, 26:34] = (220, 30, 30)

    labels, colors = quantize(srgb8_to_oklab(pixels), 3, np.random.default_rng(1))

    assert len(np.unique(labels)) == 3
    assert np.hypot(colors[labels[30, 30], 1], colors[labels[30, 30], 2]) > 0.15


# Networks ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return ModelStore(tmp_path_factory.mktemp("models"))


def test_the_transfer_network_takes_any_size_and_rounds_nothing(store):
    graph = onnx.load_from_string(transfer_graph(store.path("style-transfer"))).graph

    assert [d.dim_param for d in graph.input[0].type.tensor_type.shape.dim][1:3] == ["height", "width"]
    assert not [node for node in graph.node if node.op_type == "QuantizeLinear"]


def test_the_style_of_a_picture_is_its_colors(photo, store):
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 0] = np.tile(np.linspace(90, 250, 64).astype(np.uint8), (64, 1))
    blue = red[..., ::-1].copy()

    like_red, like_blue = (paint_like(photo[:150, :130], example, store) for example in (red, blue))

    assert like_red.shape == (150, 130, 3)
    assert like_red[..., 0].mean() > like_blue[..., 0].mean() + 15
    assert like_blue[..., 2].mean() > like_red[..., 2].mean() + 15


def test_learned_styles_differ_and_keep_odd_sizes(photo, store):
    night, scream = (paint_learned(photo[:101, :99], style, store) for style in (19, 5))

    assert night.shape == scream.shape == (101, 99, 3)
    assert np.abs(night.astype(int) - scream).mean() > 20
