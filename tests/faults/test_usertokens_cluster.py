"""The ledger on a real cluster: every script stays in its user's slot, and the commands go through every node."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.faults.topologies import Member, cluster
from usertokens import keys
from usertokens.services import (
    accounts,
    activity,
    balances,
    conversations,
    dashboards,
    holds,
    journal,
    plans,
    purchases,
    resets,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
USERS = [str(number) for number in range(30)]


@pytest.fixture
def members() -> Iterator[list[Member]]:
    with cluster() as members:
        yield members


def live(user_id: str) -> None:
    """One of everything."""
    past = timezone.now() - timedelta(days=200)
    activity.record_login(user_id, now=past)
    balances.spend_tokens(user_id, 10, reason="long ago", now=past)
    balances.add_tokens(user_id, 50, reason="gift", key="g")
    spent = balances.record_generation(user_id, 5, key="s").movement
    hold = holds.hold_tokens(user_id, 20, ttl_seconds=60)
    holds.capture_hold(user_id, hold.id, 5)
    holds.release_hold(user_id, holds.hold_tokens(user_id, 3, ttl_seconds=60).id)
    balances.reverse_entry(user_id, int(spent.transaction_id), 2, reason="x")
    balances.adjust_tokens(user_id, -1, reason="x", actor="1")
    purchases.grant_tokens(user_id, 40, reason="top-up", key="cs")
    purchases.freeze_grant(user_id, "cs")
    purchases.unfreeze_grant(user_id, "cs")
    purchases.reverse_grant(user_id, "cs", 10)
    purchases.restore_grant(user_id, "cs", 5)
    plans.apply_plan(user_id, "Plus", version=1)
    activity.set_mood(user_id, 5)
    conversations.record_conversation(user_id, summary="one")
    journal.list_daily_balances(user_id)
    dashboards.read_dashboard(user_id)


def run(name: str, *args: str) -> str:
    out = StringIO()
    call_command(name, *args, stdout=out, stderr=StringIO(), verbosity=0)
    return out.getvalue()


def test_a_whole_life_on_three_nodes(members: list[Member]) -> None:
    for user_id in USERS:
        live(user_id)
    assert all(member.client.dbsize() > 0 for member in members)
    assert "30 ledgers checked, 0 wrong; conversations of 0 users" in run("usertokens_check")
    assert "of 30 accounts" in run("usertokens_recharge")
    assert "60 entries were moved" in run("usertokens_archive")
    assert "0 wrong" in run("usertokens_check")
    for user_id in USERS[:15]:
        resets.reset_user(user_id)
    assert "30 ledgers checked, 0 wrong" in run("usertokens_check")
    for user_id in USERS:
        accounts.forget_user(user_id)
    found = [key for member in members for key in member.client.keys("*") if not key.startswith(b"closed:")]
    assert found == [keys.database().encode()]
