"""A cluster under load: a primary killed or frozen, a slot moved. 503 while it lasts; nothing acknowledged is lost."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from redis.crc import key_slot

from kv.errors import NotReplicated, StoreUnavailable
from kv.store.caches import durable_cache
from kv.store.client import client_of
from kv.store.connection import forget_connections
from stats import keys
from stats.services.figures import forget_figures, read_figures
from stats.services.payment_code_counts import record_payment_code
from tests.cluster.nodes import NODE_TIMEOUT_MS, Cluster, cluster
from tests.engines import wait_until
from tests.workload import Workload, user_of
from usertokens.services.balances import spend_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

STATS_SLOT = key_slot(keys.visitors().encode())
#: The nodes' patience, their vote, and what a busy machine adds.
FAILOVER_SECONDS = 2 * NODE_TIMEOUT_MS / 1000 + 10


@pytest.fixture(scope="module")
def _nodes() -> Iterator[Cluster]:
    with cluster() as nodes:
        yield nodes


@pytest.fixture
def nodes(_nodes: Cluster, settings: Any) -> Cluster:
    for node in _nodes.nodes:
        if node.process is None:  # a test that failed has left it dead
            node.start()
    wait_until(_nodes.is_whole)
    for node in _nodes.primaries():
        node.ask("FLUSHALL")
    settings.CACHES = {**settings.CACHES, "kv": durable_cache(_nodes.url, timeout_ms=250)}
    settings.RATE_LIMITS = None
    forget_figures()
    return _nodes


def test_acknowledged_by_a_replica_is_there_after_a_primary_was_killed(
    nodes: Cluster, settings: Any, record_property: Any
) -> None:
    settings.KV_WAIT_REPLICAS = 1
    work = Workload()
    with work.running():
        work.more(300)
        killed = nodes.holder(STATS_SLOT)
        killed.kill()
        began = time.monotonic()
        wait_until(lambda: nodes.holder(STATS_SLOT) is not killed, FAILOVER_SECONDS)
        # Each primary has one replica here: the new one has none, so nothing is acknowledged before that is back.
        nodes.restart(killed)
        work.more(300)
        healed = time.monotonic() - began
    record_property("figures", f"cluster, killed, WAIT 1: {work.summary()}, healed after {healed:.1f} s")
    assert work.refusals, "no client met the dead primary: the test has shown nothing"
    assert work.missing() == dict.fromkeys(work.acknowledged, 0)
    assert healed < 2 * FAILOVER_SECONDS


def test_without_waiting_a_failover_may_lose_but_never_doubles(nodes: Cluster, record_property: Any) -> None:
    work = Workload()
    with work.running():
        work.more(300)
        killed = nodes.holder(STATS_SLOT)
        killed.kill()
        work.more(300)
    nodes.restart(killed)
    missing = work.missing()
    record_property("figures", f"cluster, killed, no WAIT: {work.summary()}, lost {missing}")
    assert all(count >= 0 for count in missing.values()), missing


def test_a_frozen_primary_that_wakes_has_acknowledged_nothing_it_loses(
    nodes: Cluster, settings: Any, record_property: Any
) -> None:
    settings.KV_WAIT_REPLICAS = 1
    work = Workload()
    with work.running():
        work.more(200)
        primary = nodes.holder(STATS_SLOT)
        with primary.frozen():
            other = next(node for node in nodes.nodes if node is not primary)
            wait_until(lambda: _holder_by(other, nodes) is not primary, FAILOVER_SECONDS)
        work.more(200)
    record_property("figures", f"cluster, frozen, WAIT 1: {work.summary()}")
    wait_until(nodes.is_whole)
    assert work.missing() == dict.fromkeys(work.acknowledged, 0)
    assert work.slowest < FAILOVER_SECONDS / 4, "an answer, if only a refusal, long before the failover is over"


def test_the_other_users_go_on_while_one_primary_is_gone(nodes: Cluster) -> None:
    """Only what the dead node held is refused."""
    record_payment_code(id="first", amount_cents=1)
    dead = nodes.holder(STATS_SLOT)
    users = {name: nodes.holder(key_slot(f"user:{{{name}}}:tokens".encode())) for name in map(user_of, range(12))}
    assert set(users.values()) != {dead}
    dead.kill()
    answered = {name: _spends(name) for name, holder in users.items() if holder is not dead}
    nodes.restart(dead)
    assert set(answered.values()) == {True}


def test_a_repeated_write_is_not_acknowledged_before_a_replica_has_its_first_attempt(
    nodes: Cluster, settings: Any
) -> None:
    settings.KV_WAIT_REPLICAS = 1
    primary = nodes.holder(STATS_SLOT)
    (replica,) = [node for node in nodes.nodes if _follows(node, primary)]
    with replica.frozen():
        for _ in range(3):
            client_of.cache_clear()  # a connection of its own each, as another thread or process has
            forget_connections()
            with pytest.raises(NotReplicated):
                record_payment_code(id="once", amount_cents=5)
    wait_until(nodes.is_whole)
    assert record_payment_code(id="once", amount_cents=5).counted is False
    assert read_figures().qr_total == 1


class TestReshard:
    def test_a_slot_moves_under_load(self, nodes: Cluster, settings: Any, record_property: Any) -> None:
        settings.KV_WAIT_REPLICAS = 1
        work = Workload()
        with work.running():
            work.more(300)
            target = next(node for node in nodes.primaries() if node is not nodes.holder(STATS_SLOT))
            moved = nodes.move_slot(STATS_SLOT, target)
            work.more(300)
        record_property("figures", f"cluster, slot of {moved} keys moved by MIGRATE: {work.summary()}")
        wait_until(nodes.is_whole)
        assert nodes.holder(STATS_SLOT) is target
        assert work.missing() == dict.fromkeys(work.acknowledged, 0)

    def test_a_slot_moves_in_one_piece_under_load(self, nodes: Cluster, settings: Any, record_property: Any) -> None:
        """Valkey 9's own way: the keys change hands at one moment."""
        settings.KV_WAIT_REPLICAS = 1
        work = Workload()
        with work.running():
            work.more(300)
            target = next(node for node in nodes.primaries() if node is not nodes.holder(STATS_SLOT))
            nodes.holder(STATS_SLOT).ask(
                "CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", STATS_SLOT, STATS_SLOT, "NODE", nodes.identity(target)
            )
            wait_until(lambda: nodes.holder(STATS_SLOT) is target)
            work.more(300)
        record_property("figures", f"cluster, slot moved by MIGRATESLOTS: {work.summary()}")
        wait_until(nodes.is_whole)
        assert work.missing() == dict.fromkeys(work.acknowledged, 0)


def _spends(name: str) -> bool:
    try:
        spend_tokens(name, 1, reason="test", key="other")
    except StoreUnavailable:
        return False
    return True


def _holder_by(node: Any, nodes: Cluster) -> Any:
    """Who serves the slot, as one certain node sees it."""
    for start, end, primary, *_ in node.ask("CLUSTER", "SLOTS"):
        if start <= STATS_SLOT <= end:
            return nodes.by_port(int(primary[1]))
    return None


def _follows(node: Any, primary: Any) -> bool:
    role = node.ask("ROLE")
    return bool(role[0] == b"slave" and int(role[2]) == primary.port)
