"""Lists of the admin with many rows: the same links, pages and numbers as Django's own, for a few short queries."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from django.contrib import admin
from django.contrib.admin.templatetags.admin_list import date_hierarchy
from django.contrib.admin.views.main import ChangeList
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from billing.models import StripeEvent
from codetags.models import CodeTag
from kv.web import large_lists
from kv.web.large_lists import LargeListAdmin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

EVENTS, CODES = "/admin/billing/stripeevent/", "/admin/codetags/codetag/"
pytestmark = pytest.mark.django_db
_TYPES = ("invoice.paid", "charge.refunded", "customer.updated")
#: Days of the rows: two years, two months of one, the days around a change of clocks, and one of many rows.
_DAYS = ("2024-12-31", "2025-01-01", "2025-03-29", "2025-03-30", "2025-03-31", "2025-10-26", "2025-10-27")


@pytest.fixture(autouse=True)
def _short_pages() -> Iterator[None]:
    with patch.object(LargeListAdmin, "list_per_page", 20):
        yield


@pytest.fixture
def rows() -> None:
    """57 events and as many codes, on few days."""
    moments = [datetime.fromisoformat(f"{_DAYS[place % 7]}T{place % 24:02}:30:00+00:00") for place in range(57)]
    StripeEvent.objects.bulk_create(
        StripeEvent(
            event_id=f"evt_{place:04}", type=_TYPES[place % 3], object_id=f"in_{place % 100:03}",
            customer_id=f"cus_{place % 9}", livemode=place % 5 == 0, state="parked" if place % 8 == 0 else "done",
            happened_at=at, due_at=at,
        )
        for place, at in enumerate(moments)
    )  # fmt: skip
    CodeTag.objects.bulk_create(CodeTag(code=f"{place:04X}", label=f"Poster {place}") for place in range(57))
    for model, field in ((StripeEvent, "received_at"), (CodeTag, "created_at")):
        for row, at in zip(model._default_manager.order_by("pk"), moments, strict=True):
            model._base_manager.filter(pk=row.pk).update(**{field: at})


class _AsBefore:
    """Django's own list, paginator, dates and values."""

    def __enter__(self) -> None:
        own = admin.ModelAdmin
        self._patches: list[Any] = [
            patch.object(LargeListAdmin, "get_changelist", lambda *_, **__: ChangeList),
            patch.object(LargeListAdmin, "get_paginator", own.get_paginator),
            patch.object(LargeListAdmin, "change_list_template", None),
            # Of a list whose admin has a template of its own.
            patch.object(large_lists, "date_links", date_hierarchy),
            patch.object(LargeListAdmin, "show_full_result_count", True),
            patch.object(large_lists.StoredValuesFilter, "__init__", admin.AllValuesFieldListFilter.__init__),
        ]
        for one in self._patches:
            one.start()

    def __exit__(self, *_: object) -> None:
        for one in self._patches:
            one.stop()


def shown(client: Client, address: str) -> Any:
    answer = client.get(address)
    if answer.status_code != 200:
        return answer.status_code, answer.headers.get("Location")
    return re.sub(r"csrfmiddlewaretoken[^>]*>", "", answer.content.decode())


QUERIES = [
    "", "?p=2", "?p=3", "?p=4", "?p=nonsense", "?all=", "?q=evt_0007", "?q=cus_3", "?q=in_05", "?q=zzz",
    "?state__exact=parked", "?livemode__exact=0&p=2", "?type=invoice.paid",
    "?received_at__year=2025", "?received_at__year=2025&received_at__month=3", "?received_at__year=2024",
    "?received_at__year=2025&received_at__month=3&received_at__day=30", "?received_at__year=x",
    "?received_at__month=13&received_at__year=2025", "?received_at__year=0",
    "?o=-6.1&p=2", "?_facets=True&type=invoice.paid",
]  # fmt: skip


class TestAsBefore:
    @pytest.mark.parametrize("zone", ["Europe/Paris", "America/Los_Angeles"])
    def test_a_list_of_events(self, admin_client: Client, rows: None, zone: str) -> None:
        with override_settings(TIME_ZONE=zone), patch.object(large_lists, "_HEAD", 25):
            for query in QUERIES:
                mine = shown(admin_client, EVENTS + query)
                with _AsBefore():
                    assert mine == shown(admin_client, EVENTS + query), query

    @pytest.mark.parametrize("head", [5, 1000])
    def test_a_list_of_codes(self, admin_client: Client, rows: None, head: int) -> None:
        queries = ("", "?p=2", "?q=00f", "?archived__exact=1", "?all=", "?o=-2&p=3", "?created_at__year=2025")
        with patch.object(large_lists, "_HEAD", head):
            for query in queries:
                mine = shown(admin_client, CODES + query)
                with _AsBefore():
                    assert mine == shown(admin_client, CODES + query), query

    @pytest.mark.parametrize("query", ["received_at__year=9999", "received_at__year=9999&received_at__month=12"])
    def test_the_last_year_that_is_a_date_is_no_error_of_ours(
        self, admin_client: Client, rows: None, query: str
    ) -> None:
        assert admin_client.get(f"{EVENTS}?{query}").headers["Location"] == f"{EVENTS}?e=1"

    @pytest.mark.parametrize("query", ["received_at__year=1", "received_at__gte=0001-01-01"])
    def test_the_first_day_of_all_is_none_in_utc(
        self, admin_client: Client, rows: None, query: str, settings: Any
    ) -> None:
        settings.TIME_ZONE = "Europe/Paris"
        assert admin_client.get(f"{EVENTS}?{query}").status_code in {200, 302}

    def test_an_empty_list(self, admin_client: Client) -> None:
        for address in (EVENTS, CODES, f"{CODES}?q=x", f"{CODES}?created_at__year=2025"):
            mine = shown(admin_client, address)
            with _AsBefore():
                assert mine == shown(admin_client, address)

    def test_the_choice_of_another_code(self, admin_client: Client, rows: None) -> None:
        asked = {"app_label": "codetags", "model_name": "codetag", "field_name": "counts_for", "term": "Poster 1"}
        mine = admin_client.get("/admin/autocomplete/", asked).json()
        assert len(mine["results"]) == 20
        with _AsBefore():
            assert mine == admin_client.get("/admin/autocomplete/", asked).json()

    def test_the_history_of_a_row_has_its_own_entries(self, admin_client: Client, rows: None) -> None:
        """Django takes the paginator of the list for them too."""
        code = CodeTag.objects.get(label="Poster 7")
        for label in ("Kiosk", "Platform"):
            address = f"{CODES}{code.pk}/change/"
            changed = {"label": label, "placements-TOTAL_FORMS": 0, "placements-INITIAL_FORMS": 0}
            assert admin_client.post(address, changed).status_code == 302
        text = shown(admin_client, f"{CODES}{code.pk}/history/")
        assert text.count("Changed Label.") == 2
        assert "2 entries" in text


class TestCost:
    """Counted, not timed."""

    @pytest.mark.parametrize(
        "query", ["", "?p=2", "?p=3", "?type=invoice.paid", "?q=evt_0007", "?received_at__year=2025"]
    )
    def test_queries_do_not_grow_with_the_rows(self, admin_client: Client, rows: None, query: str) -> None:
        numbers = []
        for _ in range(2):
            with CaptureQueriesContext(connection) as captured:
                assert admin_client.get(EVENTS + query).status_code == 200
            numbers.append(len(captured))
            if len(numbers) > 1:
                break
            at = datetime(2025, 3, 30, tzinfo=UTC)
            StripeEvent.objects.bulk_create(
                StripeEvent(event_id=f"evt_x{place}", type="invoice.paid", happened_at=at, due_at=at)
                for place in range(700)
            )
            StripeEvent.objects.filter(event_id__startswith="evt_x").update(received_at=at + timedelta(hours=1))
        assert numbers[1] <= numbers[0] <= 25

    @pytest.mark.parametrize("asked", ["evt_0007", "evt_00", "evt_", "cus_3", "cus", "in_05", "zzz", "5", "%", "ევტ"])
    def test_a_search_reads_no_other_row(self, admin_client: Client, rows: None, asked: str) -> None:
        """By each database's own plan, as it is for a table of any size: the steps to the ids that begin so."""
        with CaptureQueriesContext(connection) as captured:
            assert admin_client.get(EVENTS, {"q": asked}).status_code == 200
        (sql,) = [one["sql"] for one in captured if re.search(r"SELECT [^,]* FROM .*(>=|LIKE).*LIMIT 501", one["sql"])]
        if connection.vendor == "sqlite":
            plan = _plan(sql)
            assert not re.search("SCAN ", plan), plan
            assert len(re.findall(r"SEARCH billing_stripeevent USING INDEX \S+ \(\w+>\? AND \w+<\?\)", plan)) == 3, plan
            return
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")  # which it prefers for so few rows
            cursor.execute(f"EXPLAIN {sql}".replace("%", "%%"), [])
            plan = "\n".join(str(row[0]) for row in cursor.fetchall())
        assert len(re.findall(r"Index Cond: .*~>=~", plan)) == 3, plan

    def test_the_dates_of_a_few_rows_are_read_with_them(self, admin_client: Client, rows: None) -> None:
        """Asked for the first and the last of them, PostgreSQL walks along the index of all dates."""
        with CaptureQueriesContext(connection) as captured:
            assert "received_at__" in admin_client.get(EVENTS, {"q": "evt_00"}).content.decode()
        assert not [one["sql"] for one in captured if re.search(r"\b(MIN|MAX)\(", one["sql"])]

    def test_a_search_finds_what_begins_so(self, admin_client: Client, rows: None) -> None:
        for asked, found in {
            "evt_001": 10,
            "evt_0010": 1,
            "in_00": 10,
            "cus_0": 7,
            "vt_": 0,
            "EVT_": 0,
            "": 57,
        }.items():
            text = admin_client.get(EVENTS, {"q": asked}).content.decode()
            assert f"{found} Stripe event" in text, asked

    def test_nothing_reads_every_row(self, admin_client: Client, rows: None) -> None:
        if connection.vendor != "sqlite":
            pytest.skip("its plan of a small table tells nothing")
        for address in (EVENTS, f"{EVENTS}?p=2", f"{EVENTS}?state__exact=done", f"{EVENTS}?type=invoice.paid&p=2",
            f"{EVENTS}?livemode__exact=0", f"{EVENTS}?received_at__year=2025", CODES, f"{CODES}?p=2"):  # fmt: skip
            for sql in _queries(admin_client, address):
                plan = _plan(sql)
                assert "TEMP B-TREE" not in plan, (sql, plan)
                assert not re.search(r"SCAN (billing_stripeevent|codetags_codetag)(?! USING)", plan), (sql, plan)


def _queries(client: Client, address: str) -> Iterator[str]:
    with patch.object(large_lists, "_HEAD", 3), CaptureQueriesContext(connection) as captured:
        client.get(address)
    yield from (one["sql"] for one in captured if re.search("FROM .(billing_stripeevent|codetags_codetag)", one["sql"]))


def _plan(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}".replace("%", "%%"), [])
        return "; ".join(str(row[3]) for row in cursor.fetchall())
