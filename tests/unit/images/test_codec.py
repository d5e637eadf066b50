"""Decoding accepts what people have, refuses what attackers send, and says why."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from retouch.errors import ImageDecodeError, ImageError, ImageTooLargeError
from retouch.images.codec import DecodeLimits, decode, decode_opened, decode_rgba, encode, encode_mask
from retouch.types import OutputFormat

RED_AND_BLUE = np.zeros((40, 60, 3), np.uint8)
RED_AND_BLUE[:, :30] = (200, 30, 30)
RED_AND_BLUE[:, 30:] = (30, 30, 200)


def save(picture: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, file_format, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "GIF", "TIFF", "BMP"])
def test_every_allowed_format_is_read(file_format: str) -> None:
    decoded = decode(save(Image.fromarray(RED_AND_BLUE), file_format))
    assert decoded.pixels.shape == (40, 60, 3)
    assert decoded.pixels.dtype == np.uint8
    assert decoded.format == file_format
    assert np.abs(decoded.pixels[20, 10].astype(int) - (200, 30, 30)).max() < 30


def test_lossless_pixels_come_back_exactly() -> None:
    assert np.array_equal(decode(save(Image.fromarray(RED_AND_BLUE), "PNG")).pixels, RED_AND_BLUE)


def test_exif_orientation_is_applied() -> None:
    picture = Image.fromarray(RED_AND_BLUE)
    exif = picture.getexif()
    exif[0x0112] = 6  # the camera was turned a quarter: show rotated clockwise
    decoded = decode(save(picture, "JPEG", exif=exif, quality=95, subsampling=0))
    assert decoded.pixels.shape == (60, 40, 3)
    assert decoded.pixels[5, 20, 0] > 150  # red was on the left and is now on top


def test_transparency_is_laid_on_white_and_said() -> None:
    rgba = np.zeros((10, 10, 4), np.uint8)
    rgba[:5] = (255, 0, 0, 255)
    decoded = decode(save(Image.fromarray(rgba), "PNG"))
    assert tuple(decoded.pixels[0, 0]) == (255, 0, 0)
    assert tuple(decoded.pixels[9, 9]) == (255, 255, 255)
    assert any("white" in note for note in decoded.notes)


def test_opaque_alpha_needs_no_note() -> None:
    assert decode(save(Image.fromarray(RED_AND_BLUE).convert("RGBA"), "PNG")).notes == ()


def test_palette_with_transparency() -> None:
    picture = Image.new("P", (8, 8), 0)
    picture.putpalette([0, 0, 0, 255, 0, 0])
    decoded = decode(save(picture, "GIF", transparency=0))
    assert tuple(decoded.pixels[0, 0]) == (255, 255, 255)


def test_sixteen_bit_grey_is_scaled_not_cut() -> None:
    samples = np.full((6, 6), 65535 // 2, np.uint16)
    decoded = decode(save(Image.fromarray(samples), "PNG"))
    assert tuple(decoded.pixels[0, 0]) == (127, 127, 127)
    assert any("16-bit" in note for note in decoded.notes)


def test_one_bit_and_grey_become_rgb() -> None:
    assert tuple(decode(save(Image.new("1", (4, 4), 1), "PNG")).pixels[0, 0]) == (255, 255, 255)
    assert tuple(decode(save(Image.new("L", (4, 4), 77), "PNG")).pixels[0, 0]) == (77, 77, 77)


def test_cmyk_becomes_rgb() -> None:
    decoded = decode(save(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95))
    red, green, blue = decoded.pixels[8, 8].astype(int)
    assert red > 200
    assert green < 60
    assert blue < 60


def swapped_profile() -> bytes:
    """sRGB with the primaries of red and green exchanged, under another name."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"?XYZ").replace(b"gXYZ", b"rXYZ").replace(b"?XYZ", b"gXYZ")
    return swapped.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))


def test_an_embedded_profile_is_converted() -> None:
    decoded = decode(save(Image.new("RGB", (4, 4), (250, 10, 10)), "PNG", icc_profile=swapped_profile()))
    red, green, blue = decoded.pixels[0, 0].astype(int)
    assert green > 220, "what the file calls red is green"
    assert max(red, blue) < 60
    assert decoded.notes == ("Colors were converted to sRGB.",)


def test_an_srgb_profile_changes_nothing() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    decoded = decode(save(Image.fromarray(RED_AND_BLUE), "PNG", icc_profile=profile))
    assert np.array_equal(decoded.pixels, RED_AND_BLUE)
    assert decoded.notes == ()


def test_a_damaged_profile_is_said_and_not_fatal() -> None:
    decoded = decode(save(Image.fromarray(RED_AND_BLUE), "PNG", icc_profile=b"not a profile"))
    assert np.array_equal(decoded.pixels, RED_AND_BLUE)
    assert any("profile" in note for note in decoded.notes)


def test_an_animation_gives_its_first_frame_and_says_so() -> None:
    frames = [Image.new("RGB", (5, 5), color) for color in ("red", "blue")]
    decoded = decode(save(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert decoded.pixels[0, 0, 0] == 255
    assert any("first frame" in note for note in decoded.notes)


def test_an_empty_file_is_refused_by_name() -> None:
    with pytest.raises(ImageDecodeError, match="empty"):
        decode(b"")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
        (b"%PDF-1.7 ...", "PDF"),
        (b'{"error": "not found"}', "JSON"),
        (b"hello", "not a picture"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, said: str) -> None:
    with pytest.raises(ImageDecodeError, match=said):
        decode(data)


def test_other_formats_of_pillow_stay_closed() -> None:
    with pytest.raises(ImageDecodeError):
        decode(save(Image.fromarray(RED_AND_BLUE), "PPM"))


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
def test_a_file_cut_in_half_is_refused(file_format: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3)).astype(np.uint8)
    data = save(Image.fromarray(noise), file_format)
    with pytest.raises(ImageDecodeError, match=r"damaged|not a picture"):
        decode(data[: len(data) // 2])


def test_too_many_bytes_are_refused_before_decoding() -> None:
    with pytest.raises(ImageTooLargeError, match="bytes"):
        decode(b"\xff\xd8" + bytes(100), DecodeLimits(max_bytes=50))


def test_too_many_pixels_are_refused_with_both_numbers() -> None:
    data = save(Image.new("RGB", (300, 200)), "PNG")
    with pytest.raises(ImageTooLargeError, match="300x200") as caught:
        decode(data, DecodeLimits(max_pixels=50_000), index=2)
    assert caught.value.index == 2


def test_a_decompression_bomb_is_refused_without_its_memory() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )
    with pytest.raises(ImageTooLargeError):
        decode(bomb)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"]), st.integers(0, 300))
def test_hostile_bytes_raise_nothing_but_our_errors(noise: bytes, file_format: str, position: int) -> None:
    data = bytearray(save(Image.fromarray(RED_AND_BLUE), file_format))
    data[position : position + len(noise)] = noise
    try:
        decoded = decode(bytes(data))
    except ImageError:
        return
    assert decoded.pixels.ndim == 3


def test_png_is_lossless_and_repeats_itself() -> None:
    first = encode(RED_AND_BLUE, OutputFormat.PNG)
    assert first == encode(RED_AND_BLUE, OutputFormat.PNG)
    assert np.array_equal(decode(first).pixels, RED_AND_BLUE)


def test_jpeg_keeps_saturated_edges() -> None:
    loss = np.abs(decode(encode(RED_AND_BLUE, OutputFormat.JPEG)).pixels.astype(int) - RED_AND_BLUE).max()
    assert loss <= 12


def test_alpha_survives_decode_rgba() -> None:
    rgba = np.zeros((4, 4, 4), np.uint8)
    rgba[0, 0] = (10, 20, 30, 128)
    assert tuple(decode_rgba(encode(rgba, OutputFormat.PNG))[0, 0]) == (10, 20, 30, 128)


def test_a_faint_mask_never_reads_as_untouched() -> None:
    mask = np.zeros((2, 2), np.float32)
    mask[0, 0] = 1e-4
    mask[1, 1] = 1.0
    grey = np.asarray(Image.open(io.BytesIO(encode_mask(mask))))
    assert grey.tolist() == [[1, 0], [0, 255]]


@pytest.mark.parametrize("shape", [(300, 300, 3), (832, 1248, 3), (20, 8000, 3)])
def test_even_noise_can_be_encoded(shape: tuple[int, ...]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    for output_format in OutputFormat:
        assert decode(encode(noise, output_format)).pixels.shape == shape


def test_an_opened_image_gives_what_its_file_gives() -> None:
    rgba = np.zeros((20, 30, 4), np.uint8)
    rgba[:, :10] = (200, 45, 40, 255)
    picture = Image.fromarray(rgba)
    exif = picture.getexif()
    exif[0x0112] = 6
    for data in (
        save(picture, "PNG", exif=exif),
        save(Image.fromarray(np.linspace(0, 65535, 600).astype(np.uint16).reshape(20, 30)), "PNG"),
    ):
        with Image.open(io.BytesIO(data)) as opened:
            from_image = decode_opened(opened)
        assert np.array_equal(from_image.pixels, decode(data).pixels)


def test_cmyk_is_noted() -> None:
    assert any("CMYK" in note for note in decode(save(Image.new("CMYK", (16, 16)), "JPEG")).notes)


def test_sixteen_bit_color_is_noted() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    row = b"\0" + struct.pack(">HHH", 65535, 32768, 0) * 4
    header = struct.pack(">IIBBBBB", 4, 4, 16, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(row * 4)) + chunk(b"IEND", b"")
    decoded = decode(data)
    assert tuple(decoded.pixels[0, 0]) == (255, 128, 0)
    assert any("16-bit" in note for note in decoded.notes)
