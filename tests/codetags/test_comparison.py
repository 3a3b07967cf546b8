"""The admin's page of up to six codes or campaigns in one chart."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from codetags.models import Campaign, CodeTag
from codetags.services.hits import record_hit
from codetags.services.registry import mirror_registry
from tests.codetags.callers import staff, store_away

URL = "/admin/codetags/codecount/compare/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(client: Client, store: Any, midday: None) -> Client:
    client.force_login(staff("view_counts"))
    fair = Campaign.objects.create(name="Fair")
    CodeTag.objects.create(code="BT26", label="Poster", campaign=fair)
    CodeTag.objects.create(code="BT27", label="Flyer", campaign=fair)
    mirror_registry()
    now = timezone.now()
    for back, code in ((0, "BT26"), (0, "BT27"), (2, "BT27"), (2, "DEMO")):
        record_hit(code=code, address=f"10.0.{back}.1", agent="Mozilla/5.0", now=now - timedelta(days=back))
    return client


def text(answer: Any) -> str:
    return str(answer.content.decode())


def sums(page: str) -> list[tuple[str, str]]:
    """The letter and the total of each series."""
    table = page[page.index("kv-chart-sums") : page.index("kv-chart-table")]
    return re.findall(r'<th scope="row"><b>(\w)</b>[^<]*</th><td>(\d+)</td>', table)


def test_codes_and_campaigns_together(clerk: Client) -> None:
    page = text(clerk.get(URL, {"code": ["bt26", "DEMO", "bt26"], "campaign": "FAIR", "days": "7"}))
    assert sums(page) == [("A", "1"), ("B", "1"), ("C", "3")]
    assert page.count('type="radio"') == 7
    assert "BT26 · Poster" in page
    assert "· C <b>2</b>" in page, "the campaign's hits of a day are those of both codes"
    for link in ("?code=BT26&amp;code=DEMO&amp;campaign=FAIR&amp;days=30", "?code=BT26&amp;campaign=FAIR&amp;days=7"):
        assert link in page


def test_six_at_most(clerk: Client) -> None:
    for number in range(7):
        record_hit(code=f"A{number:03}", address="10.9.0.1", agent="Mozilla/5.0")
    page = text(clerk.get(URL, {"code": [f"A{number:03}" for number in range(7)]}))
    assert len(sums(page)) == 6
    assert "More than 6 were chosen" in page
    assert "More than" not in text(clerk.get(URL, {"code": [f"A{number:03}" for number in range(6)]}))


def test_what_there_is_not(clerk: Client) -> None:
    page = text(clerk.get(URL, {"code": ["NONE", "DEMO", ""], "campaign": ["<b>", "x" * 200, "a\x00b"]}))
    assert "Neither a code nor a campaign: &lt;B&gt;, NONE" in page
    assert len(sums(page)) == 1
    assert "Add to the chart" in text(clerk.get(URL))
    assert clerk.get(URL, {"code": "DEMO", "from": "0001-01-01"}).status_code == 200


def test_a_selection_leads_to_its_address(clerk: Client) -> None:
    answer = clerk.post(URL, {"code": ["BT26", "DEMO"], "campaign": "Fair & more", "kind": "png"})
    assert (answer.status_code, answer["Location"]) == (302, f"{URL}?code=BT26&code=DEMO&campaign=Fair+%26+more")
    assert clerk.post(URL, {})["Location"] == URL


def test_the_lists_lead_there(clerk: Client) -> None:
    for query in ({}, {"group": "campaign"}):
        assert f'formaction="{URL}"' in text(clerk.get("/admin/codetags/codecount/", query))


def test_without_the_store(clerk: Client) -> None:
    with store_away():
        assert "be reached" in text(clerk.get(URL, {"code": "DEMO"}))


def test_six_campaigns_cost_as_few_queries_as_one(clerk: Client, django_assert_max_num_queries: Any) -> None:
    names = [f"Fair {number}" for number in range(5)]
    for number, name in enumerate(names):
        CodeTag.objects.create(code=f"A{number:03}", label="Poster", campaign=Campaign.objects.create(name=name))
    clerk.get(URL)  # the session's first use is noted
    for asked in ({"code": ["BT26", "BT27", "DEMO"], "campaign": "Fair"}, {"campaign": ["Fair", *names]}):
        with django_assert_max_num_queries(11):
            clerk.get(URL, asked)
