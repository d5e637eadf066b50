"""What the contracts of the queue put in, and how they take it out."""

from retouch.jobs.models import Job, JobInput, JobResult, ResultImage
from retouch.jobs.store import JobStore
from retouch.types import EditRequest, OutputFormat

LEASE = 30.0
REQUEST = EditRequest(
    "Add a bird", seed=7, num_images=2, output_format=OutputFormat.PNG, aspect_ratio="16:9", explain=True
)
ANSWER = JobInput("answer", "first", "lineage")
RESULT = JobResult(
    images=(
        ResultImage("a.png", "image/png", 10, 4, 3, 7, 0.25, mask_name="m.png", preserve_report={"kind": "known"}),
    ),
    prompt="Add a bird",
    seed=7,
    engine="fake/1",
    interpretation={"plan": [], "resolutions": [], "notes": ["a note"]},
    timings={"engine": 0.5},
    notes=("Picture 1: grey",),
)


def claim(store: JobStore, worker: str = "w1") -> Job:
    job = store.claim(worker, lease_seconds=LEASE)
    assert job is not None
    return job
