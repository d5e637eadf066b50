"""What an input's file holds beside sRGB pixels, so that an answer at the input's own resolution can keep it.

The pixels as they stand in the file, before any color conversion (only these can be kept to the bit), the ICC profile, XMP,
EXIF with the orientation applied, and of a JPEG the quantization tables and the chroma subsampling.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageCms, ImageOps, JpegImagePlugin, TiffImagePlugin

from retouch.images.array_types import Mask, Pixels
from retouch.images.codec import (
    CONVERTED_NOTE,
    JPEG_QUALITY,
    MAX_PROFILE_BYTES,
    PNG_COMPRESS_LEVEL,
    DecodeLimits,
    decode,
)
from retouch.provenance.container import find_xmp
from retouch.types import OutputFormat

__all__ = [
    "EncodedAnswer",
    "JpegSettings",
    "SourceFile",
    "convert_from_srgb",
    "encode_like",
    "read_source_file",
    "with_size",
]

_EXIF_IFD: Final = 0x8769
_TIFF_XMP: Final = 700
_EXIF_WIDTH, _EXIF_HEIGHT = 0xA002, 0xA003
_MAX_EXIF_BYTES: Final = 65_000
"""What a JPEG has room for; only PNG and TIFF files can hold more."""
_STANDARD_LUMA_SUM: Final = 3687
"""Sum of the luminance table of ITU-T T.81, Annex K.1, which libjpeg scales by the quality."""


@dataclass(frozen=True, slots=True)
class JpegSettings:
    """How a JPEG was written.

    Attributes
    ----------
    tables : mapping of int to list of int
        Quantization tables, as Pillow reads and writes them.
    subsampling : int
        Pillow's number: 0 = 4:4:4, 1 = 4:2:2, 2 = 4:2:0.
    quality : int
        Estimate on libjpeg's scale, 1 to 100.
    """

    tables: dict[int, list[int]]
    subsampling: int
    quality: int


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A decoded input with what its file says.

    Attributes
    ----------
    pixels : (H, W, 3) uint8, sRGB
        Upright.
    native : (H, W, 3) uint8 or None
        Upright, in the file's own color space; None where that is sRGB, or where the file holds no 8-bit RGB.
    to_native : callable or None
        Converts sRGB pixels to that space.
    format : str
        Of the file: "JPEG", "PNG", ...
    exif : bytes or None
        Orientation applied and removed, preview pictures left out (they would show the picture before the edit).
    icc_profile : bytes or None
    jpeg : JpegSettings or None
    notes : tuple of str
        What had to be done to the picture, as ``retouch.images.codec.DecodedImage`` has them.
    xmp : bytes or None
        The XMP packet as it stands in the file. Nobody has looked whether it is good.
    """

    pixels: Pixels
    native: Pixels | None
    to_native: Callable[[Pixels], Pixels] | None
    format: str
    exif: bytes | None
    icc_profile: bytes | None
    jpeg: JpegSettings | None
    notes: tuple[str, ...] = ()
    xmp: bytes | None = None

    @property
    def kept(self) -> Pixels:
        """The pixels that an answer keeps to the bit."""
        return self.pixels if self.native is None else self.native


@dataclass(frozen=True, slots=True)
class EncodedAnswer:
    """A file, and what writing it cost.

    Attributes
    ----------
    data : bytes
    lossless : bool
        Decoding it gives the very same pixels.
    psnr_outside_db : float or None
        Of the decoded file against the input, outside of the edit; None where they are equal or nothing is outside.
    max_difference_outside : int
        Largest difference of a channel there, in levels of 255.
    notes : tuple of str
    """

    data: bytes
    lossless: bool
    psnr_outside_db: float | None
    max_difference_outside: int
    notes: tuple[str, ...] = field(default=())


def read_source_file(data: bytes, limits: DecodeLimits | None = None, *, index: int | None = None) -> SourceFile:
    """Decode an input and read what its file says.

    Parameters
    ----------
    data : bytes
    limits : DecodeLimits, optional
    index : int, optional
        Which input picture this is, counted from 0, for the error's ``index``.

    Raises
    ------
    ImageDecodeError, ImageTooLargeError
        As ``retouch.images.codec.decode``.
    """
    decoded = decode(data, limits, index=index)
    with Image.open(io.BytesIO(data)) as opened:
        jpeg = _jpeg_settings(opened)
        xmp = _xmp_packet(opened, data)
        native, to_native, profile = _native_colors(opened, decoded.pixels)
        # Last, for it takes the orientation away.
        exif = _upright_exif(opened, decoded.pixels.shape[1], decoded.pixels.shape[0])
    kept = native is not None  # then the answer is in the file's own colors
    notes = tuple(note for note in decoded.notes if not (kept and note == CONVERTED_NOTE))
    return SourceFile(decoded.pixels, native, to_native, decoded.format, exif, profile, jpeg, notes, xmp)


def encode_like(source: SourceFile, pixels: Pixels, change_mask: Mask, output_format: OutputFormat) -> EncodedAnswer:
    """Encode an answer of the input's own size with the input's metadata.

    Parameters
    ----------
    source : SourceFile
    pixels : (H, W, 3) uint8
        In the color space of ``source.kept``.
    change_mask : (H, W) float32 [0, 1]
        0 where ``pixels`` equals ``source.kept``.
    output_format : OutputFormat
        A JPEG is written with the tables and the subsampling of an input that is a JPEG too, so that untouched blocks quantize
        to what they were but for rounding; else at quality 95 without subsampling.

    Returns
    -------
    EncodedAnswer
    """
    options: dict[str, Any] = {}
    if source.exif:
        options["exif"] = source.exif
    if source.icc_profile:
        options["icc_profile"] = source.icc_profile
    buffer = io.BytesIO()
    if output_format is OutputFormat.PNG:
        Image.fromarray(pixels).save(buffer, "PNG", compress_level=PNG_COMPRESS_LEVEL, **options)
        return EncodedAnswer(buffer.getvalue(), True, None, 0)
    if source.jpeg is None:
        options |= {"quality": JPEG_QUALITY, "subsampling": 0}
        note = f"JPEG at quality {JPEG_QUALITY} without chroma subsampling: PNG is exact."
    else:
        options |= {"qtables": source.jpeg.tables, "subsampling": source.jpeg.subsampling}
        note = f"JPEG with the input's own tables (about quality {source.jpeg.quality}) and subsampling: PNG is exact."
    Image.fromarray(pixels).save(buffer, "JPEG", **options)
    written = np.asarray(Image.open(io.BytesIO(buffer.getvalue())).convert("RGB"))
    outside = change_mask == 0
    if not outside.any():
        return EncodedAnswer(buffer.getvalue(), False, None, 0, (note,))
    import cv2  # here, as is the measure: a server that only passes edits on writes no picture

    from retouch.preserve.report import psnr_db

    largest = cv2.norm(written, source.kept, cv2.NORM_INF, outside.astype(np.uint8))
    return EncodedAnswer(buffer.getvalue(), False, psnr_db(source.kept, written, outside), int(largest), (note,))


def with_size(source: SourceFile, *, width: int, height: int) -> SourceFile:
    """Return the file for a picture of another size: the EXIF data must not claim the old one."""
    if source.exif is None:
        return source
    exif = Image.Exif()
    exif.load(source.exif)
    details = exif.get_ifd(_EXIF_IFD)
    if _EXIF_WIDTH in details or _EXIF_HEIGHT in details:
        details[_EXIF_WIDTH], details[_EXIF_HEIGHT] = width, height
    return replace(source, exif=exif.tobytes())


def _jpeg_settings(opened: Image.Image) -> JpegSettings | None:
    if not isinstance(opened, JpegImagePlugin.JpegImageFile):
        return None
    tables = {int(key): list(table) for key, table in opened.quantization.items()}
    subsampling = JpegImagePlugin.get_sampling(opened)
    if not tables or subsampling not in (0, 1, 2):
        return None
    scale = 100.0 * sum(tables[min(tables)]) / _STANDARD_LUMA_SUM
    quality = (200 - scale) / 2 if scale <= 100 else 5000 / scale
    return JpegSettings(tables, subsampling, int(np.clip(round(quality), 1, 100)))


def _xmp_packet(opened: Image.Image, data: bytes) -> bytes | None:
    """Return the XMP packet; of the formats that ``find_xmp`` does not know as Pillow has it."""
    packet = find_xmp(data) or opened.info.get("xmp")
    if packet is None and isinstance(opened, TiffImagePlugin.TiffImageFile):
        packet = opened.tag_v2.get(_TIFF_XMP)
    return packet if isinstance(packet, bytes) else None


def _upright_exif(opened: Image.Image, width: int, height: int) -> bytes | None:
    """Return the EXIF data for the upright picture, without the preview; None where it is damaged or too much."""
    try:
        written = _written_exif(opened, width, height)
    except Exception:  # noqa: BLE001 - as in the codec, readers of metadata raise anything at all on hostile bytes
        return None
    return written if written is None or len(written) <= _MAX_EXIF_BYTES else None


def _written_exif(opened: Image.Image, width: int, height: int) -> bytes | None:
    exif = opened.getexif()
    if not exif:
        return None
    exif.pop(ExifTags.Base.Orientation, None)
    details = exif.get_ifd(_EXIF_IFD)
    if _EXIF_WIDTH in details or _EXIF_HEIGHT in details:
        details[_EXIF_WIDTH], details[_EXIF_HEIGHT] = width, height
    return exif.tobytes()


def _native_colors(
    opened: Image.Image, pixels: Pixels
) -> tuple[Pixels | None, Callable[[Pixels], Pixels] | None, bytes | None]:
    """Return the pixels in the file's own colors and the way back there, where these are not sRGB; and the profile to keep.

    A profile is left out that does not fit the answer's RGB pixels, that is too large, or that knows no way back.
    """
    profile = opened.info.get("icc_profile")
    if not profile or opened.mode != "RGB" or len(profile) > MAX_PROFILE_BYTES:
        return None, None, None
    upright = np.asarray(ImageOps.exif_transpose(opened))
    if np.array_equal(upright, pixels):
        return None, None, profile
    to_native = _conversion_to(profile)
    return (None, None, None) if to_native is None else (upright, to_native, profile)


def _conversion_to(profile: bytes) -> Callable[[Pixels], Pixels] | None:
    """Return the conversion from sRGB to a profile's space; None for a profile that only leads from its space, as scanners'."""
    try:
        return convert_from_srgb(profile)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def convert_from_srgb(profile: bytes) -> Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.uint8]]:
    """Return the conversion from sRGB to a profile's space (perceptual intent), of (H, W, 3) uint8 pixels.

    Raises
    ------
    PIL.ImageCms.PyCMSError
        There is no way into that space.
    """
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    target = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    transform = ImageCms.buildTransform(srgb, target, "RGB", "RGB")

    def convert(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        return np.asarray(ImageCms.applyTransform(Image.fromarray(pixels), transform))

    return convert
