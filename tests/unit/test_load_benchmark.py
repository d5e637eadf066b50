"""The benchmark's own promises: this machine alone, and no coordinated omission."""

import asyncio

import pytest
from benchmarks.load.client import Connection, prepared
from benchmarks.load.loops import closed_loop, open_loop, percentile

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
STALL_SECONDS = 0.5


@pytest.mark.parametrize(
    "url", ["http://example.org:80", "http://10.0.0.1:8000", "http://192.168.1.1:8000", "http://127.0.0.1"]
)
def test_only_a_server_on_this_machine_is_put_under_load(url: str) -> None:
    with pytest.raises(ValueError, match="this machine"):
        Connection(url)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1.0), (0.5, 2.0), (0.51, 3.0), (0.99, 4.0), (1.0, 4.0)])
def test_a_percentile_is_the_value_that_so_many_do_not_exceed(share: float, expected: float) -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], share) == expected


async def _with_server(stalls: int, ask):
    """Run ``ask(url)`` beside a server that answers at once, but for its first requests, which it leaves waiting."""
    left = stalls
    closed = asyncio.Semaphore(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal left
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
                if left:
                    left -= 1
                    await asyncio.sleep(STALL_SECONDS)
                writer.write(ANSWER)
        except EOFError:
            writer.close()
            await writer.wait_closed()
            closed.release()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        result = await ask(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        async with asyncio.timeout(20):
            await closed.acquire()
        await asyncio.sleep(0.1)  # the other connections are closed in the same turn
        return result


def test_an_open_loop_counts_the_time_that_a_request_waited_to_be_sent() -> None:
    async def ask(url: str):
        return await open_loop(url, prepared(url, "/", {}), per_second=40, seconds=1.0, most_open=1)

    run = asyncio.run(_with_server(1, ask))
    # One place, and its first request stalls: those that were meant to be sent meanwhile waited, and it shows.
    late = [answer for answer in run.answers if answer.seconds > STALL_SECONDS / 4]
    assert len(late) >= 5
    assert all(answer.status == 200 for answer in run.answers)


def test_a_closed_loop_sends_as_many_requests_as_it_was_asked_for() -> None:
    async def ask(url: str):
        return await closed_loop(url, prepared(url, "/", {}), clients=3, requests=20)

    run = asyncio.run(_with_server(0, ask))
    assert run.count(200) == len(run.answers) == 20
