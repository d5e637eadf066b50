import threading

import pytest

from retouch.engines.flux.loop import DenoisingLoop, Order
from retouch.engines.flux.worker import FluxWorker
from retouch.errors import EditAbortedError, EngineError


@pytest.fixture
def make_order(model, picture):
    embeds = model.encode_prompt("add a cat", 32)

    def make(seed=0, size_hw=(64, 64), steps=3):
        reference = model.encode_picture(picture(seed, size_hw))
        return Order(embeds, (reference,), (size_hw[0] // 16, size_hw[1] // 16), seed, steps, 2.5)

    return make


@pytest.fixture
def gate(monkeypatch):
    """Hold the worker before each step until so many steps are let through; notes the grids of every pass."""
    allowed, passes = threading.Semaphore(0), []
    step = DenoisingLoop.step

    def wait_and_step(self, pictures):
        assert allowed.acquire(timeout=20)
        passes.append([each.order.grid_hw for each in pictures])
        step(self, pictures)

    monkeypatch.setattr(DenoisingLoop, "step", wait_and_step)
    return allowed, passes


@pytest.fixture
def start(model):
    workers, threads = [], []

    def make(**options):
        worker = FluxWorker(DenoisingLoop(model, batch_size=options.pop("batch_size", 1)), **options)
        workers.append(worker)
        return worker

    def ask(worker, prepare, **callbacks):
        errors = []

        def run():
            try:
                worker.make(prepare, on_step=None, should_abort=callbacks.get("should_abort"))
            except Exception as exc:
                errors.append(exc)

        thread = threading.Thread(target=run)
        thread.start()
        threads.append(thread)
        return thread, errors

    make.ask = ask
    yield make
    for worker in workers:
        worker.close()
    for thread in threads:
        thread.join(20)


def wait_until(condition):
    for _ in range(2000):
        if condition():
            return
        threading.Event().wait(0.005)
    raise AssertionError("waited 10 s in vain")


def test_shapes_take_turns_so_that_a_short_request_does_not_wait_for_long_ones(start, gate, make_order):
    allowed, passes = gate
    worker = start(batch_size=2, max_active=8)
    for seed in range(3):
        start.ask(worker, lambda seed=seed: make_order(seed, steps=40))
    wait_until(lambda: worker.statistics().active + worker.statistics().waiting == 3)
    short, errors = start.ask(worker, lambda: make_order(9, (48, 96), steps=2))
    wait_until(lambda: worker.statistics().active + worker.statistics().waiting == 4)

    allowed.release(8)
    short.join(20)

    assert not errors
    assert worker.statistics().finished == 1
    wide = [k for k, grids in enumerate(passes) if (3, 6) in grids]
    assert len(wide) == 2
    assert wide[1] <= 6  # a turn for it after at most two of the squares', of whom three share passes of two
    allowed.release(1000)


def test_pictures_of_one_shape_beyond_a_full_pass_take_turns_too(start, gate, make_order, model):
    allowed, _ = gate
    worker = start(batch_size=2, max_active=8)
    asked = [start.ask(worker, lambda seed=seed: make_order(seed, steps=4)) for seed in range(4)]
    wait_until(lambda: worker.statistics().active + worker.statistics().waiting == 4)

    allowed.release(1000)
    for thread, errors in asked:
        thread.join(20)
        assert not errors

    assert worker.statistics().steps == 16
    assert 8 <= worker.statistics().passes <= 9  # the first pass may start before the others have come


def test_an_aborted_pictures_place_goes_to_the_next_one_within_a_step(start, gate, make_order):
    allowed, passes = gate
    stop = threading.Event()
    worker = start(max_active=1)
    first, first_errors = start.ask(worker, lambda: make_order(0, steps=50), should_abort=stop.is_set)
    wait_until(lambda: worker.statistics().active == 1)
    second, second_errors = start.ask(worker, lambda: make_order(1, (48, 96), steps=1))
    allowed.release(1)
    wait_until(lambda: len(passes) == 1)

    stop.set()
    first.join(20)
    allowed.release(2)
    second.join(20)

    assert isinstance(first_errors[0], EditAbortedError)
    assert not second_errors
    assert passes[1:] in ([[(3, 6)]], [[(4, 4)], [(3, 6)]])  # at most the step in progress, then the next one's
    statistics = worker.statistics()
    assert (statistics.finished, statistics.failed, statistics.aborted) == (1, 0, 1)


def test_a_picture_aborted_while_it_waits_is_never_started(start, gate, make_order):
    allowed, passes = gate
    stop = threading.Event()
    worker = start(max_active=1)
    start.ask(worker, lambda: make_order(0, steps=1))
    wait_until(lambda: worker.statistics().active == 1)
    waiting, errors = start.ask(worker, lambda: make_order(1, (48, 96)), should_abort=stop.is_set)
    wait_until(lambda: worker.statistics().waiting == 1)
    stop.set()
    waiting.join(20)

    allowed.release(1000)
    wait_until(lambda: worker.statistics().aborted == 1)

    assert isinstance(errors[0], EditAbortedError)
    assert passes == [[(4, 4)]]


def test_it_counts_what_it_does_and_how_long_pictures_wait(start, gate, make_order):
    allowed, _ = gate
    worker = start(max_active=1)
    threads = [start.ask(worker, lambda seed=seed: make_order(seed, steps=2))[0] for seed in range(2)]
    wait_until(lambda: (worker.statistics().active, worker.statistics().waiting) == (1, 1))
    threading.Event().wait(0.1)

    allowed.release(4)
    for thread in threads:
        thread.join(20)

    statistics = worker.statistics()
    assert (statistics.waiting, statistics.active, statistics.finished) == (0, 0, 2)
    assert statistics.steps == 4
    assert statistics.longest_queue_seconds >= 0.1
    assert statistics.queue_seconds >= statistics.longest_queue_seconds
    assert statistics.busy_seconds >= 0.1
    assert statistics.out_of_memory == statistics.failed == statistics.extrapolated_steps == 0


def test_pictures_in_a_worker_that_is_closed_fail_and_new_ones_are_refused(start, gate, make_order):
    allowed, _ = gate
    worker = start(max_active=1)
    asked = [start.ask(worker, lambda seed=seed: make_order(seed, steps=500)) for seed in range(2)]
    wait_until(lambda: (worker.statistics().active, worker.statistics().waiting) == (1, 1))
    allowed.release(1000)

    worker.close()

    for thread, errors in asked:
        thread.join(20)
        assert isinstance(errors[0], EngineError)
    with pytest.raises(EngineError, match="closed"):
        worker.make(make_order, on_step=None, should_abort=None)
