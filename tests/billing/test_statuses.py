"""Every status is in a table by name. An unknown one changes nothing, and its event is parked and shown."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

import pytest
import stripe as library
from django.test import override_settings

from billing.errors import AlreadySubscribed
from billing.services.statuses import DECIDED
from billing.types import EventState
from tests.billing.scenario import Scenario
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
        stripe.state.checks = False

    def look(self, scenario: Scenario, kind: str) -> None:
        """Deliver an event of an object, so that its customer is read again."""
        scenario.deliver([scenario.stripe.state.emit(kind, scenario.stripe.state.objects[self.name])])
        event = scenario.event(kind)
        assert event.state == EventState.PARKED, event.error
        assert "unknown" in event.error
        assert "brandnew" in event.error

    def set_unknown(self, scenario: Scenario, name: str, field: str = "status") -> None:
        self.name = name
        scenario.stripe.state.objects[name][field] = "brandnew"

    def test_a_subscription_keeps_what_stands(self, scenario: Scenario) -> None:
        subscription = scenario.buy_plan()
        scenario.deliver()
        before = (scenario.plan, scenario.balance)
        self.set_unknown(scenario, subscription)
        self.look(scenario, "customer.subscription.updated")
        assert (scenario.plan, scenario.balance) == before == ("Plus", 1000)
        scenario.stripe.state.objects[subscription]["status"] = "canceled"
        scenario.deliver(
            [scenario.stripe.state.emit("customer.subscription.deleted", scenario.stripe.state.objects[subscription])]
        )
        assert scenario.plan == "Free"

    def test_a_new_subscription_gives_nothing(self, scenario: Scenario) -> None:
        self.set_unknown(scenario, scenario.buy_plan("Premium"))
        self.look(scenario, "customer.subscription.created")
        assert (scenario.plan, scenario.balance) == ("Free", 100)

    def test_an_invoice_pays_nothing(self, scenario: Scenario) -> None:
        subscription = scenario.buy_plan("Premium")
        self.set_unknown(scenario, scenario.stripe.state.objects[subscription]["latest_invoice"])
        self.look(scenario, "invoice.paid")
        assert scenario.plan == "Premium"
        assert scenario.balance < 5000

    @pytest.mark.parametrize("field", ["status", "payment_status"])
    def test_a_session_grants_nothing_and_takes_nothing(self, scenario: Scenario, field: str) -> None:
        kept = scenario.buy_tokens()
        scenario.deliver()
        balance = scenario.balance
        self.set_unknown(scenario, kept, field)
        self.look(scenario, "checkout.session.completed")
        self.set_unknown(scenario, scenario.buy_tokens(5000), field)
        self.look(scenario, "checkout.session.completed")
        assert scenario.balance == balance

    def test_a_payment_grants_nothing(self, scenario: Scenario) -> None:
        session = scenario.buy_tokens()
        self.set_unknown(scenario, scenario.stripe.state.objects[session]["payment_intent"])
        self.name = session
        self.look(scenario, "checkout.session.completed")
        assert scenario.balance in (0, 100)

    def test_a_refund_gives_nothing_back(self, scenario: Scenario) -> None:
        session = scenario.buy_tokens()
        scenario.deliver()
        refund = scenario.stripe.actions.refund(session, 250)["id"]
        scenario.deliver()
        left = scenario.balance
        self.set_unknown(scenario, refund)
        self.look(scenario, "refund.updated")
        assert scenario.balance <= left
        scenario.stripe.state.objects[refund]["status"] = "succeeded"
        scenario.deliver([scenario.stripe.state.emit("refund.updated", scenario.stripe.state.objects[refund])])
        assert scenario.balance == left

    @pytest.mark.parametrize("was_lost", [True, False])
    def test_a_dispute_gives_nothing_back(self, scenario: Scenario, was_lost: bool) -> None:
        session = scenario.buy_tokens()
        scenario.deliver()
        whole = scenario.balance
        dispute = scenario.stripe.actions.dispute(session)["id"]
        if was_lost:
            scenario.stripe.state.objects[dispute]["status"] = "lost"
        scenario.deliver()
        assert scenario.balance == whole - 1000
        self.set_unknown(scenario, dispute)
        self.look(scenario, "charge.dispute.updated")
        assert scenario.balance == whole - 1000

    def test_an_appeal_gives_back_when_it_is_won(self, scenario: Scenario) -> None:
        session = scenario.buy_tokens()
        scenario.deliver()
        whole = scenario.balance
        dispute = scenario.stripe.actions.dispute(session)["id"]
        for status, is_ours in (
            ("needs_response", False), ("under_review", False), ("lost", False), ("appeal_needs_response", False),
            ("appeal_under_review", False), ("won", True), ("appeal_under_review", False), ("lost", False),
        ):  # fmt: skip
            scenario.stripe.state.objects[dispute]["status"] = status
            scenario.deliver(
                [scenario.stripe.state.emit("charge.dispute.updated", scenario.stripe.state.objects[dispute])]
            )
            assert scenario.balance == whole - (0 if is_ours else 1000), status


@pytest.mark.django_db
class TestUnknownProducts:
    """An unknown status is never free."""

    def test_a_payer_keeps_what_stands(self, scenario: Scenario) -> None:
        subscription = scenario.buy_plan()
        scenario.deliver()
        with override_settings(STRIPE_PRODUCT_PLUS="prod_mistyped"):
            for _ in range(2):
                scenario.deliver([scenario.stripe.actions.update(subscription) and scenario.stripe.state.events[-1]])
                assert (scenario.plan, scenario.balance) == ("Plus", 1000)
                assert scenario.event("customer.subscription.updated").state == EventState.PARKED
            scenario.stripe.actions.renew(subscription)
            scenario.deliver(scenario.stripe.state.events[-3:])
            assert scenario.plan == "Plus"
            # A subscription that is over stays over.
            scenario.stripe.actions.end(subscription)
            scenario.deliver(scenario.stripe.state.events[-1:])
            assert scenario.plan == "Free"

    def test_nothing_is_sold_beside_it(self, scenario: Scenario) -> None:
        scenario.buy_plan()
        scenario.deliver()
        with override_settings(STRIPE_PRODUCT_PLUS="prod_mistyped"), pytest.raises(AlreadySubscribed):
            scenario.buy_plan("Premium")

    def test_what_was_paid_meanwhile_comes_once_it_is_known(self, scenario: Scenario) -> None:
        subscription = scenario.buy_plan()
        scenario.deliver()
        with override_settings(STRIPE_PRODUCT_PLUS="prod_mistyped"):
            scenario.stripe.actions.renew(subscription)
            scenario.deliver(scenario.stripe.state.events[-1:])
        scenario.deliver([scenario.stripe.actions.update(subscription) and scenario.stripe.state.events[-1]])
        assert (scenario.plan, scenario.balance) == ("Plus", 1000)
        assert scenario.subscription.paid_end == scenario.subscription.period_end

    def test_an_add_on_beside_a_plan_is_done(self, scenario: Scenario) -> None:
        more = scenario.stripe.actions.add_product("Support", month=500)
        scenario.stripe.actions.subscribe(scenario.customer, scenario.shop["plus_month"], extra=(more["month"],))
        scenario.deliver()
        assert scenario.plan == "Plus"
        assert set(scenario.states()) == {EventState.DONE}
