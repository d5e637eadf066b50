"""The settings of where results and inputs are kept."""

from pathlib import Path
from typing import Final

from pydantic import Field, SecretStr, model_validator

from retouch.errors import ConfigurationError
from retouch.files.places import StoragePlace, check_place
from retouch.settings.groups import Group

__all__ = ["StorageSettings"]

_LONGEST_SIGNED_SECONDS: Final = 7 * 86400
"""S3 and Google Cloud Storage allow no more."""


class StorageSettings(Group):
    """Where results are kept, and for how long."""

    data_dir: Path | None = Field(
        default=None,
        description="Folder for models, object packs and, unless other settings say otherwise, results, waiting edits and the "
        "database. Left out: `$XDG_DATA_HOME/retouch`, or `~/.local/share/retouch`.",
    )
    url: str | None = Field(
        default=None,
        description="Where results and inputs are kept: `s3://BUCKET/PREFIX` (S3, MinIO, R2, Ceph), `gs://BUCKET/PREFIX`, "
        "`az://CONTAINER/PREFIX`, or `file:///folder`. Needed where several machines share the work. Left out: the data folder. "
        "Keys come from the vendor's usual environment variables.",
    )
    options: dict[str, SecretStr] = Field(
        default={},
        description='What the bucket has to be told beside: a table such as `{ endpoint = "http://minio:9000", region = '
        '"us-east-1", allow_http = "true" }`, or one variable for each. See [storage](../operating/storage.md). Never shown.',
    )
    signed_urls: bool = Field(
        default=False,
        description="Whether answers carry URLs that the bucket signs, so that pictures come from there and not through this "
        "server. Only for a bucket that the clients can reach.",
    )
    signed_url_seconds: int = Field(
        default=86400,
        ge=60,
        le=_LONGEST_SIGNED_SECONDS,
        description="Seconds for which a signed URL is good, at most a week. The default gives clients a day. Credentials "
        "of a role may end before, and their URLs with them.",
    )
    retention_hours: float = Field(
        default=24 * 7,
        ge=0,
        description="Hours after which a result file and its job are deleted. 0 keeps them for ever. The default gives clients "
        "a week to fetch. The first input that a result was made from is kept as long as the result, so that editing the result "
        "again can go back to it.",
    )

    @model_validator(mode="after")
    def _check(self) -> "StorageSettings":
        try:
            check_place(self.place())
        except ConfigurationError as exc:
            raise ValueError(exc.message) from exc
        return self

    def place(self) -> StoragePlace:
        """Return where results and inputs are kept."""
        return StoragePlace(self.url, {name: value.get_secret_value() for name, value in self.options.items()})

    @property
    def lifetime_of_urls(self) -> int | None:
        """Seconds for which the store is to sign URLs; None when it is not."""
        return self.signed_url_seconds if self.signed_urls else None
