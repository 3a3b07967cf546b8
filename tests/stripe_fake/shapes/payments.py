"""Payments, charges, refunds and disputes."""

from __future__ import annotations

from typing import Any

from tests.stripe_fake.shapes.customers import NOBODY
from tests.stripe_fake.shapes.lists import listed
from tests.stripe_fake.state import Shape, StripeState

_EVIDENCE = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal "
    "customer_communication customer_email_address customer_name customer_purchase_ip customer_signature "
    "duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt "
    "refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation "
    "shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number "
    "uncategorized_file uncategorized_text"
)


def payment(
    state: StripeState,
    owner: str | None,
    amount: int,
    metadata: dict[str, str],
    status: str = "succeeded",
    *,
    currency: str = "eur",
    **fields: Any,
) -> Shape:
    """A payment; with its charge, when it succeeded."""
    intent = state.add(
        "pi", "payment_intent",
        amount=amount, amount_capturable=0, amount_received=0, capture_method="automatic_async",
        confirmation_method="automatic", currency=currency, customer=owner, metadata=dict(metadata),
        payment_method_types=["card"], status=status, **fields,
    )  # fmt: skip
    intent["client_secret"] = f"{intent['id']}_secret_fake"
    if status == "succeeded":
        charge(state, intent)
    return intent


def charge(state: StripeState, intent: Shape, *, failure: str | None = None) -> Shape:
    """The charge by which a payment succeeds; failure: the code with which it is declined instead."""
    made = state.add(
        "ch", "charge",
        amount=intent["amount"], amount_captured=0 if failure else intent["amount"], amount_refunded=0,
        billing_details=dict(NOBODY), captured=failure is None, currency=intent["currency"],
        customer=intent["customer"], description=intent["description"], disputed=False,
        failure_code=failure, failure_message="Your card was declined." if failure else None,
        metadata=dict(intent["metadata"]), outcome=_outcome(failure), paid=failure is None,
        payment_intent=intent["id"], payment_method=intent["payment_method"], receipt_email=intent["receipt_email"],
        refunded=False, status="failed" if failure else "succeeded", fraud_details={},
    )  # fmt: skip
    intent["latest_charge"] = made["id"]
    if failure is None:
        made["receipt_url"] = f"{state.site_url}/receipts/{made['id']}"
        intent.update(status="succeeded", amount_received=intent["amount"], last_payment_error=None, next_action=None)
        moved = movement(state, intent["amount"], made["id"], "charge", currency=intent["currency"])
        made["balance_transaction"] = moved["id"]
    return made


def refund(state: StripeState, paid: Shape, amount: int, status: str, **fields: Any) -> Shape:
    made = state.add(
        "re", "refund",
        amount=amount, charge=paid["id"], currency=paid["currency"], customer=paid["customer"],
        payment_intent=paid["payment_intent"], payment_method=paid["payment_method"], status=status, **fields,
    )  # fmt: skip
    if status == "succeeded":
        made["balance_transaction"] = movement(state, -amount, made["id"], "refund", currency=paid["currency"])["id"]
    return made


def dispute(state: StripeState, paid: Shape, amount: int, status: str, reason: str = "fraudulent") -> Shape:
    evidence: Shape = {**dict.fromkeys(_EVIDENCE.split()), "enhanced_evidence": {}}
    return state.add(
        "dp", "dispute",
        amount=amount, balance_transactions=[], charge=paid["id"], currency=paid["currency"],
        enhanced_eligibility_types=[], evidence=evidence,
        evidence_details={
            "due_by": state.now + 9 * 86400, "enhanced_eligibility": {}, "has_evidence": False, "past_due": False,
            "submission_count": 0, "submission_method": "not_submitted",
        },
        intended_submission_method="prefer_manual", payment_intent=paid["payment_intent"], reason=reason, status=status,
        is_charge_refundable=status.startswith("warning_"), network_reason_code="10.4",
    )  # fmt: skip


def movement(
    state: StripeState,
    amount: int,
    source: str | None,
    kind: str,
    *,
    category: str = "",
    currency: str = "eur",
    fee: int = 0,
) -> Shape:
    """The change of the account's balance, minor units; negative: money goes out. category: Stripe's for accounting."""
    details = [
        {"amount": fee, "application": None, "currency": currency, "description": "Stripe fees", "type": "stripe_fee"}
    ]
    return state.add(
        "txn", "balance_transaction",
        amount=amount, available_on=state.now, balance_type="payments", currency=currency, description=None,
        exchange_rate=None, fee=fee, fee_details=details if fee else [], net=amount - fee,
        reporting_category=category or kind, source=source, status="available", type=kind,
    )  # fmt: skip


def payment_error(code: str, *, decline: str | None = None, charged: str | None = None) -> Shape:
    """The error of a failed payment, as it is on the payment and in the answer."""
    texts = {
        "authentication_required": "Your card was declined. This transaction requires authentication.",
        "card_declined": "Your card was declined.",
        "payment_intent_payment_attempt_failed": "The payment failed.",
        "payment_intent_authentication_failure": (
            "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new "
            "PaymentMethod to attempt to fulfill this PaymentIntent again."
        ),
    }
    found: Shape = {"code": code, "message": texts[code], "type": "card_error"}
    found["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
    return {**found, **({"decline_code": decline} if decline else {}), **({"charge": charged} if charged else {})}


def refunds_of(state: StripeState, paid: str) -> Shape:
    """The list of refunds inside a charge, where it is asked for."""
    return listed([one for one in state.of("refund") if one["charge"] == paid], f"/v1/charges/{paid}/refunds")


def _outcome(failure: str | None) -> Shape:
    texts = ("The bank did not return any further details with this decline.", "Payment complete.")
    return {
        "advice_code": None, "network_advice_code": None, "network_decline_code": None,
        "network_status": "declined_by_network" if failure else "approved_by_network", "reason": failure,
        "risk_level": "normal", "risk_score": 10, "seller_message": texts[failure is None],
        "type": "issuer_declined" if failure else "authorized",
    }  # fmt: skip
