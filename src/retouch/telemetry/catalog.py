"""Every measure of the service: its name, kind, labels and unit. The page of the operator and the exposition follow from it.

Labels are bounded: by an enumeration, by what the operator configured, by the routes, or by ``MOST_SERIES``.
"""

import enum
from dataclasses import dataclass
from typing import Final

__all__ = ["ALL_MEASURES", "MOST_SERIES", "Kind", "Measure"]

MOST_SERIES: Final = 400
"""Label sets of one measure that a process tells apart; what comes after these is counted under ``other``."""

_FAST: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_SLOW: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)


class Kind(enum.StrEnum):
    """What a measure is to Prometheus."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that is counted or measured.

    Attributes
    ----------
    name : str
        As Prometheus knows it; a counter's without ``_total``.
    kind : Kind
    help : str
        One sentence.
    labels : tuple of str
    buckets : tuple of float
        Of a histogram: upper bounds in seconds, rising.
    is_observed : bool
        False for what is read when somebody asks, from the database or the system, rather than told by the code.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    is_observed: bool = True

    @property
    def shown_name(self) -> str:
        """The name with the ending that Prometheus gives counters."""
        return f"{self.name}_total" if self.kind is Kind.COUNTER else self.name

    @property
    def width(self) -> int:
        """How many numbers a series has: a histogram one a bucket, one beyond them, and the sum."""
        return len(self.buckets) + 2 if self.kind is Kind.HISTOGRAM else 1


def _counter(name: str, text: str, *labels: str) -> Measure:
    return Measure(f"retouch_{name}", Kind.COUNTER, text, labels)


def _seconds(name: str, text: str, *labels: str, buckets: tuple[float, ...] = _SLOW) -> Measure:
    return Measure(f"retouch_{name}_seconds", Kind.HISTOGRAM, text, labels, buckets)


def _gauge(name: str, text: str, *labels: str, is_observed: bool = True) -> Measure:
    return Measure(f"retouch_{name}", Kind.GAUGE, text, labels, is_observed=is_observed)


HTTP_REQUESTS: Final = _counter(
    "http_requests", "Requests answered, by the template of their route.", "dialect", "route", "method", "status"
)
HTTP_SECONDS: Final = _seconds(
    "http_request_duration", "From the first byte of a request to the last of its answer.", "route", buckets=_FAST
)
HTTP_IN_FLIGHT: Final = _gauge("http_requests_in_flight", "Requests that are being answered.")
REFUSALS: Final = _counter(
    "refusals", "Requests answered with a problem, by its code (the codes are those of the API).", "dialect", "code"
)
UPLOADS: Final = _gauge("uploads_in_flight", "Requests whose body or pictures are being read.")
FETCHES: Final = _counter("fetches", "Pictures fetched from URLs, by outcome: ok, or the code of the error.", "outcome")

JOBS_ACCEPTED: Final = _counter("jobs_accepted", "Edits put into the queue.", "engine")
JOBS_ENDED: Final = _counter(
    "jobs_ended", "Edits that ended: succeeded, failed, moderated, cancelled.", "engine", "state"
)
JOB_PROBLEMS: Final = _counter("job_problems", "Edits that ended with a problem, by its code.", "engine", "code")
JOB_ATTEMPTS: Final = _counter("job_attempts", "Starts of the edits that have ended.", "engine")
JOB_RERUNS: Final = _counter("job_reruns", "Starts beyond the first: the process that ran the edit died.", "engine")
WAIT_SECONDS: Final = _seconds("job_wait", "From acceptance to the start of the last attempt.", "engine")
RUN_SECONDS: Final = _seconds(
    "job_run",
    "From the start of the last attempt to its end, by what was done: the kind of the edit, several, or none.",
    "engine",
    "operation",
)
HOP_SECONDS: Final = _seconds(
    "job_hop", "Of one hop of a successful edit: queue, decode, safety, engine, preserve, encode.", "hop"
)
WAITING: Final = _gauge("jobs_waiting", "Edits that wait.", "engine", "priority", is_observed=False)
RUNNING: Final = _gauge("jobs_running", "Edits that run.", "engine", is_observed=False)
OLDEST_WAITING: Final = _gauge(
    "jobs_oldest_waiting_seconds", "For how long the edit that waits longest has waited; 0 when none waits.",
    is_observed=False,
)  # fmt: skip

CACHE: Final = _counter(
    "cache_requests", "Looks into what is remembered of pictures, by outcome: hit, miss.", "cache", "outcome"
)
PICTURE_CHECKS: Final = _counter(
    "picture_checks",
    "Pictures that were checked: passed, flagged (passed, but explicit) or refused.",
    "stage",
    "outcome",
)
WEBHOOK_ATTEMPTS: Final = _counter(
    "webhook_attempts",
    "Calls made to tell of an edit's end: delivered, pending (tried again later), given up.",
    "outcome",
)
WEBHOOKS_PENDING: Final = _gauge(
    "webhooks_pending", "Calls about ended edits that are still to be made.", is_observed=False
)
DATABASE_ERRORS: Final = _counter(
    "database_errors", "Operations that the database failed, by the class of its error.", "kind"
)

PROCESS_STARTS: Final = _counter("process_starts", "Processes of the service that began on this machine.", "role")
PROCESSES: Final = _gauge("processes", "Processes of the service that live on this machine.", "role", is_observed=False)
MEMORY: Final = _gauge(
    "process_resident_memory_bytes", "Resident memory of a process, a few seconds old.", "process", is_observed=False
)
BUILD: Final = _gauge("build_info", "Always 1; its label is the version.", "version", is_observed=False)

ALL_MEASURES: Final[tuple[Measure, ...]] = tuple(
    value for value in list(globals().values()) if isinstance(value, Measure)
)
"""All of them, in the order in which the operator's page lists them."""
