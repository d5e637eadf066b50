"""A picture that breaks its decoder breaks nothing else."""

import io
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from PIL import Image, ImageCms
from skimage.data import astronaut

from retouch.errors import ConfigurationError, ImageDecodeError, ImageTooLargeError
from retouch.images.codec import DecodeLimits
from retouch.isolation.child import ChildLostError, DecoderChild
from retouch.isolation.decoder import DirectDecoder
from retouch.isolation.messages import MisbehaviorError, Order, read_answer
from retouch.isolation.pool import IsolatedDecoder, IsolationRules

LIMITS = DecodeLimits()
PHOTO = Image.fromarray(astronaut()[:120, :160])
ORDER = Order("read_source_file", 1000, 1000, 100, 50)
GOOD = b"""{"outcome": "ok", "height": 2, "width": 3, "has_native": false, "blobs": [["exif", 4]], "format": "JPEG",
    "notes": ["x"], "jpeg": null}"""


def save(image: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def png_bomb(side: int) -> bytes:
    """A black picture of side x side pixels in a few KB."""
    return save(Image.new("L", (side, side)), "PNG", compress_level=9)


def jpeg_of_scans(count: int) -> bytes:
    """A progressive JPEG that says one scan again and again, a few hundred bytes each time and all of its pixels."""
    data = save(Image.new("RGB", (7900, 7900)), "JPEG", progressive=True)
    begin = data.index(b"\xff\xda", data.index(b"\xff\xda") + 2)
    again = data[begin : data.index(b"\xff\xda", begin + 2)]
    return data[:begin] + again * count + b"\xff\xd9"


def wide_gamut_profile() -> bytes:
    """sRGB's profile with red and green exchanged, which is another space than sRGB."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(profile[128:132], "big")
    places = {bytes(profile[at : at + 4]): at for at in range(132, 132 + 12 * count, 12)}
    red, green = (profile[places[name] + 4 : places[name] + 12] for name in (b"rXYZ", b"gXYZ"))
    profile[places[b"rXYZ"] + 4 : places[b"rXYZ"] + 12] = green
    profile[places[b"gXYZ"] + 4 : places[b"gXYZ"] + 12] = red
    return bytes(profile).replace(b"sRGB", b"xRGB").replace("sRGB".encode("utf-16-be"), "xRGB".encode("utf-16-be"))


@pytest.fixture(scope="module")
def isolated():
    decoder = IsolatedDecoder()
    yield decoder
    decoder.close()


@pytest.fixture
def limited():
    made = []

    def make(**rules):
        made.append(IsolatedDecoder(IsolationRules(**rules)))
        return made[-1]

    yield make
    for decoder in made:
        decoder.close()


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "GIF", "TIFF", "BMP"])
def test_a_child_gives_what_this_process_would(isolated, file_format):
    import pillow_heif

    pillow_heif.register_heif_opener()
    data = save(PHOTO, file_format)
    expected, found = DirectDecoder().decode(data, LIMITS), isolated.decode(data, LIMITS)
    np.testing.assert_array_equal(found.pixels, expected.pixels)
    assert (found.format, found.notes) == (expected.format, expected.notes)
    np.testing.assert_array_equal(isolated.decode_rgba(data, LIMITS), DirectDecoder().decode_rgba(data, LIMITS))


def test_what_a_file_says_comes_back_and_colors_are_converted_in_the_child(isolated):
    exif = PHOTO.getexif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    data = save(PHOTO, "JPEG", exif=exif, icc_profile=wide_gamut_profile(), quality=90, subsampling=1)
    expected, found = DirectDecoder().read_source_file(data, LIMITS), isolated.read_source_file(data, LIMITS)
    assert expected.native is not None
    np.testing.assert_array_equal(found.pixels, expected.pixels)
    np.testing.assert_array_equal(found.native, expected.native)
    np.testing.assert_array_equal(found.to_native(found.pixels), expected.to_native(expected.pixels))
    for name in ("exif", "icc_profile", "xmp", "jpeg", "format", "notes"):
        assert getattr(found, name) == getattr(expected, name), name


def test_errors_are_those_of_the_codec(isolated):
    with pytest.raises(ImageDecodeError, match="HTML") as caught:
        isolated.decode(b"<!doctype html>", LIMITS, index=3)
    assert caught.value.index == 3
    with pytest.raises(ImageTooLargeError, match="160x120"):
        isolated.decode(save(PHOTO, "PNG"), DecodeLimits(max_pixels=100))
    with pytest.raises(ImageTooLargeError, match="bytes"):
        isolated.decode(bytes(100), DecodeLimits(max_bytes=50))


def test_a_picture_that_takes_too_long_is_refused_and_the_next_one_decoded(limited):
    decoder = limited(seconds=1)
    with pytest.raises(ImageDecodeError, match="longer than 1 s") as caught:
        decoder.decode(jpeg_of_scans(480), LIMITS, index=1)
    assert caught.value.index == 1
    assert isinstance(decoder.decode(save(PHOTO, "BMP"), LIMITS).pixels, np.ndarray)


def test_a_picture_that_takes_too_much_memory_is_refused_and_the_next_one_decoded(limited):
    decoder = limited(memory_bytes=64 * 2**20)
    with pytest.raises(ImageTooLargeError, match="memory"):
        decoder.decode(png_bomb(7900), LIMITS)
    assert decoder.decode(save(PHOTO, "PNG"), LIMITS).pixels.shape == (120, 160, 3)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["RGBA", "I;16", "CMYK", "LA"])
def test_the_largest_picture_fits_into_the_memory_that_is_allowed(isolated, mode):
    side = 7990
    made = Image.new(mode, (side, side), 0) if mode != "I;16" else Image.fromarray(np.zeros((side, side), np.uint16))
    data = save(made, "TIFF" if mode == "CMYK" else "PNG", **({"compression": "tiff_lzw"} if mode == "CMYK" else {}))
    assert isolated.decode(data, LIMITS).pixels.shape == (side, side, 3)


def test_a_child_that_dies_over_a_picture_costs_that_picture_alone(limited, monkeypatch):
    decoder = limited(children=1)
    decoder.decode(save(PHOTO, "PNG"), LIMITS)
    (child,) = decoder._idle
    os.kill(child._process.pid, signal.SIGSTOP)  # it hangs over the next picture, and is killed then
    threading.Timer(0.3, os.kill, (child._process.pid, signal.SIGKILL)).start()
    with pytest.raises(ImageDecodeError, match="its decoder failed"):
        decoder.decode(save(PHOTO, "PNG"), LIMITS)
    assert decoder.decode(save(PHOTO, "PNG"), LIMITS).format == "PNG"


def test_a_child_that_died_while_it_waited_costs_no_picture(limited):
    decoder = limited(children=1)
    decoder.decode(save(PHOTO, "PNG"), LIMITS)
    (child,) = decoder._idle
    child._process.kill()
    child._process.wait()
    assert decoder.decode(save(PHOTO, "PNG"), LIMITS).format == "PNG"


def test_a_child_is_replaced_after_its_share_of_pictures(limited):
    decoder = limited(children=1, pictures_per_child=2)
    seen = set()
    for _ in range(4):
        decoder.decode(save(PHOTO, "BMP"), LIMITS)
        seen |= {child._process.pid for child in decoder._idle}
    assert len(seen) == 2
    assert decoder._idle == []


def test_threads_share_the_children(limited):
    decoder = limited(children=2)
    files = [save(PHOTO.rotate(angle), "PNG") for angle in range(0, 80, 10)]
    found = {}

    def work(index):
        found[index] = decoder.decode(files[index], LIMITS).pixels

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(files))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index, data in enumerate(files):
        np.testing.assert_array_equal(found[index], DirectDecoder().decode(data, LIMITS).pixels)
    assert len(decoder._idle) <= 2


def test_nothing_is_decoded_after_the_end(limited):
    decoder = limited()
    decoder.decode(save(PHOTO, "BMP"), LIMITS)
    (child,) = decoder._idle
    decoder.close()
    assert child._process.returncode is not None
    with pytest.raises(ConfigurationError, match="stopping"):
        decoder.decode(save(PHOTO, "BMP"), LIMITS)


def test_a_child_has_nothing_of_the_servers_environment(monkeypatch):
    monkeypatch.setenv("RETOUCH_SERVER__API_KEYS", "a-key-that-nobody-may-see")
    child = DecoderChild(IsolationRules())
    try:
        # Not readable even for the same user, unless that one is root.
        if os.access(f"/proc/{child._process.pid}/environ", os.R_OK):
            with open(f"/proc/{child._process.pid}/environ", "rb") as environment:
                assert b"a-key-that-nobody-may-see" not in environment.read()
        child.close()
        assert not child.is_alive
    finally:
        child.close()


def test_a_child_that_cannot_be_started_leaves_nothing_open(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    before = os.listdir("/dev/fd")
    for _ in range(3):
        with pytest.raises(ConfigurationError, match="can't be started"):
            DecoderChild(IsolationRules())
    assert len(os.listdir("/dev/fd")) == len(before)


@pytest.mark.parametrize(
    "attempt",
    [
        "open('/etc/passwd')",
        "open('/tmp/x', 'w')",
        "socket.socket()",
        "socket.socketpair()",
        "os.fork()",
        "os.execv('/bin/true', ['true'])",
        "subprocess.run(['/bin/true'])",
        "os.kill(os.getppid(), 0)",
        "os.listdir('/')",
        "os.stat('/')",
        "os.unlink('/tmp/none')",
        "os.mkdir('/tmp/none-' + str(os.getpid()))",
        "os.pidfd_open(os.getppid())",
        "os.memfd_create('x')",
        "os.chdir('/tmp')",
        "os.setuid(os.getuid())",
        "resource.prlimit(os.getppid(), resource.RLIMIT_CORE)",
        "fcntl.fcntl(0, fcntl.F_SETOWN, os.getppid())",
        "fcntl.fcntl(0, fcntl.F_SETSIG, 9)",
    ],
)
def test_a_decoder_that_was_taken_over_gets_nowhere(attempt):
    program = f"""
import fcntl, os, resource, socket, subprocess, sys
from retouch.isolation.sandbox import limit_resources, shut_in
limit_resources(memory_bytes=2**28, output_bytes=2**20)
if not shut_in():
    os._exit(9)
try:
    {attempt}
except (OSError, ValueError) as exc:
    os._exit(7)
os._exit(0)
"""
    status = subprocess.run([sys.executable, "-c", program], check=False).returncode
    if status == 9:
        pytest.skip("this system can't filter system calls")
    assert status == 7


def test_an_orphan_in_a_loop_ends_by_itself():
    program = """
from retouch.isolation.sandbox import CpuAllowance
CpuAllowance(1).renew()
while True:
    pass
"""
    started = time.monotonic()
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -signal.SIGXCPU
    assert time.monotonic() - started < 60


def test_a_good_answer_is_read():
    answer = read_answer(GOOD, ORDER)
    assert (answer.height, answer.width, dict(answer.blobs), answer.notes) == (2, 3, {"exif": 4}, ("x",))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"height": 2', b'"height": 51'),
        (b'"height": 2', b'"height": 0'),
        (b'"height": 2', b'"height": -2'),
        (b'"height": 2', b'"height": true'),
        (b'"height": 2', b'"height": 2.0'),
        (b'"height": 2, "width": 3', b'"height": 40, "width": 40'),
        (b'["exif", 4]', b'["exif", 99999999999]'),
        (b'["exif", 4]', b'["__class__", 4]'),
        (b'"JPEG"', b'"SVG"'),
        (b'"JPEG"', b'["JPEG"]'),
        (b'["x"]', b'["a\\nb"]'),
        (b'["x"]', b'"x"'),
        (b'"jpeg": null', b'"jpeg": [[[0, [1, 2]]], 0, 90]'),
        (b'"jpeg": null', b'"jpeg": [[], 0, 90]'),
        (b'"ok"', b'"fine"'),
        (b'"outcome": "ok"', b'"outcome": "undecodable"'),
        (b"{", b"[" * 30_000),
    ],
)
def test_an_answer_that_no_child_gives_is_not_believed(old, new):
    assert old in GOOD
    with pytest.raises(MisbehaviorError):
        read_answer(GOOD.replace(old, new, 1), ORDER)


def test_a_child_that_wrote_less_than_it_said_is_ended():
    child = DecoderChild(IsolationRules())
    try:
        child.ask(Order("decode", 3, 10, 10, 10), b"abc")
        with pytest.raises(ChildLostError):
            child.take(0, (10, 10, 3))
        assert not child.is_alive
    finally:
        child.close()
