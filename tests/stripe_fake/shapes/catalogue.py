"""What is for sale: products, prices, coupons and codes, payment links."""

from __future__ import annotations

from typing import Any

from tests.stripe_fake.state import Shape, StripeState


def product(state: StripeState, name: str) -> Shape:
    return state.add(
        "prod", "product",
        active=True, name=name, default_price=None, type="service", updated=state.now, images=[],
        marketing_features=[], tax_code=None,
    )  # fmt: skip


def price(
    state: StripeState,
    owner: Shape,
    amount: int,
    interval: str | None = None,
    *,
    count: int = 1,
    currency: str = "eur",
) -> Shape:
    """One price of a product: one-time without an interval."""
    recurring = (
        {
            "interval": interval, "interval_count": count, "meter": None, "trial_period_days": None,
            "usage_type": "licensed",
        }
        if interval
        else None
    )  # fmt: skip
    made = state.add(
        "price", "price",
        active=True, billing_scheme="per_unit", currency=currency, product=owner["id"], recurring=recurring,
        tax_behavior="inclusive", type="recurring" if interval else "one_time", unit_amount=amount,
        unit_amount_decimal=str(amount),
    )  # fmt: skip
    owner["default_price"] = owner["default_price"] or made["id"]
    return made


def plan(state: StripeState, chosen: Shape) -> Shape:
    """A recurring price as the older `plan` that subscription items still carry beside it."""
    recurring = chosen["recurring"]
    made = state.make(
        "plan", "plan",
        active=chosen["active"], amount=chosen["unit_amount"], amount_decimal=chosen["unit_amount_decimal"],
        billing_scheme="per_unit", currency=chosen["currency"], interval=recurring["interval"],
        interval_count=recurring["interval_count"], product=chosen["product"], usage_type="licensed",
    )  # fmt: skip
    return {**made, "id": chosen["id"], "created": chosen["created"]}


def coupon(
    state: StripeState, *, percent_off: float | None = None, amount_off: int | None = None, **more: Any
) -> Shape:
    return state.add(
        "co", "coupon",
        percent_off=percent_off, amount_off=amount_off, currency="eur" if amount_off else None,
        duration=more.pop("duration", "once"), times_redeemed=0, valid=True, **more,
    )  # fmt: skip


def promotion_code(state: StripeState, owner: Shape, code: str, **more: Any) -> Shape:
    return state.add(
        "promo", "promotion_code",
        active=True, code=code, promotion={"coupon": owner["id"], "type": "coupon"}, times_redeemed=0,
        restrictions={"first_time_transaction": False, "minimum_amount": None, "minimum_amount_currency": None},
        **more,
    )  # fmt: skip


def discount(state: StripeState, owner: Shape, *, code: str | None = None, **place: Any) -> Shape:
    """A coupon that was used, somewhere: `place` says on which customer, subscription, invoice or session."""
    return state.add(
        "di", "discount",
        source={"coupon": owner["id"], "type": "coupon"}, promotion_code=code, start=state.now, **place,
    )  # fmt: skip


def reduced(owner: Shape, amount: int) -> int:
    """What a coupon takes off an amount (cents)."""
    if owner["percent_off"]:
        return round(amount * float(owner["percent_off"]) / 100)
    return min(int(owner["amount_off"] or 0), amount)


def payment_link(state: StripeState, lines: list[Shape], **fields: Any) -> Shape:
    """A link that anybody may pay; lines: [{"price": id, "quantity": n}]."""
    chosen = state.objects[lines[0]["price"]]
    made = state.add(
        "plink", "payment_link",
        active=True,
        after_completion={"hosted_confirmation": {"custom_message": None}, "type": "hosted_confirmation"},
        allow_promotion_codes=fields.pop("allow_promotion_codes", False),
        automatic_tax={"enabled": False, "liability": None}, billing_address_collection="auto",
        currency=chosen["currency"], custom_fields=[],
        custom_text=dict.fromkeys(("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")),
        customer_creation=fields.pop("customer_creation", "if_required"), payment_method_collection="always",
        phone_number_collection={"enabled": False}, shipping_options=[], submit_type="auto",
        tax_id_collection={"enabled": False, "required": "never"}, _={"lines": lines}, **fields,
    )  # fmt: skip
    made["url"] = f"{state.site_url}/link/{made['id']}"
    return made
