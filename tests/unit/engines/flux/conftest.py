import runpy
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the [flux] extra is not installed")
pytest.importorskip("diffusers", reason="the [flux] extra is not installed")

from retouch.engines.flux.model import FluxModel  # noqa: E402

save_tiny_flux = runpy.run_path(str(Path(__file__).parents[3] / "tiny_flux.py"))["save_tiny_flux"]


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    return save_tiny_flux(tmp_path_factory.mktemp("tiny-flux"))


@pytest.fixture(scope="session")
def model(checkpoint):
    return FluxModel.from_folder(checkpoint, dtype=torch.float32, device="cpu")


@pytest.fixture
def picture():
    """Return pictures by number: 64 x 64 of smooth noise."""

    def make(number: int, size_hw=(64, 64)) -> np.ndarray:
        rng = np.random.default_rng(number)
        return rng.integers(0, 256, (*size_hw, 3), dtype=np.uint8)

    return make
