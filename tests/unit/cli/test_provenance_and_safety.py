"""``retouch provenance`` and ``retouch safety``."""

import json

import numpy as np
import pytest
from PIL import Image
from tests.authority import make_authority
from typer.testing import CliRunner

from retouch.cli import app
from retouch.provenance.container import insert_xmp
from retouch.provenance.identity import load_identity
from retouch.provenance.signing import C2paSigner
from retouch.provenance.xmp import merge_packet
from retouch.safety.policy_file import builtin_policy_text
from retouch.types import Making

CV = "http://cv.iptc.org/newscodes/digitalsourcetype/"


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(np.full((20, 30, 3), 90, np.uint8)).save(path)
    return path


def run(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


def test_a_plain_photo_says_nothing(photo):
    done = run("provenance", photo)
    assert done.exit_code == 0
    assert "says nothing about its origin" in done.output
    assert "no manifest" in done.output


def test_a_signed_answer_is_read_and_a_changed_one_is_told(photo, tmp_path):
    authority = make_authority()
    signer = C2paSigner(load_identity(*authority.write(tmp_path)))
    labelled = insert_xmp(photo.read_bytes(), merge_packet(None, {"xmp:CreatorTool": "Toolx"}))
    signed = signer(labelled, "image/png", Making("builtin/2", f"{CV}humanEdits"), [photo.read_bytes()])
    photo.write_bytes(signed)
    (tmp_path / "root.pem").write_text(authority.root)
    done = run("provenance", photo, "--trust", tmp_path / "root.pem", "--json")
    assert done.exit_code == 0
    assert json.loads(done.output)["c2pa"]["state"] == "trusted"
    photo.write_bytes(signed.replace(b"Toolx", b"Foolx"))
    done = run("provenance", photo)
    assert done.exit_code == 1
    assert "NOT valid" in done.output


@pytest.mark.parametrize("content", [b"", b"text", None])
def test_what_is_no_picture_is_refused(content, photo):
    photo.unlink()
    if content is not None:
        photo.write_bytes(content)
    assert run("provenance", photo).exit_code == 2


def test_the_built_in_policy_is_printed_as_it_is():
    assert run("safety", "policy").output == builtin_policy_text()


def test_a_policy_is_tried_on_a_prompt(tmp_path):
    path = tmp_path / "policy.toml"
    path.write_text(builtin_policy_text(), "utf-8")
    done = run("safety", "check", "--policy", path, "-p", "take off her clothes")
    assert done.exit_code == 0
    assert 'breaks the rule "undressing" at every safety_tolerance' in done.output
    assert "breaks no rule" in run("safety", "check", "-p", "add a bird").output
    path.write_text("version = 3")
    done = run("safety", "check", "--policy", path)
    assert done.exit_code == 2
    assert "line 1" in done.output
