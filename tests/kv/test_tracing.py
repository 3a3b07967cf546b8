"""Spans with the SDK's own exporter in memory; and nothing of OpenTelemetry where it is not installed or not wanted."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from kv.errors import StoreUnavailable
from kv.process import tracing
from kv.work.duties import Duty, run_duty
from stats.services.visits import record_visit
from tests.house.tree import ROOT
from tests.site_client import SiteClient
from tests.stats.callers import visit

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("tests"))
    return exporter


@pytest.mark.django_db
class TestRequests:
    def test_a_visit_is_a_request_and_a_script(self, store: Any, spans: InMemorySpanExporter) -> None:
        answer = visit(SiteClient(), traceparent=PARENT, X_Request_ID="mine-1")
        assert answer.json()["counted"]
        script, request = spans.get_finished_spans()
        assert (script.name, request.name) == ("stats.record_visit", "POST stats_api:visit")
        assert script.parent == request.context
        assert request.kind is SpanKind.SERVER
        assert f"{request.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
        assert dict(request.attributes or {}) == {
            "http.request.method": "POST", "http.request.id": "mine-1", "http.route": "stats_api:visit",
            "http.response.status_code": 200,
        }  # fmt: skip
        assert not script.attributes

    def test_a_trace_names_nothing_private(self, store: Any, spans: InMemorySpanExporter) -> None:
        SiteClient(REMOTE_ADDR="203.0.113.77").get("/api/none/secret-1?email=lovelace", headers={"traceparent": "x\ny"})
        text = "".join(span.to_json() for span in spans.get_finished_spans())
        for word in ("203.0.113", "secret-1", "lovelace", "none"):
            assert word not in text
        assert '"GET other"' in text

    def test_a_failure_is_an_error(
        self, store: Any, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("stats.services.figures.call", _away)
        assert SiteClient().get("/api/stats", headers={"X-Request-ID": "x"}).status_code == 503
        (request,) = spans.get_finished_spans()
        assert request.status.status_code is StatusCode.ERROR


def _away(*_: object) -> None:
    raise StoreUnavailable("secret words")


class TestDuties:
    def test_a_run_and_its_scripts(self, store: Any, spans: InMemorySpanExporter) -> None:
        run_duty(Duty("tests_traced", every=1, lease=30, run=lambda: record_visit(address="203.0.113.7").counted))
        names = [span.name for span in spans.get_finished_spans()]
        assert names == ["kv.take_lease", "stats.record_visit", "duty tests_traced", "kv.end_lease"]

    def test_a_failed_run(self, store: Any, spans: InMemorySpanExporter) -> None:
        with pytest.raises(StoreUnavailable):
            run_duty(Duty("tests_traced", every=1, lease=30, run=_away))
        (run,) = [span for span in spans.get_finished_spans() if span.name == "duty tests_traced"]
        assert run.status.status_code is StatusCode.ERROR
        assert dict(run.attributes or {}) == {"error.type": "StoreUnavailable"}
        assert "secret words" not in run.to_json()


def python(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", **variables},
    )  # fmt: skip


def test_the_site_runs_where_it_is_not_installed() -> None:
    """Imports of it would fail: redis-py imports it too where it finds it."""
    ran = python(
        "import sys; sys.modules['opentelemetry'] = None; import config.wsgi, config.web_worker; print('runs')"
    )
    assert (ran.stdout, ran.returncode) == ("runs\n", 0), ran.stderr


def test_where_it_is_not_installed_nothing_is_traced() -> None:
    ran = python(
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from kv.process import tracing; print(tracing.start_tracing())"
    )
    assert (ran.stdout, ran.returncode) == ("False\n", 0), ran.stderr


def test_a_site_that_should_send_traces_says_what_is_missing() -> None:
    ran = python("import django; django.setup()", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4318")
    assert ran.returncode != 0
    assert "OTEL_EXPORTER_OTLP_ENDPOINT: install opentelemetry-sdk" in ran.stderr
