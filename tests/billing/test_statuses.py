"""Every status is decided by name; one that nobody has decided takes the cautious side, is parked and shown."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

import pytest
import stripe as library
from django.test import override_settings

from billing.errors import AlreadySubscribed
from billing.services.statuses import DECIDED
from billing.types import State
from tests.billing.story import Story
from tests.stripe_fake import FakeStripe

CLASSES = {
    "subscription": library.Subscription, "invoice": library.Invoice, "refund": library.Refund,
    "dispute": library.Dispute, "checkout.session": library.checkout.Session,
    "payment_intent": library.PaymentIntent, "subscription_schedule": library.SubscriptionSchedule,
}  # fmt: skip
# The library types a refund's status as text alone; these are of Stripe's reference.
REFUNDS = {"pending", "requires_action", "succeeded", "failed", "canceled"}


def words(annotation: Any) -> Iterator[str]:
    """Every literal in an annotation."""
    if typing.get_origin(annotation) is typing.Literal:
        yield from typing.get_args(annotation)
    for part in typing.get_args(annotation):
        yield from words(part)


@pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind, fields in DECIDED.items() for field in fields])
def test_every_status_of_the_library_is_decided(kind: str, field: str) -> None:
    named = set(words(CLASSES[kind].__annotations__[field])) or (REFUNDS if kind == "refund" else set())
    assert named
    assert set(DECIDED[kind][field]) == named


@pytest.mark.django_db
class TestUnknown:
    """An invented status on each kind of object."""

    @pytest.fixture(autouse=True)
    def _newer(self, stripe: FakeStripe) -> None:
        stripe.world.checks = False

    def look(self, story: Story, kind: str) -> None:
        """Stripe speaks of something, and what stands is read anew."""
        story.deliver([story.stripe.world.emit(kind, story.stripe.world.objects[self.name])])
        event = story.event(kind)
        assert event.state == State.PARKED, event.error
        assert "unknown" in event.error
        assert "brandnew" in event.error

    def spoil(self, story: Story, name: str, field: str = "status") -> None:
        self.name = name
        story.stripe.world.objects[name][field] = "brandnew"

    def test_a_subscription_keeps_what_stands(self, story: Story) -> None:
        subscription = story.buy_plan()
        story.deliver()
        before = (story.plan, story.balance)
        self.spoil(story, subscription)
        self.look(story, "customer.subscription.updated")
        assert (story.plan, story.balance) == before == ("Plus", 1000)
        story.stripe.world.objects[subscription]["status"] = "canceled"
        story.deliver(
            [story.stripe.world.emit("customer.subscription.deleted", story.stripe.world.objects[subscription])]
        )
        assert story.plan == "Free"

    def test_a_new_subscription_gives_nothing(self, story: Story) -> None:
        self.spoil(story, story.buy_plan("Premium"))
        self.look(story, "customer.subscription.created")
        assert (story.plan, story.balance) == ("Free", 100)

    def test_an_invoice_pays_nothing(self, story: Story) -> None:
        subscription = story.buy_plan("Premium")
        self.spoil(story, story.stripe.world.objects[subscription]["latest_invoice"])
        self.look(story, "invoice.paid")
        assert story.plan == "Premium"
        assert story.balance < 5000

    @pytest.mark.parametrize("field", ["status", "payment_status"])
    def test_a_session_grants_nothing_and_takes_nothing(self, story: Story, field: str) -> None:
        kept = story.buy_tokens()
        story.deliver()
        balance = story.balance
        self.spoil(story, kept, field)
        self.look(story, "checkout.session.completed")
        self.spoil(story, story.buy_tokens(5000), field)
        self.look(story, "checkout.session.completed")
        assert story.balance == balance

    def test_a_payment_grants_nothing(self, story: Story) -> None:
        session = story.buy_tokens()
        self.spoil(story, story.stripe.world.objects[session]["payment_intent"])
        self.name = session
        self.look(story, "checkout.session.completed")
        assert story.balance in (0, 100)

    def test_a_refund_gives_nothing_back(self, story: Story) -> None:
        session = story.buy_tokens()
        story.deliver()
        refund = story.stripe.desk.refund(session, 250)["id"]
        story.deliver()
        left = story.balance
        self.spoil(story, refund)
        self.look(story, "refund.updated")
        assert story.balance <= left
        story.stripe.world.objects[refund]["status"] = "succeeded"
        story.deliver([story.stripe.world.emit("refund.updated", story.stripe.world.objects[refund])])
        assert story.balance == left

    @pytest.mark.parametrize("was_lost", [True, False])
    def test_a_dispute_gives_nothing_back(self, story: Story, was_lost: bool) -> None:
        session = story.buy_tokens()
        story.deliver()
        whole = story.balance
        dispute = story.stripe.desk.dispute(session)["id"]
        if was_lost:
            story.stripe.world.objects[dispute]["status"] = "lost"
        story.deliver()
        assert story.balance == whole - 1000
        self.spoil(story, dispute)
        self.look(story, "charge.dispute.updated")
        assert story.balance == whole - 1000

    def test_an_appeal_gives_back_when_it_is_won(self, story: Story) -> None:
        session = story.buy_tokens()
        story.deliver()
        whole = story.balance
        dispute = story.stripe.desk.dispute(session)["id"]
        for status, is_ours in (
            ("needs_response", False), ("under_review", False), ("lost", False), ("appeal_needs_response", False),
            ("appeal_under_review", False), ("won", True), ("appeal_under_review", False), ("lost", False),
        ):  # fmt: skip
            story.stripe.world.objects[dispute]["status"] = status
            story.deliver([story.stripe.world.emit("charge.dispute.updated", story.stripe.world.objects[dispute])])
            assert story.balance == whole - (0 if is_ours else 1000), status


@pytest.mark.django_db
class TestUnknownProducts:
    """Not known is never free."""

    def test_a_payer_keeps_what_stands(self, story: Story) -> None:
        subscription = story.buy_plan()
        story.deliver()
        with override_settings(STRIPE_PRODUCT_PLUS="prod_mistyped"):
            for _ in range(2):
                story.deliver([story.stripe.desk.update(subscription) and story.stripe.world.events[-1]])
                assert (story.plan, story.balance) == ("Plus", 1000)
                assert story.event("customer.subscription.updated").state == State.PARKED
            story.stripe.desk.renew(subscription)
            story.deliver(story.stripe.world.events[-3:])
            assert story.plan == "Plus"
            # Over is over, whatever it was about.
            story.stripe.desk.end(subscription)
            story.deliver(story.stripe.world.events[-1:])
            assert story.plan == "Free"

    def test_nothing_is_sold_beside_it(self, story: Story) -> None:
        story.buy_plan()
        story.deliver()
        with override_settings(STRIPE_PRODUCT_PLUS="prod_mistyped"), pytest.raises(AlreadySubscribed):
            story.buy_plan("Premium")

    def test_what_was_paid_meanwhile_comes_once_it_is_known(self, story: Story) -> None:
        subscription = story.buy_plan()
        story.deliver()
        with override_settings(STRIPE_PRODUCT_PLUS="prod_mistyped"):
            story.stripe.desk.renew(subscription)
            story.deliver(story.stripe.world.events[-1:])
        story.deliver([story.stripe.desk.update(subscription) and story.stripe.world.events[-1]])
        assert (story.plan, story.balance) == ("Plus", 1000)
        assert story.standing.paid_end == story.standing.period_end

    def test_an_add_on_beside_a_plan_is_done(self, story: Story) -> None:
        more = story.stripe.desk.add_product("Support", month=500)
        story.stripe.desk.subscribe(story.customer, story.shop["plus_month"], extra=(more["month"],))
        story.deliver()
        assert story.plan == "Plus"
        assert set(story.states()) == {State.DONE}
