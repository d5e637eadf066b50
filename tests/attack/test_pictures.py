"""Pictures that were made to do harm: refused or read, in bounded time and memory, and never handed on as something else."""

import base64
import contextlib
import gzip
import io
import struct
import time
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from retouch.errors import ImageDecodeError, ImageError, ImageTooLargeError
from retouch.images.codec import DecodeLimits
from retouch.isolation.decoder import DirectDecoder
from retouch.isolation.pool import IsolatedDecoder, IsolationRules

LIMITS = DecodeLimits()
SECONDS = 4.0
NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8))


@pytest.fixture(scope="module")
def isolated():
    decoder = IsolatedDecoder(IsolationRules(seconds=SECONDS))
    yield decoder
    decoder.close()


def save(image: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def png(*chunks: tuple[bytes, bytes], width: int = 8, height: int = 8, interlace: int = 0) -> bytes:
    """A gray PNG of these chunks between its header and its end."""
    header = (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, interlace))
    parts = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in (header, *chunks, (b"IEND", b""))
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def ifd(entries: list[tuple[int, int, int, int]], *, following: int = 0, order: str = "<") -> bytes:
    body = b"".join(struct.pack(order + "HHII", *entry) for entry in entries)
    return struct.pack(order + "H", len(entries)) + body + struct.pack(order + "I", following)


def tiff(entries: list[tuple[int, int, int, int]], tail: bytes = b"", *, following: int = 0) -> bytes:
    return b"II*\0" + struct.pack("<I", 8) + ifd(entries, following=following) + tail


def gray_tiff(side: int) -> list[tuple[int, int, int, int]]:
    """Entries of a gray picture: width, height, bits, meaning, strip and its bytes."""
    return [(256, 4, 1, side), (257, 4, 1, side), (258, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 8), (279, 4, 1, 64)]


def heif_of_size(width: int, height: int) -> bytes:
    """A small HEIC whose header claims another size."""
    import pillow_heif

    pillow_heif.register_heif_opener()
    data = bytearray(save(NOISE.resize((64, 64)), "HEIF"))
    place = data.index(b"ispe") + 8
    data[place : place + 8] = struct.pack(">II", width, height)
    return bytes(data)


def avif_of_size(width: int, height: int) -> bytes:
    data = save(NOISE, "AVIF")
    assert struct.pack(">II", 64, 48) in data
    return data.replace(struct.pack(">II", 64, 48), struct.pack(">II", width, height))


def webp_of_size(width: int, height: int) -> bytes:
    body = (
        b"VP8X"
        + struct.pack("<IB3x", 10, 0x10)
        + (width - 1).to_bytes(3, "little")
        + (height - 1).to_bytes(3, "little")
    )
    body += save(NOISE, "WEBP")[12:]
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def gif_of_size(width: int, height: int, *, screen: tuple[int, int] = (8, 8)) -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80, 0, 0) + bytes(6)
    return head + b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x4c\x01\x00;"


def jpeg_of_size(width: int, height: int) -> bytes:
    data = bytearray(save(NOISE, "JPEG"))
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def jpeg_of_scans(count: int) -> bytes:
    """A progressive JPEG that says its first scan again and again."""
    data = save(Image.new("RGB", (4000, 4000)), "JPEG", progressive=True)
    second = data.index(b"\xff\xda", data.index(b"\xff\xda") + 2)
    end = data.rindex(b"\xff\xd9")
    return data[:second] + data[second : data.index(b"\xff\xda", second + 2)] * count + data[end:]


def bmp_of_size(width: int, height: int) -> bytes:
    data = bytearray(save(NOISE, "BMP"))
    data[18:26] = struct.pack("<ii", width, height)
    return bytes(data)


HUGE = {
    "PNG": lambda: png((b"IDAT", zlib.compress(bytes(1000))), width=60_000, height=60_000),
    "PNG, the largest": lambda: png((b"IDAT", b""), width=2**31 - 1, height=2**31 - 1),
    "PNG, interlaced": lambda: png((b"IDAT", zlib.compress(bytes(1000))), width=60_000, height=60_000, interlace=1),
    "PNG, one line": lambda: png((b"IDAT", zlib.compress(bytes(1000))), width=2_000_000, height=1),
    "animated PNG": lambda: png(
        (b"acTL", struct.pack(">II", 2**31 - 1, 0)), (b"IDAT", b""), width=60_000, height=60_000
    ),
    "JPEG": lambda: jpeg_of_size(65_500, 65_500),
    "WebP": lambda: webp_of_size(16_383, 16_383),
    "WebP, beyond its own limit": lambda: webp_of_size(2**24, 2**24),
    "GIF": lambda: gif_of_size(8, 8, screen=(65_535, 65_535)),
    "GIF, a frame larger than its screen": lambda: gif_of_size(65_535, 65_535),
    "BMP": lambda: bmp_of_size(60_000, 60_000),
    "BMP, upside down": lambda: bmp_of_size(60_000, -60_000),
    "BMP, the most negative height": lambda: bmp_of_size(10, -(2**31)),
    "TIFF": lambda: tiff(gray_tiff(60_000)),
    "HEIC": lambda: heif_of_size(60_000, 60_000),
    "HEIC, the largest": lambda: heif_of_size(2**32 - 1, 2**32 - 1),
    "AVIF": lambda: avif_of_size(60_000, 60_000),
}


@pytest.mark.parametrize("kind", HUGE)
@pytest.mark.parametrize("decoder", [DirectDecoder(), "isolated"], ids=["direct", "isolated"])
def test_a_picture_that_claims_to_be_huge_costs_nothing(kind, decoder, isolated):
    data = HUGE[kind]()
    assert len(data) < 100_000
    started = time.process_time()
    with pytest.raises(ImageError):
        (isolated if decoder == "isolated" else decoder).decode(data, LIMITS)
    assert time.process_time() - started < 1


PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LINE = zlib.compress((b"\0" + bytes(8)) * 8)


def exif_with_everything_at_once(count: int, size: int) -> bytes:
    """EXIF whose entries all point at the same large block: read one by one they are many times the file."""
    entries = [(0x9000 + index % 0x0FFF, 1, size, 8 + 2 + 12 * count + 4) for index in range(count)]
    return tiff(entries, bytes(size))


def exif_in_a_circle() -> bytes:
    """A directory whose EXIF directory is itself."""
    return tiff([(0x8769, 4, 1, 8), (0x0112, 3, 1, 6)], following=8)


LADEN = {
    "text that unpacks to a thousand times its size": lambda: png(
        (b"zTXt", b"a\0\0" + zlib.compress(bytes(2**25))), (b"IDAT", LINE)
    ),
    "text in many pieces": lambda: png(*[(b"zTXt", b"a\0\0" + zlib.compress(bytes(900_000)))] * 200, (b"IDAT", LINE)),
    "international text": lambda: png(
        (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(bytes(2**25))), (b"IDAT", LINE)
    ),
    "a profile that unpacks to much": lambda: png((b"iCCP", b"a\0\0" + zlib.compress(bytes(2**25))), (b"IDAT", LINE)),
    "pixels that unpack to more than there are": lambda: png((b"IDAT", zlib.compress(bytes(2**25)))),
    "a hundred thousand chunks": lambda: png(*[(b"tEXt", b"a\0b")] * 100_000, (b"IDAT", LINE)),
    "a profile of megabytes": lambda: save(NOISE, "JPEG", icc_profile=PROFILE + bytes(8 * 2**20)),
    "a profile that is none": lambda: save(NOISE, "JPEG", icc_profile=b"\xff" * 3000),
    "a profile of huge counts": lambda: save(
        NOISE, "JPEG", icc_profile=PROFILE[:128] + b"\xff\xff\xff\xff" + PROFILE[132:]
    ),
    "EXIF in a circle": lambda: save(NOISE, "PNG", exif=b"Exif\0\0" + exif_in_a_circle()),
    "EXIF that is many times the file": lambda: save(
        NOISE, "PNG", exif=b"Exif\0\0" + exif_with_everything_at_once(4000, 2**19)
    ),
    "a TIFF that is many times its file": lambda: exif_with_everything_at_once(4000, 2**19),
    "a TIFF of directories in a circle": lambda: tiff(gray_tiff(8), bytes(64), following=8),
    "a TIFF of many directories": lambda: save(NOISE, "TIFF", save_all=True, append_images=[NOISE] * 300),
    "a TIFF of huge tiles": lambda: tiff(
        [*gray_tiff(8), (322, 4, 1, 2**31), (323, 4, 1, 2**31), (324, 4, 1, 8), (325, 4, 1, 64)], bytes(64)
    ),
    "a GIF of a thousand frames": lambda: save(
        NOISE.convert("P"), "GIF", save_all=True, append_images=[NOISE.rotate(a).convert("P") for a in range(1, 90)]
    ),
    "a JPEG of thousands of scans": lambda: jpeg_of_scans(3000),
    "a JPEG of a few hundred scans": lambda: jpeg_of_scans(400),
    "a JPEG of comments": lambda: b"\xff\xd8" + b"\xff\xfe\xff\xff" * 1 + (b"x" * 65_533 + b"\xff\xfe\xff\xff") * 300,
}


@pytest.mark.parametrize("kind", LADEN)
def test_what_a_file_carries_beside_its_pixels_is_bounded(kind, isolated):
    data = LADEN[kind]()
    assert len(data) < LIMITS.max_bytes
    started = time.monotonic()
    with contextlib.suppress(ImageError):
        source = isolated.read_source_file(data, LIMITS)
        assert source.exif is None or len(source.exif) < 70_000
        assert source.icc_profile is None or len(source.icc_profile) <= 4 * 2**20
    assert time.monotonic() - started < 8 * SECONDS
    assert isolated.decode(save(NOISE, "PNG"), LIMITS).format == "PNG"


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    "data",
    [
        SVG,
        b"\xef\xbb\xbf" + SVG,
        b"\n\n  " + SVG,
        b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + SVG,
        b"<!-- a comment -->" + SVG,
        SVG.decode().encode("utf-16"),
        b"\xff\xfe" + SVG.decode().encode("utf-16-le"),
    ],
    ids=[
        "plain",
        "with a byte order mark",
        "after white space",
        "with a document type",
        "after a comment",
        "UTF-16",
        "UTF-16 marked",
    ],
)
def test_drawings_are_refused_and_called_so(data):
    with pytest.raises(ImageDecodeError, match=r"SVG|XML") as caught:
        DirectDecoder().decode(data, LIMITS)
    assert "JPEG, PNG" in caught.value.message


def test_a_compressed_drawing_is_refused():
    with pytest.raises(ImageDecodeError, match="gzip"):
        DirectDecoder().decode(gzip.compress(SVG), LIMITS)


@pytest.mark.parametrize(
    "data",
    [
        b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file",
        b"P6 1 1 255 abc",
        b"8BPS\0\1",
        b"\x01\xda\x01\x01\0\3",
        b"push graphic-context\nurl(https://x)",
        b"\0\0\1\0\1\0\x10\x10",
        b"\x59\xa6\x6a\x95",
        b"id=ImageMagick",
        b"#!/bin/sh\n",
        b"\x7fELF",
        b"MZ\x90\0",
        b"\xca\xfe\xba\xbe",
    ],
)
def test_formats_that_are_not_on_the_list_are_not_even_tried(data):
    with pytest.raises(ImageDecodeError):
        DirectDecoder().decode(data + bytes(200), LIMITS)


def zip_of(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


HTML = b"<html><script>alert(document.domain)</script></html>"
POLYGLOTS = {
    "PNG and ZIP": (save(NOISE, "PNG") + zip_of("x.html", HTML), "PNG"),
    "GIF and Java": (save(NOISE.convert("P"), "GIF") + zip_of("META-INF/MANIFEST.MF", b"Main-Class: X"), "GIF"),
    "GIF and JavaScript": (b"GIF89a/*" + save(NOISE.convert("P"), "GIF")[8:] + b"*/=1;alert(1)", "GIF"),
    "JPEG and HTML in a comment": (save(NOISE, "JPEG", comment=HTML), "JPEG"),
    "JPEG and HTML behind it": (save(NOISE, "JPEG") + HTML, "JPEG"),
    "PNG with HTML in a text": (png((b"tEXt", b"Comment\0" + HTML), (b"IDAT", LINE)), "PNG"),
    "PNG with HTML in its pixels": (save(Image.frombytes("L", (len(HTML), 1), HTML), "PNG", compress_level=0), "PNG"),
    "BMP and script": (save(NOISE, "BMP") + HTML, "BMP"),
    "TIFF and PDF": (save(NOISE, "TIFF") + b"%PDF-1.7", "TIFF"),
    "PDF before a JPEG": (b"%PDF-1.7\n" + save(NOISE, "JPEG"), None),
    "ZIP before a PNG": (zip_of("x", b"y") + save(NOISE, "PNG"), None),
}


@pytest.mark.parametrize("kind", POLYGLOTS)
def test_a_file_of_two_kinds_is_read_as_the_picture_that_it_begins_as(kind, isolated):
    data, file_format = POLYGLOTS[kind]
    if file_format is None:
        with pytest.raises(ImageDecodeError):
            isolated.decode(data, LIMITS)
    else:
        assert isolated.decode(data, LIMITS).format == file_format


@pytest.mark.parametrize("kind", [kind for kind, (_, file_format) in POLYGLOTS.items() if file_format])
@pytest.mark.parametrize("size", ["original", None])
def test_nothing_of_the_other_kind_comes_back(kind, size, client, body):
    uri = "data:text/html;base64," + base64.b64encode(POLYGLOTS[kind][0]).decode()
    changes = {"image_url": uri, "output_format": "png", **({"size": size} if size else {})}
    answer = client.post("/v1/images/generations", json=body(**changes))
    assert answer.status_code == 200, answer.text
    url = answer.json()["data"][0]["url"]
    served = client.get(url.removeprefix("http://127.0.0.1:8000"))
    assert served.content.startswith(b"\x89PNG")
    assert b"alert(" not in served.content
    assert b"META-INF" not in served.content
    assert served.headers["content-type"] == "image/png"
    assert served.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in served.headers["content-security-policy"]


def test_an_upload_that_nobody_looked_at_is_served_as_no_type(client):
    named = {"content_type": "text/html", "file_name": "x.html"}
    place = client.post("/api/fal/rest/storage/upload/initiate", json=named).json()
    base = "http://127.0.0.1:8000"
    sent = {"content": HTML, "headers": {"Content-Type": "text/html"}}
    assert client.put(place["upload_url"].removeprefix(base), **sent).status_code == 200
    served = client.get(place["file_url"].removeprefix(base))
    assert served.headers["content-type"] == "application/octet-stream"
    assert served.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in served.headers["content-security-policy"]
    assert "html" not in served.headers.get("content-disposition", "")


ROUTES = {
    "/v1/images/generations": lambda uri: {"model": "flux/kontext-max/image-to-image", "prompt": "x", "image_url": uri},
    "/v1/edits": lambda uri: {"model": "flux/kontext-max/image-to-image", "prompt": "x", "image_url": uri},
    "/v1/previews": lambda uri: {"image_url": uri},
    "/v1/flux-kontext-max": lambda uri: {"prompt": "x", "input_image": uri},
    "/fal/fal-ai/flux-pro/kontext": lambda uri: {"prompt": "x", "image_url": uri},
    "/v1/models/black-forest-labs/flux-kontext-max/predictions": lambda uri: {
        "input": {"prompt": "x", "input_image": uri}
    },
}


@pytest.mark.parametrize("path", ROUTES)
def test_no_route_decodes_a_strangers_picture_in_the_server(path, client, monkeypatch):
    """What decodes in this process fails the test; children are processes of their own, which it does not reach."""

    def never(*_, **__):
        raise AssertionError("decoded in the server")

    for module in ("retouch.images.codec.Image.open", "retouch.preserve.source_file.Image.open"):
        monkeypatch.setattr(module, never)
    uri = "data:image/png;base64," + base64.b64encode(save(NOISE, "PNG")).decode()
    answer = client.post(path, json=ROUTES[path](uri), headers={"Prefer": "wait=20"})
    assert answer.status_code < 400, answer.text


def test_too_large_is_told_apart_from_damaged(isolated):
    with pytest.raises(ImageTooLargeError, match="pixels"):
        isolated.decode(HUGE["PNG"](), LIMITS)
    with pytest.raises(ImageDecodeError):
        isolated.decode(save(NOISE, "PNG")[:200], LIMITS)
