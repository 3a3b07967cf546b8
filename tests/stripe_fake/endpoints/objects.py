"""Objects by their id."""

from __future__ import annotations

from tests.stripe_fake.endpoints.registry import Call, endpoint, find
from tests.stripe_fake.state import Shape

_KINDS = {
    "/v1/balance_transactions/{id}": "balance_transaction",
    "/v1/billing_portal/configurations/{configuration}": "billing_portal.configuration",
    "/v1/charges/{charge}": "charge",
    "/v1/checkout/sessions/{session}": "checkout.session",
    "/v1/coupons/{coupon}": "coupon",
    "/v1/disputes/{dispute}": "dispute",
    "/v1/invoice_payments/{invoice_payment}": "invoice_payment",
    "/v1/invoices/{invoice}": "invoice",
    "/v1/payment_intents/{intent}": "payment_intent",
    "/v1/payment_links/{payment_link}": "payment_link",
    "/v1/payment_methods/{payment_method}": "payment_method",
    "/v1/prices/{price}": "price",
    "/v1/products/{id}": "product",
    "/v1/promotion_codes/{promotion_code}": "promotion_code",
    "/v1/refunds/{refund}": "refund",
    "/v1/setup_intents/{intent}": "setup_intent",
    "/v1/subscription_items/{item}": "subscription_item",
    "/v1/subscription_schedules/{schedule}": "subscription_schedule",
    "/v1/subscriptions/{subscription_exposed_id}": "subscription",
}


def _retrieving(address: str, kind: str) -> None:
    @endpoint(f"GET {address}")
    def answer(call: Call) -> Shape:
        return find(call.state, kind, call.ids[0])


for _address, _kind in _KINDS.items():
    _retrieving(_address, _kind)
