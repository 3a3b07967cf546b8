"""Objects as API 2026-10-28 shapes them: periods on the items, an invoice's subscription under `parent`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.stripe_fake.world import Shape, World

DAY = 86400


def after(start: int, interval: str, count: int = 1) -> int:
    """The end of a period that starts then, by the calendar."""
    moment = datetime.fromtimestamp(start, UTC)
    if interval in ("day", "week"):
        return start + count * DAY * (7 if interval == "week" else 1)
    months = moment.year * 12 + moment.month - 1 + count * (12 if interval == "year" else 1)
    year, month = divmod(months, 12)
    following = datetime(year + (month == 11), (month + 1) % 12 + 1, 1, tzinfo=UTC)
    last = (following - datetime(year, month + 1, 1, tzinfo=UTC)).days
    return int(moment.replace(year=year, month=month + 1, day=min(moment.day, last)).timestamp())


def product(world: World, name: str) -> Shape:
    return world.add("prod", "product", active=True, name=name, default_price=None, description=None, type="service")


def price(world: World, owner: Shape, amount: int, interval: str | None = None) -> Shape:
    recurring = (
        {"interval": interval, "interval_count": 1, "usage_type": "licensed", "meter": None} if interval else None
    )
    made = world.add(
        "price",
        "price",
        active=True,
        billing_scheme="per_unit",
        currency="eur",
        lookup_key=None,
        nickname=None,
        product=owner["id"],
        recurring=recurring,
        tax_behavior="inclusive",
        type="recurring" if interval else "one_time",
        unit_amount=amount,
        unit_amount_decimal=str(amount),
    )
    owner["default_price"] = owner["default_price"] or made["id"]
    return made


def customer(world: World, params: dict[str, Any]) -> Shape:
    return world.add(
        "cus",
        "customer",
        email=params.get("email"),
        name=params.get("name"),
        description=params.get("description"),
        metadata=dict(params.get("metadata", {})),
        preferred_locales=[],
        currency=None,
        delinquent=False,
    )


def subscription(world: World, owner: str, chosen: Shape, metadata: dict[str, str], trial_days: int = 0) -> Shape:
    start = world.now
    recurring = chosen["recurring"]
    end = start + trial_days * DAY if trial_days else after(start, recurring["interval"], recurring["interval_count"])
    made = world.add(
        "sub",
        "subscription",
        customer=owner,
        status="trialing" if trial_days else "active",
        billing_cycle_anchor=end if trial_days else start,
        billing_mode={"type": "flexible"},
        cancel_at=None,
        cancel_at_period_end=False,
        canceled_at=None,
        cancellation_details={"comment": None, "feedback": None, "reason": None},
        collection_method="charge_automatically",
        currency=chosen["currency"],
        ended_at=None,
        latest_invoice=None,
        metadata=dict(metadata),
        pause_collection=None,
        pending_setup_intent=None,
        pending_update=None,
        schedule=None,
        start_date=start,
        trial_start=start if trial_days else None,
        trial_end=end if trial_days else None,
    )
    made["items"] = listed([item(world, made["id"], chosen, start, end)], "/v1/subscription_items")
    return made


def item(world: World, owner: str, chosen: Shape, start: int, end: int) -> Shape:
    return world.add(
        "si",
        "subscription_item",
        subscription=owner,
        price=chosen,
        quantity=1,
        current_period_start=start,
        current_period_end=end,
    )


def invoice(world: World, owner: Shape, amount: int, *, paid: bool) -> Shape:
    made = world.add(
        "in",
        "invoice",
        customer=owner["customer"],
        status="paid" if paid else "open",
        amount_due=amount,
        amount_paid=amount if paid else 0,
        amount_remaining=0 if paid else amount,
        attempt_count=1,
        billing_reason="subscription_cycle",
        collection_method="charge_automatically",
        currency="eur",
        due_date=None,
        parent={
            "type": "subscription_details",
            "quote_details": None,
            "subscription_details": {"subscription": owner["id"], "metadata": dict(owner["metadata"])},
        },
        status_transitions={"finalized_at": world.now, "paid_at": world.now if paid else None},
        total=amount,
    )
    owner["latest_invoice"] = made["id"]
    return made


def payment(world: World, owner: str | None, amount: int, metadata: dict[str, str], status: str = "succeeded") -> Shape:
    intent = world.add(
        "pi",
        "payment_intent",
        amount=amount,
        amount_received=amount if status == "succeeded" else 0,
        currency="eur",
        customer=owner,
        latest_charge=None,
        metadata=dict(metadata),
        payment_method_types=["card"],
        status=status,
    )
    if status == "succeeded":
        charge(world, intent)
    return intent


def charge(world: World, intent: Shape) -> Shape:
    made = world.add(
        "ch",
        "charge",
        amount=intent["amount"],
        amount_captured=intent["amount"],
        amount_refunded=0,
        captured=True,
        currency="eur",
        customer=intent["customer"],
        disputed=False,
        paid=True,
        payment_intent=intent["id"],
        refunded=False,
        status="succeeded",
    )
    intent.update(latest_charge=made["id"], status="succeeded", amount_received=intent["amount"])
    return made


def listed(things: list[Shape], url: str, *, more: bool = False) -> Shape:
    return {"object": "list", "data": things, "has_more": more, "url": url}
