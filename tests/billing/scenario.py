"""A scenario: one buyer at a fake Stripe, and what the site makes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from billing.models import StripeCustomer, StripeEvent
from billing.services import checkout, inbox, subscription_states
from billing.services.customers import ensure_customer
from billing.services.work import work_due, work_event
from billing.types import Addresses, Plan, SubscriptionState
from tests.stripe_fake import FakeStripe, signed
from tests.stripe_fake.state import Shape
from usertokens.services import balances, dashboards

SECRET = "whsec_secretofthehook"
HOOK = "/api/webhooks/stripe"
ADDRESSES = Addresses("http://testserver/pricing/return?session_id={CHECKOUT_SESSION_ID}", "http://testserver/pricing")


@dataclass
class Scenario:
    """A user who buys at the fake Stripe."""

    stripe: FakeStripe
    shop: dict[str, str]
    user: User
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def user_id(self) -> str:
        return str(self.user.pk)

    @property
    def customer(self) -> str:
        return str(ensure_customer(self.user).customer_id)

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.stripe.state.now, UTC)

    @property
    def subscription(self) -> SubscriptionState:
        return subscription_states.read_state(self.user_id)

    @property
    def plan(self) -> str:
        """The plan that usertokens has for the user."""
        return dashboards.read_dashboard(self.user_id, now=self.now).stats.plan

    @property
    def balance(self) -> int:
        return balances.get_balance(self.user_id, now=self.now).tokens.balance

    @property
    def debt(self) -> int:
        return balances.get_balance(self.user_id, now=self.now).tokens.debt

    def buy_plan(self, plan: str = "Plus", interval: str = "month") -> str:
        """Buy a plan in a checkout; answers the subscription's id."""
        url = checkout.open_plan_checkout(self.user, Plan(plan), interval, ADDRESSES)
        session = self.stripe.actions.complete(url.rsplit("/", 1)[1])
        return str(session["subscription"])

    def buy_tokens(self, tokens: int = 1000, *, pays: bool = True) -> str:
        """Buy tokens in a checkout; answers the session's id."""
        url = checkout.open_topup_checkout(self.user, tokens, ADDRESSES)
        return str(self.stripe.actions.complete(url.rsplit("/", 1)[1], pays=pays)["id"])

    def buy_by_link(self, tokens: int = 1000) -> str:
        """Buy tokens by a payment link, whose session has no metadata of the site; answers the session's id."""
        session = self.buy_tokens(tokens)
        self.stripe.state.objects[session]["metadata"] = {}
        return session

    def post(self, event: Shape, *, secret: str = SECRET, **headers: str) -> int:
        """Deliver one event to the webhook; answers the status."""
        body, signature = signed(event, secret)
        response = Client().post(
            HOOK, body, content_type="application/json", headers={"Stripe-Signature": signature, **headers}
        )
        if response.status_code == 200:
            self.stripe.state.delivered.add(event["id"])
        return response.status_code

    def deliver(self, events: Iterable[Shape] | None = None) -> None:
        """Deliver (all by default, in their order) and let the worker apply them."""
        for event in list(self.stripe.state.events if events is None else events):
            assert self.post(event) == 200
        self.work()

    def work(self) -> None:
        """Apply what is due now, at Stripe's own time."""
        later = max(self.now, datetime.now(UTC))
        while work_event(now=later) or work_due(now=later):
            pass

    def states(self) -> dict[str, int]:
        return inbox.count_events()

    def event(self, kind: str) -> StripeEvent:
        """The newest event of a type in the inbox."""
        return StripeEvent.objects.filter(type=kind).latest("pk")

    def row(self) -> StripeCustomer:
        return StripeCustomer.objects.get(user=self.user, is_own=True)


def kinds(events: Iterable[Shape]) -> list[Any]:
    return [event["type"] for event in events]
