"""A fake Stripe: an HTTP server with today's objects (API 2026-10-28) that the real stripe library talks to.

It keeps what Stripe keeps (customers, prices, subscriptions, sessions, payments, refunds, disputes, invoices, events),
answers idempotency keys, fails on demand, and delivers signed webhooks in any order.

Names used here, in tests.billing and wherever a test buys something:

FakeStripe   the server. `stripe.state` and `stripe.actions` are its two parts.
StripeState  what it keeps: objects by id, events, idempotency keys, faults, its clock.
Actions      what can happen: `stripe.actions.renew(subscription)` changes the state and emits the events.
Delivery     signed events on their way to the site's webhook.
Fault        a failure that a test asked for.
Scenario     (tests.billing.scenario) one buyer at a fake Stripe, and what the site makes of it.
Lifecycle    (tests.billing.lifecycles) the steps of a subscription or purchase, and the outcome expected of them.

`make stripe-fake` serves it for a browser, with a checkout and a portal to click through.
"""

from tests.stripe_fake.actions import Actions
from tests.stripe_fake.delivery import Delivery, signed
from tests.stripe_fake.server import FakeStripe
from tests.stripe_fake.state import Fault, StripeState

__all__ = ["Actions", "Delivery", "FakeStripe", "Fault", "StripeState", "signed"]
