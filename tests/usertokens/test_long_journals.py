"""Long journals and archives: what a page, an export and the sums of some days read of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.cluster import RedisCluster

from kv.days import day_start, local_day
from kv.store.scripts import Script
from kv.times import to_ms
from tests.cluster.client import WholeCluster
from usertokens import keys
from usertokens.models import ArchivedEntry
from usertokens.services import balances
from usertokens.services.history import find_transactions_script, read_spending, read_spending_script

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def parts_read(store: Any) -> int:
    """How many times a list was read since the servers started, within scripts too."""
    if not isinstance(store, WholeCluster):
        nodes = [store.info("commandstats")]
    else:
        nodes = list(store.info("commandstats", target_nodes=RedisCluster.ALL_NODES).values())
    return sum(int(node.get("cmdstat_lrange", {}).get("calls", 0)) for node in nodes)


def chunks_read(store: Any, script: Script, arguments: Sequence[Any], user_id: str) -> int:
    """How many parts of the journal a script reads."""
    before = parts_read(store)
    script.read([keys.journal(user_id)], arguments)
    return parts_read(store) - before


def test_a_long_journal_is_read_as_far_as_needed(user: User, store: Any) -> None:
    """3000 entries on three days: 6 parts of 500."""
    user_id = str(user.pk)
    balances.add_tokens(user_id, 5000, reason="gift", now=NOW - timedelta(days=3))
    for number in range(3000):
        balances.spend_tokens(user_id, 1, now=NOW - timedelta(days=2 - number // 1000, seconds=1000 - number % 1000))
    page = ["", "", 2000, 100, ""]
    assert chunks_read(store, find_transactions_script, page, user_id) == 1
    assert chunks_read(store, find_transactions_script, [*page[:4], "1"], user_id) == 7
    first = date(2026, 3, 8)
    moments = [to_ms(day_start(first + timedelta(days=ahead))) for ahead in range(2)]
    assert chunks_read(store, read_spending_script, [moments[0], *moments], user_id) <= 3
    assert read_spending(user_id, first=first, last=first).total == 1000


@given(
    st.lists(
        st.tuples(st.integers(0, 9 * 24), st.integers(1, 50), st.sampled_from(["", "article", "image"])), max_size=12
    ),
    st.integers(0, 9), st.integers(0, 9),
)  # fmt: skip
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_archive_is_summed_by_the_days_of_the_site(
    store: Any, db: None, spends: list[tuple[int, int, str]], start: int, days: int
) -> None:
    began = datetime(2026, 3, 25, tzinfo=UTC)  # the clocks change on the 29th
    with override_settings(TIME_ZONE="Europe/Berlin"):
        ArchivedEntry.objects.filter(user_id="7").delete()
        ArchivedEntry.objects.bulk_create(
            ArchivedEntry(
                user_id="7", entry=number, at=began + timedelta(hours=hours), type="spend", amount=-amount,
                balance_after=0, reason=reason,
            )
            for number, (hours, amount, reason) in enumerate(sorted(spends), 1)
        )  # fmt: skip
        first = date(2026, 3, 25) + timedelta(days=start)
        found = read_spending("7", first=first, last=first + timedelta(days=days))
        by_day, by_reason = Counter[date](), Counter[str]()
        for hours, amount, reason in spends:
            day = local_day(began + timedelta(hours=hours))
            if first <= day <= first + timedelta(days=days):
                by_day[day] += amount
                by_reason[reason] += amount
        assert {day: tokens for day, tokens in found.days if tokens} == by_day
        assert {one.reason: one.tokens for one in found.reasons} == by_reason
