"""What the API and the workers of one installation have in common: database, files, and the rules of the queue.

Knows nothing of HTTP, so that a worker process starts without it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from retouch.accounts.accounts import Accounts
from retouch.database.connection import connect
from retouch.engines.registry import EngineRegistry
from retouch.errors import ConfigurationError, StorageError
from retouch.files.folder import FolderBlobs
from retouch.files.storage import FileStorage
from retouch.images.codec import DecodeLimits
from retouch.isolation.pool import create_decoder
from retouch.jobs.housekeeping import Housekeeper
from retouch.jobs.manager import JobManager, QueuePolicy
from retouch.jobs.measuring import JobMeasures
from retouch.jobs.relays import NewsService, news_by
from retouch.jobs.signals import JobSignals
from retouch.jobs.store import JobStore
from retouch.jobs.workers import WorkerRegister
from retouch.safety.pictures import PictureCheck
from retouch.settings import Settings
from retouch.workers.supervisor import SupervisionRules, Supervisor

if TYPE_CHECKING:
    from retouch.jobs.worker import Workshop

__all__ = ["Foundation", "private_folder"]


class Foundation:
    """The stores of an installation, as its settings say.

    Parameters
    ----------
    settings : Settings
    folder : Path
        For results, waiting inputs and the job database.
    """

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.safety_policy = settings.safety.read_policy()
        self.signer = settings.provenance.create_signer()
        self.decoder = create_decoder(settings.limits.isolation())
        self.signals = JobSignals()
        self.policy = QueuePolicy(
            max_waiting=settings.queue.max_waiting,
            deadline_seconds=settings.queue.deadline_seconds,
            lease_seconds=settings.queue.lease_seconds,
            max_attempts=settings.queue.max_attempts,
            max_waiting_per_key=settings.queue.max_waiting_per_key,
            abort_on_disconnect=settings.queue.abort_on_disconnect,
        )
        self.database = connect(settings.database.url_in(folder), pool_size=settings.database.max_connections)
        storage = settings.storage
        files = FileStorage.open(storage.place(), folder, self.database, signed_url_seconds=storage.lifetime_of_urls)
        self.results, self.inputs = files.results, files.inputs
        self.accounts = Accounts.of(self.database, settings.accounts.prices())
        self.store = JobStore(self.database, (files.recorder, self.accounts.books, JobMeasures()))
        self.register = WorkerRegister(self.database)
        self.jobs = JobManager(self.store, self.inputs, self.signals, self.policy)

    def workshop(self, registry: EngineRegistry, picture_check: PictureCheck | None) -> "Workshop":
        """Return what a worker works with. Only here is it imported: with it come OpenCV and all that an edit needs."""
        from retouch.jobs.worker import Workshop

        limits, safety = self.settings.limits, self.settings.safety
        return Workshop(
            store=self.store,
            signals=self.signals,
            inputs=self.inputs,
            results=self.results,
            registry=registry,
            decode_limits=DecodeLimits(max_bytes=limits.max_image_bytes, max_pixels=limits.max_image_pixels),
            decoder=self.decoder,
            policy=self.policy,
            picture_check=picture_check if safety.check_pictures else None,
            safety_policy=self.safety_policy,
            embed_provenance=self.settings.provenance.embed,
            signer=self.signer,
        )

    def housekeeper(self) -> Housekeeper:
        """Return what looks after the stores."""
        return Housekeeper(
            self.store,
            self.signals,
            self.results,
            self.inputs,
            self.register,
            policy=self.policy,
            retention_seconds=self.settings.storage.retention_hours * 3600,
        )

    def news(self, somebody_waits: Callable[[], bool]) -> NewsService:
        """Return what brings news of processes that are not of this supervisor's."""
        return news_by(self.database, self.signals, somebody_waits)

    def supervisor(self, command: Sequence[str], count: int, housekeeper: Housekeeper) -> Supervisor:
        """Return what starts and watches worker processes."""
        workers = self.settings.workers
        rules = SupervisionRules(grace_seconds=workers.grace_seconds, memory_bytes=workers.memory_bytes)
        return Supervisor(command, count, signals=self.signals, housekeeper=housekeeper, rules=rules)


def private_folder(data_directory: Path) -> Path:
    """Return the folder for what clients send and get, which no other user of this machine may read."""
    folder = data_directory / "server"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        FolderBlobs(folder).check()
    except (OSError, StorageError) as exc:
        raise ConfigurationError(
            f"The data folder {data_directory} can't be written. Choose another with --data-dir."
        ) from exc
    return folder
