"""The admin's page "Site statistics": who may see it, what it says, its CSV, and the store away."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from html import unescape
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from kv.errors import StoreUnavailable
from stats.services.payment_code_counts import record_payment_code
from stats.services.totals import adjust_figure
from stats.services.usage import record_usage
from stats.services.visits import exclude_visit, record_visit
from stats.types import Reason
from tests.stats.callers import staff

PATH = "/admin/stats/statistics/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _counted(store: Any, midday: None) -> None:
    now = timezone.now()
    for back in (40, 1, 0):
        record_visit(address="203.0.113.1", now=now - timedelta(days=back))
    record_visit(address="203.0.113.2", now=now - timedelta(days=20))
    exclude_visit(address="203.0.113.3", reason=Reason.BOT, now=now)
    exclude_visit(address="203.0.113.3", reason=Reason.STAFF, now=now - timedelta(days=3))
    record_payment_code(id="one", amount_cents=123450, now=now)
    record_usage(tool="payment-qr", now=now)


@pytest.fixture
def clerk(client: Client) -> Client:
    client.force_login(staff("view_statistics"))
    return client


def text_of(answer: Any) -> str:
    return " ".join(unescape(answer.content.decode()).split())


class TestPermission:
    def test_is_needed(self, client: Client) -> None:
        client.force_login(staff())
        assert client.get(PATH).status_code == 403
        assert client.get(PATH + "?export=csv").status_code == 403

    def test_of_a_stranger_leads_to_the_log_in(self, client: Client) -> None:
        answer = client.get(PATH)
        assert (answer.status_code, answer["Location"]) == (302, f"/admin/login/?next={PATH}")

    def test_without_being_staff_is_not_enough(self, client: Client) -> None:
        user = User.objects.create_user("customer")
        user.user_permissions.add(Permission.objects.get(codename="view_statistics"))
        client.force_login(user)
        assert client.get(PATH).status_code == 302

    def test_shows_the_page_in_the_index(self, clerk: Client) -> None:
        assert PATH in clerk.get("/admin/").content.decode()

    def test_without_it_the_index_does_not(self, client: Client) -> None:
        client.force_login(staff())
        assert PATH not in client.get("/admin/").content.decode()

    @pytest.mark.parametrize("path", [PATH + "add/", "/admin/stats/adjustment/add/"])
    def test_to_add_has_nobody(self, path: str, admin_client: Client) -> None:
        assert admin_client.get(path).status_code in (403, 404)


class TestPage:
    def test_shows_totals_and_uniques_as_unions(self, clerk: Client) -> None:
        html = text_of(clerk.get(PATH))
        for title, value in (
            ("Visitors", "2"),
            ("Payment codes", "1"),
            ("Amount on payment codes", "€1,234.50"),
            ("Unique visitors today", "1"),
            ("Unique visitors in 7 days", "1"),
            ("Unique visitors in 30 days", "2"),
        ):
            assert f"<dt>{title}</dt><dd>{value}</dd>" in html

    @pytest.mark.parametrize("place", ["1/change/", "1/history/", "1/delete/", "1/", "add/"])
    def test_has_no_rows_to_open(self, place: str, admin_client: Client) -> None:
        """The model has no table: to look for a row would be an error of the database."""
        assert admin_client.get(PATH + place, follow=True).status_code in (200, 403)

    def test_shows_what_was_left_out_and_why(self, clerk: Client) -> None:
        html = text_of(clerk.get(PATH))
        for reason, today, in_all in (("Bots and programs", 1, 1), ("Staff", 0, 1), ("Counted before", 1, 2)):
            row = f'>{reason}</th><td class="stats-number">{today}</td><td class="stats-number">{in_all}</td>'
            assert row in html

    def test_names_tools_as_the_public_page_does(self, clerk: Client, settings: Any) -> None:
        settings.STATS_TOOL_NAMES = {"payment-qr": ("Payment <codes>", "What it does.")}
        text = clerk.get(PATH).text
        assert '<th scope="row">Payment &lt;codes&gt;</th><td class="stats-number">1</td>' in text
        assert '<th scope="row">payment-qr</th>' not in text

    def test_has_a_bar_and_a_row_for_each_of_ninety_days(self, clerk: Client) -> None:
        html = text_of(clerk.get(PATH))
        assert html.count('<tr><th scope="row">') >= 90
        assert html.count("<svg") >= 2

    def test_has_no_script_or_style_of_its_own(self, clerk: Client) -> None:
        answer = clerk.get(PATH)
        assert "style=" not in text_of(answer).partition('id="content"')[2].partition("</main>")[0]
        assert "unsafe" not in answer["Content-Security-Policy"]

    def test_is_never_kept(self, clerk: Client) -> None:
        assert "no-store" in clerk.get(PATH)["Cache-Control"]

    @pytest.mark.parametrize(("code", "title"), [("fr", "Statistiques"), ("de", "Statistik"), ("es", "Estadísticas")])
    def test_speaks_the_reader_s_language(self, clerk: Client, code: str, title: str) -> None:
        assert title in text_of(clerk.get(f"/{code}{PATH}"))

    def test_warns_when_one_address_makes_nearly_all_visits(self, clerk: Client, settings: Any) -> None:
        settings.RATE_LIMITS = None
        for _ in range(120):
            record_visit(address="203.0.113.1")
        assert "NUM_PROXIES" in text_of(clerk.get(PATH))

    def test_shows_what_was_changed_by_hand(self, clerk: Client) -> None:
        adjust_figure(figure="visitors", delta=5, reason="counted by the old site", id="a")
        assert "counted by the old site" in text_of(clerk.get(PATH))

    def test_says_so_when_the_store_is_away(self, clerk: Client) -> None:
        away = StoreUnavailable("away")
        with patch("stats.services.series.call_many", side_effect=away):
            answer = clerk.get(PATH)
            export = clerk.get(PATH + "?export=csv")
        assert answer.status_code == export.status_code == 200
        assert "can't be reached" in text_of(answer)
        assert export["Content-Type"].startswith("text/html")


class TestCsv:
    def test_has_every_day_and_column(self, clerk: Client) -> None:
        answer = clerk.get(PATH + "?export=csv")
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert answer["Content-Disposition"].startswith('attachment; filename="statistics-')
        assert "no-store" in answer["Cache-Control"]
        rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
        assert len(rows) == 90
        assert [row["date"] for row in rows] == sorted(row["date"] for row in rows)
        today = rows[-1]
        assert {name: today[name] for name in ("visits", "new_visitors", "payment_codes", "revenue_cents")} == {
            "visits": "1",
            "new_visitors": "0",
            "payment_codes": "1",
            "revenue_cents": "123450",
        }
        assert (today["left_out_bot"], today["left_out_seen"], today["tool_payment-qr"]) == ("1", "1", "1")
        assert sum(int(row["new_visitors"]) for row in rows) == 2


class TestAdjustments:
    def test_are_listed_and_can_not_be_changed(self, admin_client: Client) -> None:
        row = adjust_figure(figure="visitors", delta=5, reason="counted by the old site", id="a")
        assert "counted by the old site" in text_of(admin_client.get("/admin/stats/adjustment/"))
        path = f"/admin/stats/adjustment/{row.pk}/change/"
        assert admin_client.get(path).status_code == 200
        assert admin_client.post(path, {"reason": "other"}).status_code == 403
        assert admin_client.post(path.replace("change", "delete"), {"post": "yes"}).status_code == 403
