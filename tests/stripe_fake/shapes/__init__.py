"""Objects as API 2026-10-28 shapes them, complete with what Stripe always sends."""

from tests.stripe_fake.shapes.catalogue import (
    coupon,
    discount,
    payment_link,
    plan,
    price,
    product,
    promotion_code,
    reduced,
)
from tests.stripe_fake.shapes.customers import (
    customer,
    payment_method,
    portal_configuration,
    portal_session,
    setup_intent,
)
from tests.stripe_fake.shapes.invoices import invoice, invoice_payment, payments_of, period_line, proration_line
from tests.stripe_fake.shapes.lists import listed
from tests.stripe_fake.shapes.payments import charge, dispute, movement, payment, refund, refunds_of
from tests.stripe_fake.shapes.sessions import link_lines, session, session_lines, setup_session
from tests.stripe_fake.shapes.subscriptions import item, schedule, subscription, subscriptions_of
from tests.stripe_fake.times import DAY, after

__all__ = [
    "DAY", "after", "charge", "coupon", "customer", "discount", "dispute", "invoice", "invoice_payment", "item",
    "link_lines", "listed", "movement", "payment", "payment_link", "payment_method", "payments_of", "period_line",
    "plan", "portal_configuration", "portal_session", "price", "product", "promotion_code", "proration_line",
    "reduced", "refund", "refunds_of", "schedule", "session", "session_lines", "setup_intent", "setup_session",
    "subscription", "subscriptions_of",
]  # fmt: skip
