import io
import json

import numpy as np
import pytest
from PIL import Image, ImageCms

from retouch.database.connection import connect
from retouch.database.schema import upgrade
from retouch.engines.base import InputPicture
from retouch.errors import ImageDecodeError, ImageTooLargeError
from retouch.files.folder import FolderBlobs
from retouch.files.storage import FileStorage
from retouch.images.codec import DecodeLimits
from retouch.images.geometry import Fit, fit_pixels
from retouch.jobs.models import JobInput
from retouch.jobs.pictures import PictureReader, trace_origin
from retouch.preserve.lineage import Ancestry, Lineage
from retouch.types import EditedImage, OutputFormat

WHOLE = (0.0, 0.0, 80.0, 60.0)


@pytest.fixture
def inputs(tmp_path):
    database = connect(f"sqlite:///{tmp_path / 'jobs.sqlite'}")
    upgrade(database)
    yield FileStorage(FolderBlobs(tmp_path), database).inputs
    database.dispose()


@pytest.fixture
def reader(inputs):
    return PictureReader(inputs, DecodeLimits(), with_source=False)


@pytest.fixture
def noise():
    return np.random.default_rng(1).integers(0, 256, (60, 80, 3), dtype=np.uint8)


def as_file(pixels, file_format="PNG", **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, file_format, **options)
    return buffer.getvalue()


def touched_left(size_wh=(80, 60), **changes) -> Lineage:
    """One turn that touched the left quarter."""
    touched = np.zeros(size_wh[::-1], np.bool_)
    touched[:, : size_wh[0] // 4] = True
    return Lineage(**{"first_size_wh": (80, 60), "fit": Fit(WHOLE, size_wh), "touched": touched, "turns": 1} | changes)


def put_answer(inputs, first: bytes, answer: bytes, lineage: Lineage) -> JobInput:
    stored = inputs.put(json.dumps(lineage.to_json()).encode())
    return JobInput(inputs.put(answer), inputs.put(first), stored)


def test_a_fresh_input_descends_from_nothing(inputs, reader, noise):
    picture, notes = reader.read(JobInput(inputs.put(as_file(noise))), index=0)
    np.testing.assert_array_equal(picture.pixels, noise)
    assert (picture.ancestry, picture.source, notes) == (None, None, ())


def test_an_answer_gets_its_untouched_pixels_from_the_first_input(inputs, reader, noise):
    lineage = touched_left((120, 90))
    answer = as_file(np.full((90, 120, 3), 128, np.uint8), "JPEG", quality=30)

    picture, _ = reader.read(put_answer(inputs, as_file(noise), answer, lineage), index=0)

    expected = fit_pixels(noise, lineage.fit)
    np.testing.assert_array_equal(picture.pixels[:, 30:], expected[:, 30:])
    np.testing.assert_array_equal(picture.pixels[:, :30], 128)
    np.testing.assert_array_equal(picture.ancestry.first, noise)
    assert picture.ancestry.lineage.turns == 1


def test_an_answer_may_have_more_bytes_than_clients_may_send(inputs, noise):
    file = as_file(noise)
    small = PictureReader(inputs, DecodeLimits(max_bytes=len(file) - 1), with_source=False)
    with pytest.raises(ImageTooLargeError):
        small.read(JobInput(inputs.put(file)), index=0)
    picture, _ = small.read(put_answer(inputs, file, file, touched_left()), index=0)
    assert picture.ancestry is not None


@pytest.mark.parametrize("with_source", [False, True])
def test_a_damaged_picture_says_which_one_it_is(inputs, noise, with_source):
    reader = PictureReader(inputs, DecodeLimits(), with_source=with_source)
    with pytest.raises(ImageDecodeError) as caught:
        reader.read(JobInput(inputs.put(as_file(noise)[:100])), index=2)
    assert caught.value.index == 2


def damaged(inputs, answer: bytes, first: bytes):
    """Every way in which a history can be unusable."""
    good = put_answer(inputs, first, answer, touched_left())
    yield JobInput(good.picture, "0" * 64, good.lineage)
    yield JobInput(good.picture, good.first, "0" * 64)
    yield JobInput(good.picture, good.first, inputs.put(b"{}"))
    yield JobInput(good.picture, inputs.put(b"no picture"), good.lineage)
    yield put_answer(inputs, first, answer, touched_left(first_size_wh=(81, 60)))
    yield put_answer(inputs, first, answer, touched_left((40, 30)))


def test_whatever_is_wrong_with_the_history_the_answer_itself_is_edited_and_a_note_says_so(inputs, reader, noise):
    answer = noise[::-1]
    for given in damaged(inputs, as_file(answer), as_file(noise)):
        picture, notes = reader.read(given, index=0)
        np.testing.assert_array_equal(picture.pixels, answer)
        assert picture.ancestry is None
        assert "first input" in notes[0]


def other_profile() -> bytes:
    """An RGB profile that is not sRGB: red and green are swapped, and so is its name."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile.replace("sRGB".encode("utf-16-be"), "sGRB".encode("utf-16-be"))
    return profile.replace(b"rXYZ", b"TEMP").replace(b"gXYZ", b"rXYZ").replace(b"TEMP", b"gXYZ")


@pytest.mark.parametrize("edit", [(200, 200, 200), (200, 120, 90)])  # a gray is the same in both spaces
def test_at_the_input_s_own_size_untouched_pixels_are_the_first_input_s_in_the_file_s_own_colors(inputs, noise, edit):
    reader = PictureReader(inputs, DecodeLimits(), with_source=True)
    profile = other_profile()
    first = as_file(noise, icc_profile=profile)
    answer = as_file(np.broadcast_to(np.uint8(edit), noise.shape), "JPEG", quality=95, icc_profile=profile)

    picture, _ = reader.read(put_answer(inputs, first, answer, touched_left()), index=0)

    assert picture.source.icc_profile == profile
    np.testing.assert_array_equal(picture.source.native[:, 20:], noise[:, 20:])
    assert abs(picture.source.native[:, :20].astype(int) - edit).max() <= 2
    assert picture.source.to_native is not None
    np.testing.assert_array_equal(picture.source.pixels, picture.pixels)


def test_an_answer_with_another_profile_than_the_first_input_keeps_its_own(inputs, noise):
    reader = PictureReader(inputs, DecodeLimits(), with_source=True)
    first, answer = as_file(noise, icc_profile=other_profile()), as_file(noise)
    picture, _ = reader.read(put_answer(inputs, first, answer, touched_left()), index=0)
    assert (picture.source.icc_profile, picture.source.native) == (None, None)


def edited(ancestry: Ancestry | None) -> EditedImage:
    return EditedImage(b"", OutputFormat.PNG, 80, 60, 1, 0.5, ancestry=ancestry)


def test_the_origin_names_the_input_that_the_answer_was_made_from(noise):
    fresh, other = InputPicture(noise), InputPicture(noise.copy())
    older = noise.copy()
    again = InputPicture(noise.copy(), ancestry=Ancestry(older, touched_left()))
    given = (JobInput("fresh"), JobInput("other"), JobInput("again", "oldest", "lineage"))
    pictures = (fresh, other, again)
    lineage = touched_left()
    for first, digest in ((fresh.pixels, "fresh"), (other.pixels, "other"), (older, "oldest")):
        origin = trace_origin(edited(Ancestry(first, lineage)), given, pictures)
        assert origin == {"first": digest, "lineage": lineage.to_json()}


def test_an_answer_of_unknown_descent_has_no_origin(noise):
    assert trace_origin(edited(None), (JobInput("a"),), (InputPicture(noise),)) is None
    foreign = Ancestry(noise.copy(), touched_left())
    assert trace_origin(edited(foreign), (JobInput("a"),), (InputPicture(noise),)) is None
