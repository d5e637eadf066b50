import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from retouch.images.codec import decode
from retouch.preserve.source_file import encode_like, read_source_file
from retouch.types import OutputFormat

ORIENTATION, MAKE = 0x0112, 0x010F


def as_file(pixels, file_format="JPEG", **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, file_format, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(("quality", "subsampling"), [(75, 2), (90, 0), (96, 1)])
def test_a_jpeg_is_written_again_with_its_own_tables_and_subsampling(coffee, quality, subsampling):
    source = read_source_file(as_file(coffee, quality=quality, subsampling=subsampling))

    answer = encode_like(source, source.kept, np.zeros((480, 640), np.float32), OutputFormat.JPEG)
    again = read_source_file(answer.data)

    assert source.jpeg.quality == pytest.approx(quality, abs=1)
    assert again.jpeg == source.jpeg
    assert not answer.lossless
    assert answer.psnr_outside_db is None or answer.psnr_outside_db > 45


def test_the_input_s_own_tables_lose_less_than_the_usual_quality(coffee):
    source = read_source_file(as_file(coffee, quality=80))
    none = np.zeros((480, 640), np.float32)

    matched = encode_like(source, source.kept, none, OutputFormat.JPEG)
    usual = encode_like(read_source_file(as_file(source.kept, "PNG")), source.kept, none, OutputFormat.JPEG)

    assert matched.psnr_outside_db is None or matched.psnr_outside_db > usual.psnr_outside_db
    assert len(matched.data) < len(usual.data)


def test_orientation_is_applied_once_and_the_other_exif_data_stay(coffee):
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKE] = 6, "Camera"
    source = read_source_file(as_file(coffee, exif=exif))

    answer = encode_like(source, source.kept, np.zeros((640, 480), np.float32), OutputFormat.PNG)

    with Image.open(io.BytesIO(answer.data)) as written:
        assert written.size == (480, 640)
        assert written.getexif().get(MAKE) == "Camera"
        assert written.getexif().get(ORIENTATION, 1) == 1
        assert np.array_equal(np.asarray(written), source.kept)


def test_an_srgb_profile_stays_and_needs_no_conversion(coffee):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

    source = read_source_file(as_file(coffee, "PNG", icc_profile=profile))

    assert source.icc_profile == profile
    assert source.native is None
    assert np.array_equal(source.kept, coffee)


def test_png_is_exact(coffee):
    source = read_source_file(as_file(coffee, "PNG"))

    answer = encode_like(source, coffee, np.zeros((480, 640), np.float32), OutputFormat.PNG)

    assert answer.lossless
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(answer.data))), coffee)


def test_a_file_whose_own_colors_are_kept_is_not_said_to_be_converted(coffee):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"?XYZ").replace(b"gXYZ", b"rXYZ").replace(b"?XYZ", b"gXYZ")
    profile = swapped.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))
    data = as_file(coffee, "PNG", icc_profile=profile)

    source = read_source_file(data)

    assert source.native is not None
    assert np.array_equal(source.native, coffee)
    assert source.notes == ()
    assert decode(data).notes == ("Colors were converted to sRGB.",)
