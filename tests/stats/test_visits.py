"""A visitor counts once for ever, whoever asks at the same time; a day's series says the rest."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from typing import Any

import pytest

from kv.web.rate_limits import RateLimited
from stats import keys
from stats.services.figures import read_figures
from stats.services.series import busiest_address, count_uniques, list_days
from stats.services.visits import exclude_visit, record_visit
from stats.types import Reason, Visit
from tests.stats.callers import addresses

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
ADDRESS = "203.0.113.7"


@pytest.fixture(autouse=True)
def _clean(store: Any) -> None:
    """Every test here needs the store empty."""


class TestRecordVisit:
    def test_counts_the_first_and_recognises_the_second(self) -> None:
        assert record_visit(address=ADDRESS) == Visit(counted=True, visitors=1, reason=None)
        assert record_visit(address=ADDRESS) == Visit(counted=False, visitors=1, reason=Reason.SEEN)
        assert record_visit(address="203.0.113.8") == Visit(counted=True, visitors=2, reason=None)

    def test_recognises_for_ever(self) -> None:
        record_visit(address=ADDRESS, now=NOW)
        assert not record_visit(address=ADDRESS, now=NOW + timedelta(days=4000)).counted

    def test_of_64_at_once_from_one_address_one_counts(self, settings: Any) -> None:
        settings.RATE_LIMITS = None
        with ThreadPoolExecutor(16) as threads:
            answers = list(threads.map(lambda _: record_visit(address=ADDRESS), range(64)))
        assert sum(answer.counted for answer in answers) == 1
        assert {answer.visitors for answer in answers} == {1}
        assert read_figures().visitors == 1

    def test_ten_thousand_addresses_are_ten_thousand_visitors(self) -> None:
        with ThreadPoolExecutor(8) as threads:
            answers = list(
                threads.map(lambda address: record_visit(address=address), addresses(10_000, IPv4Address("198.18.0.0")))
            )
        assert all(answer.counted for answer in answers)
        assert read_figures().visitors == 10_000
        assert sorted(answer.visitors for answer in answers) == list(range(1, 10_001))

    def test_keeps_no_address(self, store: Any) -> None:
        record_visit(address=ADDRESS)
        everything = b"".join(key + (store.dump(key) or b"") for key in store.scan_iter())
        assert ADDRESS.encode() not in everything

    def test_marks_stay_integers_in_a_sorted_array(self, store: Any) -> None:
        record_visit(address=ADDRESS)
        (shard,) = store.scan_iter(match=f"{keys.visitors()}:*")
        assert store.object("encoding", shard) == b"intset"

    def test_totals_and_marks_never_expire(self, store: Any) -> None:
        record_visit(address=ADDRESS, now=NOW)
        lasting = [key for key in store.scan_iter() if store.ttl(key) == -1]
        assert {key.decode() for key in lasting} >= {keys.visitors(), keys.day(NOW.date())}
        assert store.ttl(keys.day_uniques(NOW.date())) > 399 * 86400

    def test_goes_under_the_prefix(self, store: Any, settings: Any) -> None:
        settings.KV_PREFIX = "shop[1]:"
        record_visit(address=ADDRESS)
        assert all(key.startswith(b"shop[1]:{stats}:") for key in store.scan_iter())


class TestLimit:
    def test_is_exact(self, settings: Any) -> None:
        settings.RATE_LIMITS = {"visit": "5/minute"}
        for _ in range(5):
            record_visit(address=ADDRESS)
        with pytest.raises(RateLimited) as refused:
            record_visit(address=ADDRESS)
        assert 1 <= refused.value.retry_after <= 60
        assert record_visit(address="203.0.113.8").counted

    def test_under_many_threads_lets_exactly_so_many_pass(self) -> None:
        def passes(_: int) -> bool:
            try:
                record_visit(address=ADDRESS)
            except RateLimited:
                return False
            return True

        with ThreadPoolExecutor(16) as threads:
            assert sum(threads.map(passes, range(120))) == 30

    def test_refused_visits_write_nothing(self, settings: Any) -> None:
        settings.RATE_LIMITS = {"visit": "1/minute"}
        record_visit(address=ADDRESS, now=NOW)
        for _ in range(3):
            with pytest.raises(RateLimited):
                record_visit(address=ADDRESS, now=NOW)
        assert list_days(days=1, now=NOW)[0].visits == 1

    def test_is_shared_with_visits_that_are_left_out(self, settings: Any) -> None:
        settings.RATE_LIMITS = {"visit": "2/minute"}
        exclude_visit(address=ADDRESS, reason=Reason.BOT)
        record_visit(address=ADDRESS)
        with pytest.raises(RateLimited):
            exclude_visit(address=ADDRESS, reason=Reason.BOT)

    def test_forgets_after_its_window(self, settings: Any, store: Any) -> None:
        settings.RATE_LIMITS = {"visit": "1/minute"}
        record_visit(address=ADDRESS)
        (window,) = store.scan_iter(match="*rate:visit:*")
        assert 0 < store.pttl(window) <= 60_000
        # A minute later, without waiting for it: the hit is made to look older.
        store.lset(window, 0, int(store.lindex(window, 0)) - 60_000_001)
        assert not record_visit(address=ADDRESS).counted

    def test_can_be_switched_off(self, settings: Any, store: Any) -> None:
        settings.RATE_LIMITS = None
        for _ in range(50):
            record_visit(address=ADDRESS)
        assert list(store.scan_iter(match="*rate:*")) == []


class TestLeaveOutVisit:
    @pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.SEEN])
    def test_counts_nobody_and_says_why(self, reason: Reason) -> None:
        record_visit(address="203.0.113.8", now=NOW)
        assert exclude_visit(address=ADDRESS, reason=reason, now=NOW) == Visit(counted=False, visitors=1, reason=reason)
        (day,) = list_days(days=1, now=NOW)
        assert (day.visits, day.visitors, day.excluded) == (1, 1, {reason.value: 1})

    def test_is_no_mark_of_having_been_seen(self) -> None:
        exclude_visit(address=ADDRESS, reason=Reason.OPTED_OUT)
        assert record_visit(address=ADDRESS).counted

    def test_is_no_part_of_the_uniques(self) -> None:
        exclude_visit(address=ADDRESS, reason=Reason.BOT, now=NOW)
        assert count_uniques(now=NOW).last_1 == 0


class TestUniques:
    def test_are_unions_of_days_not_sums(self) -> None:
        for back in range(10):
            record_visit(address=ADDRESS, now=NOW - timedelta(days=back))
        record_visit(address="203.0.113.8", now=NOW - timedelta(days=8))
        uniques = count_uniques(now=NOW)
        assert (uniques.last_1, uniques.last_7, uniques.last_30) == (1, 1, 2)

    def test_hold_those_who_were_counted_on_an_earlier_day(self) -> None:
        record_visit(address=ADDRESS, now=NOW - timedelta(days=20))
        record_visit(address=ADDRESS, now=NOW)
        assert count_uniques(now=NOW).last_1 == 1

    def test_of_a_thousand_are_right_within_a_few_percent(self) -> None:
        for address in addresses(1000, IPv4Address("198.18.0.0")):
            record_visit(address=address, now=NOW)
        assert count_uniques(now=NOW).last_1 == pytest.approx(1000, rel=0.04)


class TestBusiestAddress:
    def visit(self, count: int, *, others_each: int = 0) -> None:
        """So many visits from one address, after each `others_each` of them one from another address."""
        others = iter(addresses(count, IPv4Address("198.18.0.0")))
        for number in range(1, count + 1):
            record_visit(address=ADDRESS, now=NOW)
            if others_each and number % others_each == 0:
                record_visit(address=next(others), now=NOW)

    @pytest.fixture(autouse=True)
    def _unlimited(self, settings: Any) -> None:
        settings.RATE_LIMITS = None

    def test_of_no_visits(self) -> None:
        assert busiest_address(now=NOW).share == 0

    def test_is_all_of_them_behind_a_proxy(self) -> None:
        self.visit(200)
        assert busiest_address(now=NOW).share == 1
        assert busiest_address(now=NOW).visits == 200

    def test_is_told_apart_from_a_few_strangers(self) -> None:
        self.visit(400, others_each=20)
        assert busiest_address(now=NOW).share == pytest.approx(20 / 21, abs=0.05)

    def test_is_half_at_most_among_many(self) -> None:
        for address in addresses(400, IPv4Address("198.18.0.0")):
            record_visit(address=address, now=NOW)
        assert busiest_address(now=NOW).share < 0.6

    def test_forgets_with_the_day(self) -> None:
        self.visit(200)
        assert busiest_address(now=NOW + timedelta(days=1)).visits == 0
