"""Serve the fake engine as ``retouch serve`` serves the real ones: same application, same processes, same signals.

With ``--channel`` it is one of the worker processes that it started itself, as ``retouch worker`` is.
"""

import argparse
import sys
from pathlib import Path

from retouch.server.app import create_app
from retouch.server.crew import run_crew, run_worker
from retouch.server.listen import listen, run
from retouch.settings import load_settings
from retouch.testing import FakeEngine, fake_registry


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--step-seconds", type=float, default=0.0)
    parser.add_argument("--text-to-image", action="store_true")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--crew", type=int, default=0, help="only so many worker processes, and no server")
    parser.add_argument("--channel", type=int)
    parser.add_argument("--worker-id")
    arguments = parser.parse_args()
    engine = FakeEngine(
        steps=arguments.steps, step_seconds=arguments.step_seconds, text_to_image=arguments.text_to_image
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
