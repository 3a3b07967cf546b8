"""Lists with a range of days are read from columns: they tell the same as the daily series, whatever happened."""

from __future__ import annotations

import io
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codetags import keys
from codetags.duties import COLUMNS
from codetags.models import CodeTag, DailyHits
from codetags.services import columns
from codetags.services.column_format import NAME_BYTES, sum_columns
from codetags.services.column_upkeep import column_state, make_anew
from codetags.services.columns import mend_columns
from codetags.services.counts import list_codes
from codetags.services.imports import OldCount, import_hits
from codetags.services.resets import reset_all, reset_code
from codetags.services.rollup import restore_days, roll_up_days
from kv.days import day_start, local_day
from kv.store.connection import call, connection
from kv.times import utc_now
from kv.work.duties import run_duty
from tests.codetags.column_checks import EARLIEST, check, check_ranges, hit, old_hit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.django_db
CODES = ("AAAA", "AAAB", "B", "DEMO", "~OTHER")
BACK = (0, 0, 1, 2, 27, 33, 62, 400)


@pytest.fixture(autouse=True)
def _clean(store: Any, midday: None) -> Iterator[None]:
    """The store is empty, and no day ends within a test."""
    with override_settings(CODETAGS_PATTERN="[A-Z0-9]{1,4}", RATE_LIMITS=None):
        yield


class Site:
    """What may happen to a site's counts."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._imported = Counter[tuple[str, date | None]]()

    def hit(self, code: str, back: int) -> None:
        hit(code, utc_now() - timedelta(days=back))

    def import_some(self, code: str, back: int, hits: int = 3) -> None:
        day = None if back > 300 else local_day() - timedelta(days=back)
        self._imported[code, day] += hits
        import_hits("older", [OldCount(code, day, self._imported[code, day])] if code != keys.OTHER else [])

    def import_more_than_fits(self, code: str, back: int) -> None:
        self.import_some(code, back, 3 * 2**31)

    def reset(self, code: str, back: int) -> None:
        reset_code(code)

    def reset_all(self, code: str, back: int) -> None:
        reset_all()

    def register(self, code: str, back: int) -> None:
        if code != keys.OTHER:
            CodeTag.objects.get_or_create(code=code, defaults={"label": "poster"})

    def unregister(self, code: str, back: int) -> None:
        CodeTag.objects.filter(code=code).delete()

    def roll_up(self, code: str, back: int) -> None:
        roll_up_days(everything=True)

    def lose_and_restore(self, code: str, back: int) -> None:
        roll_up_days(everything=True)
        connection().flushall()
        restore_days()

    def hit_by_version_before(self, code: str, back: int) -> None:
        old_hit(code, utc_now() - timedelta(days=back))
        mend_columns()

    def move(self, code: str, back: int) -> None:
        zone = ("Pacific/Auckland", "America/Los_Angeles", "Europe/Paris")[back % 3]
        self._stack.enter_context(override_settings(TIME_ZONE=zone))

    def read(self, code: str, back: int) -> None:
        check(None, local_day() - timedelta(days=back))


_DAYS = st.sampled_from(BACK)
_EVENTS = [event for name, event in vars(Site).items() if not name.startswith("_")]
_STEPS = st.tuples(st.sampled_from([Site.hit] * 5 + _EVENTS), st.sampled_from(CODES), _DAYS)


@given(
    steps=st.lists(_STEPS, min_size=1, max_size=14), first=_DAYS, last=_DAYS, search=st.sampled_from(["", "A", "DE"])
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_they_tell_what_the_series_do(
    store: Any, steps: list[tuple[Callable[[Site, str, int], None], str, int]], first: int, last: int, search: str
) -> None:
    store.flushall()
    DailyHits.objects.all().delete()
    CodeTag.objects.all().delete()
    with ExitStack() as stack:
        site = Site(stack)
        for event, code, back in steps:
            event(site, code, back)
        since, until = sorted((local_day() - timedelta(days=first), local_day() - timedelta(days=last)))
        check(since, until, search)
        check(None, until)
        check(since, None)
        check(EARLIEST, local_day())


class TestUpgrade:
    def test_what_the_version_before_has_counted_is_there(self, store: Any) -> None:
        now = utc_now()
        for code in ("OLD1", "OLD2", "OLD3"):
            for back in (0, 3, 40, 400):
                old_hit(code, now - timedelta(days=back))
        hit("OLD2", now)  # before anything has added the old ones
        hit("NEW1", now)
        check_ranges()
        assert call("HLEN", keys.slots()) == 4

    def test_the_worker_adds_it(self, store: Any) -> None:
        for number in range(7):
            old_hit(f"C{number}", utc_now() - timedelta(days=number))
        assert run_duty(COLUMNS) is False
        assert call("HLEN", keys.slots()) == 7
        check_ranges()

    def test_the_worker_goes_step_by_step(self, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("codetags.duties._STEP", 1)
        monkeypatch.setattr("codetags.services.column_upkeep._MOST_DAYS", 1)
        for number in range(3):
            old_hit(f"C{number}", utc_now())
        steps = 0
        while run_duty(COLUMNS):
            steps += 1
        assert steps == 3
        check_ranges()

    def test_the_worker_frees_what_columns_hold_for_growing(self, store: Any) -> None:
        day = local_day() - timedelta(days=1)
        import_hits("older", [OldCount(f"{place:04X}", day, 1) for place in range(2000)])
        name = keys.column(day.isoformat())
        before = store.memory_usage(name)
        assert mend_columns() == 0
        assert store.strlen(name) == 8000 <= store.memory_usage(name) < min(before + 1, 8500)
        assert store.exists(keys.spare_column()) == 0
        assert list_codes(since=day, until=day).total == 2000

    def test_hits_of_an_old_worker_that_still_runs_are_mended(self, store: Any) -> None:
        hit("DEMO", utc_now())
        hit("BT26", utc_now())
        old_hit("DEMO", utc_now() - timedelta(days=1))
        assert mend_columns() == 1
        check_ranges()
        assert mend_columns() == 0

    def test_a_total_that_differs_from_the_series_is_no_fault_of_the_columns(self, store: Any) -> None:
        """As after a backup of a site that went on counting, or with days that no column has."""
        hit("DEMO", utc_now())
        hit("BT26", utc_now())
        store.zincrby(keys.rank(), 1, "DEMO")
        import_hits("older", [OldCount("AAAA", date(2199, 5, 1), 3)])
        slots = column_state().slots
        assert [mend_columns(), mend_columns()] == [0, 0]
        assert column_state().slots == slots

    def test_hits_meanwhile_are_counted_once(self, store: Any) -> None:
        now = utc_now()
        for number in range(40):
            for back in range(20):
                old_hit(f"C{number}", now - timedelta(days=back))
        with ThreadPoolExecutor(3) as pool:
            hits = [pool.submit(hit, f"C{number % 50}", now) for number in range(300)]
            pool.submit(run_duty, COLUMNS).result()
            for one in hits:
                one.result()
        check_ranges()


class TestMadeAnewMeanwhile:
    """The worker, or another process, makes a code anew while a list is read."""

    @pytest.mark.parametrize("behind", ["sum_columns", "column_state", "add_missing_codes"])
    def test_no_list_misses_it(self, store: Any, monkeypatch: pytest.MonkeyPatch, behind: str) -> None:
        for code in ("AAAA", "DEMO", "BT26"):
            hit(code, utc_now())
        whole = getattr(columns, behind)
        left = [True]

        def then_made_anew(*args: Any) -> Any:
            done = whole(*args)
            if left and left.pop():
                make_anew(["DEMO"])
            return done

        monkeypatch.setattr(columns, behind, then_made_anew)
        check(local_day(), local_day())

    def test_the_reading_ends_though_it_happens_each_time(self, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        for code in ("DEMO", "BT26"):
            hit(code, utc_now())

        def then_made_anew(*args: Any) -> Any:
            make_anew(["DEMO"])
            return sum_columns(*args)

        monkeypatch.setattr(columns, "sum_columns", then_made_anew)
        assert list_codes(since=local_day(), until=local_day()).total in {1, 2}


class TestBackup:
    def test_has_no_columns_and_a_restore_makes_them_anew(self, store: Any, tmp_path: Any) -> None:
        now = utc_now()
        for code in ("DEMO", "BT26"):
            hit(code, now - timedelta(days=40))
        path = tmp_path / "backup"
        call_command("kv_backup", str(path), stdout=io.StringIO())
        hit("NEW1", now)
        hit("DEMO", now)
        call_command("kv_restore", str(path), replace=True, yes=True, stdout=io.StringIO())
        assert store.keys(keys.derived()) == []
        check_ranges()
        hit("DEMO", now)
        check_ranges()


class TestFormat:
    @given(columns=st.lists(st.lists(st.integers(0, 2**32 - 1), max_size=9), max_size=5), slots=st.integers(0, 9))
    def test_sums_are_those_of_the_numbers(self, columns: list[list[int]], slots: int) -> None:
        packed = [b"".join(number.to_bytes(4) for number in column) or None for column in columns]
        wanted = [sum(column[slot] for column in columns if slot < len(column)) for slot in range(slots)]
        assert sum_columns(packed, slots) == wanted

    def test_the_scripts_and_the_reader_agree_on_the_width(self, store: Any) -> None:
        hit("DEMO", utc_now())
        hit("B", utc_now())
        assert call("STRLEN", keys.names()) == 2 * NAME_BYTES

    def test_a_day_of_the_clocks_change(self, store: Any) -> None:
        with override_settings(TIME_ZONE="Europe/Paris"):
            for day in (date(2025, 3, 30), date(2025, 10, 26)):
                for moment in (day_start(day), day_start(day + timedelta(days=1)) - timedelta(seconds=1)):
                    hit("DEMO", moment)
                check(day, day)
            check(date(2025, 3, 1), date(2025, 10, 31))
