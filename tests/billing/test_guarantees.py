"""What must not happen. Comments in billing/ name these tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing import keys
from billing.errors import CustomerBusy
from billing.models import StripeCustomer
from billing.services import effects, inbox, subscription_states, sync
from billing.services.sync import sync_customer
from billing.types import EventState, SyncResult, TopUp
from kv.store.connection import call, call_write
from tests.billing.scenario import Scenario
from usertokens.services import balances, journal, purchases


def test_an_event_that_another_has_claimed_is_left_to_it(scenario: Scenario) -> None:
    """The claim of the first worker has expired while it worked; the second worker has claimed the event."""
    scenario.stripe.state.emit("product.updated", {"id": "prod_1", "object": "product"})
    assert scenario.post(scenario.stripe.state.events[-1]) == 200
    now = datetime.now(UTC) + timedelta(seconds=1)
    late = inbox.claim_event(now=now)
    quick = inbox.claim_event(now=now + inbox.LEASE)
    assert late is not None
    assert quick is not None
    assert late.pk == quick.pk
    inbox.finish_event(late)
    quick.refresh_from_db()
    assert quick.state == EventState.PROCESSING
    inbox.park_event(late, "too late")
    inbox.retry_event(late, "too late")
    quick.refresh_from_db()
    assert (quick.state, quick.error) == (EventState.PROCESSING, "")
    inbox.finish_event(quick)
    quick.refresh_from_db()
    assert quick.state == EventState.DONE


def test_nothing_more_takes_effect_once_the_lock_is_lost(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario.buy_tokens()
    scenario.buy_tokens(5000)
    settle, settled = effects.settle_topup, []

    def take_over(user_id: str, topup: TopUp, **more: Any) -> None:
        settle(user_id, topup, **more)
        settled.append(topup.tokens)
        call_write("SET", keys.lock(user_id), "another's")

    monkeypatch.setattr(effects, "settle_topup", take_over)
    with pytest.raises(CustomerBusy):
        sync_customer(scenario.customer, now=scenario.now)
    assert settled == [1000]
    assert subscription_states.read_applied(scenario.user_id) is None
    assert call("GET", keys.lock(scenario.user_id)) == b"another's"


def test_nothing_stays_seen_of_an_account_that_closes_meanwhile(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario.buy_plan()
    customer, write = scenario.customer, subscription_states.write_state

    def closes_first(*args: Any) -> bool:
        StripeCustomer.objects.filter(user=scenario.user).update(user=None, closed_at=scenario.now)
        subscription_states.forget_state(scenario.user_id)
        return write(*args)

    monkeypatch.setattr(sync, "write_state", closes_first)
    assert sync_customer(customer, now=scenario.now).result is SyncResult.NO_ACCOUNT
    assert call("EXISTS", keys.subscription_state(scenario.user_id)) == 0


@pytest.mark.parametrize("outcome", ["lost", "part refunded, still open"])
def test_disputed_tokens_are_at_no_moment_spendable(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch, outcome: str
) -> None:
    """Between any two calls of a sync the balance holds nothing of the purchase."""
    session = scenario.buy_tokens()
    scenario.deliver()
    dispute = scenario.stripe.actions.dispute(session)
    scenario.deliver()
    assert scenario.balance == 100
    seen: list[int] = []
    for name in ("reverse_grant", "restore_grant", "freeze_grant", "unfreeze_grant", "grant_tokens"):
        call_it = getattr(purchases, name)

        def watched(*args: Any, call_it: Any = call_it, **more: Any) -> Any:
            answer = call_it(*args, **more)
            seen.append(balances.get_balance(scenario.user_id, now=scenario.now).tokens.balance)
            return answer

        monkeypatch.setattr(purchases, name, watched)
    if outcome == "lost":
        scenario.stripe.actions.close_dispute(dispute["id"], "lost")
    else:
        scenario.stripe.actions.refund(session, 125)
    scenario.deliver()
    assert seen
    assert max(seen) == 100
    assert scenario.debt == 0
    assert journal.list_transactions(scenario.user_id, now=scenario.now).results[0].balance_after == 100
