"""The commands billing_work, billing_replay and billing_resync."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import override_settings

from billing.models import StripeCustomer, StripeEvent
from billing.services import inbox
from billing.services.sync import sync_customer
from billing.signals import plan_changed
from kv.store.connection import call
from tests.billing.scenario import Scenario
from tests.stripe_fake import Fault
from usertokens.services import plans


def run(*args: str) -> str:
    out = StringIO()
    call_command(*args, stdout=out, stderr=StringIO())
    return out.getvalue()


class TestWork:
    def test_it_drains_the_inbox(self, scenario: Scenario) -> None:
        scenario.buy_plan()
        for event in scenario.stripe.state.events:
            assert scenario.post(event) == 200
        said = run("billing_work")
        assert "0 received" in said
        assert "0 failed, 0 parked" in said
        assert scenario.plan == "Plus"

    def test_without_stripe_there_is_nothing_to_do(self, db: object, store: object) -> None:
        assert "0 received" in run("billing_work")


class TestReplay:
    def test_what_stripe_could_not_deliver(self, scenario: Scenario) -> None:
        scenario.buy_plan()
        scenario.buy_tokens()
        assert "Would take" in run("billing_replay", "--dry-run")
        assert not StripeEvent.objects.exists()
        said = run("billing_replay", "--undelivered")
        assert "applied 0 of the inbox again; now 0 failed, 0 parked" in said
        assert (scenario.plan, scenario.balance) == ("Plus", 2000)

    def test_more_than_a_page_of_them(self, scenario: Scenario) -> None:
        for number in range(230):
            scenario.stripe.state.emit("invoice.paid", {"id": f"in_{number}", "object": "invoice", "customer": None})
        assert "Took 230" in run("billing_replay", "--undelivered")
        assert "Took 0" in run("billing_replay", "--undelivered")

    @pytest.mark.parametrize("days", ["0", "-3", "31", "99999999999"])
    def test_days_that_stripe_does_not_reach(self, scenario: Scenario, days: str) -> None:
        with pytest.raises(CommandError, match="days"):
            run("billing_replay", "--days", days)

    def test_failed_and_parked_and_by_name(self, scenario: Scenario) -> None:
        made = scenario.stripe.state.add("cus", "customer")
        scenario.stripe.actions.subscribe(made["id"], scenario.shop["plus_month"], {"user_id": "987654"})
        scenario.deliver()
        assert "applied 0" in run("billing_replay", "--failed")
        assert "now 0 failed, 2 parked" in run("billing_replay", "--parked")
        User.objects.create_user("late", id=987654)
        name = StripeEvent.objects.latest("pk").event_id
        run("billing_replay", name)
        assert scenario.states() == {"parked": 1, "done": 1}
        assert "now 0 failed, 0 parked" in run("billing_replay")
        with pytest.raises(CommandError, match="evt_nothing"):
            run("billing_replay", "evt_nothing")

    def test_stripe_is_away(self, scenario: Scenario) -> None:
        scenario.stripe.state.faults.append(Fault("GET /v1/events", 500))
        with pytest.raises(CommandError, match="http_500"):
            run("billing_replay", "--undelivered")

    def test_not_set_up(self, db: object, store: object) -> None:
        with pytest.raises(CommandError, match="not set up"):
            run("billing_replay")


class TestResync:
    def test_the_difference_first(self, scenario: Scenario) -> None:
        scenario.buy_plan()
        scenario.buy_tokens()
        said = run("billing_resync", "--dry-run", "--per-second", "1000")
        assert "nothing applied → Plus (active until" in said
        assert "1000 bought" in said
        assert scenario.subscription.plan == "Free"

    def test_then_the_same_as_stripe(self, scenario: Scenario) -> None:
        scenario.buy_plan()
        session = scenario.buy_tokens()
        run("billing_resync", "--yes", "--per-second", "1000")
        assert (scenario.plan, scenario.balance) == ("Plus", 2000)
        assert "as Stripe says" in run("billing_resync", "--yes", "--per-second", "1000")
        scenario.stripe.actions.refund(session)
        assert "1000 bought → Plus" in run("billing_resync", "--dry-run", "--per-second", "1000")
        run("billing_resync", "--yes", "--per-second", "1000")
        assert scenario.balance == 1000

    def test_a_plan_set_by_hand_is_a_difference(self, scenario: Scenario) -> None:
        scenario.buy_plan()
        scenario.deliver()
        plans.set_plan(scenario.user_id, "Premium")
        assert "Premium (active" in run("billing_resync", "--dry-run", "--per-second", "1000")
        run("billing_resync", scenario.customer, "--yes", "--per-second", "1000")
        assert scenario.plan == "Plus"

    def test_after_the_store_was_lost(self, scenario: Scenario) -> None:
        scenario.buy_plan()
        scenario.buy_tokens()
        scenario.deliver()
        call("FLUSHALL")
        run("billing_resync", "--yes", "--per-second", "1000")
        assert (scenario.plan, scenario.balance) == ("Plus", 2000)

    def test_customers_that_only_stripe_knows(self, scenario: Scenario) -> None:
        scenario.stripe.actions.subscribe(scenario.customer, scenario.shop["plus_month"], {"user_id": scenario.user_id})
        StripeCustomer.objects.all().delete()
        assert "not known here yet" in run("billing_resync", "--yes", "--per-second", "1000")
        assert scenario.plan == "Plus"

    def test_it_asks(self, scenario: Scenario) -> None:
        scenario.buy_plan()
        with pytest.raises(CommandError, match="--yes"):
            run("billing_resync", "--per-second", "1000")

    def test_too_busy_for_a_while(self, scenario: Scenario) -> None:
        scenario.buy_plan()
        scenario.stripe.state.faults.append(Fault("GET /v1/checkout/sessions", 429, times=3))
        run("billing_resync", "--yes", "--per-second", "1000")
        assert scenario.plan == "Plus"

    def test_not_set_up(self, db: object, store: object) -> None:
        for customer in ((), ("cus_1",)):
            with pytest.raises(CommandError, match="not set up"):
                run("billing_resync", *customer)

    @pytest.mark.parametrize("pace", ["0", "-1", "nan", "inf", "x"])
    def test_a_pace_that_is_none(self, scenario: Scenario, pace: str) -> None:
        with pytest.raises(CommandError, match="per-second"):
            run("billing_resync", "--per-second", pace)


def test_what_time_alone_changes(scenario: Scenario) -> None:
    """The grace ends without any event."""
    scenario.stripe.actions.renew(scenario.buy_plan(), paid=False)
    scenario.deliver()
    assert scenario.plan == "Plus"
    assert scenario.row().next_sync_at is not None
    scenario.stripe.state.now += 7 * 86400 + 10
    scenario.work()
    assert (scenario.plan, scenario.balance) == ("Free", 100)


def test_the_worker_is_woken_by_a_hook(scenario: Scenario) -> None:
    from kv import keys

    scenario.buy_plan()
    assert call("EXISTS", keys.wake(inbox.DUTY)) == 0
    assert scenario.post(scenario.stripe.state.events[-1]) == 200
    assert call("EXISTS", keys.wake(inbox.DUTY)) == 1


def test_without_billing_the_inbox_waits(scenario: Scenario) -> None:
    from billing.services.work import work_inbox

    scenario.buy_plan()
    assert scenario.post(scenario.stripe.state.events[-1]) == 200
    with override_settings(STRIPE_SECRET_KEY=""):
        assert not work_inbox()
    assert scenario.states() == {"received": 1}


def test_done_events_are_dropped_after_a_season(scenario: Scenario) -> None:
    scenario.buy_plan()
    scenario.deliver()
    made = scenario.stripe.state.add("cus", "customer")
    scenario.stripe.actions.subscribe(made["id"], scenario.shop["plus_month"], {"user_id": "987654"})
    scenario.deliver()
    assert not inbox.tidy_inbox(now=scenario.now + timedelta(days=89))
    assert scenario.states()["done"] > 0
    assert not inbox.tidy_inbox(now=scenario.now + timedelta(days=91))
    assert scenario.states() == {"parked": 2}


def test_one_that_was_done_while_it_waited_for_its_last_try_is_dropped_too(scenario: Scenario) -> None:
    scenario.buy_plan()
    scenario.deliver()
    done = scenario.now + timedelta(minutes=1)
    StripeEvent.objects.filter(state="done").update(done_at=done, due_at=done + timedelta(seconds=max(inbox.BACKOFF)))
    assert scenario.states()["done"] > 0
    assert not inbox.tidy_inbox(now=done + inbox.RETENTION + timedelta(seconds=1))
    assert "done" not in scenario.states()


class TestPlanChanged:
    @pytest.fixture
    def received(self) -> Iterator[list[tuple[str, str]]]:
        """The users and plans that the signal was sent with, in order."""
        sent: list[tuple[str, str]] = []

        def listen(sender: object, user_id: str, plan: str, **rest: object) -> None:
            sent.append((user_id, plan))

        plan_changed.connect(listen)
        yield sent
        plan_changed.disconnect(listen)

    def test_whoever_listens_hears_of_a_new_plan(self, scenario: Scenario, received: list[tuple[str, str]]) -> None:
        subscription = scenario.buy_plan()
        scenario.deliver()
        scenario.stripe.actions.end(subscription)
        scenario.deliver()
        assert received == [(scenario.user_id, "Plus"), (scenario.user_id, "Free")]

    def test_when_it_takes_effect_and_not_before(self, scenario: Scenario, received: list[tuple[str, str]]) -> None:
        scenario.buy_plan()
        with override_settings(PLAN_ALLOWANCES={"Free": 100}):
            scenario.deliver()
        assert received == []
        scenario.stripe.actions.update(scenario.stripe.state.of("subscription")[0]["id"])
        scenario.deliver(scenario.stripe.state.events[-1:])
        assert received == [(scenario.user_id, "Plus")]

    def test_a_user_who_never_paid_has_no_new_plan(self, scenario: Scenario, received: list[tuple[str, str]]) -> None:
        sync_customer(scenario.customer)
        sync_customer(scenario.customer)
        assert received == []
