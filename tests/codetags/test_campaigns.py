"""Campaigns: their names, the admin's pages of them, and which codes are theirs."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError
from django.db.models import ProtectedError
from django.test import Client
from django.urls import reverse

from codetags.models import Campaign, CodeTag
from codetags.services.campaigns import ensure_campaign, get_campaign
from codetags.services.registry import registered_codes
from tests.codetags.callers import staff

pytestmark = pytest.mark.django_db
ADD, LIST = reverse("admin:codetags_campaign_add"), reverse("admin:codetags_campaign_changelist")
CODES = reverse("admin:codetags_codetag_changelist")


@pytest.fixture
def clerk(client: Client, store: Any) -> Client:
    names = ("campaign", "codetag")
    client.force_login(staff(*(f"{verb}_{name}" for verb in ("view", "add", "change", "delete") for name in names)))
    return client


class TestNames:
    def test_are_equal_in_any_case(self) -> None:
        made = ensure_campaign("Été à Straße")
        for other in ("été à straße", "ÉTÉ À STRASSE", "  Été à Straße ", unicodedata.normalize("NFD", "Été à Straße")):
            assert ensure_campaign(other) == get_campaign(other) == made
        assert (Campaign.objects.count(), made.name) == (1, "Été à Straße")

    @pytest.mark.parametrize("name", ["", "   ", "x" * 121, "a\nb", "\u200b"])
    def test_some_are_none(self, name: str) -> None:
        with pytest.raises(ValidationError):
            ensure_campaign(name)
        assert not Campaign.objects.exists()

    def test_of_the_longest_kind(self) -> None:
        for letter in ("\u0390", "ﬃ", "ß", "\U0001d15e"):
            made = ensure_campaign(letter * 120 if letter != "\U0001d15e" else letter)
            made.full_clean(exclude=["key"])
            assert len(made.key) <= 360

    def test_follow_a_change(self) -> None:
        made = ensure_campaign("Fair")
        made.name = "Spring fair"
        made.save(update_fields=["name"])
        assert (get_campaign("SPRING FAIR"), get_campaign("fair")) == (made, None)


class TestCodes:
    def test_know_their_campaign(self) -> None:
        fair = ensure_campaign("Fair")
        CodeTag.objects.create(code="BT26", label="Poster", campaign=fair)
        CodeTag.objects.create(code="BT27", label="Flyer")
        found = registered_codes(["BT26", "BT27"])
        assert [(code.campaign, code.campaign_id) for code in found.values()] == [("Fair", fair.pk), ("", None)]

    def test_keep_their_campaign_from_being_deleted(self) -> None:
        fair = ensure_campaign("Fair")
        CodeTag.objects.create(code="BT26", label="Poster", campaign=fair)
        with pytest.raises(ProtectedError):
            fair.delete()


class TestAdmin:
    def add(self, client: Client, **fields: str) -> Any:
        return client.post(ADD, {"name": "Fair", "start": "", "end": "", "cost_cents": "", "note": ""} | fields)

    def test_makes_one(self, clerk: Client) -> None:
        answer = self.add(clerk, start="2026-05-01", end="2026-05-31", cost_cents="1250.50", note="Hall 3")
        assert answer.status_code == 302
        made = Campaign.objects.get()
        assert (made.name, made.start, made.cost_cents) == ("Fair", date(2026, 5, 1), 125_050)
        page = clerk.get(reverse("admin:codetags_campaign_change", args=[made.pk])).content.decode()
        assert 'value="1250.50"' in page
        assert "€1,250.50" in clerk.get(LIST).content.decode()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"name": "FAIR"}, {"name": " "}, {"cost_cents": "-1"}, {"cost_cents": "1.005"}, {"cost_cents": "1e99"},
            {"start": "2026-02-02", "end": "2026-02-01"},
        ],
    )  # fmt: skip
    def test_refuses_what_is_wrong(self, clerk: Client, wrong: dict[str, str]) -> None:
        ensure_campaign("Fair")
        answer = self.add(clerk, **({"name": "Other"} | wrong))
        assert answer.status_code == 200
        assert 'class="errorlist"' in answer.content.decode()
        assert Campaign.objects.count() == 1

    def test_a_cost_that_stays_is_no_change(self, clerk: Client) -> None:
        made = Campaign.objects.create(name="Fair", cost_cents=100)
        address = reverse("admin:codetags_campaign_change", args=[made.pk])
        body = {"name": "Fair", "start": "", "end": "", "cost_cents": "1", "note": ""}
        answer = clerk.post(address, body)
        assert answer.status_code == 302
        assert LogEntry.objects.get().change_message == "[]"

    def test_counts_and_links_the_codes(self, clerk: Client, django_assert_max_num_queries: Any) -> None:
        fair, other = ensure_campaign("Fair"), ensure_campaign("Other")
        for number in range(3):
            CodeTag.objects.create(code=f"A{number:03}", label="x", campaign=fair)
        CodeTag.objects.create(code="B000", label="x")
        clerk.get(LIST)  # the session's first use is noted
        with django_assert_max_num_queries(9):
            page = clerk.get(LIST).content.decode()
        assert f'href="{CODES}?campaign={fair.pk}">3<' in page
        assert f'href="{CODES}?campaign={other.pk}">0<' in page
        for value, codes in ((str(fair.pk), 3), ("none", 1), ("77", 0), ("x", 0), ("9" * 30, 0)):
            shown = clerk.get(CODES, {"campaign": value}).content.decode()
            assert shown.count('class="field-label"') == codes, value

    def test_the_filter_names_the_chosen_one_of_many(self, clerk: Client) -> None:
        for number in range(101):
            ensure_campaign(f"Campaign {number:03}")
        last = ensure_campaign("Campaign 100")
        assert "Campaign 100" not in clerk.get(CODES).content.decode()
        assert "Campaign 100" in clerk.get(CODES, {"campaign": last.pk}).content.decode()

    def test_a_code_is_put_into_one(self, clerk: Client) -> None:
        fair = ensure_campaign("Fair")
        body = {"code": "bt27", "label": "Flyer", "campaign": str(fair.pk)}
        assert clerk.post(reverse("admin:codetags_codetag_add"), body).status_code == 302
        assert CodeTag.objects.get().campaign == fair
        assert "Fair" in clerk.get(CODES).content.decode()
