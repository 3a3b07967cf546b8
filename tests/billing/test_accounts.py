"""Closing an account: its subscription ends first, and later events change nothing."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from billing.models import StripeCustomer
from billing.services.checkout import open_plan_checkout
from billing.types import Plan
from kv.store.connection import connection
from tests.billing.scenario import ADDRESSES, Scenario
from tests.stripe_fake import Fault
from usertokens.errors import AccountNotClosed
from usertokens.services import accounts


def subscription(scenario: Scenario) -> dict[str, object]:
    return scenario.stripe.state.of("subscription")[0]


class TestDelete:
    @pytest.mark.parametrize("way", ["service", "model", "queryset", "admin"])
    def test_the_subscription_ends_first(self, scenario: Scenario, way: str, admin_client: Client) -> None:
        scenario.buy_plan()
        scenario.buy_tokens()
        scenario.deliver()
        user, user_id = scenario.user, scenario.user_id
        if way == "service":
            accounts.delete_account(user)
        elif way == "model":
            user.delete()
        elif way == "queryset":
            User.objects.filter(pk=user.pk).delete()
        else:
            url = f"/admin/auth/user/{user.pk}/delete/"
            assert admin_client.post(url, {"post": "yes"}).status_code == 302
        assert not User.objects.filter(pk=user_id).exists()
        assert subscription(scenario)["status"] == "canceled"
        row = StripeCustomer.objects.get()
        assert (row.user, row.is_own) == (None, False)
        assert row.closed_at is not None

    def test_what_stripe_sends_later_brings_nothing_back(self, scenario: Scenario) -> None:
        scenario.buy_plan()
        scenario.buy_tokens()
        scenario.deliver()
        user_id = scenario.user_id
        accounts.delete_account(scenario.user)
        before = {key for key in connection().keys("*") if f"{{{user_id}}}".encode() in key}
        scenario.stripe.actions.refund(scenario.stripe.state.of("checkout.session")[0]["id"])
        for event in scenario.stripe.state.events:
            assert scenario.post(event) == 200
        scenario.work()
        assert set(scenario.states()) == {"done"}
        after = {key for key in connection().keys("*") if f"{{{user_id}}}".encode() in key}
        assert after - before == set()

    def test_what_is_paid_after_all_is_ended_again(self, scenario: Scenario) -> None:
        """A checkout was open in another tab, and its payment went through while the account was deleted."""
        customer = scenario.customer
        accounts.delete_account(scenario.user)
        scenario.stripe.actions.subscribe(customer, scenario.shop["plus_month"], {"user_id": scenario.user_id})
        scenario.deliver()
        assert subscription(scenario)["status"] == "canceled"
        assert set(scenario.states()) == {"done"}

    def test_an_open_checkout_is_closed(self, scenario: Scenario) -> None:
        open_plan_checkout(scenario.user, Plan("Plus"), "month", ADDRESSES)
        accounts.delete_account(scenario.user)
        assert scenario.stripe.state.of("checkout.session")[0]["status"] == "expired"

    def test_while_stripe_is_away_nothing_is_deleted(self, scenario: Scenario) -> None:
        scenario.buy_plan()
        scenario.stripe.state.faults.append(Fault("GET /v1/subscriptions", 500, times=9))
        with pytest.raises(AccountNotClosed):
            accounts.delete_account(scenario.user)
        assert User.objects.filter(pk=scenario.user.pk).exists()
        assert subscription(scenario)["status"] == "active"

    def test_the_admin_says_so(self, scenario: Scenario, admin_client: Client) -> None:
        scenario.buy_plan()
        scenario.stripe.state.faults.append(Fault("GET /v1/subscriptions", 500, times=9))
        url = f"/admin/auth/user/{scenario.user.pk}/delete/"
        assert admin_client.post(url, {"post": "yes"}).status_code == 503
        assert User.objects.filter(pk=scenario.user.pk).exists()

    def test_one_that_stripe_has_deleted_is_no_hindrance(self, scenario: Scenario) -> None:
        scenario.buy_plan()
        scenario.stripe.actions.delete_customer(scenario.customer)
        accounts.delete_account(scenario.user)
        assert not User.objects.filter(pk=scenario.user.pk).exists()


def test_a_customer_deleted_at_stripe_ends_the_plan(scenario: Scenario) -> None:
    scenario.buy_plan()
    scenario.deliver()
    scenario.stripe.actions.delete_customer(scenario.customer)
    scenario.deliver()
    assert scenario.subscription.plan == "Free"
    assert set(scenario.states()) == {"done"}


def test_a_new_checkout_after_that_makes_a_new_customer(scenario: Scenario) -> None:
    scenario.buy_plan()
    first = scenario.customer
    scenario.stripe.actions.delete_customer(first)
    scenario.deliver()
    scenario.buy_plan()
    assert scenario.customer != first
    scenario.deliver()
    assert scenario.plan == "Plus"
