"""What ends automatic top-up: refunds take its tokens back, disputes and closed accounts switch it off."""

from __future__ import annotations

import pytest

from billing.models import AutomaticCharge, AutoTopUp
from billing.services import auto_charges, auto_work
from tests.billing import automatic as auto
from tests.billing.scenario import Scenario
from tests.stripe_fake import Fault
from usertokens.errors import AccountNotClosed
from usertokens.services import accounts

pytestmark = pytest.mark.django_db


class TestRefundsAndDisputes:
    def test_a_refund_takes_its_tokens_and_buys_none(self, scenario: Scenario) -> None:
        auto.set_up(scenario)
        auto.fall(scenario)
        auto.charge(scenario)
        scenario.stripe.actions.refund(auto.paid(scenario)[0]["id"], 250)
        scenario.deliver()
        assert scenario.balance == 510
        scenario.stripe.actions.refund(auto.paid(scenario)[0]["id"])
        scenario.deliver()
        auto.charge(scenario)
        auto.walk(scenario)
        assert (scenario.balance, len(auto.payments(scenario))) == (10, 1)

    @pytest.mark.parametrize("of", ["automatic", "checkout", "subscription"])
    def test_a_dispute_switches_it_off(self, scenario: Scenario, of: str) -> None:
        auto.set_up(scenario)
        if of == "automatic":
            auto.fall(scenario)
            auto.charge(scenario)
            name = auto.paid(scenario)[0]["id"]
        else:
            name = scenario.buy_tokens() if of == "checkout" else scenario.buy_plan()
        scenario.deliver()
        scenario.stripe.actions.dispute(name)
        scenario.deliver()
        assert (auto.status(scenario), auto.settings_of(scenario).off_reason) == ("off", "disputed")
        before = len(auto.payments(scenario))
        auto.fall(scenario)
        auto.charge(scenario)
        auto.walk(scenario)
        assert len(auto.payments(scenario)) == before

    def test_a_dispute_among_other_events(self, scenario: Scenario) -> None:
        auto.set_up(scenario)
        subscription = scenario.buy_plan()
        scenario.deliver()
        before = len(scenario.stripe.state.events)
        scenario.stripe.actions.renew(subscription)
        scenario.stripe.actions.dispute(subscription)
        for event in scenario.stripe.state.events[before:]:
            assert scenario.post(event) == 200
        scenario.work()  # one sync covers them all
        assert auto.status(scenario) == "off"

    def test_a_dispute_whose_event_is_late_charges_nothing(self, scenario: Scenario) -> None:
        auto.set_up(scenario)
        scenario.stripe.actions.dispute(scenario.buy_plan())
        auto.fall(scenario)
        auto.charge(scenario)
        assert (auto.status(scenario), auto.payments(scenario)) == ("off", [])

    def test_an_inquiry_changes_nothing(self, scenario: Scenario) -> None:
        auto.set_up(scenario)
        scenario.stripe.actions.dispute(scenario.buy_tokens(), status="warning_needs_response")
        scenario.deliver()
        assert auto.status(scenario) == "ready"


class TestAnAccountThatCloses:
    def test_leaves_no_card_and_no_row(self, scenario: Scenario) -> None:
        auto.set_up(scenario, card="authenticate")
        auto.fall(scenario)
        auto.charge(scenario)
        card = auto.settings_of(scenario).payment_method
        accounts.delete_account(scenario.user)
        assert scenario.stripe.state.objects[card]["customer"] is None
        assert [one["status"] for one in auto.payments(scenario)] == ["canceled"]
        assert not AutoTopUp.objects.exists()
        assert not AutomaticCharge.objects.exists()
        scenario.deliver()
        assert set(scenario.states()) == {"done"}

    def test_while_a_worker_is_about_to_confirm(self, scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
        auto.set_up(scenario)
        auto.fall(scenario)
        confirm = auto_work._confirm

        def closing(charge: AutomaticCharge) -> None:
            accounts.forget_user(scenario.user_id)
            confirm(charge)

        monkeypatch.setattr(auto_work, "_confirm", closing)
        auto.charge(scenario)
        assert [one["status"] for one in auto.payments(scenario)] == ["canceled"]

    def test_while_a_worker_has_not_made_the_payment_yet(
        self, scenario: Scenario, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        auto.set_up(scenario)
        auto.fall(scenario)
        keep = auto_charges.keep_intent

        def closing(charge: AutomaticCharge, intent_id: str) -> bool:
            accounts.forget_user(scenario.user_id)
            return keep(charge, intent_id)

        monkeypatch.setattr(auto_charges, "keep_intent", closing)
        auto.charge(scenario)
        assert [one["status"] for one in auto.payments(scenario)] == ["requires_confirmation"]

    def test_waits_for_stripe(self, scenario: Scenario) -> None:
        auto.set_up(scenario)
        scenario.stripe.state.faults.append(Fault("/detach", 503, times=1))
        with pytest.raises(AccountNotClosed):
            accounts.delete_account(scenario.user)
        assert auto.status(scenario) == "off"
        accounts.delete_account(scenario.user)
        assert not AutoTopUp.objects.exists()
