"""Spending by day and reason, filtered transactions and their sums, in the store and in the archive; moods by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from usertokens.services import accounts, activity, balances, exports, history, holds, resets
from usertokens.services.history import (
    Reason,
    find_transactions,
    first_day,
    iterate_found,
    read_spending,
)
from usertokens.services.journal import archive_journal, list_transactions
from usertokens.views.activity_calendar import activity_calendar
from usertokens.views.history_filter import KINDS, HistoryFilter

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
FIRST, LAST = date(2026, 3, 5), date(2026, 3, 10)


@pytest.fixture
def spender(user: User) -> str:
    """Somebody who began on 6 March, spent on three days, and kept 12 of a hold of 20."""
    user_id = str(user.pk)
    for back, amount, reason in ((4, 5, "article"), (2, 7, "image"), (2, 3, "article")):
        balances.spend_tokens(user_id, amount, reason=reason, now=NOW - timedelta(days=back))
    held = holds.hold_tokens(user_id, 20, ttl_seconds=600, reason="video", now=NOW - timedelta(days=1))
    holds.capture_hold(user_id, held.id, 12, now=NOW - timedelta(days=1))
    balances.spend_tokens(user_id, 1, now=NOW)
    return user_id


def archive(user_id: str, how: str) -> None:
    """Move nothing, the oldest days or everything to the database."""
    if how != "none":
        archive_journal(user_id, older_than=None if how == "all" else NOW - timedelta(days=1, hours=12), now=NOW)


def test_a_text_that_postgresql_does_not_store_is_archived(user: User) -> None:
    """It refuses NUL; SQLite would keep it."""
    balances.spend_tokens(str(user.pk), 5, reason="a\0b", now=NOW)
    archive_journal(str(user.pk), older_than=None, now=NOW)
    assert list_transactions(str(user.pk), limit=1, now=NOW).results[0].reason == "ab"


@pytest.mark.parametrize("how", ["none", "part", "all"])
class TestSpending:
    def test_by_day_and_reason(self, spender: str, how: str) -> None:
        archive(spender, how)
        found = read_spending(spender, first=FIRST, last=LAST)
        assert [tokens for _day, tokens in found.days] == [None, 5, 0, 10, 12, 1]
        assert found.reasons == (
            Reason("video", 12, 1),
            Reason("article", 8, 2),
            Reason("image", 7, 1),
            Reason("", 1, 1),
        )
        assert (found.total, found.begins) == (28, date(2026, 3, 6))

    def test_of_a_part(self, spender: str, how: str) -> None:
        archive(spender, how)
        found = read_spending(spender, first=date(2026, 3, 8), last=date(2026, 3, 8))
        assert ([tokens for _day, tokens in found.days], found.total) == ([10], 10)
        later = read_spending(spender, first=date(2026, 4, 1), last=date(2026, 4, 2))
        assert ([tokens for _day, tokens in later.days], later.reasons) == ([0, 0], ())
        earlier = read_spending(spender, first=date(2026, 3, 1), last=date(2026, 3, 2))
        assert [tokens for _day, tokens in earlier.days] == [None, None]

    def test_reasons_of_some_of_the_days(self, spender: str, how: str) -> None:
        archive(spender, how)
        found = read_spending(spender, first=FIRST, last=LAST, reasons_from=date(2026, 3, 8))
        assert [tokens for _day, tokens in found.days] == [None, 5, 0, 10, 12, 1]
        assert {one.reason: one.tokens for one in found.reasons} == {"video": 12, "image": 7, "article": 3, "": 1}

    def test_what_was_given_back(self, spender: str, how: str) -> None:
        (entry,) = (row for row in list_transactions(spender, now=NOW).results if row.reason == "image")
        balances.reverse_entry(spender, entry.id, 4, reason="a mistake", now=NOW)
        archive(spender, how)
        assert read_spending(spender, first=FIRST, last=LAST).given_back == 4
        assert read_spending(spender, first=FIRST, last=FIRST).given_back == 0


@pytest.mark.parametrize("how", ["none", "part", "all"])
class TestFound:
    def test_all_of_them(self, spender: str, how: str) -> None:
        everything = list_transactions(spender, limit=100, now=NOW).results
        archive(spender, how)
        found = find_transactions(spender, limit=100)
        assert found.results == everything
        assert found.count == len(everything)
        assert found.added - found.taken == sum(entry.amount for entry in everything)
        assert found.before is None

    def test_by_type_and_day_in_pages(self, spender: str, how: str) -> None:
        archive(spender, how)
        pages, before = [], None
        while True:
            found = find_transactions(
                spender, types=("spend",), first=date(2026, 3, 6), last=date(2026, 3, 8), limit=1, before=before
            )
            assert (found.count, found.added, found.taken) == (3, 0, 15)  # of all pages
            pages += [entry.amount for entry in found.results]
            if (before := found.before) is None:
                break
        assert pages == [-3, -7, -5]

    def test_nothing_fits(self, spender: str, how: str) -> None:
        archive(spender, how)
        found = find_transactions(spender, types=("refund",))
        assert (found.results, found.count, found.before) == ((), 0, None)


@pytest.mark.parametrize("how", ["none", "part", "all"])
@pytest.mark.parametrize("size", [1, 2, 3, 500])
def test_an_export_has_each_entry_once(
    spender: str, how: str, size: int, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    everything = list_transactions(spender, limit=100, now=NOW).results
    archive(spender, how)
    monkeypatch.setattr(history, "_PAGE", size)
    # No sums of all for each page.
    with django_assert_max_num_queries(len(everything) // size + 1):
        assert tuple(iterate_found(spender)) == everything
    some = iterate_found(spender, types=("spend",), first=date(2026, 3, 6), last=date(2026, 3, 8))
    assert [entry.amount for entry in some] == [-3, -7, -5]


def test_a_user_without_anything(user: User) -> None:
    assert find_transactions(str(user.pk)).count == 0
    assert first_day(str(user.pk)) is None
    assert [tokens for _day, tokens in read_spending(str(user.pk), first=LAST, last=LAST).days] == [None]


@pytest.mark.parametrize("how", ["none", "part", "all"])
def test_first_day(spender: str, how: str) -> None:
    archive(spender, how)
    assert first_day(spender) == date(2026, 3, 6)


class TestFilter:
    @pytest.mark.parametrize(
        ("query", "kind", "first", "last"),
        [
            ({}, "", None, None),
            ({"kind": "spent", "month": "2026-02"}, "spent", date(2026, 2, 1), date(2026, 2, 28)),
            ({"month": "2024-02"}, "", date(2024, 2, 1), date(2024, 2, 29)),
            ({"month": "2025-12"}, "", date(2025, 12, 1), date(2025, 12, 31)),
            ({"kind": "x", "month": "2026-13"}, "", None, None),
            ({"month": "2026-04"}, "", None, None),  # to come
            ({"month": "0001-01"}, "", None, None),
            ({"month": "abc"}, "", None, None),
        ],
    )
    def test_reads_what_can_be_read(
        self, query: dict[str, str], kind: str, first: date | None, last: date | None
    ) -> None:
        wanted = HistoryFilter(query, date(2026, 3, 10))
        assert (wanted.kind, wanted.first, wanted.last) == (kind, first, last)
        assert wanted.is_active == bool(kind or first)

    def test_lists_months_back_to_the_first(self) -> None:
        months = HistoryFilter({"month": "2020-01"}, date(2026, 3, 10), date(2026, 1, 31)).months
        assert [value for value, _name in months] == ["2026-03", "2026-02", "2026-01", "2020-01"]
        assert len(HistoryFilter({}, date(2026, 3, 10), date(1990, 1, 1)).months) == 60

    def test_every_type_of_entry_is_of_one_kind(self) -> None:
        from usertokens.templatetags.usertokens import _KINDS

        types = [name for names in KINDS.values() for name in names]
        assert sorted(types) == sorted(_KINDS)

    def test_on_the_page(self, user: User) -> None:
        client = Client()
        client.force_login(user)
        for number in range(30):
            balances.spend_tokens(str(user.pk), 1, reason=f"reason-{number}")
        page = client.get("/dashboard/history?kind=spent").text
        assert "30 transactions: 0 tokens added, 30 taken." in " ".join(page.split())
        assert "?kind=spent&amp;before=" in page
        assert '<option value="spent" selected>' in page
        assert "Allowance of the month" not in page
        assert 'href="/dashboard/history.csv?kind=spent"' in page
        for query, rows in (("?kind=spent", 30), ("?kind=received", 1), ("?month=2001-01", 0), ("", 31)):
            answer = client.get(f"/dashboard/history.csv{query}")
            lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined] # a stream
            assert (query, len(lines)) == (query, rows + 1)
        page = client.get("/dashboard/history?kind=corrected").text
        assert "No transaction fits." in page
        assert client.get("/dashboard/history?kind=%00&month=%F0%9F&before=-1").status_code == 200


class TestMoods:
    def test_one_a_day(self, user: User, store: Any) -> None:
        user_id = str(user.pk)
        for back, score in ((2, "3"), (1, "4.5"), (1, "5"), (0, "10")):
            activity.set_mood(user_id, Decimal(score), now=NOW - timedelta(days=back))
        assert [(mood.day.day, mood.score) for mood in activity.list_moods(user_id)] == [(8, 3), (9, 5), (10, 10)]
        # A clock behind changes the last one, so that the days stay in order.
        activity.set_mood(user_id, 1, now=NOW - timedelta(days=3))
        assert [(mood.day.day, mood.score) for mood in activity.list_moods(user_id)] == [(8, 3), (9, 5), (10, 1)]

    def test_a_year_is_kept(self, user: User, store: Any) -> None:
        user_id = str(user.pk)
        activity.set_mood(user_id, 5, now=NOW)
        key = f"user:{{{user_id}}}:moods"
        store.delete(key)
        store.rpush(key, *(f"{(NOW - timedelta(days=back)).date()}=5" for back in range(400, 0, -1)))
        activity.set_mood(user_id, 7, now=NOW)
        moods = activity.list_moods(user_id)
        assert len(moods) == activity.MOOD_DAYS == 366
        assert (moods[-1].day, moods[-1].score) == (NOW.date(), 7)

    def test_are_in_the_export_and_gone_with_the_account_and_a_reset(self, user: User, store: Any) -> None:
        user_id = str(user.pk)
        activity.set_mood(user_id, 5, now=NOW)
        assert exports.export_user(user_id)["moods"] == [{"day": NOW.date(), "score": 5.0}]
        balances.get_balance(user_id)
        resets.reset_user(user_id, reason="again", actor="staff")
        assert activity.list_moods(user_id) == ()
        activity.set_mood(user_id, 5, now=NOW)
        accounts.forget_user(user_id)
        assert list(store.scan_iter(match="user:*")) == []

    def test_as_a_line_on_the_dashboard(self, user: User) -> None:
        client = Client()
        client.force_login(user)
        assert "chart-mood" not in client.get("/dashboard").text
        for back in (20, 3, 0):
            activity.set_mood(str(user.pk), 5 + back / 10, now=datetime.now(UTC) - timedelta(days=back))
        page = client.get("/dashboard").text
        assert 'id="chart-mood"' in page
        assert "Between 5 and 7, most recently 5." in page


class TestCalendar:
    def test_says_how_often(self) -> None:
        calendar = activity_calendar([False] * 80 + [True, False, True, True], LAST, LAST + timedelta(days=1))
        assert calendar.days == 84
        assert [day.day for day in calendar.active] == [10, 9, 7]
        assert [label.text for label in calendar.weekdays] == ["Mon", "Wed", "Fri"]
        assert calendar.months[-1].text == "Mar"

    @given(st.dates(date(1990, 1, 1), date(2100, 1, 1)))
    def test_names_of_months_do_not_touch(self, today: date) -> None:
        calendar = activity_calendar([True] * 84, today, today)
        places = [label.at for label in calendar.months]
        assert all(after - before >= 36 for before, after in pairwise(places))
        assert len(calendar.active) == 84
        assert max(cell.x for cell in calendar.cells) < calendar.width <= 13 * 12
