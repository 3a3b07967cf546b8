"""Automatic top-up beside what fails: answers that are lost, a Stripe that is away, disputes, accounts that close."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from billing.errors import NothingToConfirm
from billing.models import AutomaticCharge, AutoTopUp
from billing.services import auto_cards, auto_charges, auto_owner, auto_settings, auto_switch, auto_work
from billing.services.sync import sync_customer
from tests.billing import automatic as auto
from tests.billing.scenario import Scenario
from tests.stripe_fake import Fault
from usertokens.services import balances, watches

pytestmark = pytest.mark.django_db

BACK = "https://testserver/pricing/return"


def go_on(scenario: Scenario) -> None:
    """All that is tried again comes to its end."""
    for minutes in (0, 1, 2, 5, 10, 20, 40, 80):
        auto.charge(scenario, later=timedelta(minutes=minutes))


class TestLostAnswers:
    @pytest.mark.parametrize("applied", [True, False])
    @pytest.mark.parametrize("status", [0, 500, 503, 429])
    @pytest.mark.parametrize(
        "match",
        [
            "POST /v1/payment_intents",
            "/confirm",
            "GET /v1/payment_intents",
            "GET /v1/charges",
            "GET /v1/checkout/sessions",
        ],
    )
    def test_one_charge_and_one_grant(
        self, scenario: Scenario, settings: Any, match: str, status: int, *, applied: bool
    ) -> None:
        auto.set_up(scenario)
        settings.STRIPE_TIMEOUT = 0.3
        scenario.stripe.state.faults.append(Fault(match, status, times=2, applied=applied))
        auto.fall(scenario)
        auto.charge(scenario)
        scenario.stripe.state.released.set()  # what Stripe was still working on
        auto.walk(scenario)
        go_on(scenario)
        assert (len(auto.paid(scenario)), auto.granted(scenario)) == (1, 1000)
        assert (auto.states(scenario), scenario.balance) == (["succeeded"], 1010)

    def test_a_failure_that_stripe_repeats_for_a_day(self, scenario: Scenario) -> None:
        auto.set_up(scenario)
        for match in ("POST /v1/payment_intents", "/confirm"):
            scenario.stripe.state.faults.append(Fault(match, 500, times=1, kept=True))
        auto.fall(scenario)
        auto.charge(scenario)
        go_on(scenario)
        assert (len(auto.paid(scenario)), auto.granted(scenario)) == (1, 1000)

    def test_a_decline_whose_answer_is_lost_is_one_decline(self, scenario: Scenario) -> None:
        auto.set_up(scenario, card="declined")
        scenario.stripe.state.faults.append(Fault("/confirm", 503, times=1, applied=True))
        auto.fall(scenario)
        auto.charge(scenario)
        go_on(scenario)
        assert (auto.states(scenario), auto.settings_of(scenario).declines) == (["declined"], 1)

    def test_what_could_not_be_charged_for_a_day_is_given_up(self, scenario: Scenario) -> None:
        auto.set_up(scenario)
        scenario.stripe.state.faults.append(Fault("/confirm", 503, times=1))
        auto.fall(scenario)
        auto.charge(scenario)
        auto.charge(scenario, later=timedelta(hours=25))
        assert (auto.states(scenario), auto.paid(scenario)) == (["canceled"], [])


class TestTheOwner:
    def test_confirms_the_same_payment(self, scenario: Scenario) -> None:
        auto.set_up(scenario, card="authenticate")
        auto.fall(scenario)
        auto.charge(scenario)
        assert (auto.status(scenario), auto.states(scenario), scenario.balance) == (
            "needs_action",
            ["needs_action"],
            10,
        )
        address = auto_owner.confirm_charge(scenario.user_id, BACK, now=scenario.now)
        assert auto_owner.confirm_charge(scenario.user_id, BACK, now=scenario.now) == address
        scenario.stripe.actions.authenticate(address.rsplit("/", 1)[1])
        scenario.deliver()
        assert (auto.status(scenario), auto.states(scenario), scenario.balance) == ("ready", ["succeeded"], 1010)
        assert len(auto.payments(scenario)) == 1
        with pytest.raises(NothingToConfirm):
            auto_owner.confirm_charge(scenario.user_id, BACK, now=scenario.now)

    def test_fails_to(self, scenario: Scenario) -> None:
        auto.set_up(scenario, card="authenticate")
        auto.fall(scenario)
        auto.charge(scenario)
        address = auto_owner.confirm_charge(scenario.user_id, BACK, now=scenario.now)
        scenario.stripe.actions.authenticate(address.rsplit("/", 1)[1], succeeds=False)
        sync_customer(scenario.customer, now=scenario.now)
        assert (auto.status(scenario), auto.states(scenario), scenario.balance) == ("ready", ["declined"], 10)

    def test_is_not_asked_with_a_card_that_pays(self, scenario: Scenario) -> None:
        auto.set_up(scenario, card="authenticate")
        auto.fall(scenario)
        auto.charge(scenario)
        auto.set_card(scenario, "good")
        assert auto_owner.confirm_charge(scenario.user_id, BACK, now=scenario.now) == ""
        assert (auto.states(scenario), scenario.balance) == (["succeeded"], 1010)

    def test_confirmed_without_an_event_is_found(self, scenario: Scenario) -> None:
        auto.set_up(scenario, card="authenticate")
        auto.fall(scenario)
        auto.charge(scenario)
        address = auto_owner.confirm_charge(scenario.user_id, BACK, now=scenario.now)
        scenario.stripe.actions.authenticate(address.rsplit("/", 1)[1])
        auto.charge(scenario, later=timedelta(hours=2))
        assert auto.states(scenario) == ["succeeded"]
        # Not the balance: a month that begins within these hours brings its allowance.
        assert auto.granted(scenario) == 1000

    def test_of_a_payment_that_a_newer_fall_replaced(self, scenario: Scenario) -> None:
        auto.set_up(scenario, card="authenticate")
        for _ in range(3):
            auto.fall(scenario)
            auto.charge(scenario)
        assert auto.states(scenario) == ["canceled", "canceled", "needs_action"]
        assert [one["status"] for one in auto.payments(scenario)][1:] == ["canceled", "canceled"]

    @pytest.mark.parametrize("way", ["user", "staff"])
    def test_of_one_that_was_switched_off(self, scenario: Scenario, way: str) -> None:
        auto.set_up(scenario, card="authenticate")
        auto.fall(scenario)
        auto.charge(scenario)
        address = auto_owner.confirm_charge(scenario.user_id, BACK, now=scenario.now)
        off = auto_switch.switch_off if way == "user" else auto_switch.stop_by_staff
        off(scenario.user_id, now=scenario.now)
        with pytest.raises(NothingToConfirm):
            auto_owner.confirm_charge(scenario.user_id, BACK, now=scenario.now)
        auto.charge(scenario)
        scenario.stripe.actions.authenticate(address.rsplit("/", 1)[1])
        scenario.deliver()
        assert (auto.states(scenario), auto.paid(scenario), scenario.balance) == (["canceled"], [], 10)

    def test_in_a_month_whose_cap_is_reached(self, scenario: Scenario) -> None:
        auto.set_up(scenario, card="authenticate", cap=500)
        auto.fall(scenario)
        auto.charge(scenario)
        scenario.stripe.state.now += 40 * 86400
        balances.add_tokens(scenario.user_id, 1000, reason="gift", now=scenario.now)
        charge = AutomaticCharge.objects.get()
        paid = AutomaticCharge.objects.get()
        paid.pk, paid.fall, paid.state = None, "0 0", "succeeded"
        paid.month = scenario.now.date().replace(day=1)
        paid.save(force_insert=True)
        with pytest.raises(NothingToConfirm):
            auto_owner.confirm_charge(scenario.user_id, BACK, now=scenario.now)
        charge.refresh_from_db()
        assert (charge.state, auto.paid(scenario)) == ("capped", [])


class TestTheCard:
    def test_that_its_owner_has_removed(self, scenario: Scenario) -> None:
        auto.set_up(scenario)
        scenario.stripe.state.objects[auto.settings_of(scenario).payment_method]["customer"] = None
        auto.fall(scenario)
        auto.charge(scenario)
        assert (auto.status(scenario), auto.payments(scenario)) == ("needs_card", [])
        auto.save_card(scenario)
        assert auto.status(scenario) == "ready"
        auto.charge(scenario)
        assert auto.payments(scenario) == []

    def test_of_the_other_mode_is_not_charged(self, scenario: Scenario) -> None:
        auto.set_up(scenario)
        AutoTopUp.objects.update(livemode=True)
        auto.fall(scenario)
        auto.charge(scenario)
        assert (auto.status(scenario), auto.payments(scenario)) == ("needs_card", [])

    def test_a_payment_of_the_other_mode_holds_nothing_up(self, scenario: Scenario) -> None:
        """As of a site that was tried with a test key, and whose key is a live one now."""
        auto.set_up(scenario, card="authenticate")
        auto.fall(scenario)
        auto.charge(scenario)
        assert auto.status(scenario) == "needs_action"
        AutomaticCharge.objects.update(livemode=True, intent_id="pi_other", customer_id="cus_other")
        AutoTopUp.objects.update(livemode=True, action_intent="pi_other")
        assert auto.status(scenario) == "needs_card"
        auto.save_card(scenario)
        assert auto.status(scenario) == "ready"
        auto.fall(scenario)
        auto.charge(scenario)
        assert auto.states(scenario) == ["needs_action", "succeeded"]
        assert watches.read_watches([scenario.user_id])[scenario.user_id].crossing == ""

    def test_that_is_removed_while_a_payment_waits_is_asked_for_again(self, scenario: Scenario) -> None:
        auto.set_up(scenario, card="authenticate")
        auto.fall(scenario)
        auto.charge(scenario)
        scenario.stripe.state.objects[auto.settings_of(scenario).payment_method]["customer"] = None
        auto_cards.check_card(auto.settings_of(scenario))
        assert auto_owner.waiting_charge(scenario.user_id) is None
        assert auto.status(scenario) == "needs_card", "and not needs_action: the page for that has nothing to confirm"

    def test_the_newest_one_is_charged(self, scenario: Scenario) -> None:
        auto.set_up(scenario, card="declined")
        newer = auto.save_card(scenario)
        auto.fall(scenario)
        auto.charge(scenario)
        (payment,) = auto.paid(scenario)
        assert payment["payment_method"] == newer


def test_two_workers_at_one_fall_charge_once(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    auto.set_up(scenario)
    auto.fall(scenario)
    begin = auto_charges.begin_charge

    def both(*args: Any) -> Any:
        """The other worker is as far as this one."""
        monkeypatch.setattr(auto_charges, "begin_charge", begin)
        auto_work.serve_falls([scenario.user_id], now=scenario.now)
        return begin(*args)

    monkeypatch.setattr(auto_charges, "begin_charge", both)
    auto.charge(scenario)
    assert (len(auto.payments(scenario)), auto.granted(scenario)) == (1, 1000)


def test_a_worker_that_wakes_when_its_key_is_forgotten_leaves_the_charge_to_the_other(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    auto.set_up(scenario)
    auto.fall(scenario)
    whole, frozen = auto_work._key, [True]

    def waits(charge: AutomaticCharge, step: str) -> str:
        key = whole(charge, step)
        if frozen:
            frozen.clear()
            scenario.stripe.state.faults.append(Fault("/confirm", 503, times=1, applied=True))
            auto.charge(scenario, later=timedelta(minutes=2))
            return f"{key}-after-a-day"
        return key

    monkeypatch.setattr(auto_work, "_key", waits)
    auto.charge(scenario)
    go_on(scenario)
    assert (len(auto.paid(scenario)), auto.granted(scenario)) == (1, 1000)


@pytest.mark.parametrize("what", ["off", "staff", "cap"])
def test_what_is_changed_while_stripe_makes_the_payment_counts(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    auto.set_up(scenario)
    auto.fall(scenario)
    keep_intent = auto_charges.keep_intent

    def change(*args: Any) -> bool:
        """The payment is made, and not confirmed yet."""
        if what == "off":
            auto_switch.switch_off(scenario.user_id, now=scenario.now)
        elif what == "staff":
            auto_switch.stop_by_staff(scenario.user_id, now=scenario.now)
        else:
            AutoTopUp.objects.update(monthly_cap=auto.PRICE - 1)
        return keep_intent(*args)

    monkeypatch.setattr(auto_charges, "keep_intent", change)
    auto.charge(scenario)
    assert (auto.states(scenario), auto.paid(scenario)) == (["canceled"], [])


def test_a_threshold_lost_with_the_store_is_put_back(scenario: Scenario, store: Any) -> None:
    auto.set_up(scenario)
    store.flushdb()
    auto.walk(scenario)
    auto.fall(scenario)
    auto.charge(scenario)
    assert scenario.balance == 1010


def test_a_package_that_is_not_sold_any_more_costs_nothing(scenario: Scenario, settings: Any) -> None:
    auto.set_up(scenario)
    settings.BILLING_TOPUPS = {5000: scenario.shop["topup_5000"]}
    auto.fall(scenario)
    auto.charge(scenario)
    assert (auto.payments(scenario), auto.states(scenario)) == ([], [])
    assert auto_settings.read_auto_topup(scenario.user_id).is_on
