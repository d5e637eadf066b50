"""``retouch edit`` in-process, on the fake engine: files, formats, exit codes, what is printed."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from retouch import cli, library
from retouch.engines.base import Capabilities
from retouch.engines.registry import EngineRegistry
from retouch.generation import GenerationOptions, LoraWeight
from retouch.testing import FakeEngine, fake_registry


@pytest.fixture(autouse=True)
def fake_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "create_registry", lambda data_directory=None: fake_registry(FakeEngine()))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (30, 40, 3)).astype(np.uint8)).save(path)
    return path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["retouch", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return int(caught.value.code or 0)


def format_of(path: Path) -> str | None:
    with Image.open(path) as picture:
        return picture.format


@pytest.mark.parametrize("way", ["option", "variable for the file", "variables"])
def test_settings_name_the_engine_and_say_how_it_runs(
    monkeypatch, photo: Path, tmp_path: Path, capsys, way: str
) -> None:
    asked = {}

    def registry(folder, **how):
        asked.update(how, folder=folder)
        engine = FakeEngine()
        return EngineRegistry({"builtin": lambda: engine, "flux": lambda: engine}, default="builtin")

    monkeypatch.setattr(library, "create_registry", registry)
    config = tmp_path / "retouch.toml"
    config.write_text(
        f'[storage]\ndata_dir = "{tmp_path}"\n[engine]\ndefault = "flux"\n[flux]\ndevice = "cpu"\nfolder = "w"\n'
    )
    options = ["--config", config] if way == "option" else []
    if way == "variable for the file":
        monkeypatch.setenv("RETOUCH_CONFIG", str(config))
    elif way == "variables":
        for name, value in {"STORAGE__DATA_DIR": tmp_path, "FLUX__DEVICE": "cpu", "FLUX__FOLDER": "w"}.items():
            monkeypatch.setenv(f"RETOUCH_{name}", str(value))

    assert run(monkeypatch, "edit", photo, "paint it", "-o", tmp_path / "out.png", *options) == 0

    assert (asked["folder"], asked["flux_folder"], asked["flux_options"].device) == (tmp_path, Path("w"), "cpu")


def test_a_wrong_setting_is_wrong_usage(monkeypatch, photo: Path, tmp_path: Path, capsys) -> None:
    monkeypatch.setenv("RETOUCH_FLUX__DEVICES", "cpu")
    assert run(monkeypatch, "edit", photo, "paint it", "-o", tmp_path / "out.png") == 2
    assert "flux.devices" in capsys.readouterr().err.lower()


def test_an_edit_is_saved_and_described(monkeypatch, photo: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out.png"
    assert run(monkeypatch, "edit", "-p", "paint", "--seed", 5, "-o", out, photo) == 0
    assert format_of(out) == "PNG"
    said = capsys.readouterr().out
    assert "seed 5" in said
    assert "bit-identical" in said
    assert "squares" in said  # the engine's note


@pytest.mark.parametrize(("ending", "file_format"), [(".jpg", "JPEG"), (".JPEG", "JPEG"), (".png", "PNG")])
def test_the_ending_chooses_the_format(ending: str, file_format: str, monkeypatch, photo: Path, tmp_path: Path) -> None:
    out = tmp_path / f"out{ending}"
    assert run(monkeypatch, "edit", "-p", "paint", "-o", out, photo) == 0
    assert format_of(out) == file_format


def test_format_decides_when_there_is_no_ending(monkeypatch, photo: Path, tmp_path: Path) -> None:
    assert run(monkeypatch, "edit", "-p", "paint", "--format", "png", "-o", tmp_path / "out", photo) == 0
    assert format_of(tmp_path / "out") == "PNG"


@pytest.mark.parametrize("arguments", [["-o", "out.webp"], ["-o", "out.png", "--format", "jpeg"], ["-o", "out.gif"]])
def test_a_format_that_contradicts_is_a_usage_error(arguments: list[str], monkeypatch, photo: Path, capsys) -> None:
    assert run(monkeypatch, "edit", "-p", "paint", *arguments, photo) == 2
    assert "must be" in capsys.readouterr().err


def test_several_outputs_are_numbered(monkeypatch, photo: Path, tmp_path: Path) -> None:
    assert run(monkeypatch, "edit", "-p", "paint", "-n", 3, "-o", tmp_path / "o.png", photo) == 0
    assert sorted(path.name for path in tmp_path.glob("o*")) == ["o-1.png", "o-2.png", "o-3.png"]


def test_json_is_one_document_on_stdout(monkeypatch, photo: Path, tmp_path: Path, capsys) -> None:
    status = run(
        monkeypatch, "edit", "-p", "paint", "--json", "--explain", "--seed", 9, "-o", tmp_path / "o.png", photo
    )
    body = json.loads(capsys.readouterr().out)
    assert status == 0
    assert body["seed"] == 9
    assert body["images"][0]["width"] == 1184
    assert 0 < body["images"][0]["changed_share"] < 0.1
    assert Path(body["images"][0]["mask_path"]).exists()
    assert body["plan"][0]["operation"] == "PaintSquare"
    assert body["resolutions"][0]["verified"] is True


def test_a_refusal_is_exit_code_1_and_names_the_words(monkeypatch, photo: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "o.png"
    assert run(monkeypatch, "edit", "-p", "do the impossible", "-o", out, photo) == 1
    assert '"do the impossible"' in capsys.readouterr().err
    assert not out.exists()


def test_a_refusal_as_json(monkeypatch, photo: Path, tmp_path: Path, capsys) -> None:
    assert run(monkeypatch, "edit", "--json", "-p", "do the impossible", "-o", tmp_path / "o.png", photo) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "unsupported_instruction"
    assert error["not_understood"] == ["do the impossible"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["-p", "x", "-o", "o.png", "missing.png"], 1, "missing.png"),
        (["-p", " ", "-o", "o.png", "PHOTO"], 2, "prompt"),
        (["-p", "x", "-o", "o.png", "--aspect-ratio", "5:4", "PHOTO"], 2, "aspect_ratio"),
        (["-p", "x", "-o", "o.png", "--size", "original", "--aspect-ratio", "1:1", "PHOTO"], 2, "left out"),
        (["-p", "x", "-o", "o.png", "--engine", "nope", "PHOTO"], 2, "Available"),
        (["-p", "x", "-o", "o.png", "--seed", "0", "PHOTO"], 2, "seed"),
        (["-o", "o.png", "PHOTO"], 2, "prompt"),
        (["-p", "x", "-o", "no/such/folder/o.png", "PHOTO"], 1, "folder"),
        (["-p", "x", "-o", "o.png"], 2, "IMAGE"),
        (["-p", "x", "-o", "o.png", "PHOTO", "PHOTO", "PHOTO", "PHOTO", "PHOTO"], 2, "1 to 4"),
    ],
)
def test_bad_input_has_its_exit_code_and_says_what_is_wrong(
    arguments: list[str], status: int, said: str, monkeypatch, photo: Path, tmp_path: Path, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [str(photo) if argument == "PHOTO" else argument for argument in arguments]
    assert run(monkeypatch, "edit", *given) == status
    assert said in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photo.png"]


def test_version_and_help_are_there(monkeypatch, capsys) -> None:
    assert run(monkeypatch, "--version") == 0
    assert "retouch " in capsys.readouterr().out
    assert run(monkeypatch, "--help") == 0
    assert "sentence" in capsys.readouterr().out


def test_the_input_is_never_overwritten(monkeypatch, photo: Path, capsys) -> None:
    before = photo.read_bytes()
    assert run(monkeypatch, "edit", "-p", "paint", "-o", photo, photo) == 2
    assert "would be lost" in capsys.readouterr().err
    assert photo.read_bytes() == before


def test_the_last_argument_is_the_sentence_where_p_is_left_out(
    monkeypatch, photo: Path, tmp_path: Path, capsys
) -> None:
    out = tmp_path / "o.png"
    assert run(monkeypatch, "edit", photo, "paint a square", "--out", out) == 0
    assert out.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["PHOTO", "colder", "-o", "o.png"], 'did you forget it?): -p "colder"'),
        (["make it colder", "-o", "o.png"], "in front of the sentence"),
        (["PHOTO", "-o", "o.png"], "behind -p"),
    ],
)
def test_a_sentence_that_can_not_be_told_from_a_file_is_asked_for(
    arguments: list[str], said: str, monkeypatch, photo: Path, tmp_path: Path, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "edit", *[str(photo) if argument == "PHOTO" else argument for argument in arguments]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_what_was_done_is_said_with_how_sure_it_is(monkeypatch, photo: Path, tmp_path: Path, capsys) -> None:
    assert run(monkeypatch, "edit", "-p", "paint", "-o", tmp_path / "o.png", photo) == 0
    assert "% sure" in capsys.readouterr().out


def test_explain_has_no_code_in_it(monkeypatch, photo: Path, tmp_path: Path, capsys) -> None:
    assert run(monkeypatch, "edit", "-p", "paint", "--explain", "-o", tmp_path / "o.png", photo) == 0
    said = capsys.readouterr().out
    assert 'took "paint" for' in said
    assert "{" not in said
    assert "change mask" in said


def test_what_is_asked_of_a_generating_engine_reaches_it(monkeypatch, photo: Path, tmp_path: Path, capsys) -> None:
    asked = []

    class Listening(FakeEngine):
        capabilities = Capabilities(
            max_input_images=4, uses_guidance_scale=True, generation_options=frozenset(GenerationOptions.__slots__)
        )

        def edit(self, request, inputs, **more):
            asked.append((request.generation, request.guidance_scale, inputs.mask))
            return super().edit(request, inputs, **more)

    monkeypatch.setattr(library, "create_registry", lambda data_directory=None: fake_registry(Listening()))
    mask, out = tmp_path / "m.png", tmp_path / "out.png"
    Image.fromarray(np.full((30, 40), 255, np.uint8)).save(mask)
    options = ["--steps", 8, "--strength", 0.6, "--lora", "ink:0.8", "--lora", "oil", "--negative", "blurry"]
    more = ["--mask", mask, "--guidance", 3, "--true-cfg-scale", 2.5]

    assert run(monkeypatch, "edit", "-p", "paint", "-o", out, *options, *more, photo) == 0

    (generation, guidance_scale, seen), *rest = asked
    assert generation == GenerationOptions(
        num_inference_steps=8,
        strength=0.6,
        negative_prompt="blurry",
        true_cfg_scale=2.5,
        loras=(LoraWeight("ink", 0.8), LoraWeight("oil")),
    )
    assert (guidance_scale, not rest) == (3.0, True)
    assert (seen == 1).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--steps", 0], "num_inference_steps must be"),
        (["--strength", 2], "strength must be"),
        (["--lora", "ink:much"], "--lora must be"),
        (["--lora", "ink", "--lora", "ink:2"], "each name once"),
        (["--lora", "../ink"], "loras must be"),
        (["--true-cfg-scale", 3], "together with negative_prompt"),
        (["--mask", "no-such-file.png"], "no-such-file.png"),
    ],
)
def test_a_wrong_option_is_named(options, said, monkeypatch, photo: Path, tmp_path: Path, capsys) -> None:
    assert run(monkeypatch, "edit", "-p", "paint", "-o", tmp_path / "out.png", *options, photo) > 0
    assert said in capsys.readouterr().err


def test_of_several_pictures_the_one_that_is_none_is_named(monkeypatch, photo: Path, tmp_path: Path, capsys) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("milk, bread")
    assert run(monkeypatch, "edit", "-p", "paint", "-o", tmp_path / "out.png", photo, notes) == 1
    assert f"Error: {notes}: This is not a picture" in capsys.readouterr().err


def test_a_missing_sentence_shows_what_stands_in_its_place(monkeypatch, photo: Path, tmp_path: Path, capsys) -> None:
    assert run(monkeypatch, "edit", "-o", tmp_path / "out.png", photo) == 2
    assert f"received {str(photo)[:8]!r}"[:-1] in capsys.readouterr().err


def test_the_mask_is_not_overwritten(monkeypatch, photo: Path, tmp_path: Path, capsys) -> None:
    mask = tmp_path / "m.png"
    Image.fromarray(np.full((30, 40), 255, np.uint8)).save(mask)
    assert run(monkeypatch, "edit", "-p", "paint", "-o", mask, "--mask", mask, photo) == 2
