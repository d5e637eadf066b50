"""The manifests build, fit the schemas of Kubernetes, and ask for no right that the strictest profile refuses."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from tests.deploy.artefacts import DEPLOY, tool

from retouch.server.routes import router
from retouch.settings import load_settings

BASE = DEPLOY / "kubernetes" / "base"
OVERLAYS = ("base", "example", "gpu")
VERSIONS = ("1.30", "1.35")
"""Of Kubernetes: the oldest that may be met, and a recent one."""


def in_base() -> list[dict[str, Any]]:
    listed = yaml.safe_load((BASE / "kustomization.yaml").read_text("utf-8"))["resources"]
    return [each for name in listed for each in yaml.safe_load_all((BASE / name).read_text("utf-8"))]


def workloads() -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in in_base() if each["kind"] in ("Deployment", "Job")}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """What each overlay comes to."""
    kubectl = tool("kubectl", "builds overlays")
    copy = tmp_path_factory.mktemp("kubernetes")
    shutil.copytree(DEPLOY / "kubernetes", copy, dirs_exist_ok=True)
    shutil.copy(copy / "example" / "secret.env.example", copy / "example" / "secret.env")
    return {name: _build(kubectl, copy / name) for name in OVERLAYS}


def _build(kubectl: str, folder: Path) -> list[dict[str, Any]]:
    done = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "deprecated" not in done.stderr
    return list(yaml.safe_load_all(done.stdout))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_of_the_base_fits_its_schema(version: str) -> None:
    for each in in_base():
        kubernetes_validate.validate(each, version, strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_object_of_an_overlay_fits_its_schema(built: dict[str, list[dict[str, Any]]], overlay: str) -> None:
    assert len(built[overlay]) > 10
    for each in built[overlay]:
        kubernetes_validate.validate(each, VERSIONS[-1], strict=True)


def test_images_of_the_overlays_are_named_whole(built: dict[str, list[dict[str, Any]]]) -> None:
    def images(overlay: str) -> set[str]:
        return set(re.findall(r"image: (\S+)", yaml.safe_dump_all(built[overlay])))

    assert images("example") == {"registry.example.org/retouch:0.1.0"}
    assert images("gpu") == {"registry.example.org/retouch:0.1.0", "registry.example.org/retouch-gpu:0.1.0"}


def test_workers_with_cards_do_not_scale_by_the_processor(built: dict[str, list[dict[str, Any]]]) -> None:
    scaled = [each["metadata"]["name"] for each in built["gpu"] if each["kind"] == "HorizontalPodAutoscaler"]
    assert scaled == ["retouch-api"]


@pytest.mark.parametrize("name", workloads())
def test_a_pod_passes_the_restricted_profile(name: str) -> None:
    pod = workloads()[name]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert not pod.keys() & {"hostNetwork", "hostPID", "hostIPC"}
    for container in pod["containers"]:
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert "memory" in container["resources"]["limits"]


def test_pods_get_longer_to_stop_than_retouch_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETOUCH_TELEMETRY__METRICS_TOKEN", "sixteen characters")
    server = load_settings(BASE / "retouch.toml").server
    grace = {
        name: each["spec"]["template"]["spec"].get("terminationGracePeriodSeconds")
        for name, each in workloads().items()
    }
    assert server.drain_seconds >= 5, "a Service forgets a Pod some seconds after it was told to stop"
    assert grace["retouch-api"] > server.drain_seconds + server.shutdown_seconds + 15
    assert grace["retouch-worker"] > server.shutdown_seconds + 15


def _probes(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if "httpGet" in value:
            yield value["httpGet"]["path"]
        for each in value.values():
            yield from _probes(each)
    elif isinstance(value, list):
        for each in value:
            yield from _probes(each)


def test_probes_ask_for_routes_that_exist_and_need_no_key() -> None:
    asked = set(_probes(in_base()))
    assert asked == {"/health"}
    assert asked <= {route.path for route in router.routes}  # type: ignore[attr-defined]


def test_what_selects_pods_finds_some() -> None:
    labels = [each["spec"]["template"]["metadata"]["labels"] for each in workloads().values()]
    for each in in_base():
        spec = each.get("spec", {})
        selector = spec.get("podSelector") or (
            spec.get("selector") if each["kind"] in ("Service", "PodDisruptionBudget") else None
        )
        if selector:
            wanted = selector.get("matchLabels", selector)
            assert any(wanted.items() <= pod.items() for pod in labels), each["metadata"]["name"]


def test_no_pod_reaches_the_metadata_address() -> None:
    policies = [each for each in in_base() if each["kind"] == "NetworkPolicy"]
    blocks = [
        to["ipBlock"]
        for each in policies
        for rule in each["spec"].get("egress", [])
        for to in rule["to"]
        if "ipBlock" in to
    ]
    assert len(blocks) == 2
    assert all("169.254.0.0/16" in block["except"] for block in blocks)
