"""The database before migrations were kept: the tables as ``create_all`` made them, and rows as they were dumped then."""

import json

import sqlalchemy as sa

METADATA = sa.MetaData()

JOBS = sa.Table(
    "jobs",
    METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("engine", sa.String(64), nullable=False),
    sa.Column("request", sa.JSON, nullable=False),
    sa.Column("input_digests", sa.JSON, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("deadline_at", sa.Float, nullable=False),
    sa.Column("started_at", sa.Float),
    sa.Column("finished_at", sa.Float),
    sa.Column("worker_id", sa.String(64)),
    sa.Column("lease_until", sa.Float),
    sa.Column("abort_requested", sa.Boolean, nullable=False),
    sa.Column("progress", sa.JSON(none_as_null=True)),
    sa.Column("result", sa.JSON(none_as_null=True)),
    sa.Column("problem", sa.JSON(none_as_null=True)),
    sa.Index("jobs_by_state", "state", "created_at"),
)

WEBHOOKS = sa.Table(
    "webhooks",
    METADATA,
    sa.Column("job_id", sa.String(64), primary_key=True),
    sa.Column("dialect", sa.String(32), nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("base_url", sa.Text, nullable=False),
    sa.Column("secret", sa.Text),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_attempt_at", sa.Float, nullable=False),
    sa.Column("last_outcome", sa.Text),
    sa.Column("delivered_at", sa.Float),
    sa.Index("webhooks_by_state", "state", "next_attempt_at"),
)

_REQUEST = """{"prompt": "Add a bird", "num_images": 1, "seed": 7, "aspect_ratio": "16:9", "size": "preset",
"output_format": "png", "guidance_scale": null, "safety_tolerance": 2, "preserve": "auto", "explain": false,
"generation": {"num_inference_steps": null, "negative_prompt": null, "true_cfg_scale": null, "strength": null,
"max_sequence_length": null, "loras": [], "preview_every": null}, "model": "flux/kontext-max/image-to-image"}"""
_RESULT = """{"images": [{"name": "a.png", "media_type": "image/png", "size_bytes": 10, "width": 4, "height": 3, "seed": 7,
"changed_share": 0.25, "mask_name": null, "has_nsfw_concepts": false, "preserve_report": null, "turns": 1,
"touched_share": null}], "prompt": "Add a bird", "seed": 7, "engine": "builtin/1",
"interpretation": {"plan": [], "resolutions": [], "notes": []}, "timings": {"engine": 0.5}, "notes": []}"""
_INPUTS = """["d1", {"picture": "d2", "first": "d3", "lineage": "d4", "mask": null}]"""
_PROGRESS = """{"step": 1, "total": 3, "label": "painting", "seconds_left": null, "preview_png": null}"""
_PROBLEM = """{"code": "engine_failed", "message": "It failed.", "retryable": true, "details": {}}"""


def job_row(job_id: str, state: str, **more: object) -> dict[str, object]:
    """A row with every column of that time."""
    row = {
        "id": job_id,
        "state": state,
        "engine": "builtin",
        "request": json.loads(_REQUEST),
        "input_digests": json.loads(_INPUTS),
        "attempts": 0,
        "created_at": 1000.0,
        "deadline_at": 1300.0,
        "abort_requested": False,
        "started_at": None,
        "finished_at": None,
        "worker_id": None,
        "lease_until": None,
        "progress": None,
        "result": None,
        "problem": None,
    }
    return {**row, **more}


def fill(engine: sa.Engine) -> None:
    """Make the tables, as ``create_all`` made them, with a job in each state that matters and a webhook that is due."""
    METADATA.create_all(engine)
    started = {"attempts": 1, "started_at": 1000.0, "worker_id": "w1"}
    rows = [
        job_row("waiting", "queued"),
        job_row("running", "running", **started, lease_until=1030.0, progress=json.loads(_PROGRESS)),
        job_row("done", "succeeded", **started, finished_at=1000.0, result=json.loads(_RESULT)),
        job_row("failed", "failed", **started, finished_at=1000.0, problem=json.loads(_PROBLEM)),
    ]
    webhook = {
        "job_id": "done",
        "dialect": "fal",
        "url": "https://example.org/told",
        "base_url": "http://127.0.0.1",
        "state": "pending",
        "attempts": 0,
        "next_attempt_at": 1000.0,
    }
    with engine.begin() as connection:
        connection.execute(sa.insert(JOBS), rows)
        connection.execute(sa.insert(WEBHOOKS), webhook)
