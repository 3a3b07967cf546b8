"""The admin's list of campaigns and the page of one: sums, links and files."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from codetags.models import Campaign, CodeTag
from codetags.services.hits import record_hit
from codetags.services.registry import mirror_registry
from tests.codetags.callers import staff, store_away

URL = "/admin/codetags/codecount/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(client: Client, store: Any) -> Client:
    client.force_login(staff("view_counts", "change_campaign"))
    return client


@pytest.fixture
def fair(store: Any) -> Campaign:
    made = Campaign.objects.create(name="Spring & fair", note="Hall 3", cost_cents=125_050)
    CodeTag.objects.create(code="BT26", label="Poster", campaign=made)
    CodeTag.objects.create(code="BT27", label="Flyer", campaign=made)
    CodeTag.objects.create(code="LONE", label="Card")
    mirror_registry()
    for visitor in range(3):
        record_hit(code="BT26", address=f"10.0.0.{visitor}", agent="Mozilla/5.0")
    record_hit(code="BT26", address="10.0.0.1", agent="Mozilla/5.0")  # a repeat
    record_hit(code="LONE", address="10.0.0.1", agent="Mozilla/5.0")
    return made


def text(answer: Any) -> str:
    return str(answer.content.decode())


class TestList:
    def test_groups_by_campaign(self, clerk: Client, fair: Campaign) -> None:
        page = text(clerk.get(URL, {"group": "campaign"}))
        row = page[page.index("<tbody>") :]
        assert f'href="{URL}campaigns/{fair.pk}/">Spring &amp; fair</a>' in row
        assert row.index("Spring") < row.index("No campaign")
        assert "€1,250.50" in row
        assert "0.0024" in row, "hits per euro"
        assert page.count('<svg class="kv-spark"') == 2
        assert f'{URL}export.csv?group=campaign"' in page

    def test_writes_numbers_as_the_language_does(self, clerk: Client, fair: Campaign) -> None:
        Campaign.objects.update(cost_cents=120)
        with override("de"):
            page = text(clerk.get(reverse("admin:codetags_codecount_changelist"), {"group": "campaign"}))
        assert "1,20\xa0€" in page
        assert ">2,5<" in page

    def test_filters_codes(self, clerk: Client, fair: Campaign) -> None:
        page = text(clerk.get(URL, {"campaign": "SPRING & FAIR"}))
        assert page.count('name="code"') == 2
        assert "2 codes" in page
        assert '<option value="Spring &amp; fair">' in page
        assert text(clerk.get(URL)).count(f'href="{URL}campaigns/{fair.pk}/"') == 2
        assert "No code fits" in text(clerk.get(URL, {"campaign": "nothing"}))
        assert "No campaign fits" in text(clerk.get(URL, {"campaign": "nothing", "group": "campaign"}))

    def test_has_pages(self, clerk: Client) -> None:
        Campaign.objects.bulk_create(Campaign(name=f"c{number}", key=f"c{number}") for number in range(60))
        first = text(clerk.get(URL, {"group": "campaign"}))
        assert (first.count('name="campaign"') - 1, "group=campaign&amp;p=2" in first) == (50, True)
        assert text(clerk.get(URL, {"group": "campaign", "p": "9"})).count('type="checkbox" name="campaign"') == 10

    def test_is_empty_at_first_and_says_what_to_do(self, clerk: Client) -> None:
        assert "No campaign yet" in text(clerk.get(URL, {"group": "campaign"}))

    def test_its_table_alone(self, clerk: Client, fair: Campaign) -> None:
        page = text(clerk.get(URL, {"group": "campaign", "fragment": "1"}))
        assert "<html" not in page
        assert "Spring &amp; fair" in page

    def test_without_the_store(self, clerk: Client, fair: Campaign) -> None:
        with store_away():
            assert "be reached" in text(clerk.get(URL, {"group": "campaign"}))
            assert clerk.get(f"{URL}export.csv", {"group": "campaign"}).status_code == 503
            assert "be reached" in text(clerk.get(f"{URL}campaigns/{fair.pk}/"))


class TestPage:
    def test_shows_sums_days_and_codes(self, clerk: Client, fair: Campaign) -> None:
        page = text(clerk.get(f"{URL}campaigns/{fair.pk}/"))
        assert "Hall 3" in page
        assert page.count('type="radio" name="chart-hits"') == 90
        assert re.search(r"<dt>Count</dt><dd>3</dd>", page)
        assert page.index(f'href="{URL}BT26/"') < page.index(f'href="{URL}BT27/"'), "most hits first, with those at 0"
        assert "LONE" not in page
        assert re.search(r"Repeats[^<]*</th><td class=\"codes-number\">1<", page)
        assert f'{URL}export.csv?campaign=Spring%20%26%20fair"' in page
        assert reverse("admin:codetags_campaign_change", args=[fair.pk]) in page
        for query in (
            {"days": "7"},
            {"days": "365"},
            {"from": "2026-01-01", "to": "2026-02-01"},
            {"from": "0001-01-01"},
        ):
            assert 'name="chart-hits"' in text(clerk.get(f"{URL}campaigns/{fair.pk}/", query))

    def test_a_code_names_its_campaign(self, clerk: Client, fair: Campaign) -> None:
        assert f'href="{URL}campaigns/{fair.pk}/">Spring &amp; fair</a>' in text(clerk.get(f"{URL}BT26/"))
        assert "campaigns/" not in text(clerk.get(f"{URL}LONE/"))

    def test_of_none(self, clerk: Client, fair: Campaign) -> None:
        assert clerk.get(f"{URL}campaigns/{fair.pk + 1}/").status_code == 404
        assert clerk.get(f"{URL}campaigns/{'9' * 30}/").status_code == 404
        CodeTag.objects.all().update(campaign=None)
        assert "No code belongs to this campaign yet" in text(clerk.get(f"{URL}campaigns/{fair.pk}/"))


class TestImages:
    def names(self, answer: Any) -> list[str]:
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            return archive.namelist()

    def test_of_all_its_codes(self, clerk: Client, fair: Campaign) -> None:
        answer = clerk.post(f"{URL}campaigns/{fair.pk}/qr.zip", {"kind": "png"})
        assert self.names(answer) == ["qr-BT26.png", "qr-BT27.png"]
        assert clerk.get(f"{URL}campaigns/{fair.pk}/qr.zip").status_code == 405
        assert clerk.post(f"{URL}campaigns/{fair.pk + 1}/qr.zip").status_code == 404

    def test_of_many_in_parts(self, clerk: Client, fair: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("codetags.views.downloads.MOST_IMAGES", 1)
        monkeypatch.setattr("codetags.views.campaigns.MOST_IMAGES", 1)
        assert "<option>2</option>" in text(clerk.get(f"{URL}campaigns/{fair.pk}/"))
        address = f"{URL}campaigns/{fair.pk}/qr.zip"
        assert [self.names(clerk.post(address, {"part": part})) for part in ("1", "2")] == [
            ["qr-BT26.svg"],
            ["qr-BT27.svg"],
        ]
        assert clerk.post(address, {"part": "3"}).status_code == 400
        assert self.names(clerk.post(address, {"part": "x"})) == ["qr-BT26.svg"]
