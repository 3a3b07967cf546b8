"""Invoices, their lines and the payments that settle them: an invoice's subscription stands under `parent`."""

from __future__ import annotations

from typing import Any

from tests.stripe_fake.shapes.lists import listed
from tests.stripe_fake.state import Shape, StripeState


def invoice(
    state: StripeState,
    owner: Shape,
    amount: int,
    *,
    paid: bool,
    reason: str = "subscription_cycle",
    lines: list[Shape] | None = None,
    period: tuple[int, int] | None = None,
) -> Shape:
    """A subscription's invoice; amount: its total in cents. Without lines it gets one for the period of the first item.

    A total below nought becomes the customer's credit, which the next invoices use up.
    """
    made = draft(
        state,
        owner,
        reason=reason,
        lines=lines or [period_line(state, owner, owner["items"]["data"][0])],
        period=period,
        total=amount,
    )
    finalize(state, made)
    if paid:
        mark_paid(state, made)
    owner["latest_invoice"] = made["id"]
    return made


def draft(
    state: StripeState, owner: Shape, *, reason: str, lines: list[Shape], period: tuple[int, int] | None, total: int
) -> Shape:
    """A draft invoice."""
    customer = state.objects[owner["customer"]]
    begin, end = period or (state.now, state.now)
    made = state.add(
        "in", "invoice",
        account_country="DE", account_name="A shop for tests", amount_due=max(total, 0), amount_overpaid=0,
        amount_paid=0, amount_remaining=max(total, 0), amount_shipping=0, attempt_count=0, attempted=False,
        auto_advance=True, automatically_finalizes_at=state.now + 3600, billing_reason=reason,
        automatic_tax={"disabled_reason": None, "enabled": False, "liability": None, "provider": None, "status": None},
        collection_method="charge_automatically", currency=owner["currency"], customer=owner["customer"],
        customer_email=customer.get("email"), customer_name=customer.get("name"), customer_tax_exempt="none",
        customer_tax_ids=[], default_tax_rates=[], discounts=[], issuer={"type": "self", "account": None},
        parent={
            "type": "subscription_details", "quote_details": None,
            "subscription_details": {
                "metadata": dict(owner["metadata"]), "subscription": owner["id"], "subscription_proration_date": None,
            },
        },
        payment_settings={"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
        period_start=begin, period_end=end, post_payment_credit_notes_amount=0, pre_payment_credit_notes_amount=0,
        starting_balance=0, status="draft", subtotal=total, subtotal_excluding_tax=total, total=total,
        status_transitions=dict.fromkeys(("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")),
        total_discount_amounts=[], total_excluding_tax=total, total_pretax_credit_amounts=[], total_taxes=[],
    )  # fmt: skip
    for one in lines:
        one["invoice"] = made["id"]
    made["lines"] = listed(lines, f"/v1/invoices/{made['id']}/lines")
    return made


def finalize(state: StripeState, made: Shape) -> None:
    """Finalize it: it is due now, less the customer's credit."""
    customer = state.objects[made["customer"]]
    credit = customer.get("balance", 0)
    due = max(0, made["total"] + credit) if made["total"] > 0 else 0
    left = min(0, credit + made["total"]) if made["total"] <= 0 or credit < 0 else credit
    customer["balance"] = left
    made.update(
        status="open", starting_balance=credit, ending_balance=left, amount_due=due, amount_remaining=due,
        auto_advance=True, automatically_finalizes_at=None, effective_at=state.now,
        number=f"FAKE-{len(state.objects):04d}",
        hosted_invoice_url=f"{state.site_url}/invoice/{made['id']}",
    )  # fmt: skip
    made["status_transitions"]["finalized_at"] = state.now


def mark_paid(state: StripeState, made: Shape) -> None:
    made.update(
        status="paid", amount_paid=made["amount_due"], amount_remaining=0, attempted=True,
        attempt_count=max(made["attempt_count"], 1 if made["amount_due"] else 0), auto_advance=False,
        next_payment_attempt=None,
    )  # fmt: skip
    made["status_transitions"]["paid_at"] = state.now


def invoice_payment(state: StripeState, made: Shape, intent: Shape) -> Shape:
    """What ties an invoice to the payment that settles it."""
    is_paid = intent["status"] == "succeeded"
    return state.add(
        "inpay", "invoice_payment",
        amount_paid=intent["amount"] if is_paid else None, amount_requested=intent["amount"],
        currency=made["currency"], invoice=made["id"], is_default=True,
        payment={"type": "payment_intent", "payment_intent": intent["id"]}, status="paid" if is_paid else "open",
        status_transitions={"canceled_at": None, "paid_at": state.now if is_paid else None},
    )  # fmt: skip


def payments_of(state: StripeState, name: str) -> Shape:
    """The list of payments inside an invoice, where it is asked for."""
    made = [one for one in state.of("invoice_payment") if one["invoice"] == name]
    return listed(made, f"/v1/invoice_payments?invoice={name}")


def invoice_owner(made: Shape) -> str | None:
    """The subscription of an invoice."""
    details = (made["parent"] or {}).get("subscription_details")
    return details["subscription"] if details else None


def period_line(state: StripeState, owner: Shape, item: Shape, *, free: bool = False) -> Shape:
    """The line for the present period of a subscription's item; free: a trial's."""
    chosen, count = item["price"], item["quantity"]
    period = item["current_period_start"], item["current_period_end"]
    text = f"Trial period for {_name(state, chosen)}" if free else f"{count} × {_name(state, chosen)}"
    return _line(state, owner, item, period=period, amount=0 if free else chosen["unit_amount"] * count, text=text)


def proration_line(
    state: StripeState,
    owner: Shape,
    item: Shape,
    period: tuple[int, int],
    amount: int,
    *,
    of: tuple[Shape, int] | None = None,
) -> Shape:
    """What is left of a period, given back (negative amount) or charged; of: the price and quantity it had."""
    chosen, count = of or (item["price"], item["quantity"])
    text = f"{'Unused' if amount < 0 else 'Remaining'} time on {_name(state, chosen)}"
    before = {**item, "price": chosen, "quantity": count}
    return _line(state, owner, before, period=period, amount=amount, text=text, proration=True)


def _line(
    state: StripeState,
    owner: Shape,
    item: Shape,
    *,
    period: tuple[int, int],
    amount: int,
    text: str,
    proration: bool = False,
) -> Shape:
    chosen, count = item["price"], item["quantity"]
    details: dict[str, Any] = {
        "invoice_item": state.name("ii") if proration else None, "proration": proration,
        "proration_details": {"credited_items": None}, "subscription": owner["id"], "subscription_item": item["id"],
    }  # fmt: skip
    return state.make(
        "il", "line_item",
        amount=amount, currency=chosen["currency"], description=text, discount_amounts=[], discountable=not proration,
        discounts=[], metadata=dict(owner["metadata"]),
        parent={
            "type": "subscription_item_details", "invoice_item_details": None, "subscription_item_details": details,
        },
        period={"start": period[0], "end": period[1]}, pretax_credit_amounts=[],
        pricing={
            "type": "price_details", "unit_amount_decimal": chosen["unit_amount_decimal"],
            "price_details": {"price": chosen["id"], "product": chosen["product"]},
        },
        quantity=count, quantity_decimal=str(count), subscription=owner["id"], subtotal=amount, taxes=[],
    )  # fmt: skip


def _name(state: StripeState, chosen: Shape) -> str:
    owner = state.objects.get(chosen["product"], {})
    return str(owner.get("name", "a product"))
