"""GET /api/stats/history over HTTP: what stands there, how old it may be, and in which form."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as checks
from hypothesis import strategies as st

from kv.days import at_hour, local_day
from kv.errors import StoreUnavailable
from kv.store.steps import drive
from kv.web.lane.calls import Call, Route
from stats.services import history
from stats.services.figures import forget_figures, read_figures
from stats.services.payment_code_counts import record_payment_code
from stats.services.visits import record_visit
from stats.views import lane as fast
from tests.stats.test_figures import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.site_client import SiteClient

PATH = "/api/stats/history"
CSV = "text/csv"

pytestmark = pytest.mark.usefixtures("lane")


@pytest.fixture(autouse=True)
def _clean(store: Any) -> None:
    """Every test here needs the store empty."""


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock()
    with patch("kv.web.last_known.time", clock):
        yield clock


def count(days_ago: int, *, visitors: int = 0, cents: tuple[int, ...] = ()) -> None:
    when = at_hour(local_day() - timedelta(days=days_ago), 12)
    for number in range(visitors):
        record_visit(address=f"203.{days_ago // 250}.{days_ago % 250}.{number}", now=when)
    for number, amount in enumerate(cents):
        record_payment_code(id=f"{days_ago}-{number}", amount_cents=amount, now=when)


def days_of(client: SiteClient, query: str = "", **headers: str) -> list[dict[str, Any]]:
    answer = client.get(PATH + query, headers=headers)
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["days"]
    return found


def away() -> Any:
    return patch("stats.services.history.list_days", side_effect=StoreUnavailable("away"))


class TestDays:
    def test_are_thirty_up_to_today_oldest_first(self, client: SiteClient) -> None:
        count(0, visitors=2, cents=(1250, 50))
        count(29, visitors=1)
        count(30, visitors=5)
        days = days_of(client)
        today = local_day()
        assert [day["date"] for day in days] == [str(today - timedelta(days=back)) for back in range(29, -1, -1)]
        assert days[-1] == {"date": str(today), "visitors": 2, "qr": 2, "amount_cents": 1300}
        assert days[0]["visitors"] == 1
        assert all(day["visitors"] == 0 for day in days[1:-1])

    @pytest.mark.parametrize("days", [1, 2, 60, 61, 366])
    def test_are_as_many_as_asked_for(self, days: int, client: SiteClient) -> None:
        count(days - 1, visitors=1)
        count(days, visitors=1)
        found = days_of(client, f"?days={days}")
        assert (len(found), found[0]["visitors"]) == (days, 1)
        assert sum(day["visitors"] for day in found) == 1

    @pytest.mark.parametrize("days", ["0", "367", "-1", "1.5", "x", "%00", "9" * 400, "1e2", "true"])
    def test_that_there_are_not_are_named(self, days: str, client: SiteClient) -> None:
        answer = client.get(f"{PATH}?days={days}")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
        assert list(answer.json()["errors"]) == ["days"]
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert answer["Cache-Control"] == "no-store"

    def test_of_an_empty_store_are_noughts(self, client: SiteClient) -> None:
        assert {(day["visitors"], day["qr"], day["amount_cents"]) for day in days_of(client)} == {(0, 0, 0)}

    @checks(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        counted=st.dictionaries(
            st.integers(0, 29),
            st.tuples(st.integers(0, 3), st.lists(st.integers(1, 99_999), max_size=3)),
            max_size=6,
        )
    )
    def test_of_a_young_site_add_up_to_the_totals(self, client: SiteClient, store: Any, counted: Any) -> None:
        store.flushall()
        for days_ago, (visitors, cents) in counted.items():
            count(days_ago, visitors=visitors, cents=tuple(cents))
        history.forget_history()
        forget_figures()
        days, totals = days_of(client), read_figures()
        assert sum(day["visitors"] for day in days) == totals.visitors
        assert sum(day["qr"] for day in days) == totals.qr_total
        assert sum(day["amount_cents"] for day in days) == totals.revenue_cents


class TestForms:
    @pytest.mark.parametrize(
        ("accept", "kind"),
        [
            (None, "application/json"),
            ("", "application/json"),
            ("*/*", "application/json"),
            ("application/json", "application/json"),
            ("application/json, text/plain, */*", "application/json"),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json"),
            ("image/png", "application/json"),
            ("text/csv", CSV),
            ("TEXT/CSV", CSV),
            ("text/csv; charset=utf-8", CSV),
            ("text/*", CSV),
            ("text/csv, */*", CSV),
            ("text/csv, application/json;q=0.9", CSV),
            ("application/json;q=0.5, text/csv;q=0.8", CSV),
            ("text/csv;q=0.5, application/json", "application/json"),
            ("text/csv, application/json", CSV),
            ("text/csv;q=0", "application/json"),
            ("text/csv;q=0, */*", "application/json"),
        ],
    )
    def test_follow_accept(self, accept: str | None, kind: str, client: SiteClient) -> None:
        answer = client.get(f"{PATH}?days=2", headers={} if accept is None else {"Accept": accept})
        assert answer.status_code == 200
        assert answer["Content-Type"].partition(";")[0] == kind
        # A cache that has one for one caller asks again for another.
        assert answer["Vary"] == "Accept"

    def test_say_the_same(self, client: SiteClient) -> None:
        count(1, visitors=1, cents=(1250,))
        text = client.get(f"{PATH}?days=3", headers={"Accept": CSV}).content.decode("utf-8")
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        assert [{name: row[name] if name == "date" else int(row[name]) for name in row} for row in rows] == days_of(
            client, "?days=3"
        )
        assert csv.Sniffer().has_header(text)

    def test_the_head_is_that_of_the_answer(self, client: SiteClient) -> None:
        for accept in (CSV, "*/*"):
            asked = client.get(PATH, headers={"Accept": accept})
            head = client.head(PATH, headers={"Accept": accept})
            assert (head.status_code, head.content, head["Content-Type"]) == (200, b"", asked["Content-Type"])
            assert head["Content-Length"] == asked["Content-Length"]


class TestFreshness:
    def test_a_cache_may_keep_it_until_it_is_a_minute_old(self, client: SiteClient, clock: Clock) -> None:
        for query in ("", "?days=366"):
            assert client.get(PATH + query)["Cache-Control"] == "public, max-age=60"
            clock.now += 41.5
            assert client.get(PATH + query)["Age"] == "42"
            clock.now += 100

    def test_is_read_once_while_fresh(self, client: SiteClient, clock: Clock) -> None:
        days_of(client)
        with patch("stats.services.history.list_days", side_effect=AssertionError):
            clock.now += 59
            for query in ("", "?days=1", "?days=60"):
                days_of(client, query)
                client.get(PATH + query, headers={"Accept": CSV})
        count(0, visitors=1)
        assert days_of(client)[-1]["visitors"] == 0
        clock.now += 1.1
        assert days_of(client)[-1]["visitors"] == 1

    def test_the_last_known_is_given_for_a_minute(self, client: SiteClient, clock: Clock) -> None:
        count(0, visitors=3)
        days_of(client)
        with away():
            clock.now += 59
            assert days_of(client)[-1]["visitors"] == 3
            clock.now += 1.5
            answer = client.get(PATH)
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert (answer["Retry-After"], answer["Cache-Control"]) == ("1", "no-store")
        assert answer["Access-Control-Allow-Origin"] == "*"

    def test_where_nobody_may_wait_it_is_not_read(self) -> None:
        call = Call({}, is_secure=False, route=Route(fast.history, "", ""), started=0.0, may_wait=False)
        with patch("stats.services.history.list_days", side_effect=AssertionError):
            assert drive(call.steps()) is None
        history.fresh_history(30)
        assert drive(call.steps()) is not None


class TestSwitchedOff:
    def test_is_a_404_that_says_so(self, client: SiteClient, settings: Any) -> None:
        settings.STATS_PUBLIC_HISTORY = False
        answer = client.get(PATH)
        assert (answer.status_code, answer.json()["code"]) == (404, "switched_off")
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert client.get("/api/stats").status_code == 200
