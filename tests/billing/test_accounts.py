"""An account goes: its subscription ends first, and nothing later brings anything back."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from billing.models import StripeCustomer
from billing.services.checkout import open_plan_checkout
from billing.types import Plan
from kv.store.connection import connection
from tests.billing.story import ADDRESSES, Story
from tests.stripe_fake import Fault
from usertokens.errors import AccountNotClosed
from usertokens.services import accounts


def subscription(story: Story) -> dict[str, object]:
    return story.stripe.world.of("subscription")[0]


class TestDelete:
    @pytest.mark.parametrize("way", ["service", "model", "queryset", "admin"])
    def test_the_subscription_ends_first(self, story: Story, way: str, admin_client: Client) -> None:
        story.buy_plan()
        story.buy_tokens()
        story.deliver()
        user, user_id = story.user, story.user_id
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
        assert subscription(story)["status"] == "canceled"
        row = StripeCustomer.objects.get()
        assert (row.user, row.is_own) == (None, False)
        assert row.closed_at is not None

    def test_what_stripe_sends_later_brings_nothing_back(self, story: Story) -> None:
        story.buy_plan()
        story.buy_tokens()
        story.deliver()
        user_id = story.user_id
        accounts.delete_account(story.user)
        before = {key for key in connection().keys("*") if f"{{{user_id}}}".encode() in key}
        story.stripe.desk.refund(story.stripe.world.of("checkout.session")[0]["id"])
        for event in story.stripe.world.events:
            assert story.post(event) == 200
        story.work()
        assert set(story.states()) == {"done"}
        after = {key for key in connection().keys("*") if f"{{{user_id}}}".encode() in key}
        assert after - before == set()

    def test_what_is_paid_after_all_is_ended_again(self, story: Story) -> None:
        """A checkout was open in another tab, and its payment went through while the account was deleted."""
        customer = story.customer
        accounts.delete_account(story.user)
        story.stripe.desk.subscribe(customer, story.shop["plus_month"], {"user_id": story.user_id})
        story.deliver()
        assert subscription(story)["status"] == "canceled"
        assert set(story.states()) == {"done"}

    def test_an_open_checkout_is_closed(self, story: Story) -> None:
        open_plan_checkout(story.user, Plan("Plus"), "month", ADDRESSES)
        accounts.delete_account(story.user)
        assert story.stripe.world.of("checkout.session")[0]["status"] == "expired"

    def test_while_stripe_is_away_nothing_is_deleted(self, story: Story) -> None:
        story.buy_plan()
        story.stripe.world.faults.append(Fault("GET /v1/subscriptions", 500, times=9))
        with pytest.raises(AccountNotClosed):
            accounts.delete_account(story.user)
        assert User.objects.filter(pk=story.user.pk).exists()
        assert subscription(story)["status"] == "active"

    def test_the_admin_says_so(self, story: Story, admin_client: Client) -> None:
        story.buy_plan()
        story.stripe.world.faults.append(Fault("GET /v1/subscriptions", 500, times=9))
        url = f"/admin/auth/user/{story.user.pk}/delete/"
        assert admin_client.post(url, {"post": "yes"}).status_code == 503
        assert User.objects.filter(pk=story.user.pk).exists()

    def test_one_that_stripe_has_deleted_is_no_hindrance(self, story: Story) -> None:
        story.buy_plan()
        story.stripe.desk.delete_customer(story.customer)
        accounts.delete_account(story.user)
        assert not User.objects.filter(pk=story.user.pk).exists()


def test_a_customer_deleted_at_stripe_ends_the_plan(story: Story) -> None:
    story.buy_plan()
    story.deliver()
    story.stripe.desk.delete_customer(story.customer)
    story.deliver()
    assert story.standing.plan == "Free"
    assert set(story.states()) == {"done"}


def test_a_new_checkout_after_that_makes_a_new_customer(story: Story) -> None:
    story.buy_plan()
    first = story.customer
    story.stripe.desk.delete_customer(first)
    story.deliver()
    story.buy_plan()
    assert story.customer != first
    story.deliver()
    assert story.plan == "Plus"
