"""Serve the fake engine as ``retouch serve`` serves the real ones: same application, same processes, same signals.

With ``--channel`` it is one of the worker processes that it started itself, as ``retouch worker`` is.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from retouch.engines.base import EngineOutput
from retouch.server.app import create_app
from retouch.server.crew import run_crew, run_worker
from retouch.server.listen import listen, run
from retouch.settings import load_settings
from retouch.testing import FakeEngine, fake_registry


class HoardingEngine(FakeEngine):
    """A fake engine that gives no memory back."""

    def __init__(self, hoard_bytes: int, **options: Any) -> None:
        super().__init__(**options)
        self._hoard_bytes = hoard_bytes
        self._hoard: list[bytes] = []

    def edit(self, *arguments: Any, **options: Any) -> EngineOutput:
        self._hoard.append(b"x" * self._hoard_bytes)
        return super().edit(*arguments, **options)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--step-seconds", type=float, default=0.0)
    parser.add_argument("--text-to-image", action="store_true")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--crew", type=int, default=0, help="only so many worker processes, and no server")
    parser.add_argument("--hoard-bytes", type=int, default=0, help="memory that each edit takes, and keeps")
    parser.add_argument("--stillborn", action="store_true", help="worker processes die at their start")
    parser.add_argument("--channel", type=int)
    parser.add_argument("--worker-id")
    arguments = parser.parse_args()
    if arguments.stillborn and arguments.channel is not None:
        sys.exit("no engine here")
    engine = HoardingEngine(
        arguments.hoard_bytes,
        steps=arguments.steps,
        step_seconds=arguments.step_seconds,
        text_to_image=arguments.text_to_image,
    )
    settings = load_settings(None, {"server": {"port": arguments.port}, "engine": {"default": "fake"}})
    command = [sys.executable, __file__, *sys.argv[1:]]
    if arguments.channel is not None:
        line = {"channel": arguments.channel, "worker_id": arguments.worker_id}
        run_worker(settings, fake_registry(engine), arguments.data, **line)
    elif arguments.crew:
        run_crew(settings, arguments.data, command, arguments.crew)
    else:
        workers = None if settings.workers.in_process else command
        app = create_app(settings, fake_registry(engine), arguments.data, worker_command=workers)
        with listen(settings.server.host, arguments.port, reuse_port=settings.server.reuse_port) as listener:
            run(app, settings, listener, arguments.data)


if __name__ == "__main__":
    main()
