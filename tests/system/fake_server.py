"""Serve the fake engine as ``retouch serve`` serves the real ones: same application, same listening, same signals."""

import argparse
from pathlib import Path

from retouch.server.app import create_app
from retouch.server.listen import listen, run
from retouch.settings import load_settings
from retouch.testing import FakeEngine, fake_registry


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--step-seconds", type=float, default=0.0)
    parser.add_argument("--text-to-image", action="store_true")
    arguments = parser.parse_args()
    engine = FakeEngine(
        steps=arguments.steps, step_seconds=arguments.step_seconds, text_to_image=arguments.text_to_image
    )
    settings = load_settings(None, {"server": {"port": 0}, "engine": {"default": "fake"}})
    app = create_app(settings, fake_registry(engine), arguments.data)
    with listen(settings.server.host, settings.server.port) as listener:
        run(app, settings, listener, arguments.data)


if __name__ == "__main__":
    main()
