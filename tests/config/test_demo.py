"""`manage.py demo`: the same seed makes the same site, and nothing real is ever mixed with it."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from unittest.mock import Mock, patch

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from codetags.models import CodeTag
from codetags.services.counts import list_codes
from codetags.services.counts import list_days as list_days_of
from codetags.services.hits import record_hit
from codetags.services.registry import mirror_registry
from config.demo import fill_part, list_parts
from kv.errors import StoreUnavailable
from stats.demo import fill
from stats.services.figures import forget_figures, read_figures
from stats.services.series import list_days
from stats.services.usage import list_usage, record_usage
from stats.services.visits import record_visit
from stats.types import Reason
from tests.stats.callers import count_keys
from usertokens.services.activity import record_login
from usertokens.services.audits import check_ledgers
from usertokens.services.journal import list_transactions

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)  # a Tuesday
PARTS = {part.app: part for part in list_parts()}
STATS = PARTS["stats"]


@pytest.fixture(autouse=True)
def _clean(store: Any) -> None:
    forget_figures()


class TestParts:
    def test_are_brought_by_the_apps(self) -> None:
        assert {"stats", "usertokens", "codetags"} <= {part.app for part in list_parts()}

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
        assert {reason for day in list_days(days=90, now=NOW) for reason in day.excluded} == {*Reason}

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


@pytest.mark.django_db
class TestCodes:
    @pytest.fixture(autouse=True)
    def _filled(self, store: Any) -> None:
        fill_part(PARTS["codetags"], seed="one", now=NOW, advance=lambda _: None)

    def test_are_twelve_with_hits_over_ninety_days(self) -> None:
        page = list_codes(limit=100, now=NOW)
        assert len(page.codes) == 12
        assert all(code.count for code in page.codes)
        assert CodeTag.objects.count() == 10
        days = [day.count for day in list_days_of("POST", since=date(2025, 12, 11), until=NOW.date())]
        assert len(days) == 90
        assert not any(days[:5])
        assert sum(days[5:20]) > sum(days[75:])

    def test_are_not_sent_to_anybody(self, settings: Any, store: Any) -> None:
        store.flushall()
        settings.QR_ANALYTICS_EXTERNAL_URL = "https://elsewhere.example/hits"
        with pytest.raises(CommandError, match="QR_ANALYTICS_EXTERNAL_URL"):
            fill_part(PARTS["codetags"], seed="one", now=NOW, advance=lambda _: None)
        assert count_keys(store) == 0

    def test_a_refusal_leaves_no_half_filled_site(self, settings: Any, store: Any) -> None:
        store.flushall()
        settings.QR_ANALYTICS_EXTERNAL_URL = "https://elsewhere.example/hits"
        with pytest.raises(CommandError, match="QR_ANALYTICS_EXTERNAL_URL"):
            call_command("demo", stdout=io.StringIO(), stderr=io.StringIO())
        assert count_keys(store) == 0


@pytest.mark.django_db
class TestUsers:
    def fill(self) -> None:
        fill_part(PARTS["usertokens"], seed="one", now=NOW, advance=lambda _: None, days=30)

    def test_are_forty_with_a_sound_ledger_each(self) -> None:
        self.fill()
        users = [str(pk) for pk in User.objects.values_list("pk", flat=True)]
        assert len(users) == 40
        assert not any(report.problems for report in check_ledgers(users))
        assert all(list_transactions(user, now=NOW).results for user in users)
        assert not any(user.has_usable_password() for user in User.objects.all())

    def test_a_real_user_of_the_same_name_is_left_alone(self) -> None:
        ada = User.objects.create_user("ada", password="her own")
        self.fill()
        ada.refresh_from_db()
        assert ada.check_password("her own")
        assert [entry.type for entry in list_transactions(str(ada.pk)).results] == ["allowance"]


@pytest.mark.django_db
class TestFreshness:
    def test_is_what_a_start_and_an_admin_leave_behind(self, store: Any) -> None:
        User.objects.create_superuser("admin", password="x")
        mirror_registry()
        record_login(str(User.objects.get().pk))
        assert all(part.is_fresh() for part in PARTS.values())

    @pytest.mark.parametrize(
        ("app", "count"),
        [
            ("stats", lambda: record_visit(address="203.0.113.7")),
            ("stats", lambda: record_usage(tool="payment-qr")),
            ("codetags", lambda: CodeTag.objects.create(code="REAL", label="A real one")),
            ("codetags", lambda: record_hit(code="REAL", address="203.0.113.7", agent="x")),
            ("usertokens", lambda: User.objects.create_user("customer")),
        ],
    )
    def test_ends_with_the_first_that_is_real(self, app: str, count: Any, store: Any) -> None:
        count()
        assert [part.app for part in PARTS.values() if not part.is_fresh()] == [app]


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
        few = replace(STATS, fill=lambda **options: fill(**options | {"days": 3}))
        out = io.StringIO()
        with patch("config.management.commands.demo.list_parts", return_value=[few]):
            call_command("demo", *options, stdout=out, stderr=io.StringIO())
        return out.getvalue()

    def test_fills_an_empty_store(self) -> None:
        assert STATS.is_fresh()
        assert "in place" in self.run()
        assert not STATS.is_fresh()

    def test_refuses_where_something_was_counted(self, store: Any) -> None:
        record_visit(address="203.0.113.7")
        before = count_keys(store)
        with pytest.raises(CommandError, match="fresh DATA_DIR"):
            self.run()
        assert count_keys(store) == before

    def test_says_what_to_do_when_it_stops_half_way(self, store: Any) -> None:
        away = replace(STATS, fill=Mock(side_effect=StoreUnavailable("no answer in time")))
        with (
            patch("config.management.commands.demo.list_parts", return_value=[away]),
            pytest.raises(CommandError) as said,
        ):
            call_command("demo", verbosity=0)
        assert "no answer in time" in str(said.value)
        assert "--force" in str(said.value)

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
