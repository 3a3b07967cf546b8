"""Stripe is busy, broken or silent, or names unknown customers, products and users: no event is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import override_settings

from billing.models import StripeCustomer, StripeEvent
from billing.services import inbox, subscription_states, sync, work
from kv.errors import StoreUnavailable
from tests.billing.scenario import Scenario
from tests.stripe_fake import Fault, shapes


class TestStripeFails:
    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_it_is_tried_again_later(self, scenario: Scenario, status: int) -> None:
        scenario.buy_plan()
        scenario.stripe.state.faults.append(Fault("GET /v1/subscriptions", status))
        assert scenario.post(scenario.stripe.state.events[-1]) == 200
        now = datetime.now(UTC)
        assert work.work_event(now=now)
        event = StripeEvent.objects.get()
        assert (event.state, event.attempts) == ("received", 1)
        assert "Stripe" in event.error
        assert not work.work_event(now=now + timedelta(seconds=4))
        assert work.work_event(now=now + timedelta(seconds=6))
        assert (scenario.plan, scenario.states()) == ("Plus", {"done": 1})

    def test_silence_is_given_up_in_time(self, scenario: Scenario) -> None:
        scenario.buy_plan()
        scenario.stripe.state.faults.append(Fault("GET /v1/subscriptions", 0))
        assert scenario.post(scenario.stripe.state.events[-1]) == 200
        with override_settings(STRIPE_TIMEOUT=0.3):
            assert work.work_event()
        assert StripeEvent.objects.get().state == "received"
        assert work.work_event(now=datetime.now(UTC) + timedelta(seconds=6))
        assert scenario.plan == "Plus"

    def test_in_the_end_it_has_failed_and_is_replayable(self, scenario: Scenario) -> None:
        scenario.buy_plan()
        scenario.stripe.state.faults.append(Fault("GET /v1/subscriptions", 500, times=100))
        assert scenario.post(scenario.stripe.state.events[-1]) == 200
        now = datetime.now(UTC)
        for wait in (0, *inbox.BACKOFF):
            now += timedelta(seconds=wait + 1)
            assert work.work_event(now=now)
        event = StripeEvent.objects.get()
        assert (event.state, event.attempts) == ("failed", len(inbox.BACKOFF) + 1)
        assert not work.work_event(now=now + timedelta(days=30))
        scenario.stripe.state.faults.clear()
        assert inbox.replay_events(StripeEvent.objects.all()) == 1
        assert work.work_event()
        assert (scenario.plan, scenario.states()) == ("Plus", {"done": 1})

    def test_an_answer_lost_on_its_way_makes_no_second_customer(self, scenario: Scenario) -> None:
        scenario.stripe.state.faults.append(Fault("POST /v1/customers", 502, applied=True))
        with pytest.raises(Exception, match=r"http_502|502"):
            _ = scenario.customer
        assert scenario.customer
        assert len(scenario.stripe.state.of("customer")) == 1

    def test_a_refused_key_is_no_end(self, scenario: Scenario, caplog: pytest.LogCaptureFixture) -> None:
        scenario.buy_plan()
        assert scenario.post(scenario.stripe.state.events[-1]) == 200
        with override_settings(STRIPE_SECRET_KEY="sk_test_"):
            scenario.stripe.state.faults.append(Fault("GET /v1/", 401, times=10))
            assert work.work_event()
        assert StripeEvent.objects.get().state == "received"
        assert "STRIPE_SECRET_KEY" in caplog.text
        assert "secretofthesite" not in caplog.text

    def test_a_defect_of_ours_stops_nobody_else(self, scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
        scenario.buy_plan()
        first, second = scenario.stripe.state.events[-2:]
        assert scenario.post(first) == scenario.post(second) == 200
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
    def test_it_is_back_in_line_untried(self, scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
        scenario.buy_plan()
        assert scenario.post(scenario.stripe.state.events[-1]) == 200

        def away(*args: Any) -> None:
            raise StoreUnavailable("away")

        with monkeypatch.context() as patch:
            patch.setattr(sync, "take_version", away)
            with pytest.raises(StoreUnavailable):
                work.work_event()
        event = StripeEvent.objects.get()
        assert (event.state, event.attempts) == ("received", 0)
        scenario.work()
        assert scenario.plan == "Plus"


class TestUnknown:
    def test_a_customer_who_names_nobody_is_parked(self, scenario: Scenario) -> None:
        made = scenario.stripe.state.add("cus", "customer")
        scenario.stripe.actions.subscribe(made["id"], scenario.shop["plus_month"])
        scenario.deliver()
        assert scenario.states() == {"parked": 2}
        assert "names no user" in scenario.event("invoice.paid").error

    def test_a_user_who_does_not_exist_is_parked_until_there_is_one(self, scenario: Scenario) -> None:
        made = scenario.stripe.state.add("cus", "customer")
        scenario.stripe.actions.subscribe(made["id"], scenario.shop["plus_month"], {"user_id": "987654"})
        scenario.deliver()
        assert scenario.states() == {"parked": 2}
        User.objects.create_user("late", id=987654)
        inbox.replay_events(StripeEvent.objects.all())
        scenario.work()
        assert scenario.states() == {"done": 2}
        assert subscription_states.read_state("987654").plan == "Plus"

    @pytest.mark.parametrize("name", ["x", "", "1e9", "9" * 30, "-1"])
    def test_what_is_no_user_id_is_parked(self, scenario: Scenario, name: str) -> None:
        made = scenario.stripe.state.add("cus", "customer", metadata={"user_id": name})
        scenario.stripe.actions.subscribe(made["id"], scenario.shop["plus_month"])
        scenario.deliver()
        assert scenario.states() == {"parked": 2}

    @pytest.mark.parametrize("place", ["subscription", "session", "customer"])
    def test_a_customer_not_in_the_map_is_found_by_what_stripe_knows(self, scenario: Scenario, place: str) -> None:
        named = {"user_id": scenario.user_id}
        made = scenario.stripe.state.add("cus", "customer", metadata=named if place == "customer" else {})
        if place == "session":
            lines = [{"price": scenario.shop["plus_month"], "quantity": 1}]
            shapes.session(
                scenario.stripe.state, lines, customer=made["id"], client_reference_id=scenario.user_id,
                mode="subscription", status="complete", payment_status="paid",
            )  # fmt: skip
        scenario.stripe.actions.subscribe(
            made["id"], scenario.shop["plus_month"], named if place == "subscription" else {}
        )
        scenario.deliver()
        assert scenario.plan == "Plus"
        assert StripeCustomer.objects.get(customer_id=made["id"]).user == scenario.user

    def test_an_unknown_product_is_parked_and_what_is_known_holds(self, scenario: Scenario) -> None:
        other = shapes.price(scenario.stripe.state, shapes.product(scenario.stripe.state, "Other"), 100, "month")
        scenario.stripe.actions.subscribe(scenario.customer, scenario.shop["plus_month"])
        scenario.stripe.actions.subscribe(scenario.customer, other["id"])
        scenario.deliver()
        assert scenario.plan == "Plus"
        assert scenario.states()["parked"] == 4
        assert other["product"] in scenario.event("invoice.paid").error

    def test_an_event_without_a_customer_is_parked(self, scenario: Scenario) -> None:
        intent = shapes.payment(scenario.stripe.state, None, 500, {})
        scenario.stripe.state.emit("charge.refunded", scenario.stripe.state.objects[intent["latest_charge"]])
        scenario.deliver()
        assert "no customer" in scenario.event("charge.refunded").error

    def test_types_that_change_nothing_are_done_at_once(self, scenario: Scenario) -> None:
        asked = len(scenario.stripe.state.requests)
        scenario.stripe.state.emit("product.updated", {"id": "prod_1", "object": "product"})
        scenario.deliver()
        assert scenario.states() == {"done": 1}
        assert len(scenario.stripe.state.requests) == asked
