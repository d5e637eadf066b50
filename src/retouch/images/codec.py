"""Bytes to pixels and back. Decoding is an attack surface: allow-listed formats, caps before decoding, one error boundary."""

import io
import warnings
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from PIL import Image, ImageCms, ImageFile, ImageOps, UnidentifiedImageError

from retouch.errors import ImageDecodeError, ImageError, ImageTooLargeError
from retouch.images.array_types import Mask, Pixels, PixelsRGBA
from retouch.types import OutputFormat

__all__ = [
    "ALLOWED_FORMATS",
    "MAX_PROFILE_BYTES",
    "DecodeLimits",
    "DecodedImage",
    "decode",
    "decode_opened",
    "decode_rgba",
    "encode",
    "encode_mask",
    "require_size",
]

ALLOWED_FORMATS: Final = ("JPEG", "PNG", "WEBP", "AVIF", "HEIF", "GIF", "TIFF", "BMP")
CONVERTED_NOTE: Final = "Colors were converted to sRGB."
_READABLE: Final = "JPEG, PNG, WebP, AVIF, HEIC, GIF, TIFF or BMP"

JPEG_QUALITY: Final = 95
MAX_PROFILE_BYTES: Final = 4 * 2**20
"""Of a color profile. Those of presses have up to 3 MiB."""
_MAX_JPEG_SCANS: Final = 500
"""A progressive JPEG has about ten. Each costs time for all its pixels, however few bytes it has."""
_START_OF_SCAN: Final = b"\xff\xda"
_PROFILE_NOTE: Final = "Its color profile does not fit the picture; the colors were taken as sRGB."

PNG_COMPRESS_LEVEL: Final = 4
"""zlib level: 6 is 3 % smaller on photographs and takes twice as long."""

_NOT_PICTURES: Final = (
    (b"<?xml", "XML text"),
    (b"<!doctype", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"%pdf", "a PDF document"),
    (b"pk\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"{", "JSON text"),
    (b"\x1aE\xdf\xa3".lower(), "a video"),
    (b"8bps", "a Photoshop document"),
)


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """Caps that are checked before pixels are decoded.

    Attributes
    ----------
    max_bytes : int
        Of the file. 32 MiB holds a 24-megapixel JPEG at the highest quality.
    max_pixels : int
        Width times height. 64 megapixels decode to 192 MB.
    max_side_px : int
        Of the longer side; libjpeg's own limit is 65500.
    """

    max_bytes: int = 32 * 2**20
    max_pixels: int = 64_000_000
    max_side_px: int = 32_768


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """A decoded input picture.

    Attributes
    ----------
    pixels : (H, W, 3) uint8, sRGB
        Upright: the EXIF orientation is applied.
    format : str
        One of ``ALLOWED_FORMATS``.
    notes : tuple of str
        What had to be done to it: "transparency was laid on white".
    """

    pixels: Pixels
    format: str
    notes: tuple[str, ...]


def decode(data: bytes, limits: DecodeLimits | None = None, *, index: int | None = None) -> DecodedImage:
    """Decode a picture to upright sRGB pixels.

    Parameters
    ----------
    data : bytes
        The file.
    limits : DecodeLimits, optional
        Caps on bytes and pixels.
    index : int, optional
        Which input picture this is, counted from 0, for the error's ``index``.

    Returns
    -------
    DecodedImage
        (H, W, 3) uint8 sRGB. Alpha is laid on white, 16-bit samples are scaled to 8, an ICC profile is converted to sRGB,
        an animation gives its first frame; each is noted.

    Raises
    ------
    ImageTooLargeError
        More bytes or pixels than ``limits`` allow; found out before decoding.
    ImageDecodeError
        Not one of the allowed formats, truncated or damaged.
    """
    return _on_white(*_open_upright(data, limits or DecodeLimits(), index))


def _on_white(picture: Image.Image, file_format: str, notes: list[str]) -> DecodedImage:
    if picture.mode == "RGBA":
        alpha = np.asarray(picture.getchannel("A"))
        if alpha.min() < 255:
            notes.append("Transparency was laid on white.")
        white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
        picture = Image.alpha_composite(white, picture).convert("RGB")
    return DecodedImage(np.asarray(picture), file_format, tuple(notes))


def decode_opened(picture: Image.Image) -> DecodedImage:
    """Return the pixels of an image that Pillow has opened, treated as a file would be: upright, sRGB, alpha on white.

    Raises
    ------
    ImageDecodeError
        The image can't be read.
    """
    try:
        notes: list[str] = []
        upright = _to_srgb(ImageOps.exif_transpose(picture), notes)
    except Exception as exc:  # as in ``_open_upright``
        raise ImageDecodeError("The image can't be read. Open it again, or send its file.") from exc
    return _on_white(upright, picture.format or "image", notes)


def decode_rgba(data: bytes, limits: DecodeLimits | None = None) -> PixelsRGBA:
    """Decode a picture and keep its alpha: (H, W, 4) uint8, sRGB, straight alpha; errors as ``decode``."""
    picture, _, _ = _open_upright(data, limits or DecodeLimits(), None)
    return np.asarray(picture.convert("RGBA"))


def encode(pixels: Pixels, output_format: OutputFormat) -> bytes:
    """Encode a picture.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB; PNG also (H, W, 4) with straight alpha
    output_format : OutputFormat
        PNG is lossless; JPEG is written at quality 95 without chroma subsampling, so that a saturated edge keeps its color.

    Returns
    -------
    bytes
        The same bytes for the same pixels.
    """
    buffer = io.BytesIO()
    picture = Image.fromarray(pixels)
    if output_format is OutputFormat.PNG:
        picture.save(buffer, "PNG", compress_level=PNG_COMPRESS_LEVEL)
    else:
        # Not `optimize`: Pillow then needs the whole file in one buffer whose size it guesses, and noise outgrows the guess.
        picture.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return buffer.getvalue()


def encode_mask(mask: Mask) -> bytes:
    """Encode a (H, W) float32 [0, 1] mask as an 8-bit gray PNG; a value above 0 never becomes 0."""
    gray = np.rint(mask * 255.0).astype(np.uint8)
    gray[(mask > 0) & (gray == 0)] = 1
    buffer = io.BytesIO()
    Image.fromarray(gray).save(buffer, "PNG", compress_level=PNG_COMPRESS_LEVEL)
    return buffer.getvalue()


def require_size(data: bytes, limits: DecodeLimits, index: int | None = None) -> None:
    """Raise ``ImageTooLargeError`` when a file has more bytes than ``limits`` allow."""
    if len(data) > limits.max_bytes:
        raise ImageTooLargeError(
            f"The picture has {len(data)} bytes; at most {limits.max_bytes} are allowed. Send a smaller file.",
            index=index,
        )


def _open_upright(data: bytes, limits: DecodeLimits, index: int | None) -> tuple[Image.Image, str, list[str]]:
    """Return an upright RGB or RGBA picture in sRGB, its format, and notes."""
    require_size(data, limits, index)
    _register_heif()
    notes: list[str] = []
    try:
        opened = Image.open(io.BytesIO(data), formats=ALLOWED_FORMATS)
        _check_size(opened.size, limits, index)
        file_format = opened.format or "unknown"
        if file_format == "MPO":  # a JPEG with further views behind the first
            file_format = "JPEG"
        if file_format == "JPEG" and data.count(_START_OF_SCAN) > _MAX_JPEG_SCANS:
            raise ImageDecodeError(
                f"The JPEG has more than {_MAX_JPEG_SCANS} scans. Save it again and resend it.", index=index
            )
        if getattr(opened, "is_animated", False):
            notes.append("Only the first frame or page was used.")
        if _is_deep_color(opened):
            notes.append("16-bit samples were reduced to 8 bits.")
        opened.load()
        _check_size(opened.size, limits, index)  # a frame may be larger than its file said
        upright = ImageOps.exif_transpose(opened)
        return _to_srgb(upright, notes), file_format, notes
    except ImageError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise ImageTooLargeError(
            f"The picture has more than the allowed {limits.max_pixels} pixels. Send a smaller one.", index=index
        ) from exc
    except UnidentifiedImageError as exc:
        raise ImageDecodeError(f"{_what_it_is(data)} Send {_READABLE}.", index=index) from exc
    except MemoryError as exc:
        raise ImageTooLargeError(
            "The picture needs more memory than there is. Send a smaller one.", index=index
        ) from exc
    except Exception as exc:  # decoders raise anything at all on hostile bytes; this is their one boundary
        raise ImageDecodeError(
            "The picture is damaged or cut off and can't be decoded. Save it again and resend it.", index=index
        ) from exc


def _is_deep_color(opened: ImageFile.ImageFile) -> bool:
    """Whether a color file has 16 bits a sample, which Pillow reduces while it decodes and does not say."""
    return any("16" in str(tile[3]) for tile in opened.tile) and opened.mode in ("RGB", "RGBA", "LA")


def _check_size(size_wh: tuple[int, int], limits: DecodeLimits, index: int | None) -> None:
    width, height = size_wh
    if width < 1 or height < 1:
        raise ImageDecodeError("The picture has no pixels.", index=index)
    if width * height > limits.max_pixels or max(width, height) > limits.max_side_px:
        raise ImageTooLargeError(
            f"The picture has {width}x{height} pixels; at most {limits.max_pixels} in all and {limits.max_side_px} on a side "
            "are allowed. Send a smaller one.",
            index=index,
        )


def _what_it_is(data: bytes) -> str:
    if not data:
        return "The picture is empty (0 bytes)."
    if b"<svg" in data[:4096].replace(b"\0", b"").lower():  # after a comment, or in UTF-16
        return "This is an SVG drawing, not a picture that can be edited."
    head = data[:64].lstrip().lower()
    for magic, name in _NOT_PICTURES:
        if head.startswith(magic):
            return f"This is {name}, not a picture that can be edited."
    return "This is not a picture in a format that can be read."


def _to_srgb(picture: Image.Image, notes: list[str]) -> Image.Image:
    """Convert any mode to RGB, or RGBA where there is transparency, in sRGB."""
    profile = picture.info.get("icc_profile")
    if picture.mode == "CMYK":
        notes.append("CMYK inks were converted to RGB.")
    if picture.mode in ("I;16", "I;16L", "I;16B", "I;16N", "I"):
        notes.append("16-bit samples were reduced to 8 bits.")
        samples = np.clip(np.asarray(picture), 0, 65535).astype(np.uint16)
        samples //= 257
        picture = Image.fromarray(samples.astype(np.uint8))
    elif picture.mode == "F":
        notes.append("Floating-point samples were reduced to 8 bits.")
        samples = np.nan_to_num(np.asarray(picture))
        peak = float(samples.max(initial=0.0))
        scale = 255.0 if peak <= 1.0 else 1.0 if peak <= 255.0 else 255.0 / peak
        picture = Image.fromarray(np.clip(samples * scale, 0, 255).astype(np.uint8))
    has_alpha = picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info
    if picture.mode in ("1", "P", "PA", "LA", "La", "RGBa", "HSV", "YCbCr"):
        picture = picture.convert("RGBA" if has_alpha else "RGB")
    if profile:
        picture = _apply_profile(picture, profile, notes)
    return picture.convert("RGBA" if has_alpha else "RGB")


def _apply_profile(picture: Image.Image, profile: bytes, notes: list[str]) -> Image.Image:
    """Convert to sRGB by the embedded ICC profile; alpha is left alone."""
    if len(profile) > MAX_PROFILE_BYTES:
        notes.append(_PROFILE_NOTE)
        return picture
    alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    colors = picture.convert("RGB") if alpha is not None else picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source) and colors.mode == "RGB":
            return picture
        converted = ImageCms.profileToProfile(colors, source, _srgb_profile(), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        notes.append(_PROFILE_NOTE)
        return picture
    if converted is None:
        return picture
    notes.append(CONVERTED_NOTE)
    if alpha is not None:
        converted.putalpha(alpha)
    return converted


@cache
def _srgb_profile() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


@cache
def _register_heif() -> None:
    """Teach Pillow HEIC; importing the plug-in costs 50 ms, so it waits for the first picture."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pillow_heif

        pillow_heif.register_heif_opener()
