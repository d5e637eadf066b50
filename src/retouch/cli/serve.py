"""``retouch serve``: the HTTP server."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["serve"]


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. Default: 127.0.0.1, this machine only.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one. Default: 8000.")] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder for results, waiting edits, models and packs.", file_okay=False)
    ] = None,
    engine: Annotated[str | None, typer.Option(help="Engine for requests that name none. Default: builtin.")] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file with settings.", dir_okay=False)] = None,
) -> int:
    """Serve the hosted endpoint's API on this machine, until Ctrl-C."""
    from retouch.cli.installation import configured_registry, data_folder
    from retouch.cli.worker import worker_command
    from retouch.library import create_picture_check
    from retouch.server.app import create_app
    from retouch.server.listen import listen, run
    from retouch.settings import load_settings

    settings = load_settings(
        config,
        {
            "server": {"host": host, "port": port},
            "storage": {"data_dir": data_dir},
            "engine": {"default": engine},
        },
    )
    folder = data_folder(settings)
    command = worker_command(data_dir=data_dir, engine=engine, config=config)
    app = create_app(
        settings,
        configured_registry(settings, is_server=True),
        folder,
        picture_check=create_picture_check(folder),
        worker_command=None if settings.workers.in_process else command,
    )
    server = settings.server
    with listen(server.host, server.port, reuse_port=server.reuse_port) as listener:
        run(app, settings, listener, folder)
    return 0
