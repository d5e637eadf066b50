"""News of jobs within a process."""

from retouch.jobs import signals
from retouch.jobs.signals import JobSignals


def test_news_reaches_who_begins_to_watch_a_moment_later():
    news = JobSignals()
    heard = []
    news.job_changed("a")
    with news.watching("a", lambda: heard.append("a")), news.watching("b", lambda: heard.append("b")):
        assert heard == ["a"]
        news.job_changed("b")
    assert heard == ["a", "b"]


def test_old_news_is_forgotten(monkeypatch):
    monkeypatch.setattr(signals, "_REMEMBERED_JOBS", 2)
    news = JobSignals()
    heard = []
    for job_id in ("a", "b", "a", "c"):
        news.job_changed(job_id)
    for job_id in ("a", "b", "c"):
        with news.watching(job_id, lambda: heard.append(job_id)):  # noqa: B023 - called at once or never
            pass
    assert heard == ["a", "c"]
