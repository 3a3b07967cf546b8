"""Automatic top-up: a fall of the balance to the threshold charges the saved card, once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.models import AutomaticCharge
from billing.services import auto_settings
from kv.store.connection import call
from tests.billing import automatic as auto
from tests.billing.scenario import Scenario
from tests.stripe_fake import Fault
from usertokens import keys as token_keys
from usertokens.services import balances, watches

pytestmark = pytest.mark.django_db


class TestOneFall:
    def test_is_charged_and_its_tokens_come(self, scenario: Scenario) -> None:
        auto.set_up(scenario)
        auto.spend(scenario, 50)
        auto.charge(scenario)
        assert (scenario.balance, auto.states(scenario)) == (1050, ["succeeded"])
        (payment,) = auto.paid(scenario)
        assert (payment["amount"], payment["currency"], payment["customer"]) == (500, "eur", scenario.customer)
        auto.charge(scenario)
        auto.walk(scenario)
        scenario.deliver()
        assert (scenario.balance, len(auto.payments(scenario))) == (1050, 1)
        assert set(scenario.states()) == {"done"}

    def test_is_no_look(self, scenario: Scenario) -> None:
        auto.set_up(scenario, threshold=100)
        for _ in range(3):
            assert scenario.balance == 100
            auto.charge(scenario)
            auto.walk(scenario)
        assert auto.payments(scenario) == []

    def test_is_found_again_when_its_note_is_lost(self, scenario: Scenario) -> None:
        auto.set_up(scenario)
        auto.fall(scenario)
        call("DEL", token_keys.crossed())
        auto.charge(scenario)
        assert auto.payments(scenario) == []
        auto.walk(scenario)
        assert scenario.balance == 1010

    def test_that_is_over_before_it_is_seen_costs_nothing(self, scenario: Scenario) -> None:
        auto.set_up(scenario)
        auto.fall(scenario)
        balances.add_tokens(scenario.user_id, 100, reason="gift", now=scenario.now)
        auto.charge(scenario)
        assert (auto.payments(scenario), auto.states(scenario)) == ([], [])

    def test_and_the_next_one(self, scenario: Scenario) -> None:
        auto.set_up(scenario)
        for number in (1, 2, 3):
            auto.fall(scenario)
            auto.charge(scenario)
            assert (scenario.balance, len(auto.paid(scenario))) == (1010, number)

    def test_of_a_store_put_back_is_not_charged_again(self, scenario: Scenario) -> None:
        auto.set_up(scenario)
        auto.fall(scenario)
        crossing = watches.read_watches([scenario.user_id])[scenario.user_id].crossing
        auto.charge(scenario)
        for is_database_back in (False, True):
            if scenario.balance > 10:
                auto.spend(scenario, scenario.balance - 10)
            account = token_keys.account(scenario.user_id)
            call("HSET", account, "crossed", crossing)
            if is_database_back:
                AutomaticCharge.objects.all().delete()
                scenario.stripe.state.now += 2 * 86400
            auto.walk(scenario)
            assert (len(auto.paid(scenario)), auto.granted(scenario)) == (1, 1000)


class TestTheCap:
    def test_of_a_month_is_never_passed(self, scenario: Scenario) -> None:
        auto.set_up(scenario, cap=1200)
        for _ in range(4):
            auto.fall(scenario)
            auto.charge(scenario)
        assert auto.states(scenario) == ["succeeded", "succeeded", "capped", "capped"]
        assert len(auto.payments(scenario)) == 2

    def test_begins_anew_with_the_site_s_month(self, scenario: Scenario) -> None:
        auto.set_up(scenario, cap=500)
        auto.fall(scenario)
        auto.charge(scenario)
        auto.fall(scenario)
        auto.charge(scenario)
        scenario.stripe.state.now += 32 * 86400
        auto.fall(scenario)
        auto.charge(scenario)
        assert auto.states(scenario) == ["succeeded", "capped", "succeeded"]

    def test_counts_what_still_may_be_paid(self, scenario: Scenario) -> None:
        auto.set_up(scenario, cap=900)
        scenario.stripe.state.faults.append(Fault("/confirm", 503, times=1))
        auto.fall(scenario)
        auto.charge(scenario)
        assert auto.states(scenario) == ["charging"]
        balances.add_tokens(scenario.user_id, 500, reason="gift", now=scenario.now)
        auto.fall(scenario)
        auto.charge(scenario, later=timedelta(minutes=1))
        auto.walk(scenario)
        assert len(auto.paid(scenario)) == 1
        assert auto.states(scenario)[0] == "succeeded"


class TestDeclines:
    def test_three_in_a_row_pause_it(self, scenario: Scenario) -> None:
        auto.set_up(scenario, card="declined")
        for number in (1, 2, 3):
            assert auto.status(scenario) == "ready"
            auto.fall(scenario)
            auto.charge(scenario)
            assert auto.states(scenario) == ["declined"] * number
        assert auto.status(scenario) == "paused"
        auto.set_card(scenario, "good")
        auto.fall(scenario)
        auto.charge(scenario)
        auto.walk(scenario)
        assert (len(auto.payments(scenario)), scenario.balance) == (3, 10)

    def test_one_that_pays_between_begins_the_count_anew(self, scenario: Scenario) -> None:
        auto.set_up(scenario)
        for card in ("declined", "declined", "good", "declined", "declined"):
            auto.set_card(scenario, card)
            auto.fall(scenario)
            auto.charge(scenario)
        assert (auto.status(scenario), auto.settings_of(scenario).declines) == ("ready", 2)

    @pytest.mark.parametrize("way", ["save", "card"])
    def test_a_pause_ends(self, scenario: Scenario, way: str) -> None:
        auto.set_up(scenario, card="declined")
        for _ in range(3):
            auto.fall(scenario)
            auto.charge(scenario)
        if way == "save":
            auto_settings.save_auto_topup(scenario.user_id, is_on=True, now=scenario.now)
            auto.set_card(scenario, "good")
        else:
            auto.save_card(scenario)
        assert (auto.status(scenario), auto.settings_of(scenario).declines) == ("ready", 0)
        auto.fall(scenario)
        auto.charge(scenario)
        assert scenario.balance == 1010

    def test_is_not_tried_again_for_the_same_fall(self, scenario: Scenario) -> None:
        auto.set_up(scenario, card="declined")
        auto.fall(scenario)
        auto.charge(scenario)
        auto.set_card(scenario, "good")
        auto.charge(scenario, later=timedelta(days=2))
        auto.walk(scenario)
        assert (auto.paid(scenario), auto.states(scenario)) == ([], ["declined"])
