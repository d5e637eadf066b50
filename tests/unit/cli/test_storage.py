import json
import os

import pytest
from tests.object_stores import moto
from typer.testing import CliRunner

from retouch.cli import app

SECRET = "a-secret-that-nobody-may-see"


def run(*arguments: str):
    return CliRunner().invoke(app, ["storage", *arguments])


def test_a_folder_is_checked_and_nothing_stays_of_it(tmp_path):
    said = run("check", "--data-dir", str(tmp_path), "--json")
    assert said.exit_code == 0
    answer = json.loads(said.stdout)
    assert answer["works"]
    assert [step["name"] for step in answer["steps"]] == ["write", "read", "read a part", "find", "list", "delete"]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.fixture
def config_of(tmp_path):
    def write(url, options, **more):
        rows = [f"{name} = {json.dumps(value)}" for name, value in options.items()]
        settings = [f"{name} = {json.dumps(value)}" for name, value in more.items()]
        path = tmp_path / "retouch.toml"
        path.write_text("\n".join(["[storage]", f'url = "{url}"', *settings, "[storage.options]", *rows]))
        return str(path)

    return write


def test_a_bucket_is_checked_with_signing_where_that_is_set_and_its_keys_are_never_shown(tmp_path, config_of):
    with moto() as bucket:
        config = config_of(bucket.place.url, bucket.place.options, signed_urls=True)
        works = run("check", "--data-dir", str(tmp_path), "--config", config)
        missing = config_of("s3://no-such-bucket", bucket.place.options)
        fails = run("check", "--data-dir", str(tmp_path), "--config", missing)
    assert works.exit_code == 0, works.output
    assert "sign" in works.output
    assert fails.exit_code == 1
    assert "the bucket does not exist" in fails.output.replace("\n", " ")
    assert SECRET not in works.output + fails.output


def test_a_wrong_address_is_an_error_of_usage(tmp_path, config_of):
    said = run("check", "--data-dir", str(tmp_path), "--config", config_of(f"s3://id:{SECRET}@photos", {"region": "x"}))
    assert said.exit_code == 2
    assert SECRET not in said.output


def test_cleaning_deletes_what_nothing_refers_to(tmp_path):
    assert run("clean", "--data-dir", str(tmp_path)).exit_code == 0
    stranger = tmp_path / "server" / "inputs" / "ab" / f"{'ab' * 32}-00000000"
    stranger.parent.mkdir(parents=True)
    stranger.write_bytes(b"left by a crash")
    os.utime(stranger, (0, 0))
    assert run("clean", "--data-dir", str(tmp_path)).exit_code == 0
    assert not stranger.exists()
