"""A sentinel's primary killed or frozen under load: 503 while the failover lasts; what was acknowledged is there."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from kv.errors import NotReplicated
from kv.store.caches import durable_cache
from kv.store.client import client_of
from kv.store.connection import forget_connections
from stats.services.figures import read_figures
from stats.services.payment_code_counts import record_payment_code
from tests.engines import wait_until
from tests.faults.servers import IN_TIME_SECONDS
from tests.sentinel.group import DOWN_AFTER_MS, SentinelGroup, sentinel_group
from tests.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

#: The sentinels' own patience, their vote, and what a busy machine adds.
FAILOVER_SECONDS = DOWN_AFTER_MS / 1000 + 9


@pytest.fixture(scope="module")
def _group() -> Iterator[SentinelGroup]:
    with sentinel_group() as group:
        yield group


@pytest.fixture
def group(_group: SentinelGroup, settings: Any) -> SentinelGroup:
    wait_until(_group.is_whole)
    _group.primary().ask("FLUSHALL")
    settings.CACHES = {**settings.CACHES, "kv": durable_cache(_group.url, timeout_ms=250)}
    settings.RATE_LIMITS = None
    return _group


def test_acknowledged_by_all_replicas_is_there_after_the_primary_was_killed(
    group: SentinelGroup, settings: Any, record_property: Any
) -> None:
    settings.KV_WAIT_REPLICAS = 2
    work = Workload()
    with work.running():
        work.more(300)
        killed = group.primary()
        killed.kill()
        began = time.monotonic()
        wait_until(lambda: group.primary() is not killed, FAILOVER_SECONDS)
        # The successor has one replica left, so nothing is acknowledged before the other is back.
        group.restart(killed)
        work.more(300)
        healed = time.monotonic() - began
    assert work.refusals, "no client met the dead primary: the test has shown nothing"
    assert work.missing() == dict.fromkeys(work.acknowledged, 0)
    record_property("figures", f"sentinel, killed, WAIT 2: {work.summary()}, healed after {healed:.1f} s")


@pytest.mark.parametrize("waited", [0, 1])
def test_waiting_for_some_replicas_a_failover_may_lose_but_never_doubles(
    group: SentinelGroup, settings: Any, record_property: Any, waited: int
) -> None:
    settings.KV_WAIT_REPLICAS = waited
    work = Workload()
    with work.running():
        work.more(300)
        killed = group.primary()
        killed.kill()
        work.more(300)
    group.restart(killed)
    missing = work.missing()
    record_property("figures", f"sentinel, killed, WAIT {waited}: {work.summary()}, lost {missing}")
    assert work.refusals
    assert all(count >= 0 for count in missing.values()), missing


def test_a_frozen_primary_that_wakes_has_acknowledged_nothing_it_loses(
    group: SentinelGroup, settings: Any, record_property: Any
) -> None:
    """All replicas are waited for: until the sentinels have told each of them, some still follow the old primary."""
    settings.KV_WAIT_REPLICAS = 2
    work = Workload()
    with work.running():
        work.more(200)
        primary = group.primary()
        with primary.frozen():
            wait_until(lambda: group.primary() is not primary, FAILOVER_SECONDS)
        work.more(200)
    wait_until(group.is_whole)
    record_property("figures", f"sentinel, frozen, WAIT 2: {work.summary()}")
    assert work.refusals
    assert work.missing() == dict.fromkeys(work.acknowledged, 0)


def test_an_old_primary_that_wakes_is_left_at_once(group: SentinelGroup, settings: Any) -> None:
    """It believes for ten seconds more that it is the primary; its connections are as good as new."""
    settings.KV_WAIT_REPLICAS = 1
    record_payment_code(id="before", amount_cents=5)
    old = group.primary()
    with old.frozen():
        wait_until(lambda: group.primary() is not old, FAILOVER_SECONDS)
        (other,) = [node for node in group.nodes if node not in (old, group.primary())]
        wait_until(lambda: _follows(other, group.primary()) and group.named() == {group.primary().port})
    with pytest.raises(NotReplicated):
        record_payment_code(id="after", amount_cents=5)
    assert record_payment_code(id="after", amount_cents=5).counted is True
    assert old.ask("ROLE")[0] == b"master"
    wait_until(group.is_whole)
    assert read_figures().qr_total == 2


def test_a_repeated_write_is_not_acknowledged_before_its_first_attempt_is_replicated(
    group: SentinelGroup, settings: Any
) -> None:
    settings.KV_WAIT_REPLICAS = 1
    primary = group.primary()
    one, two = [node for node in group.nodes if node is not primary]
    with one.frozen(), two.frozen():
        for _ in range(3):  # the first writes, the others find it written: neither may be acknowledged
            client_of.cache_clear()  # a connection of its own each, as another thread or process has
            forget_connections()
            with pytest.raises(NotReplicated):
                record_payment_code(id="once", amount_cents=5)
    wait_until(group.is_whole)
    assert record_payment_code(id="once", amount_cents=5).counted is False
    assert read_figures().qr_total == 1


def test_more_replicas_than_there_are_is_a_refusal(group: SentinelGroup, settings: Any) -> None:
    settings.KV_WAIT_REPLICAS = 5
    took = []
    for _ in range(3):
        began = time.monotonic()
        with pytest.raises(NotReplicated):
            record_payment_code(id="many", amount_cents=5)
        took.append(time.monotonic() - began)
    assert min(took) < IN_TIME_SECONDS


def _follows(node: Any, primary: Any) -> bool:
    role = node.ask("ROLE")
    return bool(role[0] == b"slave" and int(role[2]) == primary.port and role[3] == b"connected")
