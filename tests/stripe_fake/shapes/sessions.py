"""Checkout sessions."""

from __future__ import annotations

from typing import Any

from tests.stripe_fake.shapes.lists import listed
from tests.stripe_fake.state import Shape, StripeState
from tests.stripe_fake.times import DAY


def session(state: StripeState, lines: list[Shape], **fields: Any) -> Shape:
    """An open checkout of lines [{"price": id, "quantity": n}]; `_` holds what is needed when it succeeds."""
    chosen = state.objects[lines[0]["price"]] if lines else {"id": None, "currency": None}
    mode = fields["mode"]
    total = sum(state.objects[one["price"]]["unit_amount"] * one["quantity"] for one in lines)
    hidden: Shape = {"price": chosen["id"], "lines": lines, "inner": {}, "trial_days": 0, **fields.pop("_", {})}
    texts = dict.fromkeys(("after_submit", "shipping_address", "submit", "terms_of_service_acceptance"))
    made = state.add(
        "cs_live" if state.livemode else "cs_test", "checkout.session",
        **{
            "status": "open", "payment_status": "unpaid", "amount_subtotal": total, "amount_total": total,
            "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
            "billing_address_collection": None, "currency": chosen["currency"], "custom_fields": [],
            "custom_text": texts, "customer_creation": None if fields.get("customer") else (
                "always" if mode == "subscription" else "if_required"
            ),
            "expires_at": state.now + DAY, "payment_method_collection": "always" if mode == "subscription" else (
                "if_required"
            ),
            "invoice_creation": None if mode == "subscription" else _no_invoice(), "discounts": [],
            "payment_method_types": ["card"], "shipping_options": [], "ui_mode": "hosted_page",
            "adaptive_pricing": {"enabled": False}, "phone_number_collection": {"enabled": False},
            "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            "_": hidden,
            **fields,
        },
    )  # fmt: skip
    made["url"] = f"{state.site_url}/checkout/{made['id']}"
    return made


def session_lines(state: StripeState, made: Shape) -> Shape:
    """What is bought in a session, where it is asked for."""
    off = (made["total_details"] or {}).get("amount_discount", 0)
    return _lines(state, made, f"/v1/checkout/sessions/{made['id']}/line_items", off)


def _lines(state: StripeState, made: Shape, url: str, discount: int) -> Shape:
    found = []
    for number, one in enumerate(made["_"]["lines"]):
        chosen = state.objects[one["price"]]
        amount = chosen["unit_amount"] * one["quantity"]
        off = discount if number == 0 else 0
        line = state.make(
            "li", "item",
            adjustable_quantity=None, amount_discount=off, amount_subtotal=amount, amount_tax=0,
            amount_total=amount - off, currency=chosen["currency"],
            description=state.objects[chosen["product"]]["name"], price=chosen, quantity=one["quantity"],
        )  # fmt: skip
        found.append({**line, "id": f"li_{made['id']}_{number}"})
    return listed(found, url)


def setup_session(state: StripeState, intent: Shape, **fields: Any) -> Shape:
    """An open checkout that keeps a card for later and takes no money."""
    made = session(state, [], setup_intent=intent["id"], **fields)
    nothing = ("amount_subtotal", "amount_total", "invoice_creation", "total_details")
    made.update(dict.fromkeys(nothing), payment_status="no_payment_required", payment_method_collection="always")
    return made


def link_lines(state: StripeState, made: Shape) -> Shape:
    """What a payment link sells, where it is asked for."""
    return _lines(state, made, f"/v1/payment_links/{made['id']}/line_items", 0)


def _no_invoice() -> Shape:
    nothing = dict.fromkeys(
        ("account_tax_ids", "custom_fields", "description", "footer", "issuer", "rendering_options")
    )
    return {"enabled": False, "invoice_data": {**nothing, "metadata": {}}}
