"""Fuzz every reader for a while, and keep what broke one.

    python -m benchmarks.fuzz                       each target for 10 s
    python -m benchmarks.fuzz --seconds 120 codec   one target, for two minutes
    python -m benchmarks.fuzz --replay FILE codec   a kept input again

The last input of each target is on disk before it is read, so that one that ends the process is kept, too.
"""

import argparse
import hashlib
import logging
import random
import sys
import time
import traceback
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.fuzz.mutate import mutate
from benchmarks.fuzz.targets import TARGETS, Target


@dataclass
class Tally:
    """What came of a target."""

    tried: int = 0
    accepted: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    findings: dict[str, bytes] = field(default_factory=dict)


def fuzz(target: Target, *, seed: int, seconds: float = 0.0, count: int = 0, last_input: Path | None = None) -> Tally:
    """Feed a target until time or count is up; the same seed and count give the same inputs."""
    rng = random.Random(seed)
    seeds = target.seeds()
    tally = Tally()
    started = time.monotonic()
    while tally.tried < count if count else time.monotonic() - started < seconds:
        data = seeds[tally.tried] if tally.tried < len(seeds) else mutate(seeds, target.words, rng)
        if last_input is not None:
            last_input.write_bytes(data)
        finding, took = try_once(target, data)
        tally.tried += 1
        tally.slowest = max(tally.slowest, took)
        if finding is None:
            tally.accepted += 1
        elif finding:
            tally.findings.setdefault(finding, data)
    tally.seconds = time.monotonic() - started
    return tally


def try_once(target: Target, data: bytes) -> tuple[str | None, float]:
    """Return None when the input was read, "" when it was refused as it may be, or what went wrong; and the seconds."""
    started = time.process_time()
    outcome: str | None = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target.read(data)
    except target.allowed:
        outcome = ""
    except Exception as exc:
        frame = traceback.extract_tb(exc.__traceback__)[-1]
        outcome = f"{type(exc).__name__} at {Path(frame.filename).name}:{frame.lineno}"
    took = time.process_time() - started
    return (f"took more than {target.seconds:g} s" if took > target.seconds else outcome), took


def main() -> int:
    """Fuzz, print a line a target, and return 1 when anything was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("targets", nargs="*", help=f"of: {', '.join(target.name for target in TARGETS)}")
    parser.add_argument("--seconds", type=float, default=10.0, help="for each target")
    parser.add_argument("--seed", type=int, default=None, help="of the mutations; drawn when left out")
    parser.add_argument(
        "--out", type=Path, default=Path("fuzz-findings"), help="where inputs that broke something are kept"
    )
    parser.add_argument("--replay", type=Path, help="read this input again, and show what happens")
    given = parser.parse_args()
    logging.disable()  # some readers log each input that they refuse
    chosen = [target for target in TARGETS if not given.targets or target.name in given.targets]
    if given.replay:
        for target in chosen:
            print(target.name, target.read(given.replay.read_bytes()))
        return 0
    given.out.mkdir(parents=True, exist_ok=True)
    seed = random.SystemRandom().randrange(2**32) if given.seed is None else given.seed
    print(f"seed {seed}")
    found = 0
    for target in chosen:
        last_input = given.out / f"last-{target.name.replace(' ', '-')}"
        tally = fuzz(target, seed=seed, seconds=given.seconds, last_input=last_input)
        last_input.unlink()
        print(
            f"{target.name:18} {tally.tried:8} inputs, {tally.accepted:7} read, slowest {tally.slowest:5.2f} s, "
            f"{len(tally.findings)} findings",
            flush=True,
        )
        for what, data in tally.findings.items():
            path = given.out / f"{target.name.replace(' ', '-')}-{hashlib.sha256(data).hexdigest()[:12]}"
            path.write_bytes(data)
            print(f"  {what}: {path}", flush=True)
        found += len(tally.findings)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
