"""Chromium on a real server: its network, console and policy are watched, and nothing on them may go wrong unnoticed."""

import contextlib
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FAKE_SERVER = Path(__file__).parents[1] / "system" / "fake_server.py"
ADMIN_KEY = "an-admin-key-of-this-test"
WIDTHS = {360: 740, 768: 1024, 1280: 800}
POLICY_REPORTER = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""


@pytest.fixture(scope="module")
def chromium():
    """The browser; without one, or without what drives it, these tests have nothing to run in.

    It ends with the file: what drives it keeps an event loop, which no other test that runs one could do with.
    """
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@dataclass
class Server:
    """A server process, and where it listens."""

    url: str
    folder: Path | None = None

    @property
    def host(self) -> str:
        return urllib.parse.urlsplit(self.url).netloc


@contextlib.contextmanager
def serving(command: list[str], **settings: str):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RETOUCH_")}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**environment, **settings}
    )
    try:
        lines = []
        while line := process.stdout.readline():
            lines.append(line)
            if line.startswith("Stop it"):
                break
        else:
            raise AssertionError(f"the server ended with {process.wait()}: {''.join(lines)}")
        yield Server(re.search(r"http://[^\s/]+", "".join(lines)).group() + "/")
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


def fake(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, str(FAKE_SERVER), "--data", str(folder), *arguments]


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A server of the fake engine."""
    folder = tmp_path_factory.mktemp("fake")
    with serving(fake(folder)) as running:
        yield Server(running.url, folder)


@pytest.fixture(scope="session")
def slow_server(tmp_path_factory):
    """The same with edits of many steps, so that there is something to watch and to cancel."""
    slow = ("--steps", "200", "--step-seconds", "0.1")
    with serving(fake(tmp_path_factory.mktemp("slow"), *slow)) as running:
        yield running


@pytest.fixture(scope="session")
def keyed_server(tmp_path_factory):
    """The same, which lets in whoever has the key."""
    with serving(fake(tmp_path_factory.mktemp("keyed")), RETOUCH_SERVER__API_KEYS="open-sesame-open") as running:
        yield running


@pytest.fixture(scope="session")
def operated_server(tmp_path_factory):
    """The same with an admin's key."""
    digest = hashlib.sha256(ADMIN_KEY.encode()).hexdigest()
    with serving(fake(tmp_path_factory.mktemp("operated")), RETOUCH_SERVER__ADMIN_KEY_HASHES=digest) as running:
        yield running


@pytest.fixture(scope="session")
def editor_server(tmp_path_factory):
    """A server of the built-in editor."""
    folder = tmp_path_factory.mktemp("editor")
    command = [sys.executable, "-m", "retouch", "serve", "--port", "0", "--data-dir", str(folder)]
    with serving(command) as running:
        yield running


@dataclass
class Visit:
    """A page that is watched."""

    page: object
    host: str
    complaints: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()

    def __getattr__(self, name):
        return getattr(self.page, name)

    def take(self, *paths: Path) -> None:
        """Pick photos, and wait until they are on the easel."""
        self.page.set_input_files("#files", [str(path) for path in paths])
        self.page.wait_for_selector(".chip")

    def edit(self, prompt: str) -> None:
        """Run an instruction, and wait for its answer."""
        before = self.page.locator(".thumb").count()
        self.page.fill("#instruction", prompt)
        self.page.press("#instruction", "Enter")
        self.until(f"document.querySelectorAll('.thumb').length > {before}")
        self.page.wait_for_selector("#changed-share")

    def until(self, expression: str, seconds: float = 60) -> None:
        """Wait until a JavaScript expression is true. The driver's own way evaluates text in the page: the policy forbids it."""
        ends_at = time.monotonic() + seconds
        while not self.page.evaluate(f"() => Boolean({expression})"):
            assert time.monotonic() < ends_at, (
                f"{expression} did not come true; the page says {self.page.text_content('#message')!r}"
            )
            self.page.wait_for_timeout(50)

    def saved(self, selector: str) -> bytes:
        """Click what downloads, and return the file."""
        with self.page.expect_download() as waiting:
            self.page.click(selector)
        return Path(waiting.value.path()).read_bytes()

    def watch(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        self.page.on("request", self._asked)

    def _heard(self, message) -> None:
        if message.type in ("error", "warning") and not any(each in message.text for each in self.expected):
            self.complaints.append(f"console: {message.text}")

    def _asked(self, request) -> None:
        parts = urllib.parse.urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self.host:
            self.complaints.append(f"foreign host: {request.url}")


@pytest.fixture
def visit(chromium):
    """Open a page; at the end of the test nothing may have gone wrong on it."""
    visits: list[Visit] = []

    def open_page(
        server: Server,
        *,
        width: int = 1280,
        expected: tuple[str, ...] = (),
        path: str = "",
        ready: str = "#run",
        **context,
    ) -> Visit:
        touch = {"has_touch": True, "is_mobile": True} if width == 360 else {}
        options = {"locale": "en-US", "viewport": {"width": width, "height": WIDTHS[width]}, **touch, **context}
        made = chromium.new_context(**options)
        made.add_init_script(POLICY_REPORTER)
        made.set_default_timeout(60_000)
        found = Visit(made.new_page(), server.host, expected=expected)
        found.watch()
        visits.append(found)
        found.page.goto(server.url + path)
        found.until("document.querySelector('#theme').textContent !== ''")
        found.page.wait_for_selector(ready)
        return found

    yield open_page
    complaints = [complaint for each in visits for complaint in each.complaints]
    for each in visits:
        each.page.context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def photos(tmp_path_factory) -> dict[str, Path]:
    """Photos that scikit-image carries."""
    folder = tmp_path_factory.mktemp("photos")
    pixels = {
        "coffee.png": data.coffee()[::2, ::2],
        "cat.png": data.chelsea()[::2, ::2],
        "astronaut.jpg": data.astronaut(),
    }
    for name, each in pixels.items():
        Image.fromarray(each).save(folder / name)
    return {Path(name).stem: folder / name for name in pixels}


@pytest.fixture(scope="session")
def heic(tmp_path_factory) -> Path:
    """A photo as phones write it, which this browser can't show."""
    import pillow_heif

    path = tmp_path_factory.mktemp("heic") / "IMG_0001.heic"
    pillow_heif.from_pillow(Image.fromarray(data.coffee()[::2, ::2])).save(path)
    return path


def pixels_of(file: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))
