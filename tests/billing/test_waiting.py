"""Events that wait together: one look at Stripe for many, and two workers at once."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.models import StripeEvent
from billing.services import inbox, standings, sync, work
from billing.services.observations import observe
from billing.services.sync import sync_customer
from tests.billing.story import Story


class TestOneLookForMany:
    def test_what_waits_about_the_same_customer_is_done_with_it(self, story: Story) -> None:
        subscription = story.buy_plan()
        for _ in range(5):
            story.stripe.desk.update(subscription)
        for event in story.stripe.world.events:
            assert story.post(event) == 200
        asked = story.stripe.world.requests.count("GET /v1/subscriptions")
        story.work()
        assert story.stripe.world.requests.count("GET /v1/subscriptions") == asked + 1
        assert set(story.states()) == {"done"}

    def test_what_comes_during_the_look_is_looked_at_again(self, story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
        """It may be about something that the look was too early for."""
        subscription = story.buy_plan()
        assert story.post(story.stripe.world.events[-1]) == 200
        seen = observe

        def changed_meanwhile(*args: Any) -> Any:
            found = seen(*args)
            if story.stripe.world.objects[subscription]["status"] == "active":
                story.stripe.desk.end(subscription)
                assert story.post(story.stripe.world.events[-1]) == 200
            return found

        monkeypatch.setattr(sync, "observe", changed_meanwhile)
        assert work.work_event()
        assert (story.plan, story.states()) == ("Plus", {"done": 1, "received": 1})
        assert work.work_event()
        assert (story.plan, story.states()) == ("Free", {"done": 2})


class TestTwoAtOnce:
    def test_of_two_workers_one_takes_an_event(self, story: Story) -> None:
        story.stripe.world.emit("product.updated", {"id": "prod_1", "object": "product"})
        assert story.post(story.stripe.world.events[-1]) == 200
        assert inbox.claim_event() is not None
        assert inbox.claim_event() is None

    def test_who_is_being_read_is_read_again_in_a_moment(self, story: Story) -> None:
        story.buy_plan()
        assert story.post(story.stripe.world.events[-1]) == 200
        with standings.holding_user(story.user_id):
            assert work.work_event()
            event = StripeEvent.objects.get()
            assert (event.state, event.attempts) == ("received", 0)
        assert work.work_event(now=datetime.now(UTC) + timedelta(seconds=2))
        assert story.plan == "Plus"

    def test_an_older_look_changes_nothing(self, story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
        """Somebody looks, is held up for minutes, and by then another has looked and applied."""
        subscription = story.buy_plan()
        seen = observe

        def slow(*args: Any) -> Any:
            found = seen(*args)
            with monkeypatch.context() as inner:
                inner.setattr(sync, "observe", seen)
                story.stripe.desk.end(subscription)
                from billing import keys
                from kv.store.connection import call

                call("DEL", keys.lock(story.user_id))
                sync_customer(story.customer)
            return found

        monkeypatch.setattr(sync, "observe", slow)
        from billing.errors import CustomerBusy

        with pytest.raises(CustomerBusy):
            sync_customer(story.customer)
        assert story.plan == "Free"
        assert standings.write_standing(story.user_id, story.standing, (), 1) is False

    def test_an_older_look_that_slipped_past_the_lock_is_turned_away_by_its_number(
        self, story: Story, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        subscription = story.buy_plan()
        seen = observe

        def slow(*args: Any) -> Any:
            found = seen(*args)
            with monkeypatch.context() as inner:
                inner.setattr(sync, "observe", seen)
                story.stripe.desk.end(subscription)
                assert sync_customer(story.customer).applied
            return found

        monkeypatch.setattr(sync, "holding_user", lambda user_id: nullcontext(lambda: None))
        monkeypatch.setattr(sync, "observe", slow)
        assert not sync_customer(story.customer).applied
        assert (story.plan, story.standing.status) == ("Free", "canceled")
