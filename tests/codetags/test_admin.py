"""The admin's pages of campaign codes."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date
from typing import Any

import pytest
from django.test import Client, override_settings
from django.urls import reverse

from codetags.models import CodeTag
from codetags.services.hits import record_hit
from codetags.services.registry import mirror_registry
from tests.codetags.callers import staff, store_away

URL = "/admin/codetags/codecount/"
pytestmark = pytest.mark.django_db


def record(code: str, *visitors: int) -> None:
    for visitor in visitors:
        record_hit(code=code, address=f"10.0.0.{visitor}", agent="Mozilla/5.0")


@pytest.fixture
def clerk(client: Client, store: Any) -> Client:
    client.force_login(staff("view_counts", "add_codetag", "change_codetag", "view_codetag"))
    return client


@pytest.fixture
def posters(store: Any) -> None:
    CodeTag.objects.create(code="BT26", label="Poster", note="By the door")
    CodeTag.objects.create(code="LATE", label="=cmd()", start=date(2999, 1, 1))
    mirror_registry()
    record("BT26", 1, 2, 3)
    record("LATE", 1)
    record("DEMO", 1)


def text(answer: Any) -> str:
    return str(answer.content.decode())


def days_table(page: str) -> str:
    """The page's table of days."""
    return page.partition("codes-days")[2].partition("</table>")[0]


class TestAccess:
    @pytest.mark.parametrize("path", ["", "export.csv", "DEMO/", "DEMO/qr.svg", "DEMO/qr.png"])
    def test_needs_the_permission(self, client: Client, store: Any, path: str) -> None:
        assert client.get(URL + path).status_code == 302
        client.force_login(staff())
        assert client.get(URL + path).status_code == 403

    def test_is_in_the_menu_and_on_the_index(self, clerk: Client, posters: None) -> None:
        index = text(clerk.get("/admin/"))
        assert index.count(f'href="{URL}"') >= 3  # the list of models, the card's title, the card's end
        assert "codes-card" in index
        assert f'href="{URL}BT26/"' in index
        assert f'href="{URL}"' in text(clerk.get("/admin/codetags/codetag/"))

    def test_the_card_is_for_those_who_may(self, client: Client, store: Any) -> None:
        client.force_login(staff("view_codetag"))
        assert "codes-card" not in text(client.get("/admin/"))

    def test_the_index_opens_without_the_store(self, clerk: Client) -> None:
        with store_away():
            assert "codes-card" in text(clerk.get("/admin/"))


class TestList:
    def test_shows_codes_by_count(self, clerk: Client, posters: None) -> None:
        answer = clerk.get(URL)
        page = text(answer)
        assert "no-store" in answer.headers["Cache-Control"]
        places = [page.index(f'href="{URL}{code}/"') for code in ("BT26", "DEMO", "LATE")]
        assert places == sorted(places)
        assert "Poster" in page
        assert "not yet begun" in page
        assert "+ 1 outside its dates" in page
        assert page.count('<svg class="kv-spark"') == 3
        for link in ("http://testserver/?qr=BT26", "/fr/?qr=BT26", "/de/?qr=BT26", "/es/?qr=BT26"):
            assert link.replace("http://testserver", "") in page

    def test_is_empty_at_first_and_says_what_to_do(self, clerk: Client) -> None:
        page = text(clerk.get(URL))
        assert "No code has been hit yet" in page
        assert "/?qr=BT26" in page

    def test_searches_and_chooses_days(self, clerk: Client, posters: None) -> None:
        assert f"{URL}DEMO/" not in text(clerk.get(URL, {"q": "poster"}))
        assert "No code fits" in text(clerk.get(URL, {"until": "2020-01-01"}))
        assert "before the first" in text(clerk.get(URL, {"since": "2026-02-02", "until": "2026-02-01"}))

    def test_has_pages(self, clerk: Client) -> None:
        for number in range(60):
            record(f"A{number:03d}", 1)
        first, second = text(clerk.get(URL)), text(clerk.get(URL, {"p": 2}))
        assert (first.count('name="code"'), second.count('name="code"')) == (50, 10)
        assert "?p=2" in first
        assert "60 codes" in first
        assert text(clerk.get(URL, {"p": 99})).count('name="code"') == 10, "the last page"
        for odd in ("0", "-1", "x", "9" * 50):
            assert clerk.get(URL, {"p": odd}).status_code == 200

    def test_costs_the_same_queries_for_any_number(self, clerk: Client, django_assert_max_num_queries: Any) -> None:
        for number in range(60):
            record(f"A{number:03d}", 1)
        clerk.get(URL)  # the session's first use is noted
        with django_assert_max_num_queries(8):
            clerk.get(URL)

    def test_the_table_alone_is_throttled(self, clerk: Client, posters: None) -> None:
        first, second = clerk.get(URL, {"fragment": 1}), clerk.get(URL, {"fragment": 1})
        assert first.status_code == 200
        assert "<html" not in text(first)
        assert "BT26" in text(first)
        assert second.status_code == 429
        assert 1 <= int(second.headers["Retry-After"]) <= 2

    def test_opens_without_the_store(self, clerk: Client) -> None:
        with store_away():
            assert "be reached" in text(clerk.get(URL))
            assert clerk.get(URL, {"fragment": 1}).status_code == 503
            assert clerk.get(f"{URL}export.csv").status_code == 503
            assert clerk.get(f"{URL}DEMO/").status_code == 200

    def test_tells_of_a_receiver_that_fails(self, clerk: Client, store: Any) -> None:
        with override_settings(
            QR_ANALYTICS_EXTERNAL_URL="https://example.com/", QR_ANALYTICS_EXTERNAL_MAX_WAITING=1, RATE_LIMITS=None
        ):
            record("DEMO", 1, 2, 3)
            assert "2 were dropped" in text(clerk.get(URL))


class TestCode:
    def test_shows_days_links_and_images(self, clerk: Client, posters: None) -> None:
        page = text(clerk.get(f"{URL}BT26/"))
        assert "By the door" in page
        assert page.count('type="radio" name="chart-hits"') == 90
        assert days_table(page).count('<th scope="row">') == 90
        assert "/es/?qr=BT26" in page
        assert f"{URL}BT26/qr.png" in page
        assert "Change its name or dates" in page
        assert "Register this code" in text(clerk.get(f"{URL}DEMO/"))

    def test_chooses_days(self, clerk: Client, posters: None) -> None:
        page = text(clerk.get(f"{URL}BT26/", {"since": "2026-01-01", "until": "2026-01-10"}))
        assert days_table(page).count('<th scope="row">') == 10
        same = text(clerk.get(f"{URL}BT26/", {"from": "2026-01-01", "to": "2026-01-10"}))
        assert days_table(same).count('<th scope="row">') == 10
        for query in ({"days": "7"}, {"days": "365"}, {"days": "abc"}, {"from": "2026-01-10", "to": "2026-01-01"}):
            assert 'name="chart-hits"' in text(clerk.get(f"{URL}BT26/", query))
        assert clerk.get(f"{URL}BT26/", {"since": "0001-01-01"}).status_code == 200
        assert clerk.get(f"{URL}BT26/", {"until": "0001-01-01"}).status_code == 200

    @pytest.mark.parametrize("path", ["NONE/", "%00/", "nonsense/qr.svg", "~OTHER/qr.svg"])
    def test_one_that_nobody_knows(self, clerk: Client, path: str) -> None:
        assert clerk.get(URL + path).status_code == 404

    def test_the_bucket_of_strangers(self, clerk: Client) -> None:
        with override_settings(CODETAGS_MAX_UNKNOWN=0):
            record("DEMO", 1)
        page = text(clerk.get(f"{URL}~OTHER/"))
        assert "beyond the limit" in page
        assert "qr.svg" not in page
        assert 'name="code"' not in text(clerk.get(URL))


class TestImages:
    def test_svg_and_png_as_chosen(self, clerk: Client) -> None:
        asked: dict[str, Any] = {"scale": 1, "level": "l"}
        small = clerk.get(f"{URL}DEMO/qr.svg", asked)
        assert small.headers["Content-Type"] == "image/svg+xml"
        assert b"<svg" in small.content
        asked = {"scale": 20, "level": "h", "language": "fr", "download": 1}
        png = clerk.get(f"{URL}DEMO/qr.png", asked)
        assert png.content.startswith(b"\x89PNG")
        assert png.headers["Content-Disposition"] == 'attachment; filename="qr-DEMO.png"'
        assert len(png.content) > len(clerk.get(f"{URL}DEMO/qr.png", {"scale": 1}).content)

    @pytest.mark.parametrize("query", [{"scale": 0}, {"scale": 41}, {"scale": "x"}, {"level": "z"}, {"language": "xx"}])
    def test_refuses_what_can_t_be_drawn(self, clerk: Client, query: dict[str, Any]) -> None:
        answer = clerk.get(f"{URL}DEMO/qr.png", query)
        assert answer.status_code == 400
        assert "None" not in answer.content.decode(), "says which option to change"

    def test_many_at_once(self, clerk: Client) -> None:
        body = {"code": ["DEMO", "BT26", "DEMO"], "kind": "png", "scale": 5, "level": "q", "language": "de"}
        answer = clerk.post(f"{URL}qr.zip", body)
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert archive.namelist() == ["qr-DEMO.png", "qr-BT26.png"]
            assert archive.read("qr-DEMO.png").startswith(b"\x89PNG")
        assert clerk.post(f"{URL}qr.zip", {"kind": "png"}).status_code == 400
        assert clerk.post(f"{URL}qr.zip", {"code": "~OTHER"}).status_code == 404
        assert clerk.get(f"{URL}qr.zip").status_code == 405


class TestExport:
    def test_is_the_list_as_filtered(self, clerk: Client, posters: None) -> None:
        answer: Any = clerk.get(f"{URL}export.csv")
        rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
        assert [(row["code"], row["count"]) for row in rows] == [("BT26", "3"), ("DEMO", "1"), ("LATE", "0")]
        assert rows[2]["label"] == "'=cmd()", "no spreadsheet takes a label for a formula"
        assert (rows[2]["start"], rows[2]["outside_its_dates"]) == ("2999-01-01", "1")
        answer = clerk.get(f"{URL}export.csv", {"q": "dem"})
        assert answer.getvalue().decode().count("\n") == 2


class TestRegistry:
    def test_a_code_is_registered(self, clerk: Client) -> None:
        answer = clerk.post(reverse("admin:codetags_codetag_add"), {"code": "bt27", "label": "Flyer"})
        assert answer.status_code == 302
        tag = CodeTag.objects.get()
        assert (tag.code, tag.created_by and tag.created_by.username) == ("BT27", "clerk")

    @pytest.mark.parametrize(
        "wrong",
        [{"code": "TOOLONG"}, {"code": "B-27"}, {"label": ""}, {"start": "2026-02-02", "end": "2026-02-01"}],
    )
    def test_one_that_is_wrong_is_not(self, clerk: Client, wrong: dict[str, str]) -> None:
        answer = clerk.post(reverse("admin:codetags_codetag_add"), {"code": "BT27", "label": "Flyer"} | wrong)
        assert answer.status_code == 200
        assert not CodeTag.objects.exists()

    @pytest.mark.parametrize("label", ["", "x" * 121])
    @pytest.mark.parametrize(("model", "field"), [("codetag", "label"), ("campaign", "name")])
    def test_a_text_that_is_wrong_is_said_once(self, client: Client, model: str, field: str, label: str) -> None:
        client.force_login(staff(f"add_{model}", f"view_{model}"))
        answer = client.post(reverse(f"admin:codetags_{model}_add"), {"code": "BT27", field: label})
        errors = answer.context["adminform"].form.errors
        assert [len(messages) for messages in errors.values()] == [1], errors

    def test_the_same_code_twice(self, clerk: Client) -> None:
        CodeTag.objects.create(code="BT27", label="Flyer")
        answer = clerk.post(reverse("admin:codetags_codetag_add"), {"code": "bt27", "label": "Flyer"})
        assert answer.status_code == 200, "small letters are the same code"
