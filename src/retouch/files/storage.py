"""The files of a service: results and inputs, in one store, with one index of them."""

import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from retouch.errors import ConfigurationError, StorageError
from retouch.files.blobs import Blobs
from retouch.files.input_index import InputIndex
from retouch.files.inputs import InputFiles
from retouch.files.places import StoragePlace, open_blobs
from retouch.files.result_index import ResultIndex, ResultRecorder
from retouch.files.results import ResultFiles

__all__ = ["FileStorage"]


class FileStorage:
    """Results and inputs.

    Parameters
    ----------
    blobs : Blobs
    database : sqlalchemy.Engine
        Has the index of what is kept.
    signed_url_seconds : int, optional
        Whether the store signs the URLs of results, and for how long.
    clock : callable
        Seconds since the epoch.

    Attributes
    ----------
    results : ResultFiles
    inputs : InputFiles
    recorder : ResultRecorder
        Must observe the jobs; results that no job tells of are deleted.
    """

    def __init__(
        self,
        blobs: Blobs,
        database: sa.Engine,
        *,
        signed_url_seconds: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.results = ResultFiles(blobs, ResultIndex(database, clock=clock), signed_url_seconds=signed_url_seconds)
        self.inputs = InputFiles(blobs, InputIndex(database, clock=clock))
        self.recorder = ResultRecorder()

    @classmethod
    def open(
        cls, place: StoragePlace, data_folder: Path, database: sa.Engine, *, signed_url_seconds: int | None = None
    ) -> "FileStorage":
        """Return the files of a service, after a test that something can be written there.

        Parameters
        ----------
        place : StoragePlace
        data_folder : Path
            For a place without an address.
        database : sqlalchemy.Engine
        signed_url_seconds : int, optional

        Raises
        ------
        ConfigurationError
            The place is wrong, can't be reached or written, or can't sign. Says what to check.
        """
        blobs = open_blobs(place, data_folder)
        try:
            blobs.check()
            signs = signed_url_seconds is None or blobs.signed_url("probes/0", signed_url_seconds) is not None
        except StorageError as exc:
            raise ConfigurationError(_unusable(place, data_folder, exc)) from exc
        if not signs:
            raise ConfigurationError("storage.signed_urls needs a bucket in storage.url: a folder can't sign URLs.")
        return cls(blobs, database, signed_url_seconds=signed_url_seconds)


def _unusable(place: StoragePlace, data_folder: Path, exc: StorageError) -> str:
    if place.url is None:
        return f"The data folder {data_folder} can't be written. Choose another with --data-dir."
    if place.url.startswith("file:"):
        return f"The folder of storage.url can't be written. {exc.message}"
    return (
        f"The store {place.url} can't be used. {exc.message} Check that the bucket is there, that the credentials may put, get, "
        "list and delete objects in it, and the endpoint and region in storage.options."
    )
