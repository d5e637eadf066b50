"""All YAML of deploy/ is of one style."""

import sys

from tests.deploy.artefacts import DEPLOY, passes


def test_the_yaml_passes_its_linter() -> None:
    passes(sys.executable, "-m", "yamllint", "--strict", "--config-file", DEPLOY / ".yamllint", DEPLOY)
