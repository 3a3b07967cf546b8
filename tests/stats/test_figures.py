"""The public totals in the process's memory: how old they may be, and what stands there when the store is away."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from kv.errors import StoreUnavailable
from kv.store.steps import drive
from kv.web.lane.calls import Call, Route
from stats import keys
from stats.services import figures
from stats.services.figures import current_figures, fresh_figures, read_figures
from stats.services.payment_code_counts import record_payment_code
from stats.services.visits import record_visit
from stats.views import lane
from tests.sent_commands import commands_run
from tests.site_client import SiteClient
from tests.stats.callers import BROWSER

if TYPE_CHECKING:
    from collections.abc import Iterator


class Clock:
    """The monotonic clock as the service sees it, moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock()
    with patch("kv.web.last_known.time", clock):
        yield clock


@pytest.fixture(autouse=True)
def _counted(store: Any) -> None:
    store.mset({keys.visitors(): 5, keys.qr_total(): 3, keys.revenue(): 1250})


def away() -> Any:
    return patch("stats.services.figures.call", side_effect=StoreUnavailable("away"))


def test_of_an_empty_store_are_noughts(store: Any) -> None:
    store.flushall()
    known = read_figures()
    assert (known.visitors, known.qr_total, known.revenue_cents) == (0, 0, 0)


class TestFreshness:
    def test_they_are_read_once_while_fresh(self, clock: Clock, store: Any) -> None:
        assert fresh_figures()[0].visitors == 5
        store.set(keys.visitors(), 6)
        clock.now += figures.FRESH_SECONDS - 0.1
        assert fresh_figures()[0].visitors == 5
        clock.now += 0.2
        assert fresh_figures()[0].visitors == 6

    def test_the_age_is_honest(self, clock: Clock) -> None:
        assert fresh_figures()[1] == 0
        clock.now += 3
        assert fresh_figures()[1] == 3

    def test_where_nobody_may_wait_they_are_not_read(self, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        """Not even when they grow old between two looks at the clock."""
        fresh_figures()
        clock.now += figures.FRESH_SECONDS - 0.1

        def later() -> float:
            clock.now += 0.08
            return clock.now

        monkeypatch.setattr(clock, "monotonic", later)
        call = Call({}, is_secure=False, route=Route(lane.figures, "", ""), started=0.0, may_wait=False)
        with patch("stats.services.figures.call", side_effect=AssertionError):
            answers = [drive(call.steps()) for _ in range(3)]
        assert [answer is not None for answer in answers] == [True, False, False]

    def test_one_thread_reads_and_the_others_take_what_is_there(self, clock: Clock) -> None:
        fresh_figures()
        clock.now += figures.FRESH_SECONDS + 1
        reading, go_on = threading.Event(), threading.Event()
        reads: list[int] = []

        def slow(*_: Any) -> list[bytes]:
            reads.append(1)
            reading.set()
            assert go_on.wait(10)
            return [b"6", b"3", b"1250"]

        with patch("stats.services.figures.call", side_effect=slow), ThreadPoolExecutor(8) as threads:
            reader = threads.submit(fresh_figures)
            assert reading.wait(10)
            others = [threads.submit(fresh_figures) for _ in range(7)]
            assert [other.result(10)[0].visitors for other in others] == [5] * 7
            go_on.set()
            assert reader.result(10)[0].visitors == 6
        assert len(reads) == 1

    def test_at_the_start_all_wait_for_the_one_that_reads(self) -> None:
        one_reading = patch("stats.services.figures.call", return_value=[b"5", None, None])
        with one_reading as call, ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda _: fresh_figures()[0].visitors, range(8)))
        assert answers == [5] * 8
        assert call.call_count == 1


class TestOwnWrites:
    def test_show_at_once(self) -> None:
        fresh_figures()
        record_visit(address="203.0.113.7")
        record_payment_code(id="one", amount_cents=50)
        known = fresh_figures()[0]
        assert (known.visitors, known.qr_total, known.revenue_cents) == (6, 4, 1300)

    def test_never_lower_a_figure(self) -> None:
        fresh_figures()
        figures.note_visitors(2)
        figures.note_payment_codes(2, 1)
        known = fresh_figures()[0]
        assert (known.visitors, known.qr_total, known.revenue_cents) == (5, 3, 1250)

    def test_without_a_reading_before_are_no_figures(self) -> None:
        figures.note_visitors(2)
        assert fresh_figures()[0].visitors == 5


class TestStoreAway:
    def test_the_last_known_are_given_for_a_minute(self, clock: Clock) -> None:
        fresh_figures()
        with away():
            clock.now += 59
            known, age = fresh_figures()
            assert (known.visitors, age) == (5, 59)
            clock.now += 1.5
            with pytest.raises(StoreUnavailable):
                fresh_figures()

    def test_pages_show_the_last_known_however_old(self, clock: Clock) -> None:
        fresh_figures()
        clock.now += 86_400
        with away():
            known = current_figures()
        assert known is not None
        assert known.visitors == 5

    def test_pages_show_nothing_when_nothing_was_ever_read(self) -> None:
        with away():
            assert current_figures() is None

    def test_one_page_a_second_tries_again(self, clock: Clock) -> None:
        with away() as call:
            for _ in range(20):
                current_figures()
            assert call.call_count == 1
            clock.now += 1.1
            current_figures()
            assert call.call_count == 2

    def test_it_heals_by_itself(self, clock: Clock) -> None:
        with away(), pytest.raises(StoreUnavailable):
            fresh_figures()
        clock.now += 1.1
        assert fresh_figures()[0].visitors == 5


class TestHomePage:
    def test_costs_no_round_trip_while_fresh(self, store: Any) -> None:
        client = SiteClient()
        client.get("/", headers={"User-Agent": BROWSER})
        before = commands_run(store)
        for path in ("/", "/fr/", "/", "/api/stats", "/"):
            assert client.get(path, headers={"User-Agent": BROWSER}).status_code == 200
        assert commands_run(store) == before
        figures.forget_figures()
        client.get("/", headers={"User-Agent": BROWSER})
        assert commands_run(store) == before + 1
