"""The settings of the server and of what it works with, by their tables in the TOML file."""

import hashlib
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from retouch.images.codec import DecodeLimits
from retouch.isolation.child import IsolationRules

__all__ = [
    "EngineSettings",
    "Group",
    "LimitSettings",
    "NameList",
    "QueueSettings",
    "ServerSettings",
    "split_commas",
]

_LOOPBACK_HOSTS: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_MIB: Final = 2**20

NameList = Annotated[tuple[str, ...], NoDecode]
"""Several names; in the environment, separated by commas."""


class Group(BaseModel):
    """A table of the TOML file."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def split_commas(value: Any) -> Any:
    """Turn the environment's "a, b" into a list; a TOML array passes through."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


class ServerSettings(Group):
    """Where the server listens, and who may use it."""

    host: str = Field(
        default="127.0.0.1",
        description="Address to listen on. Any address other than loopback needs keys, or the server refuses to start.",
    )
    port: int = Field(
        default=8000, ge=0, le=65535, description="TCP port. 0 lets the system choose a free one, which is printed."
    )
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[A-Za-z0-9.\-:\[\]]+(/[A-Za-z0-9._~\-/]*)?$",
        description="Base of the result URLs, such as `https://retouch.example.org`. Left out, each answer uses the scheme and "
        "Host of its request, which suits clients that reach the server under several names.",
    )
    api_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(),
        description="Keys that clients send as `Authorization: Bearer KEY`, each of 16 characters or more. Prefer "
        "`api_key_hashes` where the configuration is written down.",
    )
    api_key_hashes: NameList = Field(
        default=(), description="SHA-256 of further keys, as 64 hexadecimal digits: `printf %s KEY | sha256sum`."
    )
    admin_key_hashes: NameList = Field(
        default=(),
        description="SHA-256 of keys that may also use the admin API (`/admin/v1`): to make the first keys from elsewhere. "
        "`retouch keys create --scope admin` makes one that can be disabled without a restart.",
    )
    cors_origins: NameList = Field(
        default=(),
        description="Web origins that may call the API from a browser, such as `https://app.example.org`, or `*`. Left out: "
        "every origin where keys are needed (a page without the key gets nowhere), pages on this machine where they are not.",
    )
    trusted_proxies: NameList = Field(
        default=("127.0.0.1", "::1"),
        description="Addresses of reverse proxies whose `X-Forwarded-Proto` and `X-Forwarded-For` are believed.",
    )
    shutdown_seconds: float = Field(
        default=30,
        ge=0,
        le=3600,
        description="Seconds that running requests get to finish when the server is told to stop.",
    )
    drain_seconds: float = Field(
        default=0,
        ge=0,
        le=600,
        description="Seconds that a server which was told to stop goes on accepting requests, while `/ready` answers 503 and "
        "all answers close their connections, so that a load balancer sends its clients elsewhere. 0 where there is none.",
    )
    reuse_port: bool = Field(
        default=False,
        description="Whether another server may listen on the same port at the same time, as during a restart without a gap. "
        "Off, so that a second server that was started by mistake is refused. A socket from systemd serves better.",
    )

    _split = field_validator(
        "api_keys", "api_key_hashes", "admin_key_hashes", "cors_origins", "trusted_proxies", mode="before"
    )(split_commas)

    @field_validator("api_keys")
    @classmethod
    def _long_enough(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(set("[]\"' ") & set(key.get_secret_value()) for key in keys):
            raise ValueError("keys are separated by commas, without brackets, quotes or spaces")
        if any(len(key.get_secret_value()) < 16 for key in keys):
            raise ValueError("a key needs at least 16 characters; `openssl rand -hex 24` makes one")
        return keys

    @field_validator("api_key_hashes", "admin_key_hashes")
    @classmethod
    def _sha256(cls, hashes: tuple[str, ...]) -> tuple[str, ...]:
        lowered = tuple(item.lower() for item in hashes)
        if any(len(item) != 64 or set(item) - set("0123456789abcdef") for item in lowered):
            raise ValueError("a hash has 64 hexadecimal digits; `printf %s KEY | sha256sum` makes one")
        return lowered

    @property
    def key_digests(self) -> frozenset[str]:
        """SHA-256 of every key that is let in, in hexadecimal. Empty when none is configured."""
        hashed = (hashlib.sha256(key.get_secret_value().encode()).hexdigest() for key in self.api_keys)
        return frozenset(hashed) | frozenset(self.api_key_hashes) | frozenset(self.admin_key_hashes)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host in _LOOPBACK_HOSTS


class LimitSettings(Group):
    """What one request may cost."""

    max_body_bytes: int = Field(
        default=100 * _MIB,
        ge=1024,
        description="Bytes of a request body. The default holds four photos of 18 MiB as data URIs.",
    )
    max_image_bytes: int = Field(
        default=32 * _MIB,
        ge=1024,
        description="Bytes of one input picture, sent or fetched. Camera JPEGs have 5 to 20 MiB.",
    )
    max_image_pixels: int = Field(
        default=64_000_000,
        ge=1,
        description="Pixels of one input picture, checked before it is decoded. The default takes a 61-megapixel camera.",
    )
    body_timeout_seconds: float = Field(
        default=60,
        gt=0,
        description="Seconds in which a request body must arrive, so that slow senders can't hold all places.",
    )
    fetch_timeout_seconds: float = Field(
        default=20, gt=0, description="Seconds in which one picture's URL must deliver."
    )
    max_concurrent_uploads: int = Field(
        default=4,
        ge=1,
        description="Request bodies that are read or whose pictures are fetched at the same time; times `max_body_bytes`, "
        "this bounds the memory they take. Further requests wait.",
    )
    isolate_decoding: bool = Field(
        default=True,
        description="Whether pictures are decoded in child processes with caps on memory and time, which can open no file and no "
        "connection. False decodes in the server itself: a few ms faster, and a flaw in a decoder is a flaw in the server.",
    )
    decoder_processes: int = Field(
        default=2,
        ge=1,
        le=64,
        description="Such child processes at a time, in each process that decodes. They start with the first picture. Each takes "
        "60 MiB, and while it decodes what the picture needs.",
    )
    decode_memory_bytes: int = Field(
        default=2048 * _MIB,
        ge=64 * _MIB,
        description="Address space that decoding one picture may take. A transparent picture of 64 megapixels needs 1.3 GiB.",
    )
    decode_timeout_seconds: float = Field(
        default=30,
        gt=0,
        description="Seconds in which one picture must be decoded. A photo of 12 megapixels takes 0.15 s.",
    )
    max_header_bytes: int = Field(
        default=32 * 1024,
        ge=4096,
        le=_MIB,
        description="Bytes of a request's line and headers. Proxies let through 8 to 32 KiB.",
    )
    max_headers: int = Field(
        default=100, ge=10, description="Headers of a request. Browsers and clients send 10 to 30."
    )
    header_timeout_seconds: float = Field(
        default=15,
        gt=0,
        description="Seconds in which a request's headers must arrive, counted from their first byte.",
    )
    idle_timeout_seconds: float = Field(
        default=30,
        gt=0,
        description="Seconds for which a client may leave an answer lying without reading any of it.",
    )
    max_connections: int = Field(
        default=1000,
        ge=1,
        description="Connections at a time; one more is closed. Each takes a file descriptor: see `ulimit -n`.",
    )

    def isolation(self) -> IsolationRules | None:
        """Return how pictures are decoded apart from the server; None where they are not."""
        if not self.isolate_decoding:
            return None
        return IsolationRules(
            children=self.decoder_processes,
            memory_bytes=self.decode_memory_bytes,
            seconds=self.decode_timeout_seconds,
            max_pixels=max(self.max_image_pixels, DecodeLimits().max_pixels),
        )


class QueueSettings(Group):
    """How edits wait and run."""

    workers: int = Field(
        default=1,
        ge=0,
        le=64,
        description="Edits that run at the same time in this process. One edit already uses several cores. 0 only accepts, for "
        "another process on the same data directory to run.",
    )
    max_waiting: int = Field(
        default=32, ge=1, description="Edits that may wait. One more is answered with 429 and a `Retry-After`."
    )
    max_waiting_per_key: int = Field(
        default=0,
        ge=0,
        description="Edits that may wait of one API key; one more is answered with 429. 0 sets no limit but `max_waiting`. "
        "Keys are served in turns either way, so that one with many edits does not hold up the others.",
    )
    abort_on_disconnect: bool = Field(
        default=True,
        description="Whether an edit is stopped when its caller, who was waiting for it, goes away. One with a webhook or an "
        "`Idempotency-Key` goes on in any case, since its caller can still get it. False finishes every edit.",
    )
    deadline_seconds: float = Field(
        default=300,
        gt=0,
        description="Seconds from acceptance in which an edit must be finished; then it is stopped and fails.",
    )
    lease_seconds: float = Field(
        default=30,
        ge=1,
        description="Seconds without a sign of life after which a running edit counts as stalled and is run again.",
    )
    max_attempts: int = Field(
        default=2,
        ge=1,
        description="How often an edit is started in all, when the process that ran it died. After that it fails with the code "
        "`engine_crashed`, so that an edit that kills its worker can't kill every worker for ever.",
    )


class EngineSettings(Group):
    """Which engine carries out edits."""

    default: str = Field(default="builtin", min_length=1, description="Name of the engine for requests that name none.")
