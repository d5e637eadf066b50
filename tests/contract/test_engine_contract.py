"""What every engine does. A further engine joins by a line in ``ENGINES``, with a prompt that it can carry out."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from skimage.data import coffee

from retouch.engines.base import EditInputs, Engine
from retouch.errors import EditAbortedError, UnsupportedInstructionError
from retouch.library import create_registry
from retouch.pipeline import run_edit
from retouch.preserve.composite import composite
from retouch.testing import FakeEngine
from retouch.types import EditRequest, OutputFormat


@dataclass(frozen=True)
class Candidate:
    make: Callable[[Path], Engine]
    prompt: str
    refused: str


ENGINES = {
    "fake": Candidate(lambda _: FakeEngine(), "Add a bird.", "Do the impossible."),
    "builtin": Candidate(
        lambda folder: create_registry(folder).get("builtin"),
        "Put a red balloon at the top left.",
        "Rewrite the laws of thermodynamics.",
    ),
}
PICTURE = np.ascontiguousarray(coffee()[::2, ::2])


@pytest.fixture(scope="module", params=ENGINES)
def candidate(request):
    return ENGINES[request.param]


@pytest.fixture(scope="module")
def engine(candidate, tmp_path_factory):
    made = candidate.make(tmp_path_factory.mktemp("data"))
    made.load()
    yield made
    made.close()


@pytest.fixture
def request_(candidate):
    """A request that keeps the small picture's size, so that an edit is quick."""
    return EditRequest(candidate.prompt, seed=11, size="original", output_format=OutputFormat.PNG)


def edit(engine, request, *, seed=11, **callbacks):
    return engine.edit(request, EditInputs([PICTURE], request), seed=seed, **callbacks)


def test_it_has_a_name_a_version_and_takes_at_least_one_picture(engine):
    assert engine.name
    assert engine.version
    assert engine.capabilities.max_input_images >= 1


def test_loading_twice_is_no_error(engine):
    engine.load()


def test_the_same_seed_gives_the_same_pixels(engine, request_):
    first, second = edit(engine, request_), edit(engine, request_)
    np.testing.assert_array_equal(first.pixels, second.pixels)
    assert first.seed == 11


@pytest.mark.parametrize(("ratio", "shape"), [(None, (832, 1248)), ("1:1", (1024, 1024)), ("9:16", (1392, 752))])
def test_the_answer_has_the_size_of_its_preset(engine, request_, ratio, shape):
    output = edit(engine, replace(request_, size="preset", aspect_ratio=ratio))
    assert output.pixels.shape[:2] == shape
    assert output.pixels.dtype == np.uint8


def test_the_original_size_is_kept_when_asked_for(engine, request_):
    assert edit(engine, request_).pixels.shape[:2] == PICTURE.shape[:2]


def test_it_really_edits_and_leaves_the_rest_untouched(engine, request_):
    inputs = EditInputs([PICTURE], request_)
    output = engine.edit(request_, inputs, seed=11)
    base = inputs.fitted(output.base_index)
    kept = composite(base, output.pixels, output.change_mask, is_global=output.is_global)
    differs = np.any(kept.pixels[..., :3] != base, axis=-1)
    assert differs.any()
    assert not np.any(differs & (kept.change_mask == 0))


def test_it_never_writes_into_its_inputs(engine, request_):
    picture = PICTURE.copy()
    engine.edit(request_, EditInputs([picture], request_), seed=11)
    np.testing.assert_array_equal(picture, PICTURE)


def test_progress_goes_forward_to_the_end(engine, request_):
    seen = []
    edit(engine, request_, on_step=seen.append)
    steps = [progress.step for progress in seen]
    assert steps == sorted(steps)
    assert seen[-1].step == seen[-1].total
    assert all(progress.label for progress in seen)


def test_an_abort_is_heard_before_the_first_step(engine, request_):
    with pytest.raises(EditAbortedError):
        edit(engine, request_, should_abort=lambda: True)


def test_an_abort_is_heard_within_one_step(engine, request_):
    seen = []
    with pytest.raises(EditAbortedError):
        edit(engine, request_, on_step=seen.append, should_abort=lambda: len(seen) >= 1)
    assert len(seen) <= 2


def test_what_it_cant_do_is_refused_by_name(engine, candidate, request_):
    with pytest.raises(UnsupportedInstructionError) as caught:
        edit(engine, replace(request_, prompt=candidate.refused))
    assert caught.value.not_understood
    assert caught.value.hint


def test_attempt_i_equals_a_single_request_with_seed_plus_i(engine, request_):
    both = run_edit(replace(request_, num_images=2), [PICTURE], engine)
    second = run_edit(replace(request_, seed=12), [PICTURE], engine)
    assert both.images[1].data == second.images[0].data
    assert both.images[1].seed == 12
