"""Serve the fake engine as ``retouch serve`` serves the real ones; with ``--channel`` it is one of its own worker processes."""

import argparse
import sys
from pathlib import Path

from retouch.server.app import create_app
from retouch.server.crew import run_worker
from retouch.server.listen import listen, run
from retouch.settings import load_settings
from retouch.testing import FakeEngine, fake_registry


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--step-seconds", type=float, default=0.0)
    parser.add_argument("--channel", type=int)
    parser.add_argument("--worker-id")
    options = parser.parse_args()
    registry = fake_registry(FakeEngine(steps=1, step_seconds=options.step_seconds))
    settings = load_settings(None, {"server": {"port": 0}, "engine": {"default": "fake"}})
    if options.channel is not None:
        run_worker(settings, registry, options.data, channel=options.channel, worker_id=options.worker_id)
        return
    command = None if settings.workers.in_process else [sys.executable, __file__, *sys.argv[1:]]
    app = create_app(settings, registry, options.data, worker_command=command)
    with listen(settings.server.host, settings.server.port) as listener:
        run(app, settings, listener, options.data)


if __name__ == "__main__":
    main()
