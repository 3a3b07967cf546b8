"""`manage.py demo`: the same seed makes the same site, and nothing real is ever mixed with it."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from django.core.management import CommandError, call_command

from config.demo import Part, fill_part, has_figures, list_parts
from stats.demo import fill
from stats.services.figures import forget_figures, read_figures
from stats.services.series import list_days
from stats.services.usage import list_usage
from stats.services.visits import record_visit
from stats.types import Reason
from tests.stats.callers import count_keys

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)  # a Tuesday
STATS = Part("stats", "Statistics", fill)


@pytest.fixture(autouse=True)
def _clean(store: Any) -> None:
    forget_figures()


class TestParts:
    def test_are_brought_by_the_apps(self) -> None:
        assert "stats" in [part.app for part in list_parts()]

    def test_leave_the_site_itself_out(self) -> None:
        assert not {"site", "kv"} & {part.app for part in list_parts()}


class TestStatistics:
    @pytest.fixture(autouse=True)
    def _filled(self, store: Any) -> None:
        fill_part(STATS, seed="one", now=NOW, advance=lambda _: None)

    def test_are_believable(self) -> None:
        known = read_figures()
        assert 2000 < known.visitors < 8000
        assert known.qr_total > 100
        assert known.revenue_cents > 100_000
        assert all(use.count for use in list_usage())

    def test_fill_every_day_and_fewer_at_weekends(self) -> None:
        days = list_days(days=90, now=NOW)
        assert all(day.visits for day in days)
        weekend = [day.visits for day in days if day.day.isoweekday() > 5]
        week = [day.visits for day in days if day.day.isoweekday() <= 5]
        assert sum(weekend) / len(weekend) < 0.8 * sum(week) / len(week)

    def test_grow(self) -> None:
        days = list_days(days=90, now=NOW)
        assert sum(day.visits for day in days[60:]) > 1.3 * sum(day.visits for day in days[:30])

    def test_know_every_reason(self) -> None:
        assert {reason for day in list_days(days=90, now=NOW) for reason in day.left_out} == {*Reason}

    def test_of_the_same_seed_are_the_same(self, store: Any) -> None:
        first = list_days(days=90, now=NOW)
        store.flushall()
        fill_part(STATS, seed="one", now=NOW, advance=lambda _: None)
        assert list_days(days=90, now=NOW) == first

    def test_of_another_seed_are_others(self, store: Any) -> None:
        first = list_days(days=90, now=NOW)
        store.flushall()
        fill_part(STATS, seed="two", now=NOW, advance=lambda _: None)
        assert list_days(days=90, now=NOW) != first


@pytest.mark.parametrize("limits", [None, {"visit": "3/minute"}])
def test_no_limit_of_visits_stands_in_the_way(limits: Any, settings: Any) -> None:
    settings.RATE_LIMITS = limits
    written: list[int] = []
    fill_part(STATS, seed="one", now=NOW, advance=written.append, days=5)
    assert len(written) == 5
    assert all(day.visits for day in list_days(days=5, now=NOW))


@pytest.mark.django_db
class TestCommand:
    def run(self, *options: str) -> str:
        """The command with the statistics' part alone, and only a few days of it."""
        few = SimpleNamespace(app="stats", title="Statistics", fill=lambda **options: fill(**options | {"days": 3}))
        out = io.StringIO()
        with patch("config.management.commands.demo.list_parts", return_value=[few]):
            call_command("demo", *options, stdout=out, stderr=io.StringIO())
        return out.getvalue()

    def test_fills_an_empty_store(self) -> None:
        assert not has_figures()
        assert "in place" in self.run()
        assert has_figures()

    def test_refuses_where_something_was_counted(self, store: Any) -> None:
        record_visit(address="203.0.113.7")
        before = count_keys(store)
        with pytest.raises(CommandError, match="fresh DATA_DIR"):
            self.run()
        assert count_keys(store) == before

    def test_adds_when_told_to(self) -> None:
        record_visit(address="203.0.113.7")
        self.run("--force")
        assert read_figures().visitors > 1

    def test_other_people_s_keys_do_not_matter(self, store: Any) -> None:
        store.set("somebody:else", 1)
        self.run()

    def test_makes_nobody_an_admin(self, django_user_model: Any) -> None:
        self.run()
        assert not django_user_model.objects.filter(is_superuser=True).exists()
