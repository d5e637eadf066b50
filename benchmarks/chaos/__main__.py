"""``python -m benchmarks.chaos --jobs 200``: prints what was done to the service, and what came of the edits."""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.chaos.run import Report, run


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", help="URL of an empty PostgreSQL database; left out, SQLite")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="retouch-chaos-") as folder:
        report = run(Path(folder), jobs=arguments.jobs, seed=arguments.seed, database_url=arguments.database)
    print(_text(report))
    return 1 if report.faults else 0


def _text(report: Report) -> str:
    restarts = sorted(report.restart_seconds)
    median = f"{restarts[len(restarts) // 2]:.1f} s" if restarts else "none"
    done = ", ".join(f"{count} x {name}" for name, count in sorted(report.attacks.items()))
    return "\n".join(
        (
            f"{report.database}: {report.jobs} edits in {report.seconds:.0f} s, under {sum(report.attacks.values())} attacks",
            f"  attacks          {done}",
            f"  requests sent    {report.requests_sent}",
            f"  jobs             {report.accepted}: {dict(report.states)}",
            f"  starts of a job  {dict(sorted(report.attempts.items()))}",
            f"  ends of holds    {dict(report.ends)} (by how many a job has)",
            f"  log, without job {dict(report.jobless_rows) or 'none'}",
            f"  credits that differ {report.credits_lost}, missing files {report.missing_files}",
            f"  API restarts     median {median} until it listens",
            f"  faults           {report.faults or 'none'}",
        )
    )


if __name__ == "__main__":
    sys.exit(main())
