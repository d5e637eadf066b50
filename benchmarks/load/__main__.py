"""What the service adds to an edit, and how it behaves under more work than it can do.

    python -m benchmarks.load [--parts added throughput growth overload] [--engines fake builtin] [--quick] [--out FOLDER]

Starts real servers with worker processes on free ports of this machine, one after the other, and talks to no other address. The
fake engine paints a square at once, so that what remains is the service; the built-in editor makes a photo black and white.

``added``       the library and the service make the same edit in turns, one at a time; their difference is what the service adds
``throughput``  a closed loop of clients, then an open loop (Poisson arrivals) at half and at nine tenths of what it reached; the
                seconds of an open loop count from when a request was meant to be sent
``growth``      resident memory over many requests
``overload``    three times the arrivals that saturate it, with an engine of 50 ms and with one that takes no time: what is still
                done, and how fast the rest is refused

Every loop is bounded in count or time. All of it takes about 25 minutes on two idle cores, and two with ``--quick``, which says
only whether it works.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.load.measure import measure_added, measure_growth, measure_overload, measure_throughput
from benchmarks.load.report import render

PARTS = ("added", "throughput", "growth", "overload")


def main() -> int:
    options = _parse()
    results = asyncio.run(_measure(options))
    load = f"load average {os.getloadavg()[0]:.1f}"
    machine = f"{os.cpu_count()} cores, {load}, {platform.machine()}, Python {platform.python_version()}"
    page = render(machine, **results)
    print(page)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "load.md").write_text(page)
        plain = {name: _plain(value) for name, value in results.items()}
        (options.out / "load.json").write_text(json.dumps({"machine": machine, **plain}, indent=1))
    failed = sum(row.failed for row in results["throughput"])
    failed += sum(row.others + row.refused_without_retry_after for row in results["overload"])
    failed += results["growth"].failed if results["growth"] is not None else 0
    return 1 if failed else 0


async def _measure(options: argparse.Namespace) -> dict[str, Any]:
    quick, in_process = options.quick, options.in_process
    results: dict[str, Any] = {"added": [], "throughput": [], "growth": None, "overload": []}
    if "added" in options.parts:
        for engine in options.engines:
            edits = options.edits or (30 if quick else 500 if engine == "fake" else 100)
            width = 256 if engine == "fake" else 512
            results["added"].append(await measure_added(engine, width=width, edits=edits, in_process=in_process))
    if "throughput" in options.parts:
        for engine in options.engines:
            requests, seconds = (80, 4.0) if quick else (2000, 30.0) if engine == "fake" else (300, 30.0)
            rows = await measure_throughput(
                engine, width=256, clients=options.clients, requests=requests, seconds=seconds, in_process=in_process
            )
            results["throughput"] += rows
    if "growth" in options.parts:
        requests = options.requests or (200 if quick else 20_000)
        results["growth"] = await measure_growth(
            width=64, clients=options.clients, requests=requests, in_process=in_process
        )
    if "overload" in options.parts:
        for step_seconds in (0.05, 0.0):
            seconds = 5.0 if quick else 30.0
            row = await measure_overload(width=64, step_seconds=step_seconds, seconds=seconds, in_process=in_process)
            results["overload"].append(row)
    return results


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [asdict(each) for each in value]
    return None if value is None else asdict(value)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__.partition("\n")[0])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--engines", nargs="+", choices=["fake", "builtin"], default=["fake", "builtin"])
    parser.add_argument("--clients", type=int, default=8, help="clients of a closed loop (default: %(default)s)")
    parser.add_argument("--edits", type=int, help="edits of the part added")
    parser.add_argument("--requests", type=int, help="requests of the part growth")
    parser.add_argument("--in-process", action="store_true", help="threads of the API in place of worker processes")
    parser.add_argument("--quick", action="store_true", help="a few requests of each")
    parser.add_argument("--out", type=Path, help="folder for load.md and load.json")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
