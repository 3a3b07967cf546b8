"""A payment by a link without a customer is the user's whom it names; so are its refunds and disputes."""

from __future__ import annotations

import random
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from billing.models import GuestCheckout, StripeCustomer
from billing.services.accounts import close_account
from billing.types import State
from tests.billing.story import Story
from tests.stripe_fake.world import Shape

pytestmark = pytest.mark.django_db


def pay(story: Story, tokens: int = 1000, **more: Any) -> Shape:
    link = story.stripe.desk.add_link(story.shop[f"topup_{tokens}"])
    names: dict[str, Any] = {"client_reference_id": story.user_id, **more}
    session = story.stripe.desk.pay_link(link["id"], **names)
    assert session["customer"] is None
    return session


@pytest.fixture
def start(story: Story) -> int:
    """What the buyer has before anything is bought."""
    return story.balance


def test_tokens_come_once(story: Story, start: int) -> None:
    pay(story)
    story.deliver()
    story.deliver()
    assert story.balance == start + 1000
    assert story.event("checkout.session.completed").state == State.DONE
    assert not StripeCustomer.objects.exists()


def test_a_quantity_counts(story: Story, start: int) -> None:
    pay(story, quantity=3)
    story.deliver()
    assert story.balance == start + 3000


def test_a_slow_payment_comes_later(story: Story, start: int) -> None:
    session = pay(story, pays=False)
    story.deliver()
    assert story.balance == start
    story.stripe.desk.settle(session["id"], paid=True)
    story.deliver()
    assert story.balance == start + 1000


def test_refund_and_dispute(story: Story, start: int) -> None:
    session = pay(story)
    story.deliver()
    story.stripe.desk.refund(session["id"], 250)
    story.deliver()
    assert story.balance == start + 500
    other = pay(story, 5000)
    story.deliver()
    dispute = story.stripe.desk.dispute(other["id"])
    story.deliver()
    assert story.balance == start + 500
    dispute["status"] = "won"
    story.deliver([story.stripe.world.emit("charge.dispute.closed", dispute)])
    assert story.balance == start + 5500


@pytest.mark.parametrize("seed", range(6))
def test_any_order_comes_to_the_same(story: Story, start: int, seed: int) -> None:
    session = pay(story)
    story.stripe.desk.refund(session["id"], 100)
    story.stripe.desk.refund(session["id"], 150)
    events = [*story.stripe.world.events, *story.stripe.world.events]
    random.Random(seed).shuffle(events)
    story.deliver(events)
    assert story.balance == start + 500
    assert State.PARKED not in story.states()


def test_beside_purchases_with_a_customer(story: Story, start: int) -> None:
    pay(story)
    story.buy_tokens(5000)
    story.buy_plan()
    story.deliver()
    assert story.balance == start + 6000 + 1000 - start
    assert story.plan == "Plus"


def test_nobody_or_a_stranger_is_parked(story: Story, start: int) -> None:
    for name in (None, "999999", "no id", "1" * 200):
        pay(story, client_reference_id=name)
    story.deliver()
    assert story.states()[State.PARKED] == 4
    assert story.balance == start
    assert not GuestCheckout.objects.exists()


def test_a_link_that_nobody_paid_is_done(story: Story) -> None:
    link = story.stripe.desk.add_link(story.shop["topup_1000"])
    session = story.stripe.desk.open_link(link["id"])
    story.stripe.desk.expire(session["id"])
    story.deliver()
    assert story.event("checkout.session.expired").state == State.DONE


def test_the_way_back_brings_it(story: Story, start: int, browser_client: Client) -> None:
    session = pay(story)
    page = browser_client.get("/pricing/return", {"session_id": session["id"]})
    assert "1,000 tokens are paid for" in page.content.decode()
    assert story.balance == start + 1000
    other = Client()
    other.force_login(type(story.user).objects.create_user("other"))
    assert other.get("/pricing/return", {"session_id": session["id"]}).status_code == 404


def test_a_resync_finds_it(story: Story, start: int) -> None:
    session = pay(story)
    story.deliver()
    story.stripe.desk.refund(session["id"])
    call_command("billing_resync", "--yes", "--per-second", "1000", stdout=StringIO())
    assert story.balance == start


def test_a_closed_account_gets_nothing(story: Story) -> None:
    session = pay(story)
    story.deliver()
    close_account(story.user_id)
    story.stripe.desk.refund(session["id"])
    story.deliver()
    assert story.event("charge.refunded").state == State.DONE
    assert GuestCheckout.objects.get().user is None


def test_events_of_the_second_api_are_taken_and_left_alone(story: Story) -> None:
    event = {
        "id": "evt_test_65S", "object": "v2.core.event", "type": "v2.core.account.updated", "livemode": False,
        "created": "2026-11-28T10:00:00.000Z", "related_object": {"id": "acct_1", "type": "v2.core.account"},
    }  # fmt: skip
    assert story.post(event) == 200
    assert story.post(event) == 200
    story.work()
    row = story.event("v2.core.account.updated")
    assert (row.state, row.object_id) == (State.DONE, "acct_1")
