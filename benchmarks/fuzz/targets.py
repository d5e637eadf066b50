"""What is fuzzed: each reader of strangers' bytes, good input to damage, and the errors that it may raise."""

import asyncio
import base64
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from PIL import Image, ImageCms
from starlette.requests import Request

from retouch.errors import ImageError, InvalidValueError, UnsupportedInstructionError
from retouch.fetch import FetchPolicy, check_url, fetch_images
from retouch.images.codec import DecodeLimits, decode, decode_rgba
from retouch.images.mask_file import read_mask
from retouch.isolation.messages import MisbehaviorError, Order, read_answer
from retouch.preserve.source_file import read_source_file
from retouch.provenance.container import find_xmp
from retouch.provenance.xmp import XmpError, read_packet
from retouch.server.dialects import aimlapi, bfl, fal_input, replicate_input
from retouch.server.dialects.image_body import parse_body
from retouch.server.errors import ProblemError
from retouch.server.intake import Intake

__all__ = ["TARGETS", "Target"]

_LIMITS = DecodeLimits(max_bytes=2**22, max_pixels=4_000_000)
_FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "HEIF", "GIF", "TIFF", "BMP")
_WORDS = (
    *(
        b"\xff\xda",
        b"\xff\xc2",
        b"\xff\xe1",
        b"\xff\xe2ICC_PROFILE\0",
        b"Exif\0\0",
        b"MPF\0",
        b"IHDR",
        b"IDAT",
        b"iCCP",
    ),
    *(
        b"zTXt",
        b"iTXt",
        b"eXIf",
        b"acTL",
        b"fdAT",
        b"VP8X",
        b"ANMF",
        b"EXIF",
        b"XMP ",
        b"RIFF",
        b"ftypheic",
        b"ftypavif",
    ),
    *(b"GIF89a", b"\x21\xff\x0b", b"II*\0", b"MM\0*", b"II+\0", b"BM", b"acsp", b"http://ns.adobe.com/xap/1.0/\0"),
)
_TEXT_WORDS = (
    *(
        b'"',
        b"\\u0000",
        b"\\ud800",
        b"null",
        b"true",
        b"1e999",
        b"-0",
        b"[",
        b"{",
        b"]",
        b"}",
        b"\xff",
        b"\xc3\xa9",
        b"data:",
    ),
    *(
        b"http://",
        b"@",
        b"\r\n",
        b";base64,",
        b"%00",
        b"%2e%2e/",
        b"[::1]",
        b"\xe3\x80\x82",
        b"\xf0\x9f\xa6\x84",
        b"image_url",
    ),
)
_PROMPTS = (
    b"make the cup blue and remove the man on the left, but keep the sky",
    b'write "hello" at the top in red, then crop it to 16:9 and rotate it by 7.5 degrees',
    b"turn it into a watercolor with 50% strength; no text",
    b"mach den Himmel dramatischer und den Hund kleiner",
    "将背景换成海滩, ajoute un oiseau à gauche".encode(),
)


@dataclass(frozen=True, slots=True)
class Target:
    """A reader.

    Attributes
    ----------
    name : str
    read : callable
    seeds : callable
        Returns good input.
    allowed : tuple of exception types
        What it may raise; anything else is a finding.
    words : sequence of bytes
        What it looks for.
    seconds : float
        Longer than that is a finding, too.
    """

    name: str
    read: Callable[[bytes], object]
    seeds: Callable[[], Sequence[bytes]]
    allowed: tuple[type[Exception], ...]
    words: Sequence[bytes] = _TEXT_WORDS
    seconds: float = 10.0


@cache
def _pictures() -> Sequence[bytes]:
    """Small pictures in every format, with and without what files carry beside pixels."""
    import pillow_heif

    pillow_heif.register_heif_opener()
    rng = np.random.default_rng(0)
    made = []
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes().replace(b"sRGB", b"xRGB")
    for size in (24, 70):
        photo = Image.fromarray(rng.integers(0, 255, (size, size + 9, 3), dtype=np.uint8))
        exif = photo.getexif()
        exif[0x0112], exif[0x010E], exif[0x829A] = 6, "a picture", (1, 60)
        exif.get_ifd(0x8769)[0xA002] = size
        for name in _FORMATS:
            made += [_saved(photo, name), _saved(photo, name, exif=exif, icc_profile=profile, xmp=_XMP)]
        made.append(_saved(photo, "JPEG", progressive=True, subsampling=2))
        for mode, name in (
            ("RGBA", "PNG"),
            ("P", "PNG"),
            ("I;16", "PNG"),
            ("1", "TIFF"),
            ("CMYK", "JPEG"),
            ("CMYK", "TIFF"),
        ):
            other = photo.convert("L").convert("I").convert("I;16") if mode == "I;16" else photo.convert(mode)
            made.append(_saved(other, name))
        for name, compression in (
            ("TIFF", "tiff_lzw"),
            ("TIFF", "jpeg"),
            ("TIFF", "tiff_adobe_deflate"),
            ("TIFF", "packbits"),
        ):
            made += [_saved(photo, name, compression=compression)]
        for name in ("GIF", "WEBP", "PNG", "TIFF"):
            made += [_saved(photo, name, save_all=True, append_images=[photo.rotate(90)])]
    return made


_XMP = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    b'xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="image/jpeg"><dc:rights><rdf:Alt><rdf:li xml:lang="x-default">me'
    b'</rdf:li></rdf:Alt></dc:rights></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)


def _saved(image: Image.Image, name: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def _masks() -> Sequence[bytes]:
    mask = Image.new("L", (40, 30))
    mask.paste(255, (5, 5, 20, 20))
    return [_saved(mask, name) for name in ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")]


def _data_uris() -> Sequence[bytes]:
    encoded = base64.b64encode(_pictures()[0])
    return [
        b"data:image/jpeg;base64," + encoded,
        b"data:text/plain,a%20b",
        b"DATA:;base64,YWJj%0A",
        b"data:image/png;base64",
    ]


def _urls() -> Sequence[bytes]:
    return [
        *(
            b"https://example.com:443/a/b.png?x=1#y",
            b"http://user:pw@host/",
            b"http://[::ffff:7f00:1]:80/",
            b"http://2130706433/",
        ),
        *("http://例え。テスト/ä".encode(), b"http://a\\@b/", b"ftp://x/", b"http:///x", b"https://%65xample.com"),
    ]


def _bodies() -> Sequence[bytes]:
    body = {
        "model": "flux/kontext-max/image-to-image",
        "prompt": "make it blue",
        "image_url": ["https://example.com/a.png", "data:image/png;base64,AAAA"],
        "image": "https://example.com/a.png",
        "input_image": "https://example.com/a.png",
        "num_images": 2,
        "seed": 7,
        "guidance_scale": 3.5,
        "aspect_ratio": "16:9",
        "size": "1024x768",
        "image_size": {"width": 800, "height": 600},
        "safety_tolerance": "2",
        "output_format": "png",
        "loras": [{"path": "a", "scale": 0.5}],
        "strength": 0.8,
        "stream": True,
        "partial_images": 2,
        "extra_body": {"preserve": "off", "explain": True},
        "webhook": "https://example.com/hook",
        "webhook_events_filter": ["completed"],
        "mask": {"image_url": "https://example.com/m.png"},
    }
    texts = [
        json.dumps({name: body[name] for name in names}).encode() for names in (body, list(body)[:6], list(body)[:3])
    ]
    return [*texts, b"{}", b"[]", b'{"prompt": null}']


def _forms() -> Sequence[bytes]:
    def part(head: str, body: bytes) -> bytes:
        return b"--x\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + body + b"\r\n"

    text = part('name="prompt"', b"make it blue")
    file = part('name="image[]"; filename="a.png"\r\nContent-Type: image/png', b"\x89PNG")
    return [text + file + b"--x--\r\n", text * 5 + b"--x--", file, b"--x--", b""]


def _answers() -> Sequence[bytes]:
    said = {
        "outcome": "ok",
        "height": 2,
        "width": 3,
        "has_native": False,
        "blobs": [["exif", 4]],
        "format": "JPEG",
        "notes": ["x"],
        "jpeg": [[[0, [1] * 64]], 0, 90],
    }
    return [json.dumps(said).encode(), b'{"outcome": "too_large", "message": "x"}']


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _fetch(data: bytes) -> object:
    return asyncio.run(fetch_images(["data:" + _text(data)[5:]], FetchPolicy(max_bytes=2**20)))


def _read_xmp(data: bytes) -> object:
    packet = find_xmp(data)
    return None if packet is None else read_packet(packet)


def _json(data: bytes) -> dict[str, Any]:
    return asyncio.run(_intake().read_json_object(_request(data, "application/json")))


def _dialects(data: bytes) -> None:
    """Read one body in the words of every dialect; each may refuse it."""
    body = _json(data)
    readers: tuple[Callable[[], object], ...] = (
        lambda: parse_body(body, aimlapi._ROUTE),
        lambda: fal_input.parse_input(body),
        lambda: replicate_input.parse_input(body, "flux-kontext-max"),
        lambda: bfl.parse_body(body, "max"),
    )
    for read in readers:
        try:
            read()
        except (ProblemError, InvalidValueError) as exc:
            json.dumps(getattr(exc, "problem", None) and exc.problem.details)  # type: ignore[union-attr]


def _form(data: bytes) -> object:
    return asyncio.run(_intake().read_form(_request(data, "multipart/form-data; boundary=x")))


def _intake() -> Intake:
    return Intake(max_body_bytes=2**20, timeout_seconds=10, places=asyncio.Semaphore(1))


def _request(data: bytes, media_type: str) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": data, "more_body": False}

    headers = [(b"content-type", media_type.encode()), (b"content-length", str(len(data)).encode())]
    return Request({"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}, receive)


def _instruct(data: bytes) -> object:
    from retouch.editor.instructions.parser import parse

    return parse(data.decode("utf-8", "replace")[:4000], image_count=1)


TARGETS = (
    Target("codec", lambda data: decode(data, _LIMITS), _pictures, (ImageError,), _WORDS),
    Target("codec with alpha", lambda data: decode_rgba(data, _LIMITS), _pictures, (ImageError,), _WORDS),
    Target("source file", lambda data: read_source_file(data, _LIMITS), _pictures, (ImageError,), _WORDS),
    Target("mask file", lambda data: read_mask(data, _LIMITS), _masks, (InvalidValueError,), _WORDS),
    Target("XMP in files", _read_xmp, _pictures, (XmpError,), _WORDS),
    Target("XMP", read_packet, lambda: [_XMP], (XmpError,)),
    Target("data URI", _fetch, _data_uris, (ImageError,)),
    Target("URL", lambda data: check_url(_text(data)), _urls, (ImageError,)),
    Target("JSON bodies", _dialects, _bodies, (ProblemError,)),
    Target(
        "forms",
        _form,
        _forms,
        (ProblemError,),
        (b"--x", b"\r\n", b'name="', b'filename="', b"Content-Type:", *_TEXT_WORDS),
    ),
    Target(
        "decoder's answers", lambda data: read_answer(data, Order("decode", 9, 9, 9, 9)), _answers, (MisbehaviorError,)
    ),
    Target(
        "instructions",
        _instruct,
        lambda: _PROMPTS,
        (UnsupportedInstructionError, InvalidValueError),
        [word for prompt in _PROMPTS for word in prompt.split()],
    ),
)
