"""The audit of dependencies finds what it is there for."""

import importlib.machinery
import importlib.metadata
import importlib.util
import subprocess
from email.message import Message
from pathlib import Path
from types import SimpleNamespace

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "audit"


@pytest.fixture(scope="module")
def audit():
    loader = importlib.machinery.SourceFileLoader("audit", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("audit", loader))
    loader.exec_module(module)
    return module


def distribution(**fields: str) -> SimpleNamespace:
    metadata = Message()
    for name, value in fields.items():
        metadata[name.replace("_", "-")] = value
    return SimpleNamespace(metadata=metadata, version="1.0")


def test_no_dependency_is_under_the_agpl(audit):
    assert list(audit.check_licences()) == []
    assert {"pillow", "uvicorn", "sqlalchemy", "h11"} <= set(audit.dependencies())


@pytest.mark.parametrize(
    "fields",
    [
        {"License_Expression": "AGPL-3.0-only"},
        {"License": "GNU Affero General Public License v3"},
        {"Classifier": "License :: OSI Approved :: GNU Affero General Public License v3"},
    ],
)
def test_the_agpl_is_found_wherever_a_package_says_it(audit, monkeypatch, fields):
    monkeypatch.setattr(audit, "dependencies", lambda: {"x": distribution(**fields)})
    assert list(audit.check_licences()) == ["x 1.0 is under the AGPL"]


@pytest.mark.parametrize(
    ("said", "problems", "printed"),
    [
        ('{"dependencies": [{"name": "x", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}]}', 1, "1 packages"),
        ('{"dependencies": [{"name": "x", "version": "1", "vulns": []}]}', 0, "1 packages"),
        ('{"dependencies": [{"name": "x", "skip_reason": "a"}, {"name": "y", "skip_reason": "b"}]}', 0, "SKIPPED for 2"),
    ],
)  # fmt: skip
def test_advisories_are_told_and_what_was_not_asked_is_said(audit, monkeypatch, capsys, said, problems, printed):
    monkeypatch.setattr(audit.importlib.util, "find_spec", lambda _: object())
    done = SimpleNamespace(stdout=said, stderr="", returncode=0)
    monkeypatch.setattr(audit.subprocess, "run", lambda *_, **__: done)
    assert len(list(audit.check_advisories())) == problems
    assert printed in capsys.readouterr().out


@pytest.mark.parametrize(("stderr", "problems"), [("requests.exceptions.ConnectionError: x", 0), ("KeyError: 'x'", 1)])
def test_a_database_that_cant_be_reached_is_said_and_another_failure_fails(
    audit, monkeypatch, capsys, stderr, problems
):
    monkeypatch.setattr(audit.importlib.util, "find_spec", lambda _: object())
    done = subprocess.CompletedProcess([], 1, "", stderr)
    monkeypatch.setattr(audit.subprocess, "run", lambda *_, **__: done)
    assert len(list(audit.check_advisories())) == problems
    assert ("SKIPPED" in capsys.readouterr().out) == (problems == 0)
