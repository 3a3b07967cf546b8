"""GET /api/dashboard/code-tags: who may, what it says, page by page."""

from __future__ import annotations

import io
from datetime import timedelta
from ipaddress import IPv4Address
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client, override_settings
from django.utils import timezone

from codetags.models import Campaign, CodeTag
from codetags.services.counts import list_codes
from codetags.services.hits import record_hit
from codetags.services.registry import mirror_registry
from codetags.services.rollup import roll_up_days
from kv.days import local_day
from tests.codetags.callers import addresses, staff, store_away

URL = "/api/dashboard/code-tags"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clean(store: Any, midday: None) -> None:
    """Every test here needs the store empty, and one day to run in."""


def record(code: str, number: int, *, back: int = 0) -> None:
    now = timezone.now() - timedelta(days=back)
    for address in addresses(number, IPv4Address("10.0.0.0") + 1000 * back):
        record_hit(code=code, address=address, agent="Mozilla/5.0", now=now)


@pytest.fixture
def clerk(client: Client, store: Any) -> Client:
    client.force_login(staff("view_counts"))
    return client


def listed(client: Client, **query: Any) -> list[tuple[str, int]]:
    return [(code["code"], code["count"]) for code in client.get(URL, query).json()["codes"]]


class TestCallers:
    def test_nobody_in_particular(self, client: Client, store: Any) -> None:
        answer = client.get(URL)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")

    def test_staff_without_the_permission(self, client: Client, store: Any) -> None:
        client.force_login(staff())
        answer = client.get(URL)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")

    def test_a_service(self, client: Client, store: Any) -> None:
        out = io.StringIO()
        call_command("service_token", "board", "--perm", "codetags.view_counts", stdout=out)
        answer = client.get(URL, headers={"Authorization": f"Token {out.getvalue().strip()}"})
        assert (answer.status_code, answer.json()) == (200, {"codes": [], "next": None})


class TestAnswer:
    def test_is_as_the_contract_says(self, clerk: Client) -> None:
        CodeTag.objects.create(code="BT26", label="Poster", campaign=Campaign.objects.create(name="Fair"))
        mirror_registry()
        record("BT26", 2)
        record("BT26", 1, back=1)
        record("DEMO", 1)
        answer = clerk.get(URL)
        assert answer.headers["Cache-Control"] == "no-store"
        body = answer.json()
        assert set(body) == {"codes", "next"}
        first, second = body["codes"]
        assert set(first) == {"code", "label", "campaign", "count", "last_seen", "last_30_days", "not_counted"}
        assert (first["code"], first["label"], first["count"]) == ("BT26", "Poster", 3)
        assert (first["campaign"], second["campaign"]) == ("Fair", None)
        assert first["last_30_days"] == [0] * 28 + [1, 2]
        assert first["last_seen"].startswith(local_day().isoformat())
        assert (second["code"], second["label"], second["count"], body["next"]) == ("DEMO", "", 1, None)

    def test_is_never_stale(self, clerk: Client) -> None:
        record("DEMO", 1)
        assert listed(clerk) == [("DEMO", 1)]
        record_hit(code="DEMO", address="10.9.9.9", agent="Mozilla/5.0")
        assert listed(clerk) == [("DEMO", 2)]

    def test_pages_stay_exact_while_counts_change(self, clerk: Client) -> None:
        for number in range(25):
            record(f"A{number:03d}", 1)
        record("ZZZZ", 2)
        seen: list[str] = []
        before = None
        while True:
            body = clerk.get(URL, {"limit": 7} | ({"before": before} if before else {})).json()
            seen += [code["code"] for code in body["codes"]]
            if len(seen) == 7:
                record_hit(code="A000", address="10.9.9.9", agent="Mozilla/5.0")  # moves up, past the cursor
                record_hit(code=seen[-1], address="10.9.9.9", agent="Mozilla/5.0")
            before = body["next"]
            if before is None:
                break
        assert seen == ["ZZZZ", *(f"A{number:03d}" for number in range(24, 0, -1))]

    def test_days_are_chosen(self, clerk: Client) -> None:
        today = local_day()
        record("DEMO", 3)
        record("DEMO", 2, back=1)
        record("OLD1", 9, back=40)
        record("BT26", 1, back=2)
        yesterday = {"from": (today - timedelta(days=2)).isoformat(), "to": (today - timedelta(days=1)).isoformat()}
        recent = {"from": (today - timedelta(days=1)).isoformat()}
        old = {"to": (today - timedelta(days=30)).isoformat()}
        for _ in ("from the store alone", "from SQL and the store"):
            assert listed(clerk, **yesterday) == [("DEMO", 2), ("BT26", 1)]
            assert listed(clerk, **recent) == [("DEMO", 5)]
            assert listed(clerk, **old) == [("OLD1", 9)]
            assert listed(clerk, limit=1, **yesterday) == [("DEMO", 2)]
            roll_up_days(everything=True)
        asked: dict[str, Any] = {"limit": 1, **yesterday}
        body = clerk.get(URL, asked).json()
        assert listed(clerk, limit=1, before=body["next"], **yesterday) == [("BT26", 1)]

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ({"limit": 0}, "limit"),
            ({"limit": 101}, "limit"),
            ({"limit": "many"}, "limit"),
            ({"before": "nonsense"}, "before"),
            ({"before": "9" * 40 + "-DEMO"}, "before"),
            ({"from": "yesterday"}, "from"),
            ({"from": "2026-02-02", "to": "2026-02-01"}, "to"),
        ],
    )
    def test_wrong_input(self, clerk: Client, query: dict[str, Any], field: str) -> None:
        answer = clerk.get(URL, query)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
        assert list(answer.json()["errors"]) == [field]

    def test_a_store_that_is_away(self, clerk: Client) -> None:
        with store_away():
            answer = clerk.get(URL)
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")

    def test_too_many(self, clerk: Client) -> None:
        with override_settings(RATE_LIMITS={"code_tags": "1/minute"}):
            assert clerk.get(URL).status_code == 200
            assert clerk.get(URL).status_code == 429


class TestSearch:
    def test_finds_by_code_label_and_note(self, store: Any) -> None:
        CodeTag.objects.create(code="BT26", label="Poster in Köln", note="by the door")
        mirror_registry()
        record("DEMO", 1)

        def found(search: str) -> list[str]:
            return [code.code for code in list_codes(search=search).codes]

        assert found("dem") == ["DEMO"]
        assert found("köln") == ["BT26"]
        assert found("DOOR") == ["BT26"]
        assert found("*") == []
        today = local_day()
        assert [code.code for code in list_codes(search="em", since=today, until=today).codes] == ["DEMO"]
