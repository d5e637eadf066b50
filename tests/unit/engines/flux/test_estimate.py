"""The estimate of a picture's time on a processor: its arithmetic, and a probe that really measures."""

import pytest
import torch
from torch import nn

from retouch.engines.flux.checkpoint import KONTEXT_DEV, read_checkpoint_sizes
from retouch.engines.flux.engine import FluxEngine
from retouch.engines.flux.estimate import Speed, describe_seconds, edit_seconds, measure_speed, probe_layers
from retouch.engines.flux.options import FluxOptions


def test_a_step_of_the_real_model_is_165_teraflops_as_counted_elsewhere():
    """A value and a row are two operations; the modulation, of one row a picture, is left out there too."""
    speed = Speed(fixed=0.0, a_row=2.0)
    one, two = (edit_seconds(speed, KONTEXT_DEV, steps=steps) for steps in (1, 2))

    assert two - one == pytest.approx(165.4e12, rel=0.001)


def test_more_steps_more_pictures_and_more_pixels_take_longer_and_unpacking_counts_for_every_step():
    speed = Speed(fixed=1e-10, a_row=1e-11)
    base = edit_seconds(speed, KONTEXT_DEV, steps=10)

    assert edit_seconds(speed, KONTEXT_DEV, steps=20) > 1.9 * base
    assert edit_seconds(speed, KONTEXT_DEV, steps=10, pictures=2) > 1.4 * base
    assert edit_seconds(speed, KONTEXT_DEV, steps=10, pixels=512 * 512) < 0.4 * base
    unpacked = edit_seconds(Speed(2e-10, 1e-11), KONTEXT_DEV, steps=10) - base
    assert unpacked == pytest.approx(1e-10 * (10 * KONTEXT_DEV.transformer.part.matrix_elements + 4_630_511_616))


def test_the_probe_takes_apart_what_grows_with_the_rows_and_what_does_not():
    """A clock that a layer of 100 values moves by 1 second, and by 0.5 for each row."""
    now = [0.0]

    class Layer(nn.Linear):
        def forward(self, rows):
            now[0] += 1.0 + 0.5 * len(rows)
            return super().forward(rows)

    speed = measure_speed([Layer(10, 10)], torch.float32, clock=lambda: now[0])

    assert speed.a_row == pytest.approx(0.005)
    assert speed.fixed == pytest.approx(0.01)


def test_the_probe_measures_this_machine(checkpoint):
    speed = measure_speed(probe_layers(read_checkpoint_sizes(checkpoint)), torch.float32)

    assert speed.fixed + speed.a_row > 0


def test_an_engine_on_a_processor_tells_the_time_before_the_first_step_when_it_is_long(
    checkpoint, picture, monkeypatch
):
    from retouch.engines.base import EditInputs
    from retouch.engines.flux import engine as module
    from retouch.types import EditRequest

    class Inputs(EditInputs):
        def fitted(self, index):
            return self.originals[index]

    engine = FluxEngine(
        checkpoint, FluxOptions(device="cpu", precision="float32", num_inference_steps=2, max_sequence_length=64)
    )
    probes = []
    monkeypatch.setattr(module, "measure_speed", lambda *given: probes.append(given) or Speed(0.0, 1e-5))
    engine.load()
    seen = []
    request = EditRequest("add a cat")
    try:
        for seed in (1, 2):
            engine.edit(request, Inputs([picture(0)], request), seed=seed, on_step=seen.append)
    finally:
        engine.close()

    assert len(probes) == 1
    assert [each.step for each in seen] == [0, 1, 2, 0, 1, 2]
    assert seen[0].label.startswith("denoising, about ")


def test_durations_are_in_words():
    assert describe_seconds(5999).endswith("minutes")
    assert describe_seconds(7200) == "about 2.0 hours"
