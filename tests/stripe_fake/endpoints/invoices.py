"""Invoices."""

from __future__ import annotations

from tests.stripe_fake.endpoints.lists import PAGING, page
from tests.stripe_fake.endpoints.registry import Call, endpoint
from tests.stripe_fake.errors import ApiError, invalid
from tests.stripe_fake.state import Shape


@endpoint("GET /v1/invoices/{invoice}/lines", PAGING)
def invoice_lines(call: Call) -> Shape:
    found = call.own("invoice")["lines"]["data"]
    return page(found, call.params, f"/v1/invoices/{call.ids[0]}/lines")


@endpoint("POST /v1/invoices/{invoice}/pay", "payment_method off_session")
def pay_invoice(call: Call) -> Shape:
    found = call.own("invoice")
    if found["status"] == "paid":
        raise invalid("Invoice is already paid", code="invoice_already_paid")
    if found["status"] not in ("open", "uncollectible"):
        raise invalid(f"This invoice can't be paid: it is {found['status']}.", code="invoice_not_editable")
    card = call.state.cards.get(found["customer"], "good")
    call.actions.pay_invoice(found["id"], card=card)
    if card == "good":
        return found
    code = "card_declined" if card == "declined" else "invoice_payment_intent_requires_action"
    raise ApiError(402, "card_error", "Your card was declined.", code=code)


@endpoint("POST /v1/invoices/{invoice}/finalize", "auto_advance")
def finalize_invoice(call: Call) -> Shape:
    _require(call, "draft")
    return call.actions.finalize_invoice(call.ids[0])


@endpoint("POST /v1/invoices/{invoice}/void")
def void_invoice(call: Call) -> Shape:
    _require(call, "open", "uncollectible")
    return call.actions.void_invoice(call.ids[0])


@endpoint("POST /v1/invoices/{invoice}/mark_uncollectible")
def mark_uncollectible(call: Call) -> Shape:
    _require(call, "open")
    return call.actions.mark_uncollectible(call.ids[0])


def _require(call: Call, *statuses: str) -> None:
    status = call.own("invoice")["status"]
    if status not in statuses:
        raise invalid(f"You can only do this to an invoice that is {' or '.join(statuses)}; it is {status}.")
