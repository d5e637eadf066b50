"""``retouch doctor`` and ``retouch models`` tell the truth about an installation."""

import json
import sys
from pathlib import Path

import pytest

from retouch import cli


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["retouch", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return int(caught.value.code or 0)


def test_doctor_finds_the_models_of_this_installation(monkeypatch, tmp_path: Path, capsys) -> None:
    assert run(monkeypatch, "doctor", "--json", "--data-dir", tmp_path) == 0
    report = json.loads(capsys.readouterr().out)
    assert {model["name"]: model["state"] for model in report["models"]}["u2netp"] in ("package", "directory")
    assert report["problems"] == []
    assert report["packages"]["numpy"]
    assert [pack["name"] for pack in report["object_packs"]], "the project's own objects are always there"


def test_doctor_says_how_to_mend_a_damaged_model(monkeypatch, tmp_path: Path, capsys) -> None:
    from retouch import models

    monkeypatch.setattr(models, "_path_in_installed_package", lambda model: None)
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "u2netp.onnx").write_bytes(b"not a network")
    assert run(monkeypatch, "doctor", "--data-dir", tmp_path) == 2
    said = capsys.readouterr().out
    assert "corrupt" in said
    assert "retouch models pull u2netp" in said.replace("\n", " ")


def test_doctor_says_whether_there_is_a_locator_and_what_it_lacks(monkeypatch, tmp_path: Path, capsys) -> None:
    assert run(monkeypatch, "doctor", "--json", "--data-dir", tmp_path) == 0
    absent = json.loads(capsys.readouterr().out)["optional_models"]
    assert {model["name"]: model["state"] for model in absent} == {"locator": "absent", "lama": "absent"}

    (tmp_path / "models").mkdir(exist_ok=True)
    (tmp_path / "models" / "locator.onnx").write_bytes(b"a network")

    assert run(monkeypatch, "doctor", "--json", "--data-dir", tmp_path) == 2
    report = json.loads(capsys.readouterr().out)
    assert report["optional_models"][0]["state"] == "incomplete"
    assert "locator.json" in report["problems"][0]


def test_doctor_lists_every_engine_and_what_it_lacks(monkeypatch, tmp_path: Path, capsys) -> None:
    from retouch.cli import doctor

    monkeypatch.setattr(doctor, "find_spec", lambda name: object())
    assert run(monkeypatch, "doctor", "--json", "--data-dir", tmp_path) == 0
    assert json.loads(capsys.readouterr().out)["engines"] == {
        "builtin": "ready",
        "flux": "no weights",
        "remote": "not set up",
        "auto": "asks builtin",
    }

    (tmp_path / "models" / "flux").mkdir(parents=True)
    (tmp_path / "models" / "flux" / "model_index.json").write_text("{}")
    assert run(monkeypatch, "doctor", "--json", "--data-dir", tmp_path) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["engines"]["flux"] == "ready"
    assert not report["flux"]["fits"]
    assert "transformer/config.json" in report["flux"]["summary"]

    monkeypatch.setattr(doctor, "find_spec", lambda name: None if name == "torch" else object())
    assert run(monkeypatch, "doctor", "--data-dir", tmp_path) == 0
    assert "not installed" in capsys.readouterr().out


def test_models_list_names_licence_and_state(monkeypatch, tmp_path: Path, capsys) -> None:
    assert run(monkeypatch, "models", "list", "--json", "--data-dir", tmp_path) == 0
    listed = {model["name"]: model for model in json.loads(capsys.readouterr().out)}
    assert listed["u2netp"]["license"] == "Apache-2.0"
    assert len(listed["u2netp"]["sha256"]) == 64


def test_an_unknown_model_is_a_usage_error(monkeypatch, tmp_path: Path, capsys) -> None:
    assert run(monkeypatch, "models", "pull", "nothing", "--data-dir", tmp_path) == 2
    assert "u2netp" in capsys.readouterr().err


def test_the_weights_of_flux_are_fetched_only_after_their_license_was_shown_and_accepted(
    monkeypatch, tmp_path: Path, capsys
) -> None:
    from retouch.cli import models

    asked = []
    monkeypatch.setattr(models, "pull_checkpoint", lambda folder, **more: asked.append((folder, more)) or folder)

    assert run(monkeypatch, "models", "pull", "flux", "--data-dir", tmp_path) == 2
    said = capsys.readouterr().err
    assert "no commercial use" in said
    assert "HF_TOKEN" in said
    assert "--accept-license" in said
    assert asked == []

    command = ("models", "pull", "flux", "--accept-license", "--data-dir", tmp_path, "--revision", "v1")
    assert run(monkeypatch, *command, "--without-transformer") == 0
    assert [folder for folder, _ in asked] == [tmp_path / "models" / "flux"]
    assert asked[0][1]["revision"] == "v1"
    assert not asked[0][1]["with_transformer"]
    assert "no commercial use" in capsys.readouterr().err

    assert run(monkeypatch, *command, "--to", tmp_path / "elsewhere") == 0
    assert asked[1][0] == tmp_path / "elsewhere"


def test_a_typed_yes_accepts_the_license_and_a_no_does_not(monkeypatch, tmp_path: Path, capsys) -> None:
    from retouch.cli import models

    asked = []
    monkeypatch.setattr(models, "pull_checkpoint", lambda folder, **more: asked.append(folder) or folder)
    monkeypatch.setattr(models.sys.stdin, "isatty", lambda: True, raising=False)

    monkeypatch.setattr(models.typer, "confirm", lambda question, err: False)
    assert run(monkeypatch, "models", "pull", "flux", "--data-dir", tmp_path) == 2
    assert asked == []

    monkeypatch.setattr(models.typer, "confirm", lambda question, err: True)
    assert run(monkeypatch, "models", "pull", "flux", "--data-dir", tmp_path) == 0
    assert asked == [tmp_path / "models" / "flux"]


def test_doctor_lists_the_loras_that_requests_may_name(tmp_path):
    from retouch.cli.doctor import examine

    assert examine(tmp_path)["loras"] == []
    folder = tmp_path / "models" / "loras"
    folder.mkdir(parents=True)
    for name in ("oil.safetensors", "ink.safetensors", "readme.txt"):
        (folder / name).touch()
    assert examine(tmp_path)["loras"] == ["ink", "oil"]


@pytest.mark.parametrize(("free_gb", "fits", "says"), [(64, True, "int8"), (4, False, "4.0 GB free")])
def test_doctor_says_how_this_machine_would_run_flux_and_how_long_a_picture_takes(
    monkeypatch, tmp_path: Path, capsys, free_gb: int, fits: bool, says: str
) -> None:
    pytest.importorskip("torch", reason="the [flux] extra is not installed")
    from retouch.engines.flux import device
    from retouch.engines.flux.plan import DeviceFacts

    free = free_gb * 10**9
    monkeypatch.setattr(device, "read_device", lambda name: DeviceFacts("cpu", "this machine", free, free))

    assert run(monkeypatch, "doctor", "--json", "--data-dir", tmp_path) == 0
    flux = json.loads(capsys.readouterr().out)["flux"]
    assert flux["fits"] is fits
    assert says in flux["summary"]
    assert ("time_a_picture" in flux) is fits
    if fits:
        assert flux["seconds_a_picture"] > 1

    assert run(monkeypatch, "doctor", "--data-dir", tmp_path) == 0
    said = capsys.readouterr().out
    assert "flux here: " in said
    assert ("A picture takes about " in said) is fits


def test_doctor_examines_what_is_set(monkeypatch, tmp_path: Path, capsys) -> None:
    pytest.importorskip("torch", reason="the [flux] extra is not installed")
    from retouch.engines.flux import device
    from retouch.engines.flux.plan import DeviceFacts

    asked = []

    def read_device(name):
        asked.append(name)
        return DeviceFacts("cpu", "this machine", 10**12, 10**12)

    monkeypatch.setattr(device, "read_device", read_device)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "ink.safetensors").touch()
    config = tmp_path / "retouch.toml"
    config.write_text(
        f'[storage]\ndata_dir = "{tmp_path}"\n[flux]\ndevice = "cpu"\nprecision = "int8"\nlora_folder = "{tmp_path}/elsewhere"\n'
    )

    assert run(monkeypatch, "doctor", "--json", "--config", config) == 0

    report = json.loads(capsys.readouterr().out)
    assert (report["data_directory"], report["loras"]) == (str(tmp_path), ["ink"])
    assert (asked, report["flux"]["precision"]) == (["cpu"], "int8")


def test_models_list_names_the_loras(monkeypatch, tmp_path: Path, capsys) -> None:
    folder = tmp_path / "models" / "loras"
    folder.mkdir(parents=True)
    (folder / "ink.safetensors").touch()
    assert run(monkeypatch, "models", "list", "--data-dir", tmp_path) == 0
    assert "LoRAs for the engine flux: ink" in capsys.readouterr().out


def test_doctor_says_which_remote_server_is_set_up_and_never_its_key(monkeypatch, tmp_path: Path, capsys) -> None:
    monkeypatch.setenv("RETOUCH_REMOTE__URL", "https://api.bfl.ai/v1")
    monkeypatch.setenv("RETOUCH_REMOTE__PROTOCOL", "bfl")
    monkeypatch.setenv("RETOUCH_REMOTE__API_KEY", "operators-own-secret-key")
    assert run(monkeypatch, "doctor", "--data-dir", tmp_path) == 0
    said = capsys.readouterr().out
    assert "bfl at https://api.bfl.ai/v1" in said
    assert "asks builtin, then remote" in said
    assert "operators-own-secret-key" not in said
