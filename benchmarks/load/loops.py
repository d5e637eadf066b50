"""Two ways to send requests: as fast as a number of clients gets answers, or at times of one's own."""

import asyncio
import random
import time
from dataclasses import dataclass, field, replace

from benchmarks.load.client import Answer, Connection

__all__ = ["Run", "closed_loop", "open_loop", "percentile"]


@dataclass(slots=True)
class Run:
    """What came of some requests.

    Attributes
    ----------
    seconds : float
        By the clock, in all.
    answers : list of Answer
        Of an open loop, their seconds count from when each should have been sent.
    """

    seconds: float = 0.0
    answers: list[Answer] = field(default_factory=list)

    def latencies(self, *statuses: int) -> list[float]:
        """Seconds of the answers with one of these statuses, rising."""
        return sorted(answer.seconds for answer in self.answers if answer.status in statuses)

    def count(self, *statuses: int) -> int:
        """How many answers have one of these statuses."""
        return sum(answer.status in statuses for answer in self.answers)

    def goodput(self, seconds: float | None = None) -> float:
        """Edits a second that succeeded; of an open loop, within its first ``seconds``."""
        if seconds is None:
            return self.count(200) / self.seconds
        return sum(answer.status == 200 and answer.ended_at <= seconds for answer in self.answers) / seconds


def percentile(values: list[float], share: float) -> float:
    """Return the value that ``share`` of ``values``, which rise, do not exceed; not a number where there are none.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 0.5)
    2.0
    """
    if not values:
        return float("nan")
    return values[max(0, min(len(values), -int(-share * len(values) // 1)) - 1)]


async def closed_loop(url: str, request: bytes, *, clients: int, requests: int) -> Run:
    """Have ``clients`` send ``requests`` in all, each its next one when it has an answer."""
    run = Run()
    left = iter(range(requests))
    started = time.perf_counter()

    async def work() -> None:
        async with Connection(url) as connection:
            for _ in left:
                run.answers.append(await connection.ask(request))

    await asyncio.gather(*(work() for _ in range(clients)))
    run.seconds = time.perf_counter() - started
    return run


async def open_loop(
    url: str, request: bytes, *, per_second: float, seconds: float, seed: int = 1, most_open: int = 400
) -> Run:
    """Send requests at random times, ``per_second`` on average, whether or not earlier ones have been answered.

    The seconds of an answer count from when its request was meant to be sent. A client that is late, since the machine is busy or
    ``most_open`` requests are under way, therefore makes answers look slower and never faster.
    """
    run = Run()
    random_times = random.Random(seed)
    idle: list[Connection] = []
    places = asyncio.Semaphore(most_open)
    started = time.perf_counter()

    async def send(meant_at: float) -> None:
        async with places:
            connection = idle.pop() if idle else Connection(url)
            answer = await connection.ask(request)
            idle.append(connection)
        now = time.perf_counter() - started
        run.answers.append(replace(answer, seconds=now - meant_at, ended_at=now))

    at = 0.0
    async with asyncio.TaskGroup() as group:
        while (at := at + random_times.expovariate(per_second)) < seconds:
            await asyncio.sleep(max(0.0, started + at - time.perf_counter()))
            group.create_task(send(at))
    run.seconds = time.perf_counter() - started
    for connection in idle:
        await connection.__aexit__()
    return run
