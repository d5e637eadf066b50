import asyncio
import builtins

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from retouch.errors import ConfigurationError, UnsupportedInstructionError
from retouch.telemetry.otel import OtelTracer, TraceOptions, create_tracer
from retouch.telemetry.spans import span, traceparent, tracing

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def traced():
    """Record spans in memory; return how to read those that have ended."""
    exporter = InMemorySpanExporter()
    tracer = OtelTracer(SimpleSpanProcessor(exporter), "test")
    with tracing(tracer):
        yield exporter.get_finished_spans
    tracer.close()


def test_without_a_tracer_there_is_no_trace() -> None:
    with span("hop"):
        assert traceparent() is None


def test_spans_nest_and_follow_a_callers_trace(traced) -> None:
    with span("outer", parent=CALLER, kind="server"), span("inner", engine="fake"):
        pass
    inner, outer = traced()
    assert f"{outer.context.trace_id:032x}" == CALLER.split("-")[1]
    assert f"{outer.parent.span_id:016x}" == CALLER.split("-")[2]
    assert inner.parent.span_id == outer.context.span_id
    assert inner.attributes == {"retouch.engine": "fake"}


def test_a_trace_goes_on_in_another_process_under_the_text_that_it_was_given(traced) -> None:
    with span("here"):
        handed_over = traceparent()
    with span("there", parent=handed_over):
        pass
    here, there = traced()
    assert there.context.trace_id == here.context.trace_id
    assert there.parent.span_id == here.context.span_id


def test_a_caller_who_does_not_want_a_trace_gets_none(traced) -> None:
    with span("outer", parent=CALLER[:-2] + "00"):
        assert traceparent().endswith("-00")
    assert traced() == ()


def test_a_thread_of_the_event_loop_belongs_to_its_task(traced) -> None:
    async def serve() -> None:
        with span("request"):
            await asyncio.to_thread(work)

    def work() -> None:
        with span("hop"):
            pass

    asyncio.run(serve())
    hop, request = traced()
    assert hop.parent.span_id == request.context.span_id


def test_an_error_is_named_but_its_text_with_the_prompt_is_not_kept(traced) -> None:
    with pytest.raises(UnsupportedInstructionError), span("engine.edit"):
        raise UnsupportedInstructionError([], ["my secret wish"], "Ask for something else.")
    (failed,) = traced()
    assert failed.attributes["error.type"] == "unsupported_instruction"
    assert "secret" not in failed.to_json()


def test_a_span_can_begin_before_it_was_known_where_it_belongs(traced) -> None:
    with span("claim", parent=CALLER, started_at=1_700_000_000.5):
        pass
    (claim,) = traced()
    assert claim.start_time == 1_700_000_000_500_000_000


def test_without_the_extra_the_operator_is_told_what_to_install(monkeypatch) -> None:
    real = builtins.__import__

    def without_otel(name, *args, **kwargs):
        if name.startswith("opentelemetry"):
            raise ModuleNotFoundError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_otel)
    with pytest.raises(ConfigurationError, match=r"retouch\[telemetry\]"):
        create_tracer(TraceOptions("http://127.0.0.1:4318"), "api")
