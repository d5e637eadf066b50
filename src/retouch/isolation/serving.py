"""The decoder child: takes orders until its parent hangs up. Nothing in here runs in the server's own processes."""

import gc
import io
import json
import os
import socket
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from retouch.errors import ImageError, ImageTooLargeError
from retouch.images.codec import decode, decode_rgba
from retouch.isolation.messages import BLOBS, MAX_BLOB_BYTES, Order, receive, send
from retouch.isolation.sandbox import CpuAllowance, limit_resources, shut_in
from retouch.preserve.source_file import SourceFile, convert_from_srgb, read_source_file

__all__ = ["serve"]

_WRITE_BYTES = 2**26


@dataclass(frozen=True, slots=True)
class _Memory:
    """The two shared memories."""

    input_fd: int
    output_fd: int

    def read(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            part = os.pread(self.input_fd, count - len(data), len(data))
            if not part:
                raise EOFError
            data += part
        return bytes(data)

    def write(self, *sections: "npt.NDArray[np.uint8] | bytes | None") -> None:
        offset = 0
        for section in sections:
            if section is None:
                continue
            view = section if isinstance(section, bytes) else np.ascontiguousarray(section).reshape(-1).data
            view = memoryview(view)
            while view:
                written = os.pwrite(self.output_fd, view[:_WRITE_BYTES], offset)
                offset += written
                view = view[written:]


def serve(channel_fd: int, input_fd: int, output_fd: int, memory_bytes: int, output_bytes: int, seconds: float) -> None:
    """Load what decoding needs, give up everything else, and carry out orders until the parent is gone."""
    channel = socket.socket(fileno=channel_fd)
    memory = _Memory(input_fd, output_fd)
    _warm_up()
    # Libraries print what hostile bytes make them say; that must not get into the server's log.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    limit_resources(memory_bytes=memory_bytes, output_bytes=output_bytes)
    allowance = CpuAllowance(seconds)
    send(channel, json.dumps({"is_shut_in": shut_in()}).encode("ascii"))
    while True:
        try:
            order = Order.from_json(receive(channel))
        except EOFError:
            return
        allowance.renew()
        send(channel, json.dumps(_carry_out(order, memory)).encode("ascii"))


def _carry_out(order: Order, memory: _Memory) -> dict[str, Any]:
    try:
        if order.action == "from_srgb":
            return _convert(order, memory)
        return _decode(order, memory)
    except ImageTooLargeError as exc:
        return {"outcome": "too_large", "message": exc.message}
    except ImageError as exc:
        return {"outcome": "undecodable", "message": exc.message}
    except MemoryError:
        return {"outcome": "too_large", "message": "The picture needs more memory than is allowed. Send a smaller one."}
    except OSError:  # the output memory is as large as any picture within the limits, so this is none
        return {"outcome": "too_large", "message": "The picture decodes to more than is allowed. Send a smaller one."}


def _decode(order: Order, memory: _Memory) -> dict[str, Any]:
    data = memory.read(order.data_bytes)
    if order.action == "decode_rgba":
        rgba = decode_rgba(data, order.limits)
        memory.write(rgba)
        return _answer(rgba)
    if order.action == "decode":
        decoded = decode(data, order.limits)
        memory.write(decoded.pixels)
        return _answer(decoded.pixels, format=decoded.format, notes=decoded.notes)
    source = read_source_file(data, order.limits)
    found = [(name, getattr(source, name)) for name in BLOBS]
    blobs = [(name, blob) for name, blob in found if blob is not None and len(blob) <= MAX_BLOB_BYTES]
    memory.write(source.pixels, source.native, *(blob for _, blob in blobs))
    return _answer(
        source.pixels,
        format=source.format,
        notes=source.notes,
        has_native=source.native is not None,
        blobs=[(name, len(blob)) for name, blob in blobs],
        jpeg=_jpeg(source),
    )


def _convert(order: Order, memory: _Memory) -> dict[str, Any]:
    data = memory.read(order.data_bytes + order.height * order.width * 3)
    pixels = np.frombuffer(data, np.uint8, offset=order.data_bytes).reshape(order.height, order.width, 3)
    converted = convert_from_srgb(data[: order.data_bytes])(pixels)
    memory.write(converted)
    return _answer(converted)


def _answer(pixels: "npt.NDArray[np.uint8]", **more: Any) -> dict[str, Any]:
    said = {"has_native": False, "blobs": (), "format": "", "notes": (), "jpeg": None}
    return {"outcome": "ok", "height": pixels.shape[0], "width": pixels.shape[1], **said, **more}


def _jpeg(source: SourceFile) -> list[Any] | None:
    if source.jpeg is None:
        return None
    return [list(source.jpeg.tables.items()), source.jpeg.subsampling, source.jpeg.quality]


def _warm_up() -> None:
    """Import whatever decoding imports on demand, while files can still be opened."""
    Image.init()
    tiny = Image.new("RGB", (16, 16), "red")
    exif = tiny.getexif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for file_format in ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"):
        buffer = io.BytesIO()
        tiny.save(buffer, file_format, exif=exif, icc_profile=profile)
        read_source_file(buffer.getvalue())
    convert_from_srgb(profile)(np.asarray(tiny))
    gc.freeze()
