"""The admin's page on which many new codes are made."""

from __future__ import annotations

import re
from typing import Any

import pytest

from codetags.models import CodeTag
from tests.codetags.callers import staff
from tests.site_client import SiteClient

URL = "/admin/codetags/codetag/"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(store: Any) -> SiteClient:
    client = SiteClient()
    client.force_login(staff("view_codetag", "add_codetag", "view_counts"))
    return client


def text(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


class TestMake:
    def make(self, client: SiteClient, **asked: Any) -> Any:
        page: Any = client.get(f"{URL}make/")
        form = page.context_data["form"]
        usual = {"key": form.initial["key"], "number": 3, "pattern": "BT??", "label": "Tram {n}"}
        return client.post(f"{URL}make/", usual | asked)

    def test_makes_them_and_shows_them(self, client: SiteClient) -> None:
        answer = self.make(client, campaign="Tram", end="2026-12-31")
        codes = list(CodeTag.objects.order_by("label").values_list("code", flat=True))
        assert len(codes) == 3
        page: Any = client.get(f"{URL}make/{answer.headers['Location']}")
        assert page.context_data["made"] == codes
        assert "3 codes were created" in text(page)

    def test_pressed_twice_makes_them_once(self, client: SiteClient) -> None:
        first = self.make(client, key="a" * 32)
        again = self.make(client, key="a" * 32)
        assert first.headers["Location"] == again.headers["Location"]
        assert CodeTag.objects.count() == 3
        assert "already" in text(self.make(client, key="a" * 32, number=4))

    @pytest.mark.parametrize(
        ("asked", "why"),
        [
            ({"pattern": "BT2?", "number": 40}, "Only 31 codes of this pattern are left"),
            ({"pattern": "BT???"}, "Codes of this site have 4 characters"),
            ({"pattern": "B!??"}, "No code of this site looks like this"),
            ({"number": 10_001}, "less than or equal to 10000"),
            ({"start": "2026-02-02", "end": "2026-02-01"}, "The last day is before the first"),
            ({"label": "{n}" * 41}, "at most 120 characters"),
        ],
    )
    def test_says_what_is_wrong(self, client: SiteClient, asked: dict[str, Any], why: str) -> None:
        answer = self.make(client, **asked)
        assert (answer.status_code, why in text(answer)) == (200, True)
        assert not CodeTag.objects.exists()

    def test_another_s_codes_are_not_shown(self, client: SiteClient) -> None:
        answer = self.make(client)
        other = SiteClient()
        other.force_login(staff("add_codetag", name="other"))
        page: Any = other.get(f"{URL}make/{answer.headers['Location']}")
        assert "made" not in page.context_data
