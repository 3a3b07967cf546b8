"""Counted, not timed: what a list with a range of days costs does not grow with the number of codes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import override_settings

from codetags.models import CodeTag
from codetags.services.campaigns import ensure_campaign
from codetags.services.counts import list_codes
from codetags.services.imports import OldCount, import_hits
from codetags.services.registry import mirror_registry
from kv.days import local_day
from tests.codetags.callers import staff
from tests.sent_commands import commands_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

pytestmark = pytest.mark.django_db
URL = "/admin/codetags/codecount/"


@pytest.fixture(autouse=True)
def _clean(store: Any, midday: None) -> Iterator[None]:
    """The store is empty, and no day ends within a test."""
    with override_settings(RATE_LIMITS=None):
        yield


class TestCost:
    """Counted, not timed: what a list costs does not grow with the number of codes."""

    def fill(self, number: int) -> None:
        today = local_day()
        rows = [OldCount(f"{place:04X}", today - timedelta(days=place % 45), place % 9 + 1) for place in range(number)]
        import_hits("older", rows)

    @pytest.mark.parametrize("limit", [20, 100])
    def test_of_a_range(self, store: Any, limit: int, django_assert_max_num_queries: Any) -> None:
        today = local_day()
        spans = [(today - timedelta(days=29), today), (today - timedelta(days=400), today - timedelta(days=1))]
        costs: list[list[int]] = []
        for number in (400, 3000):
            self.fill(number)
            costs.append([])
            for since, until in spans:
                for offset in (0, 100):
                    before = commands_run(store)
                    with django_assert_max_num_queries(1):
                        page = list_codes(limit=limit, offset=offset, since=since, until=until)
                    assert len(page.codes) == limit
                    costs[-1].append(commands_run(store) - before)
        assert costs[0] == costs[1]
        assert max(costs[1]) <= 200

    def test_of_the_admins_page(self, client: Client, store: Any) -> None:
        client.force_login(staff("view_counts"))
        today = local_day()
        query: dict[str, Any] = {"since": (today - timedelta(days=120)).isoformat(), "until": today.isoformat()}
        costs = []
        for number in (200, 3000):
            self.fill(number)
            client.get("/admin/codetags/codecount/", query)
            before = commands_run(store)
            assert client.get("/admin/codetags/codecount/", {**query, "p": 3}).status_code == 200
            costs.append(commands_run(store) - before)
        assert costs[0] == costs[1] <= 200

    def test_of_campaigns(self, client: Client, store: Any, django_assert_max_num_queries: Any) -> None:
        client.force_login(staff("view_counts"))
        fair, other = ensure_campaign("Fair"), ensure_campaign("Other")
        today = local_day()
        days = {"since": (today - timedelta(days=120)).isoformat(), "until": today.isoformat()}
        asked: list[dict[str, Any]] = [{"group": "campaign"}, {"group": "campaign", **days}]
        asked += [{"campaign": "fair"}, {"campaign": "fair", **days}]
        costs: list[list[int]] = []
        for number in (200, 3000):
            self.fill(number)
            made = set(CodeTag.objects.values_list("code", flat=True))
            names = [f"{place:04X}" for place in range(number)]
            new = [(place, code) for place, code in enumerate(names) if code not in made]
            CodeTag.objects.bulk_create(
                CodeTag(code=code, label="x", campaign=(fair, other)[place % 2]) for place, code in new
            )
            client.get(URL, asked[1])  # packs which codes are whose
            costs.append([])
            for query in asked:
                before = commands_run(store)
                with django_assert_max_num_queries(12):
                    assert client.get(URL, query).status_code == 200
                costs[-1].append(commands_run(store) - before)
        assert max(costs[1]) <= 200
        assert costs[0] == costs[1]

    @pytest.mark.parametrize("days", ["7", "90"])
    def test_of_a_campaigns_page_and_of_a_comparison(
        self, client: Client, store: Any, days: str, django_assert_max_num_queries: Any
    ) -> None:
        client.force_login(staff("view_counts"))
        campaigns = [ensure_campaign(name) for name in ("Small", "Middle", "Large")]
        self.fill(3000)
        names = [f"{place:04X}" for place in range(3000)]
        shares = (names[:60], names[60:500], names[500:2900])
        for campaign, codes in zip(campaigns, shares, strict=True):
            CodeTag.objects.bulk_create(CodeTag(code=code, label="x", campaign=campaign) for code in codes)
        mirror_registry()
        pages = [f"{URL}campaigns/{campaign.pk}/?days={days}" for campaign in campaigns]
        chosen = "".join(f"&campaign={campaign.name}" for campaign in campaigns)
        pages.append(f"{URL}compare/?code=0001&code=0BB0&code=0BB6{chosen}&days={days}")
        for page in pages:
            client.get(page)  # packs which codes are whose
            before = commands_run(store)
            with django_assert_max_num_queries(12):
                answer = client.get(page)
            assert (answer.status_code, b"kv-chart" in answer.content) == (200, True)
            assert commands_run(store) - before <= 200, page

    def test_of_the_file(self, client: Client, store: Any) -> None:
        self.fill(3000)
        client.force_login(staff("view_counts"))
        query: dict[str, Any] = {"since": (local_day() - timedelta(days=44)).isoformat()}
        before = commands_run(store)
        answer = client.get("/admin/codetags/codecount/export.csv", query)
        assert b"".join(answer.streaming_content).count(b"\n") == 3001  # type: ignore[attr-defined] # a stream
        assert commands_run(store) - before <= 70
