"""The tables of the app: Stripe's customers and events, automatic top-ups, and the revenue."""

from billing.models.automatic import AutomaticCharge, AutoTopUp
from billing.models.revenue import BilledSubscription, RevenueEntry, RevenueMonth, RevenueReading
from billing.models.stripe_objects import GuestCheckout, StripeCustomer, StripeEvent

__all__ = [
    "AutoTopUp",
    "AutomaticCharge",
    "BilledSubscription",
    "GuestCheckout",
    "RevenueEntry",
    "RevenueMonth",
    "RevenueReading",
    "StripeCustomer",
    "StripeEvent",
]
