"""What /metrics says: valid for Prometheus' own tools, complete, and there when a store is away."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from django.db import OperationalError
from django.utils import timezone
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from billing.models import StripeEvent
from billing.types import EventState
from codetags import keys as code_keys
from codetags.services.excluded_hits import exclude_hit
from codetags.types import Reason as CodeReason
from kv.errors import StoreUnavailable
from kv.monitoring.collectors import Collector
from kv.store.connection import call
from kv.store.node_health import measure_nodes
from kv.times import to_ms
from kv.work.duties import Duty, run_duty
from kv.work.states import note_worker
from stats.services.payment_code_counts import record_payment_code
from stats.services.totals import adjust_figure, reset_figures
from stats.services.usage import record_usage
from stats.services.visits import exclude_visit, record_visit
from stats.types import Reason
from tests.faults.servers import own_server
from tests.site_client import SiteClient
from tests.stats.callers import service_token

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_counts")]

Samples = dict[str, float]
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@pytest.fixture
def token(store: Any) -> str:
    return service_token("prometheus", "stats.view_statistics")


def answer(token: str, **headers: str) -> Any:
    return SiteClient().get("/metrics", headers={"Authorization": f"Token {token}", **headers})


def scrape(token: str) -> Samples:
    """Every sample by name and labels: `name{label="value"}`."""
    found = answer(token)
    assert found.status_code == 200
    return read(parse_text(found.content.decode()))


def read(families: Iterable[Any]) -> Samples:
    return {
        sample.name + "".join(f"{{{name}={value}}}" for name, value in sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def some_of_everything() -> None:
    record_visit(address="203.0.113.7")
    exclude_visit(address="203.0.113.8", reason=Reason.BOT)
    record_payment_code(id="one", amount_cents=1250)
    record_usage(tool="payment-qr")
    exclude_hit(code="DEMO", reason=CodeReason.BOT)
    note_worker("one")
    run_duty(Duty("site_attempts", every=3600, lease=60, run=lambda: None))
    SiteClient().get("/api/stats")
    SiteClient().get("/nothing")


class TestFormat:
    def test_the_text_is_prometheus(self, token: str) -> None:
        some_of_everything()
        found = answer(token)
        assert found["Content-Type"].startswith("text/plain; version=0.0.4")
        names = [family.name for family in parse_text(found.content.decode())]
        assert len(names) == len(set(names)) > 30

    def test_openmetrics_for_who_asks_for_it(self, token: str) -> None:
        some_of_everything()
        found = answer(token, Accept=OPENMETRICS)
        assert found["Content-Type"].startswith("application/openmetrics-text")
        assert len(list(parse_openmetrics(found.content.decode()))) > 30  # type: ignore[no-untyped-call] # the library has no types here

    def test_labels_hold_no_path_and_no_address(self, token: str) -> None:
        for path in ("/api/tokens/holds/secret-hold-1", "/wp-admin/setup.php", "/accounts/login?next=/x"):
            SiteClient(REMOTE_ADDR="203.0.113.99").get(path)
        text = answer(token).content.decode()
        for word in ("secret-hold-1", "wp-admin", "203.0.113", "next="):
            assert word not in text


class TestFigures:
    def test_requests_by_route_and_status(self, token: str) -> None:
        before = scrape(token)
        for _ in range(3):
            SiteClient().get("/api/stats")
        SiteClient().get("/api/none")
        after = scrape(token)

        def grown(name: str) -> float:
            return after[name] - before.get(name, 0)

        assert grown("countinghouse_http_requests_total{method=GET}{route=stats_api:stats}{status=200}") == 3
        assert grown("countinghouse_http_requests_total{method=GET}{route=other}{status=404}") == 1
        assert grown("countinghouse_http_requests_total{method=GET}{route=metrics}{status=200}") == 1
        histogram = "countinghouse_http_request_duration_seconds"
        labels = "{route=stats_api:stats}{status=200}"
        assert grown(f"{histogram}_count{labels}") == grown(f"{histogram}_bucket{{le=+Inf}}{labels}") == 3
        assert grown(f"{histogram}_sum{labels}") > 0

    def test_the_store_by_node(self, token: str) -> None:
        found = scrape(token)
        up = {name: value for name, value in found.items() if name.startswith("countinghouse_store_up")}
        assert up
        assert set(up.values()) == {1}
        assert found["countinghouse_store_writable"] == found["countinghouse_database_up"] == 1
        assert 0 < found["countinghouse_store_write_seconds"] < 60
        for name in ("ping_seconds", "memory_bytes", "clients", "replicas", "persistence_ok"):
            assert any(sample.startswith(f"countinghouse_store_{name}{{node=") for sample in found), name

    def test_duties_and_workers(self, token: str) -> None:
        found = scrape(token)
        assert found["countinghouse_workers"] == 0
        assert "countinghouse_duty_last_run_timestamp_seconds{duty=site_attempts}" not in found
        note_worker("one")
        run_duty(Duty("site_attempts", every=3600, lease=60, run=lambda: None))
        with pytest.raises(LookupError):
            run_duty(Duty("billing_work", every=5, lease=60, run=_fail))
        found, now = scrape(token), timezone.now().timestamp()
        assert found["countinghouse_workers"] == 1
        assert abs(found["countinghouse_worker_last_seen_timestamp_seconds"] - now) < 60
        assert abs(found["countinghouse_duty_last_run_timestamp_seconds{duty=site_attempts}"] - now) < 60
        assert abs(found["countinghouse_duty_next_run_timestamp_seconds{duty=site_attempts}"] - now - 3600) < 60
        assert found["countinghouse_duty_runs_total{duty=site_attempts}"] == 1
        assert found["countinghouse_duty_failures_total{duty=site_attempts}"] == 0
        assert found["countinghouse_duty_failures_total{duty=billing_work}"] == 1
        assert found["countinghouse_duty_consecutive_failures{duty=billing_work}"] == 1
        assert found["countinghouse_duty_interval_seconds{duty=billing_work}"] == 5
        assert found["countinghouse_duty_lease_seconds{duty=billing_work}"] == 0

    def test_the_outbox(self, token: str) -> None:
        assert scrape(token)["countinghouse_outbox_oldest_age_seconds"] == 0
        for number, minutes in enumerate((5, 1, 20)):  # the last one was refused, and put behind the others
            at = to_ms(timezone.now() - timedelta(minutes=minutes))
            call("RPUSH", code_keys.outbox(), f"id{number} DEMO {at}")
        call("RPUSH", code_keys.outbox_parked(), "id9 DEMO 1700000000000")
        call("HSET", code_keys.outbox_state(), "dropped", 7, "failures", 2)
        found = scrape(token)
        states = ("waiting", "parked", "dropped")
        assert [found[f"countinghouse_outbox_events{{state={state}}}"] for state in states] == [3, 1, 7]
        assert 1190 < found["countinghouse_outbox_oldest_age_seconds"] < 1300
        assert found["countinghouse_outbox_consecutive_failures"] == 2

    def test_the_inbox(self, token: str) -> None:
        now = timezone.now()
        for number, state in enumerate((EventState.RECEIVED, EventState.FAILED, EventState.PARKED, EventState.PARKED)):
            event = StripeEvent.objects.create(
                event_id=f"evt_{number}", type="x", state=state.value, happened_at=now, due_at=now
            )
            StripeEvent.objects.filter(pk=event.pk).update(received_at=now - timedelta(hours=1))
        found = scrape(token)
        counts = {state: found[f"countinghouse_inbox_events{{state={state.value}}}"] for state in EventState}
        assert counts == {
            EventState.RECEIVED: 1, EventState.PROCESSING: 0, EventState.DONE: 0, EventState.FAILED: 1,
            EventState.PARKED: 2,
        }  # fmt: skip
        assert 3590 < found["countinghouse_inbox_oldest_age_seconds"] < 3700

    def test_what_runs(self, token: str) -> None:
        (name,) = [name for name in scrape(token) if name.startswith("countinghouse_build_info")]
        assert "{django=" in name
        assert "{python=3." in name
        assert "{version=0." in name or "{version=1." in name

    def test_counters_never_go_down(self, token: str) -> None:
        some_of_everything()
        counters = [name for name in scrape(token) if name.endswith("_total") or "_total{" in name]
        before = scrape(token)
        adjust_figure(figure="revenue_cents", delta=-1000, reason="test", id="a")
        between = scrape(token)
        list(reset_figures())
        after = scrape(token)
        for name in counters:
            assert before[name] <= between[name] <= after[name], name
        assert between["countinghouse_adjustments{figure=revenue_cents}"] == -1000
        assert after["countinghouse_adjustments{figure=revenue_cents}"] == -1250


def _fail() -> None:
    raise LookupError


class TestAway:
    def test_the_store(self, token: str) -> None:
        some_of_everything()
        away = StoreUnavailable("away")
        with (
            patch("kv.store.health.call_write", side_effect=away),
            patch("kv.store.node_health.Node.ask", side_effect=away),
            patch("kv.store.client.LeanClient.send_one", side_effect=away) as asked,
        ):
            found = scrape(token)
        assert asked.call_count == 0  # what is known to be away is not asked again for each figure
        assert found["countinghouse_store_writable"] == 0
        assert {value for name, value in found.items() if name.startswith("countinghouse_store_up")} == {0}
        assert found["countinghouse_collector_success{collector=stats}"] == 0
        assert found["countinghouse_collector_success{collector=inbox}"] == 1
        assert found["countinghouse_collector_success{collector=requests}"] == 1
        assert "countinghouse_visitors_total" not in found
        assert "countinghouse_inbox_events{state=failed}" in found

    def test_the_store_that_goes_away_meanwhile(self, token: str) -> None:
        with patch("kv.monitoring.own.read_duties", side_effect=StoreUnavailable("away")):
            found = scrape(token)
        assert found["countinghouse_store_writable"] == 1
        assert found["countinghouse_collector_success{collector=duties}"] == 0
        assert found["countinghouse_collector_success{collector=stats}"] == 0

    def test_the_database_for_a_caller_who_is_known(self, token: str) -> None:
        some_of_everything()
        scrape(token)
        gone = OperationalError("gone")
        with patch("kv.sql.statements.Statement.fetch", side_effect=gone), _no_database():
            found = scrape(token)
            stranger = answer("f" * 64)
        assert found["countinghouse_database_up"] == 0
        assert found["countinghouse_visitors_total"] == 1
        assert found["countinghouse_collector_success{collector=inbox}"] == 0
        assert (stranger.status_code, stranger.json()["code"]) == (503, "database_unavailable")

    def test_a_caller_who_was_never_permitted_is_not_known(self, token: str) -> None:
        other = service_token("shop", "stats.record_qr")
        assert answer(other).status_code == 403
        gone = OperationalError("gone")
        with patch("kv.sql.statements.Statement.fetch", side_effect=gone), _no_database():
            assert answer(other).status_code == 503
            assert answer(token).status_code == 503  # never seen here before
            assert SiteClient().get("/metrics").status_code == 401

    def test_a_defect_of_one_collector_hides_no_others(self, token: str) -> None:
        broken = Collector("broken", (), lambda: 1 / 0)  # type: ignore[arg-type,return-value] # it fails on purpose
        with patch("kv.monitoring.metrics.installed_collectors", return_value=[broken]):
            found = scrape(token)
        assert found["countinghouse_collector_success{collector=broken}"] == 0
        assert found["countinghouse_collector_success{collector=workers}"] == 1


def _no_database() -> Any:
    return patch("kv.monitoring.metrics.database_answers", side_effect=AssertionError("it is known to be away"))


class TestNodes:
    def test_one_that_is_frozen_or_gone_is_down(self) -> None:
        with own_server(timeout_ms=250) as broken:
            assert [node.ok for node in measure_nodes()] == [True]
            with broken.frozen():
                (node,) = measure_nodes()
                assert (node.ok, node.seconds, node.memory) == (False, None, None)
            (node,) = measure_nodes()
            assert node.ok
            assert node.role == "primary"
            assert node.persistent is True

    def test_where_info_is_forbidden_it_is_up(self, store: Any) -> None:
        with patch("kv.store.node_health.node_info", return_value={}):
            nodes = measure_nodes()
        assert all(node.ok and node.seconds and node.memory is None and node.persistent is None for node in nodes)
