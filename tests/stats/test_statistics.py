"""The public page of statistics, the lines of the cards and the names of tools."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from django.conf import settings as site_settings
from django.test import Client, override_settings
from django.utils.translation import gettext_lazy, override

from kv.days import at_hour, local_day
from kv.errors import StoreUnavailable
from kv.store.caches import durable_cache
from stats.services import history
from stats.services.figures import forget_figures
from stats.services.payment_code_counts import record_payment_code
from stats.services.tool_names import tool_label
from stats.services.totals import adjust_figure
from stats.services.usage import record_usage
from stats.services.visits import record_visit
from stats.types import Day, History

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings


@pytest.fixture(autouse=True)
def _fresh_figures(store: Any) -> Iterator[None]:
    forget_figures()
    yield
    forget_figures()


def page_of(client: Client, query: str = "", prefix: str = "") -> str:
    response = client.get(f"{prefix}/statistics{query}")
    assert response.status_code == 200
    return unescape(response.content.decode())


def ago(days: int) -> datetime:
    return at_hour(local_day() - timedelta(days=days), 12)


def visit(days_ago: int, times: int = 1) -> None:
    for number in range(times):
        record_visit(address=f"203.0.{days_ago % 250}.{number}", now=ago(days_ago))


def uses_shown(html: str) -> list[tuple[str, str, str]]:
    """name, uses on the days shown, all uses."""
    row = r'<span class="name">(.+?)</span>.*?(\S+) in all</span></th>\s*<td class="number">(.+?)</td>'
    return [(name, shown, total.rpartition(">")[2]) for name, total, shown in re.findall(row, html, re.DOTALL)]


def figures_shown(html: str) -> list[str]:
    return re.findall(r'<span class="tab-value">(.+?)</span>', html)


class TestEmpty:
    def test_says_what_will_appear_and_how(self, client: Client) -> None:
        html = page_of(client)
        assert "Nothing has been counted yet" in html
        assert "Visitors, payment codes and the uses of each tool will appear here" in html
        assert 'href="/pay"' in html

    def test_without_a_tool_used_says_so(self, client: Client) -> None:
        visit(0)
        html = page_of(client)
        assert "Nothing has been counted yet" not in html
        assert "No tool has been used yet" in html


class TestRanges:
    def test_show_what_was_counted_on_their_days(self, client: Client) -> None:
        for days_ago, times in ((0, 1), (6, 2), (7, 4), (29, 8), (30, 16), (89, 32), (364, 64)):
            visit(days_ago, times)
        for query, visitors in (("?days=7", 3), ("", 15), ("?days=30", 15), ("?days=90", 63), ("?days=365", 127)):
            assert (query, figures_shown(page_of(client, query))[0]) == (query, str(visitors))

    def test_from_one_day_to_another(self, client: Client) -> None:
        visit(40, 3)
        visit(50, 5)
        first, last = (local_day() - timedelta(days=back) for back in (45, 35))
        assert figures_shown(page_of(client, f"?from={first}&to={last}"))[0] == "3"

    @pytest.mark.parametrize(
        "query",
        ["?days=abc", "?days=", "?days=-1", "?days=0", "?days=٣", "?from=x&to=y", "?from=2026-02-30", "?of=none",
         "?from=0001-01-01&to=0001-01-02", "?from=9999-12-31", "?to=9999-12-31", f"?days={'9' * 400}", "?days=1&days=2",
         "?from=2026-03-01&to=2026-01-01", "?of=%00", "?from=%00"],
    )  # fmt: skip
    def test_that_there_are_not_are_a_page_too(self, client: Client, query: str) -> None:
        visit(0)
        assert len(figures_shown(page_of(client, query))) == 3

    def test_are_plain_links_that_keep_the_figure(self, client: Client) -> None:
        visit(0)
        html = page_of(client, "?of=amount&days=7")
        for days in (7, 30, 90, 365):
            assert f'href="?of=amount&days={days}"' in html
        assert 'href="?days=7&of=visitors"' in html
        assert 'href="?days=7&of=payment-codes"' in html

    def test_amounts_are_money(self, client: Client) -> None:
        record_payment_code(id="one", amount_cents=123450, now=ago(2))
        html = page_of(client, "?of=amount")
        assert figures_shown(html) == ["0", "1", "€1,234.50"]
        assert ">€1,234.50<" in page_of(client, "?of=amount").split("kv-chart", 1)[1]
        assert figures_shown(page_of(client, "?of=amount", "/de"))[2] == "1.234,50\u00a0€"

    def test_compare_with_as_many_days_before(self, client: Client) -> None:
        visit(20)
        visit(9, 4)
        visit(2, 5)
        assert "+25% compared with the 7 days before" in page_of(client, "?days=7")
        assert "compared with" not in page_of(client, "?days=30")  # counting began within the days before

    def test_days_before_counting_began_are_a_gap(self, client: Client) -> None:
        visit(3)
        visit(1)
        html = page_of(client, "?days=7")
        assert "not known" in html
        assert "2 in total" in html

    def test_the_longest_is_one_small_page(self, client: Client) -> None:
        for back in range(0, 365, 5):
            visit(back)
        for query in ("?days=90", "?days=365", f"?from={local_day() - timedelta(days=3000)}&to={local_day()}"):
            assert len(client.get(f"/statistics{query}").content) < 48_000


class TestTools:
    def test_have_names_sentences_and_bars_most_used_first(self, client: Client) -> None:
        for _ in range(4):
            record_usage(tool="webo-news-overlay")
        record_usage(tool="payment-qr")
        html = page_of(client)
        assert uses_shown(html) == [("News overlay", "4", "4"), ("Payment code", "1", "1")]
        assert re.findall(r'<rect width="(\d+)" height="4"', html) == ["100", "25"]
        assert "Shows current news on top of a page." in html

    def test_show_the_days_beside_all_uses(self, client: Client) -> None:
        for days_ago, times in ((60, 5), (1, 2)):
            for _ in range(times):
                record_usage(tool="payment-qr", now=ago(days_ago))
        record_usage(tool="webo-news-overlay", now=ago(60))
        assert uses_shown(page_of(client)) == [("Payment code", "2", "7"), ("News overlay", "0", "1")]

    def test_have_names_of_the_site(self, settings: Settings) -> None:
        settings.STATS_TOOL_NAMES = {
            "one": ("One", "Does one thing."), "two": "Two", "three": (gettext_lazy("Visitors"), ""),
            "payment-qr": ("Payment codes", ""),
        }  # fmt: skip
        assert [(found.name, found.sentence) for found in map(tool_label, ("one", "two", "payment-qr", "four"))] == [
            ("One", "Does one thing."), ("Two", ""), ("Payment codes", ""), ("four", "")
        ]  # fmt: skip
        with override("de"):
            assert tool_label("three").name == "Besucher"
            # Plain texts are looked up in the catalogues too; the empty one is no text.
            assert tool_label("payment-qr").name == "Zahlungscodes"
            assert tool_label("payment-qr").sentence == ""
            assert tool_label("webo-news-overlay").name == "News-Einblendung"

    def test_names_are_text_on_the_page(self, client: Client, settings: Settings) -> None:
        settings.STATS_TOOL_NAMES = {"payment-qr": ("<b>&", '"><script>')}
        record_usage(tool="payment-qr")
        html = client.get("/statistics").content.decode()
        assert '<span class="name">&lt;b&gt;&amp;</span>' in html
        assert "<script>" not in html


class TestAge:
    def test_is_said(self, client: Client) -> None:
        visit(0)
        assert re.search(r"As of \d+ \w+ 20\d\d.* \(UTC\)", page_of(client))

    def test_the_series_is_read_once_a_minute(self, client: Client) -> None:
        visit(0)
        client.get("/")
        with patch("stats.services.series.call_many", side_effect=StoreUnavailable("away")) as call:
            client.get("/")
            client.get("/statistics?days=7")
            client.get("/de/statistics?days=30&of=amount")
            assert call.call_count == 0

    def test_the_last_known_stays_while_the_store_is_away(self, client: Client) -> None:
        visit(0, 3)
        assert "3 in the last 30 days" in unescape(client.get("/").content.decode())
        with patch("kv.web.last_known.time.monotonic", return_value=1e12), patch(
            "stats.services.series.call_many", side_effect=StoreUnavailable("away")
        ):  # fmt: skip
            assert "3 in the last 30 days" in unescape(client.get("/").content.decode())
            assert figures_shown(page_of(client))[0] == "3"

    def test_nothing_known_is_a_dash(self, client: Client) -> None:
        away = {**site_settings.CACHES, "kv": durable_cache("redis://127.0.0.1:1/0", directory=Path())}
        with override_settings(CACHES=away):
            html = page_of(client)
            assert figures_shown(html) == ["–", "–", "–"]
            assert [row[1:] for row in uses_shown(html)] == [("–", "–")] * 3
            assert "can't be read just now" in html


class TestCards:
    def test_have_a_line_and_the_change(self, client: Client) -> None:
        visit(64)
        visit(40, 2)
        visit(3, 3)
        html = unescape(client.get("/").content.decode())
        assert "3 in the last 30 days" in html
        assert "+50% compared with the 30 days before" in html
        assert html.count('class="kv-spark"') == 1

    def test_that_are_quiet_say_what_will_appear(self, client: Client) -> None:
        html = unescape(client.get("/").content.decode())
        assert "Nothing was counted in the last 30 days." in html
        assert "kv-spark" not in html


class TestTrend:
    def days(self, *visitors: int, began: date = date.min) -> History:
        start = date(2026, 1, 1)
        return History(
            tuple(Day(start + timedelta(days=back), count, count, 0, 0, {}, {}) for back, count in enumerate(visitors)),
            began,
            datetime(2026, 2, 1, tzinfo=UTC),
        )

    def test_takes_the_days_and_as_many_before(self) -> None:
        known = self.days(1, 2, 3, 4, 5, 6)
        trend = history.trend_of(
            known, lambda day: day.visitors, first=date(2026, 1, 5), last=date(2026, 1, 6)
        )  # fmt: skip
        assert (trend.total, trend.before) == (11, (3, 4))
        assert trend.days == ((date(2026, 1, 5), 5), (date(2026, 1, 6), 6))

    def test_knows_nothing_before_counting_began_and_before_what_was_read(self) -> None:
        known = self.days(0, 0, 0, 4, 5, began=date(2026, 1, 4))
        trend = history.trend_of(known, lambda day: day.visitors, first=date(2026, 1, 3), last=date(2026, 1, 5))
        assert (trend.values, trend.before, trend.total) == ((None, 4, 5), (None, None, None), 9)


class TestBeginning:
    def test_is_the_first_day_on_which_anything_was_counted(self) -> None:
        visit(10)
        visit(3)
        known = history.recent_history()
        assert known is not None
        assert known.began == ago(10).date()

    def test_is_before_the_days_when_more_was_counted_than_on_them(self) -> None:
        visit(100)
        visit(3)
        known = history.recent_history()
        assert known is not None
        assert known.began == date.min

    def test_is_not_yet(self) -> None:
        known = history.recent_history()
        assert known is not None
        assert known.began == date.max

    def test_is_not_moved_by_what_is_counted_while_it_is_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        visit(3)

        def then_visit(read: Any) -> Any:
            def read_and_visit(**more: int) -> Any:
                found = read(**more)
                visit(0)
                return found

            return read_and_visit

        for name in ("list_days", "read_counters"):
            monkeypatch.setattr(history, name, then_visit(getattr(history, name)))
        known = history.recent_history()
        assert known is not None
        assert known.began == ago(3).date()

    @pytest.mark.parametrize("delta", [1, -1])
    def test_is_not_moved_by_a_change_by_hand(self, db: None, delta: int) -> None:
        visit(3, times=2)
        adjust_figure(figure="visitors", delta=delta, reason="test", id="a")
        known = history.recent_history()
        assert known is not None
        assert known.began == ago(3).date()
