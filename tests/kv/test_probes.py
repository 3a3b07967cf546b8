"""For machines that watch the site."""

from __future__ import annotations

import re
from typing import Any
from unittest.mock import patch

import pytest
from django.db import OperationalError

from kv.errors import StoreUnavailable
from stats.services.figures import forget_figures
from stats.services.payment_code_counts import record_payment_code
from stats.services.usage import record_usage
from stats.services.visits import exclude_visit, record_visit
from stats.types import Reason
from tests.site_client import SiteClient
from tests.stats.callers import service_token, staff

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clean(store: Any) -> None:
    forget_figures()


@pytest.fixture
def client() -> SiteClient:
    return SiteClient()


class TestHealthz:
    def test_is_up_whatever_the_stores_do(self, client: SiteClient, django_assert_num_queries: Any) -> None:
        with patch("kv.store.health.call_write", side_effect=StoreUnavailable("away")), django_assert_num_queries(0):
            answer = client.get("/healthz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert "no-store" in answer["Cache-Control"]

    def test_answers_a_head_and_no_post(self, client: SiteClient) -> None:
        assert client.head("/healthz").status_code == 200
        assert client.post("/healthz").status_code == 405


class TestReadyz:
    def test_names_both_stores(self, client: SiteClient) -> None:
        answer = client.get("/readyz")
        assert answer.status_code == 200
        assert answer.json() == {"status": "ok", "stores": {"store": "ok", "database": "ok"}}

    def test_says_which_is_away(self, client: SiteClient) -> None:
        with patch("kv.store.health.call_write", side_effect=StoreUnavailable("away")):
            answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["stores"] == {"store": "unavailable", "database": "ok"}

    def test_says_so_of_the_database_too(self, client: SiteClient) -> None:
        with patch("kv.monitoring.probes.database.cursor", side_effect=OperationalError("locked")):
            answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["stores"] == {"store": "ok", "database": "unavailable"}


class TestMetrics:
    def test_are_for_who_is_permitted(self, client: SiteClient) -> None:
        assert client.get("/metrics").status_code == 401
        token = service_token("shop", "stats.record_qr")
        assert client.get("/metrics", headers={"Authorization": f"Token {token}"}).status_code == 403

    def test_are_told_to_a_service_and_to_staff(self, client: SiteClient) -> None:
        token = service_token("prometheus", "stats.view_statistics")
        assert client.get("/metrics", headers={"Authorization": f"Token {token}"}).status_code == 200
        client.force_login(staff("view_statistics"))
        assert client.get("/metrics").status_code == 200

    def test_are_prometheus_text_with_every_figure(self, client: SiteClient) -> None:
        record_visit(address="203.0.113.7")
        exclude_visit(address="203.0.113.8", reason=Reason.BOT)
        record_payment_code(id="one", amount_cents=1250)
        record_usage(tool="payment-qr")
        client.force_login(staff("view_statistics"))
        answer = client.get("/metrics")
        assert answer["Content-Type"].startswith("text/plain")
        lines = answer.content.decode().splitlines()
        for line in (
            "countinghouse_visitors_total 1.0",
            "countinghouse_payment_codes_total 1.0",
            "countinghouse_revenue_cents_total 1250.0",
            'countinghouse_tool_uses_total{tool="payment-qr"} 1.0',
            'countinghouse_left_out_today{reason="bot"} 1.0',
        ):
            assert line in lines


class TestDescription:
    def test_is_public_and_names_the_addresses(self, client: SiteClient) -> None:
        answer = client.get("/api/schema", headers={"Accept": "application/json"})
        assert answer.status_code == 200
        assert b"/api/stats/visit" in answer.content

    @pytest.mark.parametrize("path", ["/api/docs", "/api/docs/try"])
    def test_has_pages_that_load_nothing_from_elsewhere(self, client: SiteClient, path: str) -> None:
        answer = client.get(path)
        assert answer.status_code == 200
        addresses = re.findall(r'\s(?:src|href|action|srcset|data)="([^"]*)"', answer.content.decode())
        assert addresses
        assert [address for address in addresses if not re.match(r"/(?!/)|#", address)] == []


def test_a_probe_may_call_the_site_by_any_address(store: Any) -> None:
    client = SiteClient(SERVER_NAME="10.1.2.3")
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200
    assert client.get("/api/stats").status_code == 400


def test_the_schema_is_json_and_so_are_its_refusals() -> None:
    client = SiteClient()
    assert client.get("/api/schema").json()["openapi"].startswith("3.")
    refused = client.post("/api/schema")
    assert (refused.status_code, refused.json()["code"]) == (405, "method_not_allowed")
    assert client.options("/api/schema").status_code == 405
