"""One trace, and one page of numbers, over the processes of a real server."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
HOPS = {
    "http.request": "api",
    "fetch": "api",
    "enqueue": "api",
    "job": "worker",
    "claim": "worker",
    "decode": "worker",
    "engine.edit": "worker",
    "preserve.composite": "worker",
    "save": "worker",
    "finish": "worker",
}


@dataclass
class Collector:
    """What an OpenTelemetry collector on this machine was sent."""

    url: str
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def spans(self) -> dict[tuple[str, str], tuple[str, str]]:
        """Role and name of every span of the caller's trace to the span's id in hexadecimal, and its parent's."""
        found = {}
        for body in list(self.bodies):
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                role = next(
                    each.value.string_value for each in resource.resource.attributes if each.key == "retouch.role"
                )
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        if span.trace_id.hex() == CALLER.split("-")[1]:
                            found[role, span.name] = (span.span_id.hex(), span.parent_span_id.hex())
        return found


@pytest.fixture
def collector() -> Iterator[Collector]:
    received = Collector("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.headers.append({name.lower(): value for name, value in self.headers.items()} | {"path": self.path})
            received.bodies.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    received.url = f"http://127.0.0.1:{server.server_port}"
    yield received
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.slow
def test_one_trace_runs_through_all_hops_of_both_processes(start, collector, body, wait_until) -> None:
    server = start(
        RETOUCH_TELEMETRY__OTLP_ENDPOINT=collector.url, RETOUCH_TELEMETRY__OTLP_HEADERS="x-collector-key=let-me-in"
    )
    asked = body(prompt="paint Wilhelmina's moustache")
    headers = {"authorization": "Bearer a-key-that-nobody-sees", "traceparent": CALLER}
    answer = httpx2.post(f"{server.url}/v1/images/generations", json=asked, headers=headers, timeout=60)
    assert answer.status_code == 200
    expected = {(role, name) for name, role in HOPS.items()}
    wait_until(lambda: expected <= set(collector.spans()), seconds=60)

    spans = collector.spans()
    assert spans["api", "http.request"][1] == CALLER.split("-")[2]
    assert spans["worker", "job"][1] == spans["api", "enqueue"][0]
    for name in ("claim", "decode", "engine.edit", "preserve.composite", "save", "finish"):
        assert spans["worker", name][1] == spans["worker", "job"][0]
    assert all(each["x-collector-key"] == "let-me-in" and each["path"] == "/v1/traces" for each in collector.headers)
    sent = b"".join(collector.bodies)
    for secret in (b"Wilhelmina", b"nobody-sees", b"base64", b"/files/"):
        assert secret not in sent


@pytest.mark.slow
def test_a_collector_that_is_away_takes_nothing_down(start, body) -> None:
    server = start(RETOUCH_TELEMETRY__OTLP_ENDPOINT="http://127.0.0.1:9")
    assert server.post(body()).status_code == 200
    assert server.stop() == 0


@pytest.mark.slow
def test_what_worker_processes_count_is_on_the_page_of_the_api(start, body, wait_until) -> None:
    server = start()
    for seed in (1, 2, 3):
        assert server.post(body(seed=seed)).status_code == 200

    def numbers() -> dict[str, float]:
        page = httpx2.get(f"{server.url}/metrics", timeout=30).text
        samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
        return {f"{each.name}{sorted(each.labels.values())}": each.value for each in samples}

    wait_until(lambda: numbers().get("retouch_jobs_ended_total['fake', 'succeeded']") == 3, seconds=30)
    found = numbers()
    assert found["retouch_processes['api']"] == 1
    assert found["retouch_processes['worker']"] >= 1
    assert found["retouch_jobs_accepted_total['fake']"] == 3
    assert found["retouch_job_hop_seconds_count['engine']"] == 3
