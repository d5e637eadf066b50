"""Settings of the worker processes."""

from pydantic import Field

from retouch.settings.groups import Group

__all__ = ["WorkerSettings"]


class WorkerSettings(Group):
    """How worker processes work, and when they are replaced."""

    in_process: bool = Field(
        default=False,
        description="True runs edits in threads of the server instead of processes of their own: some 100 MiB less memory on a "
        "tiny machine, but a picture that crashes the engine then takes the server down.",
    )
    jobs_at_once: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Edits that one worker process runs side by side. More than 1 pays only with an engine that shares its steps "
        "between edits, such as `flux` with `flux.batch_size`.",
    )
    grace_seconds: float = Field(
        default=10,
        gt=0,
        le=600,
        description="Seconds that an engine gets to stop after an edit's deadline or after it was cancelled; then its process is "
        "killed and another one started. The built-in editor's longest single step takes about 3 seconds on two cores.",
    )
    memory_bytes: int = Field(
        default=0,
        ge=0,
        description="Bytes of resident memory above which a worker process is replaced; an edit that it runs is started again, "
        "within `queue.max_attempts`. 0 sets no limit, since what an engine needs depends on it. Linux only.",
    )
    recycle_after_jobs: int = Field(
        default=0,
        ge=0,
        description="Edits after which a worker process ends and another one takes its place. 0 for never: no engine of "
        "Retouch's is known to lose memory.",
    )
