"""record_hit: counted once, in one step, whatever happens at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from ipaddress import IPv4Address
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone

from codetags import keys
from codetags.models import CodeTag
from codetags.services.counts import get_code, list_codes
from codetags.services.hits import record_hit
from codetags.services.registry import mirror_code, mirror_registry
from codetags.types import CodeCounts, Outcome
from kv.days import local_day
from kv.web.rate_limits import RateLimited
from tests.codetags.callers import ADDRESS, BROWSER, addresses

NETWORK = IPv4Address("10.0.0.0")


@pytest.fixture(autouse=True)
def _clean(store: Any, midday: None) -> None:
    """Every test here needs the store empty, and one day to run in."""


def counts(code: str) -> CodeCounts:
    found = get_code(code)
    assert found is not None
    return found


def record(code: str = "DEMO", address: str = ADDRESS, agent: str = BROWSER, **more: Any) -> Outcome:
    return record_hit(code=code, address=address, agent=agent, **more)


@pytest.mark.django_db
class TestRecordHit:
    def test_everything_is_written_in_one_step(self, store: Any) -> None:
        assert record() is Outcome.COUNTED
        assert store.get(keys.count("DEMO")) == b"1"
        assert store.hgetall(keys.days("DEMO")) == {local_day().isoformat().encode(): b"1"}
        assert store.zscore(keys.rank(), "DEMO") == 1
        assert store.zscore(keys.last_seen(), "DEMO") == pytest.approx(timezone.now().timestamp() * 1000, abs=60_000)

    def test_a_second_hit_of_a_visitor_is_not_counted(self, store: Any) -> None:
        assert [record() for _ in range(3)] == [Outcome.COUNTED, Outcome.SEEN, Outcome.SEEN]
        assert counts("DEMO").count == 1

    @pytest.mark.parametrize("other", [{"agent": "Mozilla/5.0 Other"}, {"address": "203.0.113.8"}, {"code": "BT26"}])
    def test_another_visitor_or_code_is(self, store: Any, other: dict[str, str]) -> None:
        record()
        assert record(**other) is Outcome.COUNTED

    def test_the_backstop_lasts_600_seconds_and_lets_go(self, store: Any) -> None:
        record()
        (mark,) = store.keys(keys.family("seen:"))
        assert 590 <= store.ttl(mark) <= 600
        store.delete(mark)  # as its time does
        assert record() is Outcome.COUNTED
        assert counts("DEMO").count == 2

    def test_the_server_lets_go_by_itself(self, store: Any) -> None:
        with override_settings(CODETAGS_BACKSTOP_SECONDS=1, RATE_LIMITS=None):
            record()
            deadline = timezone.now() + timedelta(seconds=20)
            while (outcome := record()) is Outcome.SEEN and timezone.now() < deadline:
                pass
        assert outcome is Outcome.COUNTED

    def test_a_backstop_of_0_is_off(self, store: Any) -> None:
        with override_settings(CODETAGS_BACKSTOP_SECONDS=0):
            assert [record(), record()] == [Outcome.COUNTED, Outcome.COUNTED]
        assert store.keys(keys.family("seen:")) == []

    def test_no_key_holds_an_address_or_an_agent(self, store: Any) -> None:
        record()
        record(code="BT26")
        written = [bytes(key) for key in store.keys("*")]
        assert not [key for key in written if ADDRESS.encode() in key or b"Mozilla" in key]
        marks = {key.rpartition(b":")[2] for key in written if b":seen:" in key}
        assert len(marks) == 2, "the fingerprint differs by code, so that nobody can be followed from one to the next"

    def test_the_days_are_the_site_s(self, store: Any) -> None:
        now = timezone.now()
        for back in (0, 1, 29, 30):
            record(address=f"10.1.0.{back}", now=now - timedelta(days=back))
        spark = counts("DEMO").last_30_days
        assert (len(spark), spark[-1], spark[-2], spark[0], sum(spark)) == (30, 1, 1, 1, 3)
        assert counts("DEMO").count == 4

    def test_last_seen_is_the_newest(self, store: Any) -> None:
        now = timezone.now()
        for back in (3, 1, 2):
            record(address=f"10.1.0.{back}", now=now - timedelta(days=back))
        last = counts("DEMO").last_seen
        assert last is not None
        assert abs((last - (now - timedelta(days=1))).total_seconds()) < 1


@pytest.mark.django_db
class TestAtOnce:
    def test_1000_requests_of_one_visitor_count_one(self, store: Any) -> None:
        with override_settings(RATE_LIMITS=None), ThreadPoolExecutor(16) as pool:
            outcomes = list(pool.map(lambda _: record(), range(1000)))
        assert outcomes.count(Outcome.COUNTED) == 1
        assert counts("DEMO").count == 1

    def test_1000_visitors_count_1000(self, store: Any) -> None:
        with ThreadPoolExecutor(16) as pool:
            outcomes = list(pool.map(lambda address: record(address=address), addresses(1000, NETWORK)))
        assert outcomes.count(Outcome.COUNTED) == 1000
        assert counts("DEMO").count == 1000 == sum(counts("DEMO").last_30_days)


@pytest.mark.django_db
class TestLimits:
    def test_one_address_on_one_code(self, store: Any) -> None:
        with override_settings(RATE_LIMITS={"code": "3/minute"}):
            for number in range(3):
                record(agent=f"Mozilla/5.0 {number}")
            with pytest.raises(RateLimited) as refused:
                record(agent="Mozilla/5.0 4")
            assert refused.value.limit.name == "code"
            assert 1 <= refused.value.retry_after <= 60
            assert record(code="BT26") is Outcome.COUNTED
            assert record(address="203.0.113.8") is Outcome.COUNTED
        assert counts("DEMO").count == 4

    def test_one_address_that_invents_codes(self, store: Any) -> None:
        with override_settings(RATE_LIMITS={"codes": "3/minute"}):
            for number in range(3):
                record(code=f"AAA{number}")
            with pytest.raises(RateLimited) as refused:
                record(code="AAA9")
            assert refused.value.limit.name == "codes"
        assert get_code("AAA9") is None


@pytest.mark.django_db
class TestUnknownCodes:
    def test_ten_thousand_invented_codes_leave_memory_bounded(self, store: Any) -> None:
        CodeTag.objects.create(code="BT26", label="Poster")
        mirror_code("BT26")
        with override_settings(CODETAGS_MAX_UNKNOWN=100, RATE_LIMITS=None, CODETAGS_BACKSTOP_SECONDS=0):
            for number in range(10_000):
                record(code=f"{number:04d}")
            record(code="BT26")
        assert store.zcard(keys.rank()) == 102  # a hundred by name, the bucket, and the registry's
        assert store.dbsize() < 330
        assert counts("BT26").count == 1
        assert counts(keys.OTHER).count == 9_900
        assert list_codes(limit=1).codes[0].code == keys.OTHER

    def test_a_stranger_once_known_stays_known(self, store: Any) -> None:
        with override_settings(CODETAGS_MAX_UNKNOWN=1):
            record(code="AAAA")
            record(code="BBBB")
            record(code="AAAA", address="203.0.113.8")
        assert counts("AAAA").count == 2
        assert counts(keys.OTHER).count == 1


@pytest.mark.django_db(transaction=True)
class TestRegistry:
    @pytest.mark.parametrize(
        "dates",
        [{"start": date(2999, 1, 1)}, {"end": date(2020, 1, 1)}, {"archived": True}],
        ids=["before its start", "after its end", "archived"],
    )
    def test_outside_its_dates_it_is_counted_apart(self, store: Any, dates: dict[str, Any]) -> None:
        CodeTag.objects.create(code="BT26", label="Poster", **dates)
        assert [record(code="BT26") for _ in range(3)] == [Outcome.OUTSIDE] * 3
        assert (counts("BT26").count, counts("BT26").outside) == (0, 1)
        record(code="BT26", address="203.0.113.8")
        assert (counts("BT26").count, counts("BT26").outside) == (0, 2)

    def test_who_came_too_early_counts_once_it_has_begun(self, store: Any) -> None:
        now = timezone.now()
        CodeTag.objects.create(code="BT26", label="Poster", start=local_day(now + timedelta(days=1)))
        assert record(code="BT26", now=now) is Outcome.OUTSIDE
        begun = now + timedelta(days=1)
        assert [record(code="BT26", now=begun) for _ in range(2)] == [Outcome.COUNTED, Outcome.SEEN]
        assert (counts("BT26").count, counts("BT26").outside) == (1, 1)

    def test_without_a_backstop_each_hit_outside_is_counted_apart(self, store: Any) -> None:
        CodeTag.objects.create(code="BT26", label="Poster", archived=True)
        with override_settings(CODETAGS_BACKSTOP_SECONDS=0):
            assert [record(code="BT26") for _ in range(2)] == [Outcome.OUTSIDE] * 2
        assert (counts("BT26").count, counts("BT26").outside) == (0, 2)

    def test_on_its_first_and_last_day_it_counts(self, store: Any) -> None:
        CodeTag.objects.create(code="BT26", label="Poster", start=local_day(), end=local_day())
        assert record(code="BT26") is Outcome.COUNTED

    def test_a_change_reaches_the_script_when_it_commits(self, store: Any) -> None:
        tag = CodeTag.objects.create(code="bt26", label="Poster")
        assert record(code="BT26") is Outcome.COUNTED
        tag.archived = True
        tag.save()
        assert record(code="BT26", address="203.0.113.8") is Outcome.OUTSIDE
        tag.delete()
        assert record(code="BT26", address="203.0.113.9") is Outcome.COUNTED
        assert counts("BT26").count == 2

    def test_a_change_behind_its_back_is_mended(self, store: Any) -> None:
        CodeTag.objects.create(code="BT26", label="Poster")
        mirror_registry()
        assert mirror_registry(always=False) == 0
        CodeTag.objects.filter(code="BT26").update(archived=True, updated_at=timezone.now() + timedelta(hours=1))
        CodeTag.objects.bulk_create([CodeTag(code="BT27", label="Other")])
        assert mirror_registry(always=False) == 2
        assert record(code="BT26") is Outcome.OUTSIDE
        store.hset(keys.registry(), "GONE", "||1")
        mirror_registry()
        assert record(code="GONE") is Outcome.COUNTED

    def test_a_code_is_in_the_list_before_its_first_hit(self, store: Any) -> None:
        CodeTag.objects.create(code="BT26", label="Poster")
        assert [(code.code, code.count) for code in list_codes().codes] == [("BT26", 0)]
        CodeTag.objects.get().delete()
        assert list_codes().total == 0
