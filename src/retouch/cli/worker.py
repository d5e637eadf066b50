"""``retouch worker``: worker processes without a server."""

import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["worker", "worker_command"]


def worker(
    count: Annotated[
        int | None, typer.Option(min=1, max=64, help="How many processes. Default: queue.workers, which is 1.")
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder for results, waiting edits, models and packs.", file_okay=False)
    ] = None,
    engine: Annotated[str | None, typer.Option(help="Engine to load at the start. Default: builtin.")] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file with settings.", dir_okay=False)] = None,
    channel: Annotated[int | None, typer.Option(hidden=True)] = None,
    worker_id: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> int:
    """Carry out the edits that servers accept, on any machine that reaches their database and storage, until Ctrl-C."""
    from retouch.cli.installation import configured_registry, data_folder
    from retouch.server.crew import run_crew, run_worker
    from retouch.settings import load_settings

    settings = load_settings(config, {"storage": {"data_dir": data_dir}, "engine": {"default": engine}})
    folder = data_folder(settings)
    if channel is None or worker_id is None:
        command = worker_command(data_dir=data_dir, engine=engine, config=config)
        run_crew(settings, folder, command, count or max(1, settings.queue.workers))
        return 0
    from retouch.library import create_picture_check

    registry, check = configured_registry(settings, is_server=True), create_picture_check(folder)
    run_worker(settings, registry, folder, channel=channel, worker_id=worker_id, picture_check=check)
    return 0


def worker_command(*, data_dir: Path | None, engine: str | None, config: Path | None) -> list[str]:
    """Return the command that starts one worker process with the settings of this one."""
    given = {"--data-dir": data_dir, "--engine": engine, "--config": config}
    options = [word for name, value in given.items() if value is not None for word in (name, str(value))]
    return [sys.executable, "-m", "retouch", "worker", *options]
