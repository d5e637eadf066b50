from pathlib import Path

import numpy as np
import pytest
from skimage import data

from retouch.editor.scene.scene import Scene
from retouch.models import ModelStore


@pytest.fixture(scope="package")
def store(tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    return ModelStore(Path(tmp_path_factory.mktemp("models")))


@pytest.fixture(scope="package")
def astronaut(store: ModelStore) -> Scene:
    return Scene(data.astronaut(), store)


@pytest.fixture(scope="package")
def coffee(store: ModelStore) -> Scene:
    return Scene(data.coffee(), store)


@pytest.fixture(scope="package")
def cat(store: ModelStore) -> Scene:
    return Scene(data.chelsea(), store)


@pytest.fixture(scope="package")
def rocket(store: ModelStore) -> Scene:
    return Scene(data.rocket(), store)


@pytest.fixture(scope="package")
def cameraman(store: ModelStore) -> Scene:
    return Scene(np.repeat(data.camera()[..., None], 3, axis=2), store)


@pytest.fixture(scope="package")
def plain(store: ModelStore) -> Scene:
    """A soft gradient that shows nothing."""
    ramp = np.linspace(90, 130, 240).astype(np.uint8)
    return Scene(np.repeat(np.repeat(ramp[:, None, None], 320, axis=1), 3, axis=2), store)
