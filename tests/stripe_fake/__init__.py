"""A Stripe of our own: an HTTP server with today's shapes (API 2026-10-28) that the real stripe library talks to.

It keeps what Stripe keeps (customers, prices, subscriptions, sessions, payments, refunds, disputes, invoices, events),
answers idempotency keys, fails on demand, and delivers signed webhooks in any order. Tests move its state through
`Desk`; people click through its checkout and portal (`make stripe-fake`).
"""

from tests.stripe_fake.delivery import Delivery, signed
from tests.stripe_fake.desk import Desk
from tests.stripe_fake.server import FakeStripe
from tests.stripe_fake.state import Fault, StripeState

__all__ = ["Delivery", "Desk", "FakeStripe", "Fault", "StripeState", "signed"]
