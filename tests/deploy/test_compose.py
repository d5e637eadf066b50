"""The compose files fit the schema of Compose, what they name is there, and every container is kept small."""

import compose_spec
import pytest
import yaml
from tests.deploy.artefacts import DEPLOY, compose_file, seconds

from retouch.settings import load_settings

SERVICES = compose_file()["services"]
OURS = ("migrate", "api", "worker")


@pytest.mark.parametrize("name", ["compose.yaml", "compose.gpu.yaml"])
def test_the_file_fits_the_schema(name: str) -> None:
    spec = compose_file(name)
    for service in spec["services"].values():  # the merged values, as Compose would write them out
        service.pop("<<", None)
    compose_spec.PyCompose.from_yaml(
        yaml.safe_dump({key: value for key, value in spec.items() if key[:2] != "x-"})
    ).to_spec()


def test_a_field_that_compose_does_not_know_would_be_noticed() -> None:
    spec = {"services": {"api": {"image": "retouch", "read-only": True}}}
    with pytest.raises(Exception, match="read-only"):
        compose_spec.PyCompose.from_yaml(yaml.safe_dump(spec)).to_spec()


def test_files_that_are_mounted_exist() -> None:
    mounts = [mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", [])]
    files = [mount for mount in mounts if mount.startswith(".")]
    assert len(files) >= 4
    assert all((DEPLOY / "compose" / each).exists() for each in files)


@pytest.mark.parametrize("name", OURS)
def test_a_container_of_ours_can_write_nothing_but_its_volumes_and_gain_no_rights(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not service.get("privileged")


def test_ports_that_are_open_beyond_this_machine_are_those_of_the_proxy() -> None:
    open_ports = {
        name
        for name, service in SERVICES.items()
        for port in service.get("ports", [])
        if not port.startswith("127.0.0.1:")
    }
    assert open_ports == {"proxy"}


def test_workers_and_stores_have_no_way_out() -> None:
    assert compose_file()["networks"]["inside"]["internal"] is True
    assert all(SERVICES[name]["networks"] == ["inside"] for name in ("migrate", "worker", "postgres", "store"))


def test_the_database_is_upgraded_before_anything_works_on_it() -> None:
    assert SERVICES["migrate"]["command"] == ["database", "upgrade"]
    for name in ("api", "worker"):
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    for dependency in ("postgres", "store"):
        assert "healthcheck" in SERVICES[dependency]


def test_containers_get_longer_to_stop_than_retouch_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETOUCH_TELEMETRY__METRICS_TOKEN", "sixteen characters")
    server = load_settings(DEPLOY / "compose" / "retouch.toml").server
    assert seconds(SERVICES["api"]["stop_grace_period"]) > server.drain_seconds + server.shutdown_seconds + 15
    assert seconds(SERVICES["worker"]["stop_grace_period"]) > server.shutdown_seconds + 15


def test_the_cards_are_of_the_only_workers() -> None:
    """Every worker takes edits of every engine, so one without a card must not be left beside."""
    changed = compose_file("compose.gpu.yaml")["services"]
    assert set(changed) <= set(SERVICES)
    assert changed["worker"]["build"]["target"] == "gpu"
