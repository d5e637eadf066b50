"""The schema: made, upgraded from what shipped, agreed on by models and migrations, and refused where it is not ours."""

import subprocess
import sys

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from tests.unit.database import shipped

import retouch.database.migrations
import retouch.server.app
from retouch.database.connection import connect, metadata
from retouch.database.schema import newest_revision, status_of, upgrade
from retouch.errors import ConfigurationError, StorageError
from retouch.jobs.models import JobInput, JobState
from retouch.jobs.store import JobStore
from retouch.jobs.webhooks import WebhookStore

UPGRADE = "import sys; from retouch.database.connection import connect; from retouch.database.schema import upgrade; "
UPGRADE += "upgrade(connect(sys.argv[1]))"


def columns_of(engine: sa.Engine, table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(engine).get_columns(table)}


def test_an_empty_database_is_made(engine):
    before = status_of(engine)
    upgrade(engine)
    after = status_of(engine)
    assert (before.revision, len(before.pending) > 1) == (None, True)
    assert (after.revision, after.pending) == (after.newest, ())
    assert set(metadata.tables) <= set(sa.inspect(engine).get_table_names())


def test_the_newest_step_is_told_by_the_names_of_the_files():
    (folder,) = retouch.database.migrations.__path__
    assert newest_revision() == ScriptDirectory(folder).get_current_head()


def test_a_start_with_a_current_database_loads_no_alembic(tmp_path):
    url = f"sqlite:///{tmp_path / 'jobs.sqlite'}"
    upgrade(connect(url))
    code = f"{UPGRADE}; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code, url], check=False).returncode == 0


def test_models_and_migrations_agree(engine):
    upgrade(engine)

    def same_default(context, found, wanted, *_):
        return False if isinstance(wanted.type, sa.JSON) else None  # which PostgreSQL can't compare

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": same_default})
        assert compare_metadata(context, metadata) == []


def test_an_upgrade_that_has_been_made_changes_nothing(engine):
    shipped.fill(engine)
    upgrade(engine)
    upgrade(engine)
    assert status_of(engine).pending == ()
    assert JobStore(engine).count(JobState.QUEUED) == 1


def test_a_database_of_the_version_before_keeps_its_jobs(engine):
    shipped.fill(engine)
    upgrade(engine)

    store = JobStore(engine, clock=lambda: 1010.0)
    waiting = store.get("waiting")
    assert (waiting.caller.key_id, waiting.request.aspect_ratio) == ("anyone", "16:9")
    assert waiting.inputs == (JobInput("d1"), JobInput("d2", "d3", "d4"))
    assert store.get("running").progress.label == "painting"
    assert store.get("done").result.images[0].name == "a.png"
    assert store.get("failed").problem.message == "It failed."
    assert store.claim("w2", lease_seconds=30).id == "waiting"
    assert store.finish("running", "w1", JobState.CANCELLED, None).state is JobState.CANCELLED
    assert WebhookStore(engine, clock=lambda: 1010.0).claim_due(lease_seconds=30).job_id == "done"


def test_a_process_of_the_version_before_goes_on_beside_a_new_one(engine):
    shipped.fill(engine)
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(shipped.JOBS), shipped.job_row("late", "queued", created_at=999.0))
    assert JobStore(engine).claim("w", lease_seconds=30).id == "late"


def test_a_database_that_webhooks_were_never_in_gets_them(engine):
    shipped.METADATA.create_all(engine, tables=[shipped.JOBS])
    upgrade(engine)
    assert "delivered_at" in columns_of(engine, "webhooks")


def test_a_database_of_a_newer_version_is_refused(engine):
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    for attempt in (upgrade, status_of):
        with pytest.raises(ConfigurationError, match="9999, which a newer version of Retouch made"):
            attempt(engine)


def test_a_database_of_another_program_is_refused_and_left_alone(engine):
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE jobs (id INTEGER, salary INTEGER)"))
    with pytest.raises(ConfigurationError, match="another program's"):
        upgrade(engine)
    assert sa.inspect(engine).get_table_names() == ["jobs"]


def test_an_upgrade_that_fails_half_way_has_changed_nothing(engine):
    shipped.fill(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE INDEX jobs_by_end ON jobs (finished_at)"))  # which a step is going to make
    with pytest.raises(StorageError):
        upgrade(engine)
    assert "owner" not in columns_of(engine, "jobs")
    assert status_of(engine).revision is None


@pytest.mark.slow
def test_of_processes_that_start_together_one_upgrades_and_all_go_on(url, engine):
    shipped.fill(engine)
    started = [subprocess.Popen([sys.executable, "-c", UPGRADE, url], stderr=subprocess.PIPE) for _ in range(3)]
    said = [process.communicate(timeout=120)[1].decode() for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], said
    assert status_of(engine).pending == ()
    assert JobStore(engine).get("done").state is JobState.SUCCEEDED


@pytest.mark.slow
def test_processes_that_start_together_on_nothing_make_it_once(url, engine):
    started = [subprocess.Popen([sys.executable, "-c", UPGRADE, url], stderr=subprocess.PIPE) for _ in range(3)]
    said = [process.communicate(timeout=120)[1].decode() for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], said
    assert status_of(engine).pending == ()


def test_a_file_whose_path_has_odd_characters_is_upgraded(tmp_path):
    folder = tmp_path / "100% o'clock?#"
    folder.mkdir()
    engine = connect(sa.URL.create("sqlite", database=str(folder / "jobs.sqlite")).render_as_string())
    upgrade(engine)
    assert (folder / "jobs.sqlite").exists()
    engine.dispose()
