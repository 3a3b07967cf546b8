"""Subscriptions, their items and schedules. The items hold the periods."""

from __future__ import annotations

from tests.stripe_fake.shapes.catalogue import plan
from tests.stripe_fake.shapes.lists import listed
from tests.stripe_fake.state import Shape, StripeState
from tests.stripe_fake.times import DAY, after

_SELF: Shape = {"type": "self", "account": None}


def subscription(
    state: StripeState,
    owner: str,
    chosen: Shape,
    metadata: dict[str, str],
    trial_days: int = 0,
    *,
    quantity: int = 1,
) -> Shape:
    """One of a single price, that begins now."""
    start = state.now
    recurring = chosen["recurring"]
    end = start + trial_days * DAY if trial_days else after(start, recurring["interval"], recurring["interval_count"])
    made = state.add(
        "sub", "subscription",
        customer=owner, status="trialing" if trial_days else "active",
        automatic_tax={"disabled_reason": None, "enabled": False, "liability": None},
        billing_cycle_anchor=end if trial_days else start, billing_mode={"type": "flexible", "flexible": None},
        billing_schedules=[], cancel_at_period_end=False,
        cancellation_details={"comment": None, "feedback": None, "feedback_option": None, "reason": None},
        collection_method="charge_automatically", currency=chosen["currency"], discounts=[], default_tax_rates=[],
        invoice_settings={
            "account_tax_ids": None, "custom_fields": None, "description": None, "footer": None, "issuer": dict(_SELF),
        },
        payment_settings={
            "payment_method_options": None, "payment_method_types": None, "save_default_payment_method": "off",
        },
        trial_settings={"end_behavior": {"billing_cycle_anchor": None, "missing_payment_method": "create_invoice"}},
        metadata=dict(metadata), start_date=start, trial_start=start if trial_days else None,
        trial_end=end if trial_days else None, _={"pending_lines": []},
    )  # fmt: skip
    first = item(state, made["id"], chosen, start, end, quantity=quantity)
    made["items"] = listed([first], f"/v1/subscription_items?subscription={made['id']}")
    return made


def subscriptions_of(state: StripeState, owner: Shape) -> Shape:
    """The list of what runs, inside a customer, where it is asked for."""
    runs = [
        one
        for one in state.of("subscription")
        if one["customer"] == owner["id"] and one["status"] not in ("canceled", "incomplete_expired")
    ]
    return listed(runs, f"/v1/customers/{owner['id']}/subscriptions")


def item(state: StripeState, owner: str, chosen: Shape, start: int, end: int, *, quantity: int = 1) -> Shape:
    return state.add(
        "si", "subscription_item",
        subscription=owner, discounts=[], price=chosen, plan=plan(state, chosen), quantity=quantity, tax_rates=[],
        current_period_start=start, current_period_end=end,
    )  # fmt: skip


def schedule(state: StripeState, owner: Shape, phases: list[tuple[int, int, str]]) -> Shape:
    """A subscription's plan for later; phases: start, end, price."""
    start, end, _ = phases[0]
    return state.add(
        "sub_sched", "subscription_schedule",
        billing_mode={"type": "flexible", "flexible": None}, customer=owner["customer"], subscription=owner["id"],
        status="active", end_behavior="release", pause_schedules=[],
        current_phase={"start_date": start, "end_date": end},
        default_settings={
            "application_fee_percent": None, "automatic_tax": None, "billing_cycle_anchor": "automatic",
            "billing_thresholds": None, "collection_method": "charge_automatically", "default_payment_method": None,
            "description": None, "on_behalf_of": None, "transfer_data": None,
            "invoice_settings": {
                "account_tax_ids": None, "custom_fields": None, "days_until_due": None, "description": None,
                "footer": None, "issuer": dict(_SELF),
            },
        },
        phases=[_phase(state, *phase) for phase in phases],
    )  # fmt: skip


def _phase(state: StripeState, start: int, end: int, price: str) -> Shape:
    nothing = (
        "application_fee_percent", "billing_cycle_anchor", "billing_thresholds", "collection_method",
        "default_payment_method", "description", "invoice_settings", "on_behalf_of", "transfer_data", "trial_end",
    )  # fmt: skip
    return {
        **dict.fromkeys(nothing), "add_invoice_items": [], "currency": state.objects[price]["currency"],
        "default_tax_rates": [], "discounts": [], "start_date": start, "end_date": end, "metadata": {},
        "proration_behavior": "create_prorations",
        "items": [
            {
                "billing_thresholds": None, "discounts": [], "metadata": {}, "plan": price, "price": price,
                "quantity": 1, "tax_rates": [],
            }
        ],
    }  # fmt: skip
