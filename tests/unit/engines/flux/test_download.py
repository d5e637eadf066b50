"""The download against a stand-in of the hub: its API, its errors, cut connections and wrong bytes."""

import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytest.importorskip("huggingface_hub", reason="the [flux] extra is not installed")

from retouch.engines.flux import download
from retouch.engines.flux.download import license_terms, pull_checkpoint
from retouch.errors import ModelFileError

REPOSITORY = "someone/kontext"
COMMIT = "a" * 40
SMALL = {
    "model_index.json": b'{"_class_name": "FluxKontextPipeline"}',
    "transformer/config.json": b"{}",
    "tokenizer/vocab.json": b"{}",
    "README.md": b"# read me",
}
LARGE = {
    "transformer/diffusion_pytorch_model.safetensors": bytes(range(256)) * 4000,
    "vae/diffusion_pytorch_model.safetensors": b"v" * 70_000,
    "flux1-kontext-dev.safetensors": b"a second copy of the weights",
    "teaser.png": b"picture",
    "vae/deeper/diffusion_pytorch_model.safetensors": b"not of this layout",
}


class Hub:
    """Answers as the hub does for one repository; what goes wrong is set by each test."""

    def __init__(self):
        self.files = SMALL | LARGE
        self.told = dict(self.files)  # what the list says of sizes and digests
        self.requests = []
        self.error = None  # (status, code) for downloads
        self.list_error = None
        self.cut_at = {}  # bytes after which a download's first connections break, by name
        self.cuts_left = 0
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments):
                pass

            def do_HEAD(self):
                hub.answer(self, body=False)

            def do_GET(self):
                hub.answer(self, body=True)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request, *, body):
        self.requests.append((request.command, request.path, request.headers.get("Range")))
        if request.path.startswith("/api/models/"):
            if self.list_error:
                return self.fail(request, *self.list_error)
            return self.send(request, json.dumps(self.listing()).encode(), "application/json")
        if self.error:
            return self.fail(request, *self.error)
        name = request.path.split(f"/resolve/{COMMIT}/", 1)[-1]
        content, told = self.files[name], self.told[name]
        etag = hashlib.sha256(told).hexdigest() if name in LARGE else _git(told)
        start = int(re.match(r"bytes=(\d+)-", request.headers.get("Range") or "bytes=0-").group(1))
        request.send_response(206 if start else 200)
        request.send_header("X-Repo-Commit", COMMIT)
        request.send_header("ETag", f'"{etag}"')
        request.send_header("Content-Length", str(len(content) - start))
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        request.end_headers()
        if body and name in self.cut_at and self.cuts_left:
            self.cuts_left -= 1
            request.wfile.write(content[start : self.cut_at[name]])
            request.close_connection = True
        elif body:
            request.wfile.write(content[start:])
        return None

    def listing(self):
        siblings = [
            {"rfilename": name, "size": len(content), "blobId": _git(content)}
            | (
                {"lfs": {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 1}}
                if name in LARGE
                else {}
            )
            for name, content in self.told.items()
        ]
        return {
            "id": REPOSITORY,
            "modelId": REPOSITORY,
            "sha": COMMIT,
            "siblings": siblings,
            "tags": [],
            "private": False,
        }

    def fail(self, request, status, code):
        request.send_response(status)
        if code:
            request.send_header("X-Error-Code", code)
        request.send_header("Content-Length", "0")
        request.end_headers()

    def send(self, request, content, kind):
        request.send_response(200)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)


def _git(content):
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 65_536)
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)
    made = Hub()
    yield made
    made.close()


def pull(hub, folder, **more):
    return pull_checkpoint(folder, repository=REPOSITORY, endpoint=hub.endpoint, **more)


def names(folder):
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return set(found)


def test_only_what_is_needed_is_fetched_and_progress_ends_at_the_whole(hub, tmp_path):
    seen = []

    folder = pull(hub, tmp_path / "flux", on_progress=seen.append)

    wanted = {*SMALL, *LARGE} - {"README.md", "flux1-kontext-dev.safetensors", "teaser.png"}
    wanted -= {"vae/deeper/diffusion_pytorch_model.safetensors"}
    assert names(folder) == wanted
    assert all((folder / name).read_bytes() == hub.files[name] for name in wanted)
    assert [each.step for each in seen] == sorted(each.step for each in seen)
    assert seen[-1].step == seen[-1].total == 2


def test_the_transformers_weights_can_be_left_out(hub, tmp_path):
    folder = pull(hub, tmp_path / "flux", with_transformer=False)

    assert "transformer/config.json" in names(folder)
    assert "transformer/diffusion_pytorch_model.safetensors" not in names(folder)


def test_what_is_there_is_not_fetched_again(hub, tmp_path):
    pull(hub, tmp_path / "flux")
    hub.requests.clear()

    pull(hub, tmp_path / "flux")

    assert [path for command, path, _ in hub.requests if command == "GET" and "/resolve/" in path] == []


def test_a_connection_that_is_cut_goes_on_where_it_ended(hub, tmp_path):
    name = "transformer/diffusion_pytorch_model.safetensors"
    hub.cut_at, hub.cuts_left = {name: 300_000}, 1

    folder = pull(hub, tmp_path / "flux")

    assert (folder / name).read_bytes() == LARGE[name]
    asked = [part for command, path, part in hub.requests if command == "GET" and path.endswith(name)]
    assert len(asked) == 2
    assert int(re.match(r"bytes=(\d+)-", asked[1]).group(1)) > 0


def test_a_pull_that_was_broken_off_goes_on_where_it_ended(hub, tmp_path):
    name = "transformer/diffusion_pytorch_model.safetensors"
    hub.cut_at, hub.cuts_left = {name: 300_000}, 1000
    with pytest.raises(ModelFileError, match="goes on where it ended"):
        pull(hub, tmp_path / "flux")
    kept = next((tmp_path / "flux" / ".incomplete").iterdir()).stat().st_size
    hub.cut_at = {}
    hub.requests.clear()

    folder = pull(hub, tmp_path / "flux")

    assert kept >= 100_000
    assert (folder / name).read_bytes() == LARGE[name]
    assert [part for command, path, part in hub.requests if command == "GET" and path.endswith(name)] == [
        f"bytes={kept}-"
    ]


@pytest.mark.parametrize("name", ["vae/diffusion_pytorch_model.safetensors", "model_index.json"])
def test_wrong_bytes_are_found_by_their_checksum_and_removed(hub, tmp_path, name):
    hub.files = hub.files | {name: b"x" * len(hub.told[name])}

    with pytest.raises(ModelFileError, match=f"{re.escape(name)} arrived damaged"):
        pull(hub, tmp_path / "flux")
    assert not (tmp_path / "flux" / name).exists()
    hub.files = hub.files | {name: hub.told[name]}
    assert (pull(hub, tmp_path / "flux") / name).read_bytes() == hub.told[name]


def test_a_file_that_was_damaged_on_the_disk_is_fetched_again(hub, tmp_path):
    name = "vae/diffusion_pytorch_model.safetensors"
    file = pull(hub, tmp_path / "flux") / name
    file.write_bytes(b"x" * len(LARGE[name]))

    pull(hub, tmp_path / "flux")

    assert file.read_bytes() == LARGE[name]


@pytest.mark.parametrize(
    ("where", "status", "code", "says"),
    [
        ("error", 401, "GatedRepo", "HF_TOKEN or run `hf auth login`"),
        ("error", 403, "GatedRepo", "not accepted the license.*https://huggingface.co/someone/kontext"),
        ("list_error", 401, "RepoNotFound", "no repository 'someone/kontext'"),
        ("list_error", 404, "RepoNotFound", "no repository 'someone/kontext'"),
        ("list_error", 404, "RevisionNotFound", "no revision 'v9'"),
        ("list_error", 403, None, "refuses the token"),
        ("error", 404, "EntryNotFound", "its own list names"),
        ("list_error", 500, None, "HTTP 500"),
    ],
)
def test_every_refusal_of_the_hub_says_what_to_do(hub, tmp_path, where, status, code, says):
    setattr(hub, where, (status, code))

    with pytest.raises(ModelFileError, match=says) as caught:
        pull(hub, tmp_path / "flux", revision="v9")
    assert hub.endpoint not in str(caught.value)


def test_no_network_and_a_full_disk_are_told_apart(hub, tmp_path, monkeypatch):
    hub.told = hub.told | {"vae/diffusion_pytorch_model.safetensors": b"v" * 70_000}
    free = type("Usage", (), {"free": 5_000_000})
    with monkeypatch.context() as patch:
        patch.setattr(download.shutil, "disk_usage", lambda folder: free)
        with pytest.raises(ModelFileError, match=r"disk is too full: .* GB are free"):
            pull(hub, tmp_path / "flux")

    with pytest.raises(ModelFileError, match="can't be reached"):
        pull_checkpoint(tmp_path / "flux", repository=REPOSITORY, endpoint="http://127.0.0.1:9")


def test_a_repository_that_is_no_checkpoint_and_a_name_that_is_none_are_refused(hub, tmp_path):
    del hub.told["model_index.json"]
    with pytest.raises(ModelFileError, match="no model_index"):
        pull(hub, tmp_path / "flux")
    with pytest.raises(ModelFileError, match="no name of a repository"):
        pull_checkpoint(tmp_path / "flux", repository="a/b/c", endpoint=hub.endpoint)


def test_names_that_lead_outside_are_not_fetched(hub, tmp_path):
    hub.files["vae/../evil.json"] = hub.told["vae/../evil.json"] = b"{}"

    assert not any("evil" in name for name in names(pull(hub, tmp_path / "flux")))


def test_the_terms_are_plain_for_the_known_model_and_for_others():
    assert "no commercial use" in license_terms("black-forest-labs/FLUX.1-Kontext-dev")
    assert "https://huggingface.co/someone/kontext" in license_terms(REPOSITORY)
