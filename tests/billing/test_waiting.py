"""Events that wait together: one sync covers many of them, also with two workers."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.models import StripeEvent
from billing.services import inbox, subscription_states, sync, work
from billing.services.snapshots import fetch_snapshot
from billing.services.sync import sync_customer
from billing.types import SyncResult
from tests.billing.scenario import Scenario


class TestOneLookForMany:
    def test_what_waits_about_the_same_customer_is_done_with_it(self, scenario: Scenario) -> None:
        subscription = scenario.buy_plan()
        for _ in range(5):
            scenario.stripe.actions.update(subscription)
        for event in scenario.stripe.state.events:
            assert scenario.post(event) == 200
        asked = scenario.stripe.state.requests.count("GET /v1/subscriptions")
        scenario.work()
        assert scenario.stripe.state.requests.count("GET /v1/subscriptions") == asked + 1
        assert set(scenario.states()) == {"done"}

    def test_what_comes_during_the_look_is_looked_at_again(
        self, scenario: Scenario, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It may be about a change that the sync was too early to read."""
        subscription = scenario.buy_plan()
        assert scenario.post(scenario.stripe.state.events[-1]) == 200
        seen = fetch_snapshot

        def changed_meanwhile(*args: Any, **named: Any) -> Any:
            found = seen(*args, **named)
            if scenario.stripe.state.objects[subscription]["status"] == "active":
                scenario.stripe.actions.end(subscription)
                assert scenario.post(scenario.stripe.state.events[-1]) == 200
            return found

        monkeypatch.setattr(sync, "fetch_snapshot", changed_meanwhile)
        assert work.work_event()
        assert (scenario.plan, scenario.states()) == ("Plus", {"done": 1, "received": 1})
        assert work.work_event()
        assert (scenario.plan, scenario.states()) == ("Free", {"done": 2})


class TestTwoAtOnce:
    def test_of_two_workers_one_takes_an_event(self, scenario: Scenario) -> None:
        scenario.stripe.state.emit("product.updated", {"id": "prod_1", "object": "product"})
        assert scenario.post(scenario.stripe.state.events[-1]) == 200
        assert inbox.claim_event() is not None
        assert inbox.claim_event() is None

    def test_who_is_being_read_is_read_again_in_a_moment(self, scenario: Scenario) -> None:
        scenario.buy_plan()
        assert scenario.post(scenario.stripe.state.events[-1]) == 200
        with subscription_states.user_lock(scenario.user_id):
            assert work.work_event()
            event = StripeEvent.objects.get()
            assert (event.state, event.attempts) == ("received", 0)
        assert work.work_event(now=datetime.now(UTC) + timedelta(seconds=2))
        assert scenario.plan == "Plus"

    def test_an_older_look_changes_nothing(self, scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
        """One process reads, is delayed for minutes, and meanwhile another process has read and applied."""
        subscription = scenario.buy_plan()
        seen = fetch_snapshot

        def slow(*args: Any, **named: Any) -> Any:
            found = seen(*args, **named)
            with monkeypatch.context() as inner:
                inner.setattr(sync, "fetch_snapshot", seen)
                scenario.stripe.actions.end(subscription)
                from billing import keys
                from kv.store.connection import call

                call("DEL", keys.lock(scenario.user_id))
                sync_customer(scenario.customer)
            return found

        monkeypatch.setattr(sync, "fetch_snapshot", slow)
        from billing.errors import CustomerBusy

        with pytest.raises(CustomerBusy):
            sync_customer(scenario.customer)
        assert scenario.plan == "Free"
        assert subscription_states.write_state(scenario.user_id, scenario.subscription, (), 1) is False

    def test_an_older_look_that_slipped_past_the_lock_is_turned_away_by_its_number(
        self, scenario: Scenario, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        subscription = scenario.buy_plan()
        seen = fetch_snapshot

        def slow(*args: Any, **named: Any) -> Any:
            found = seen(*args, **named)
            with monkeypatch.context() as inner:
                inner.setattr(sync, "fetch_snapshot", seen)
                scenario.stripe.actions.end(subscription)
                assert sync_customer(scenario.customer).result is SyncResult.APPLIED
            return found

        monkeypatch.setattr(sync, "user_lock", lambda user_id: nullcontext(lambda: None))
        monkeypatch.setattr(sync, "fetch_snapshot", slow)
        assert sync_customer(scenario.customer).result is SyncResult.OUTDATED
        assert (scenario.plan, scenario.subscription.status) == ("Free", "canceled")
