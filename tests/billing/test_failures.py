"""Stripe too busy, broken or silent; customers, products and users that nobody knows: never lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import override_settings

from billing.models import StripeCustomer, StripeEvent
from billing.services import inbox, standings, sync, work
from kv.errors import StoreUnavailable
from tests.billing.story import Story
from tests.stripe_fake import Fault, shapes


class TestStripeFails:
    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_it_is_tried_again_later(self, story: Story, status: int) -> None:
        story.buy_plan()
        story.stripe.world.faults.append(Fault("GET /v1/subscriptions", status))
        assert story.post(story.stripe.world.events[-1]) == 200
        now = datetime.now(UTC)
        assert work.work_event(now=now)
        event = StripeEvent.objects.get()
        assert (event.state, event.attempts) == ("received", 1)
        assert "Stripe" in event.error
        assert not work.work_event(now=now + timedelta(seconds=4))
        assert work.work_event(now=now + timedelta(seconds=6))
        assert (story.plan, story.states()) == ("Plus", {"done": 1})

    def test_silence_is_given_up_in_time(self, story: Story) -> None:
        story.buy_plan()
        story.stripe.world.faults.append(Fault("GET /v1/subscriptions", 0))
        assert story.post(story.stripe.world.events[-1]) == 200
        with override_settings(STRIPE_TIMEOUT=0.3):
            assert work.work_event()
        assert StripeEvent.objects.get().state == "received"
        assert work.work_event(now=datetime.now(UTC) + timedelta(seconds=6))
        assert story.plan == "Plus"

    def test_in_the_end_it_has_failed_and_is_replayable(self, story: Story) -> None:
        story.buy_plan()
        story.stripe.world.faults.append(Fault("GET /v1/subscriptions", 500, times=100))
        assert story.post(story.stripe.world.events[-1]) == 200
        now = datetime.now(UTC)
        for wait in (0, *inbox.BACKOFF):
            now += timedelta(seconds=wait + 1)
            assert work.work_event(now=now)
        event = StripeEvent.objects.get()
        assert (event.state, event.attempts) == ("failed", len(inbox.BACKOFF) + 1)
        assert not work.work_event(now=now + timedelta(days=30))
        story.stripe.world.faults.clear()
        assert inbox.replay_events(StripeEvent.objects.all()) == 1
        assert work.work_event()
        assert (story.plan, story.states()) == ("Plus", {"done": 1})

    def test_an_answer_lost_on_its_way_makes_no_second_customer(self, story: Story) -> None:
        story.stripe.world.faults.append(Fault("POST /v1/customers", 502, applied=True))
        with pytest.raises(Exception, match=r"http_502|502"):
            _ = story.customer
        assert story.customer
        assert len(story.stripe.world.of("customer")) == 1

    def test_a_refused_key_is_no_end(self, story: Story, caplog: pytest.LogCaptureFixture) -> None:
        story.buy_plan()
        assert story.post(story.stripe.world.events[-1]) == 200
        with override_settings(STRIPE_SECRET_KEY="sk_test_"):
            story.stripe.world.faults.append(Fault("GET /v1/", 401, times=10))
            assert work.work_event()
        assert StripeEvent.objects.get().state == "received"
        assert "STRIPE_SECRET_KEY" in caplog.text
        assert "secretofthesite" not in caplog.text

    def test_a_defect_of_ours_stops_nobody_else(self, story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
        story.buy_plan()
        first, second = story.stripe.world.events[-2:]
        assert story.post(first) == story.post(second) == 200
        from billing.services import events

        def defect(*args: Any, **kwargs: Any) -> None:
            raise ZeroDivisionError("private words")

        with monkeypatch.context() as patch:
            patch.setattr(events, "sync_customer", defect)
            assert work.work_event()
        assert StripeEvent.objects.get(event_id=first["id"]).error == "ZeroDivisionError"
        assert work.work_event()
        assert StripeEvent.objects.get(event_id=second["id"]).state == "done"


class TestStoreFails:
    def test_it_is_back_in_line_untried(self, story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
        story.buy_plan()
        assert story.post(story.stripe.world.events[-1]) == 200

        def away(*args: Any) -> None:
            raise StoreUnavailable("away")

        with monkeypatch.context() as patch:
            patch.setattr(sync, "take_observation", away)
            with pytest.raises(StoreUnavailable):
                work.work_event()
        event = StripeEvent.objects.get()
        assert (event.state, event.attempts) == ("received", 0)
        story.work()
        assert story.plan == "Plus"


class TestUnknown:
    def test_a_customer_who_names_nobody_is_parked(self, story: Story) -> None:
        made = story.stripe.world.add("cus", "customer")
        story.stripe.desk.subscribe(made["id"], story.shop["plus_month"])
        story.deliver()
        assert story.states() == {"parked": 2}
        assert "names no user" in story.event("invoice.paid").error

    def test_a_user_who_does_not_exist_is_parked_until_there_is_one(self, story: Story) -> None:
        made = story.stripe.world.add("cus", "customer")
        story.stripe.desk.subscribe(made["id"], story.shop["plus_month"], {"user_id": "987654"})
        story.deliver()
        assert story.states() == {"parked": 2}
        User.objects.create_user("late", id=987654)
        inbox.replay_events(StripeEvent.objects.all())
        story.work()
        assert story.states() == {"done": 2}
        assert standings.read_standing("987654").plan == "Plus"

    @pytest.mark.parametrize("name", ["x", "", "1e9", "9" * 30, "-1"])
    def test_what_is_no_user_id_is_parked(self, story: Story, name: str) -> None:
        made = story.stripe.world.add("cus", "customer", metadata={"user_id": name})
        story.stripe.desk.subscribe(made["id"], story.shop["plus_month"])
        story.deliver()
        assert story.states() == {"parked": 2}

    @pytest.mark.parametrize("place", ["subscription", "session", "customer"])
    def test_a_customer_not_in_the_map_is_found_by_what_stripe_knows(self, story: Story, place: str) -> None:
        named = {"user_id": story.user_id}
        made = story.stripe.world.add("cus", "customer", metadata=named if place == "customer" else {})
        if place == "session":
            lines = [{"price": story.shop["plus_month"], "quantity": 1}]
            shapes.session(
                story.stripe.world, lines, customer=made["id"], client_reference_id=story.user_id, mode="subscription",
                status="complete", payment_status="paid",
            )  # fmt: skip
        story.stripe.desk.subscribe(made["id"], story.shop["plus_month"], named if place == "subscription" else {})
        story.deliver()
        assert story.plan == "Plus"
        assert StripeCustomer.objects.get(customer_id=made["id"]).user == story.user

    def test_an_unknown_product_is_parked_and_what_is_known_holds(self, story: Story) -> None:
        other = shapes.price(story.stripe.world, shapes.product(story.stripe.world, "Other"), 100, "month")
        story.stripe.desk.subscribe(story.customer, story.shop["plus_month"])
        story.stripe.desk.subscribe(story.customer, other["id"])
        story.deliver()
        assert story.plan == "Plus"
        assert story.states()["parked"] == 4
        assert other["product"] in story.event("invoice.paid").error

    def test_an_event_without_a_customer_is_parked(self, story: Story) -> None:
        intent = shapes.payment(story.stripe.world, None, 500, {})
        story.stripe.world.emit("charge.refunded", story.stripe.world.objects[intent["latest_charge"]])
        story.deliver()
        assert "no customer" in story.event("charge.refunded").error

    def test_types_that_change_nothing_are_done_at_once(self, story: Story) -> None:
        asked = len(story.stripe.world.requests)
        story.stripe.world.emit("product.updated", {"id": "prod_1", "object": "product"})
        story.deliver()
        assert story.states() == {"done": 1}
        assert len(story.stripe.world.requests) == asked
