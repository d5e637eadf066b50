from collections.abc import Callable, Iterator

import numpy as np
import pytest
from skimage.data import coffee
from tests.stand_in import StandIn

from retouch.engines.base import EditInputs
from retouch.engines.remote.engine import RemoteEngine
from retouch.engines.remote.options import RemoteOptions
from retouch.types import EditRequest, OutputFormat

PICTURE = np.ascontiguousarray(coffee()[::2, ::2])
KEY = "operators-own-secret-key"


@pytest.fixture
def server() -> Iterator[StandIn]:
    stand_in = StandIn()
    yield stand_in
    stand_in.close()


@pytest.fixture
def request_() -> EditRequest:
    return EditRequest("Add a bird.", seed=11, output_format=OutputFormat.PNG)


@pytest.fixture
def inputs(request_) -> EditInputs:
    return EditInputs([PICTURE], request_, any_size=False)


@pytest.fixture
def make_engine(server) -> Callable[..., RemoteEngine]:
    def make(breaker=None, **options) -> RemoteEngine:
        defaults = {"url": f"{server.url}/v1", "api_key": KEY, "timeout_seconds": 20.0, "backoff_seconds": 0.01}
        return RemoteEngine(RemoteOptions(**{**defaults, **options}), breaker=breaker)

    return make
