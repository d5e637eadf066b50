"""Worker processes without a server: the supervisor of ``retouch worker``, and what runs in each process."""

import contextlib
import signal
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import FrameType

from retouch.engines.registry import EngineRegistry
from retouch.safety.pictures import PictureCheck
from retouch.server.foundation import Foundation, private_folder
from retouch.server.telemetry import log_options, metrics_access, telemetry_options
from retouch.settings import Settings
from retouch.telemetry.endpoint import showing
from retouch.telemetry.logs import configure_logs
from retouch.telemetry.processes import Desk
from retouch.telemetry.service import telling
from retouch.workers.channel import Channel
from retouch.workers.process import WorkerProcess, WorkingRules
from retouch.workers.supervisor import Supervisor

__all__ = ["run_crew", "run_worker"]


def run_worker(
    settings: Settings,
    registry: EngineRegistry,
    data_directory: Path,
    *,
    channel: int,
    worker_id: str,
    picture_check: PictureCheck | None = None,
) -> None:
    """Be a worker process until the supervisor says to stop, or is gone.

    Parameters
    ----------
    settings : Settings
    registry : EngineRegistry
    data_directory : Path
    channel : int
        Descriptor of the line to the supervisor, which this process inherited.
    worker_id : str
        Given by the supervisor.
    picture_check : PictureCheck, optional
    """
    configure_logs(log_options(settings))
    folder = private_folder(data_directory)
    foundation = Foundation(settings, folder)
    rules = WorkingRules(
        jobs_at_once=settings.workers.jobs_at_once,
        recycle_after_jobs=settings.workers.recycle_after_jobs,
        grace_seconds=settings.workers.grace_seconds,
    )
    shop = foundation.workshop(registry, picture_check)
    line = Channel.of_descriptor(channel)
    with telling(telemetry_options(settings, folder), "worker"):
        WorkerProcess(worker_id, settings.engine.default, shop, foundation.register, line, rules).run()
    foundation.decoder.close()
    foundation.store.close()


def run_crew(settings: Settings, data_directory: Path, command: Sequence[str], count: int) -> None:
    """Keep worker processes running until a signal says to stop; then let running edits finish, for a while.

    A second signal puts them back into the queue at once.

    Parameters
    ----------
    settings : Settings
    data_directory : Path
    command : sequence of str
        Starts a worker process.
    count : int
    """
    configure_logs(log_options(settings))
    folder = private_folder(data_directory)
    foundation = Foundation(settings, folder)
    foundation.store.create_schema()
    supervisor = foundation.supervisor(command, count, foundation.housekeeper())
    with telling(telemetry_options(settings, folder), "crew") as desk, _showing_metrics(settings, desk):
        _supervise(foundation, supervisor, count)
    foundation.decoder.close()
    foundation.store.close()


def _showing_metrics(settings: Settings, desk: Desk | None) -> AbstractContextManager[object]:
    """Show the numbers of this machine, where the settings say so."""
    telemetry = settings.telemetry
    if desk is None or telemetry.worker_metrics_port is None:
        return contextlib.nullcontext()
    return showing(desk, telemetry.worker_metrics_host, telemetry.worker_metrics_port, metrics_access(settings))


def _supervise(foundation: Foundation, supervisor: Supervisor, count: int) -> None:
    """Run the processes until a signal comes."""
    told = threading.Semaphore(0)

    def hear(_signal: int, _frame: FrameType | None) -> None:
        told.release()

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, hear)
    news = foundation.news(lambda: True)  # idle workers always wait
    supervisor.start()
    news.start()
    print(f"Retouch works with {count} processes. Stop it with Ctrl-C.", flush=True)  # noqa: T201 - for the terminal
    told.acquire()
    finish_seconds = foundation.settings.server.shutdown_seconds
    stopping = threading.Thread(target=supervisor.stop, args=(finish_seconds,), name="stop")
    stopping.start()
    while stopping.is_alive():
        if told.acquire(timeout=0.1):
            supervisor.hurry()
    news.stop()
