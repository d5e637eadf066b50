"""The four questions: what the service adds, how much it does, whether it grows, and what it does when there is too much."""

import time
from dataclasses import dataclass, field
from typing import Final

from benchmarks.load.client import Connection, prepared
from benchmarks.load.direct import Direct, photo_of, request_body
from benchmarks.load.loops import Run, closed_loop, open_loop, percentile
from benchmarks.load.service import Service, serving

__all__ = [
    "Added",
    "Growth",
    "Overload",
    "Throughput",
    "measure_added",
    "measure_growth",
    "measure_overload",
    "measure_throughput",
]

_PATH: Final = "/v1/images/generations"
_MIB: Final = 2**20
_BLOCK: Final = 10


@dataclass(frozen=True, slots=True)
class Added:
    """Milliseconds of an edit, one at a time: by the library, through the service, and of a request that does nothing.

    ``direct_cpu`` and ``service_cpu`` are processor milliseconds, which a busy machine changes less than those of the clock.
    """

    engine: str
    width: int
    edits: int
    direct_p50: float
    direct_p99: float
    service_p50: float
    service_p99: float
    empty_p50: float
    empty_p99: float
    direct_cpu: float
    service_cpu: float

    @property
    def added_p50(self) -> float:
        return self.service_p50 - self.direct_p50

    @property
    def added_p99(self) -> float:
        return self.service_p99 - self.direct_p99


@dataclass(frozen=True, slots=True)
class Throughput:
    """Edits a second, and milliseconds of each, with some clients at once or at random times."""

    engine: str
    loop: str
    offered: str
    edits: int
    failed: int
    per_second: float
    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Growth:
    """Memory over many requests, in MiB, as pairs of requests so far and resident memory."""

    requests: int
    failed: int
    per_second: float
    api: list[tuple[int, float]] = field(default_factory=list)
    workers: list[tuple[int, float]] = field(default_factory=list)

    @staticmethod
    def after_warm_up(samples: list[tuple[int, float]]) -> float:
        """MiB between the sample a fifth of the way and the last."""
        return samples[-1][1] - samples[len(samples) // 5][1]


@dataclass(frozen=True, slots=True)
class Overload:
    """What came of three times the work that the service can do."""

    step_seconds: float
    saturation_per_second: float
    offered_per_second: float
    goodput_per_second: float
    requests: int
    succeeded: int
    refused: int
    refused_without_retry_after: int
    others: int
    refusal_p50: float
    refusal_p99: float
    success_p50: float
    success_p99: float

    @property
    def kept(self) -> float:
        return self.goodput_per_second / self.saturation_per_second


def _ms(run: Run, share: float, *statuses: int) -> float:
    return 1000 * percentile(run.latencies(*statuses), share)


async def measure_added(engine: str, *, width: int, edits: int, in_process: bool) -> Added:
    """Have the library and the service make the same edit in turns, so that whatever else the machine does slows both."""
    photo = photo_of(width)
    direct = Direct(engine, photo)
    seconds: list[float] = []
    served, empty = Run(), Run()
    with serving(engine, in_process=in_process) as service:
        body = prepared(service.url, _PATH, request_body(engine, photo))
        nothing = f"GET /health HTTP/1.1\r\nHost: {service.url.removeprefix('http://')}\r\n\r\n".encode()
        async with Connection(service.url) as connection:
            for _ in range(_BLOCK):
                direct.edit()
                (await connection.ask(body)).require_ok()
            cpu, own_cpu = service.cpu_seconds(), 0.0
            while len(seconds) < edits:
                before = time.process_time()
                seconds += [direct.edit() for _ in range(_BLOCK)]
                own_cpu += time.process_time() - before
                served.answers += [(await connection.ask(body)).require_ok() for _ in range(_BLOCK)]
                empty.answers += [(await connection.ask(nothing)).require_ok() for _ in range(_BLOCK)]
            cpu = service.cpu_seconds() - cpu
    seconds.sort()
    return Added(
        engine, width, len(seconds),
        1000 * percentile(seconds, 0.5), 1000 * percentile(seconds, 0.99),
        _ms(served, 0.5, 200), _ms(served, 0.99, 200), _ms(empty, 0.5, 200), _ms(empty, 0.99, 200),
        1000 * own_cpu / len(seconds), 1000 * cpu / len(seconds),
    )  # fmt: skip


async def measure_throughput(
    engine: str, *, width: int, clients: int, requests: int, seconds: float, in_process: bool
) -> list[Throughput]:
    """A closed loop, and then an open one at half and at nine tenths of what the closed one reached."""
    photo = photo_of(width)
    with serving(engine, in_process=in_process, max_waiting=4 * clients) as service:
        body = prepared(service.url, _PATH, request_body(engine, photo))
        await closed_loop(service.url, body, clients=clients, requests=10 * clients)
        closed = await closed_loop(service.url, body, clients=clients, requests=requests)
        rows = [_throughput(engine, "closed", f"{clients} clients", closed, closed.goodput())]
        for share in (0.5, 0.9):
            rate = share * closed.goodput()
            run = await open_loop(service.url, body, per_second=rate, seconds=seconds)
            rows.append(_throughput(engine, "open", f"{rate:.0f}/s ({share:.0%})", run, run.goodput(seconds)))
    return rows


def _throughput(engine: str, loop: str, offered: str, run: Run, per_second: float) -> Throughput:
    failed = len(run.answers) - run.count(200)
    return Throughput(
        engine, loop, offered, len(run.answers), failed, per_second, _ms(run, 0.5, 200), _ms(run, 0.99, 200)
    )


async def measure_growth(*, width: int, clients: int, requests: int, in_process: bool) -> Growth:
    """Send many requests and weigh the processes twenty times on the way."""
    api: list[tuple[int, float]] = []
    workers: list[tuple[int, float]] = []
    total = Run()
    part = max(clients, requests // 20)
    with serving("fake", in_process=in_process, max_waiting=4 * clients) as service:
        body = prepared(service.url, _PATH, request_body("fake", photo_of(width)))
        while len(total.answers) < requests:
            run = await closed_loop(service.url, body, clients=clients, requests=part)
            total.answers += run.answers
            total.seconds += run.seconds
            weight = service.memory()
            api.append((len(total.answers), weight["api"] / _MIB))
            workers.append((len(total.answers), weight["children"] / _MIB))
    return Growth(len(total.answers), len(total.answers) - total.count(200), total.goodput(), api, workers)


async def measure_overload(*, width: int, step_seconds: float, seconds: float, in_process: bool) -> Overload:
    """Find what the service can do with an engine of known slowness, then ask for three times that, at random times."""
    with serving("fake", in_process=in_process, max_waiting=16, step_seconds=step_seconds) as service:
        body = prepared(service.url, _PATH, request_body("fake", photo_of(width)))
        await closed_loop(service.url, body, clients=4, requests=12)
        saturated = await closed_loop(
            service.url, body, clients=8, requests=max(24, int(seconds / max(step_seconds, 0.02)))
        )
        offered = 3 * saturated.goodput()
        run = await open_loop(service.url, body, per_second=offered, seconds=seconds)
        await _require_alive(service)
    refusals = [answer for answer in run.answers if answer.status == 429]
    return Overload(
        step_seconds=step_seconds,
        saturation_per_second=saturated.goodput(),
        offered_per_second=offered,
        goodput_per_second=run.goodput(seconds),
        requests=len(run.answers),
        succeeded=run.count(200),
        refused=len(refusals),
        refused_without_retry_after=sum(not (answer.retry_after or "").isdigit() for answer in refusals),
        others=len(run.answers) - run.count(200, 429),
        refusal_p50=_ms(run, 0.5, 429),
        refusal_p99=_ms(run, 0.99, 429),
        success_p50=_ms(run, 0.5, 200),
        success_p99=_ms(run, 0.99, 200),
    )


async def _require_alive(service: Service) -> None:
    async with Connection(service.url) as connection:
        host = service.url.removeprefix("http://")
        (await connection.ask(f"GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())).require_ok()
