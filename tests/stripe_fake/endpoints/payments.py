"""Payments of saved cards, refunds, disputes."""

from __future__ import annotations

from tests.stripe_fake import shapes
from tests.stripe_fake.endpoints.customers import merge_metadata
from tests.stripe_fake.endpoints.registry import Call, endpoint, find
from tests.stripe_fake.errors import ApiError, invalid, missing
from tests.stripe_fake.expansion import public
from tests.stripe_fake.shapes.payments import payment_error
from tests.stripe_fake.state import Shape

_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


@endpoint(
    "POST /v1/payment_intents",
    "amount currency customer payment_method allowed_payment_method_types off_session confirm metadata description "
    "setup_future_usage receipt_email automatic_payment_methods return_url error_on_requires_action",
)
def create_payment(call: Call) -> Shape:
    params = call.params
    owner = call.named("customer", "customer")
    method = call.named("payment_method", "payment_method")
    if params.get("off_session") and not params.get("confirm"):
        raise invalid("You can only use `off_session` with `confirm=true`.", "off_session")
    redirects = (params.get("automatic_payment_methods") or {}).get("allow_redirects", "always") == "always"
    is_open = redirects and not {"off_session", "return_url", "allowed_payment_method_types"} & set(params)
    if params.get("confirm") and is_open:
        raise invalid(
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of "
            "these payment methods might redirect your customer off of your page, you must provide a `return_url`."
        )
    _check_owner(owner, method)
    made = shapes.payment(
        call.state, owner["id"] if owner else None, params["amount"], params.get("metadata") or {},
        "requires_confirmation" if method else "requires_payment_method", currency=params["currency"],
        payment_method=method["id"] if method else None, description=params.get("description"),
        setup_future_usage=params.get("setup_future_usage"), receipt_email=params.get("receipt_email"),
        allowed_payment_method_types=params.get("allowed_payment_method_types"),
        automatic_payment_methods=None if "allowed_payment_method_types" in params else {
            "enabled": True, "allow_redirects": "always",
        },
    )  # fmt: skip
    call.state.emit("payment_intent.created", made)
    return _confirm(call, made) if params.get("confirm") else made


@endpoint("POST /v1/payment_intents/{intent}/confirm", "payment_method off_session return_url error_on_requires_action")
def confirm_payment(call: Call) -> Shape:
    found = call.own("payment_intent")
    if found["status"] not in _OPEN:
        raise invalid(
            f"You cannot confirm this PaymentIntent because it has already {found['status']}.",
            code="payment_intent_unexpected_state",
        )
    if (method := call.named("payment_method", "payment_method")) is not None:
        found["payment_method"] = method["id"]
    return _confirm(call, found)


@endpoint("POST /v1/payment_intents/{intent}/cancel", "cancellation_reason")
def cancel_payment(call: Call) -> Shape:
    found = call.own("payment_intent")
    if found["status"] not in (*_OPEN, "processing"):
        raise invalid(
            f"You cannot cancel this PaymentIntent because it has a status of {found['status']}.",
            code="payment_intent_unexpected_state",
        )
    found.update(
        status="canceled", canceled_at=call.state.now, cancellation_reason=call.params.get("cancellation_reason")
    )
    call.state.emit("payment_intent.canceled", found)
    return found


@endpoint("POST /v1/payment_intents/{intent}", "metadata description receipt_email")
def update_payment(call: Call) -> Shape:
    found = call.own("payment_intent")
    found.update({name: call.params[name] for name in ("description", "receipt_email") if name in call.params})
    merge_metadata(found, call)
    return found


@endpoint("POST /v1/setup_intents", "customer payment_method payment_method_types usage metadata description confirm")
def create_setup(call: Call) -> Shape:
    call.named("customer", "customer")
    made = shapes.setup_intent(call.state, call.params)
    call.state.emit("setup_intent.created", made)
    if (method := call.named("payment_method", "payment_method")) is not None:
        made["status"] = "requires_confirmation"
        if call.params.get("confirm"):
            return _confirm_setup(call, made, method)
    return made


@endpoint("POST /v1/setup_intents/{intent}/confirm", "payment_method return_url")
def confirm_setup(call: Call) -> Shape:
    made = call.own("setup_intent")
    method = call.named("payment_method", "payment_method") or call.state.objects.get(made["payment_method"] or "")
    if method is None:
        raise missing("payment_method")
    return _confirm_setup(call, made, method)


@endpoint("POST /v1/refunds", "charge payment_intent amount reason metadata")
def create_refund(call: Call) -> Shape:
    if "charge" not in call.params and "payment_intent" not in call.params:
        raise invalid(
            "One of the following params should be provided for this request: payment_intent or charge.",
            code="parameter_missing",
        )
    kind = "charge" if "charge" in call.params else "payment_intent"
    named = find(call.state, kind, call.params[kind], kind)
    if kind == "payment_intent" and named["latest_charge"] is None:
        raise invalid(f"This PaymentIntent ({named['id']}) does not have a successful charge to refund.")
    paid = call.actions.charge_of(named["id"])
    left = paid["amount"] - paid["amount_refunded"]
    if not left:
        raise invalid(f"Charge {paid['id']} has already been refunded.", code="charge_already_refunded")
    if any(one["charge"] == paid["id"] and not one["is_charge_refundable"] for one in call.state.of("dispute")):
        raise invalid(f"Charge {paid['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    amount = call.params.get("amount", left)
    if amount > left:
        raise invalid(f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", "amount")
    more = {name: call.params[name] for name in ("reason", "metadata") if name in call.params}
    return call.actions.refund(paid["id"], amount, **more)


@endpoint("POST /v1/refunds/{refund}/cancel")
def cancel_refund(call: Call) -> Shape:
    if call.own("refund")["status"] not in ("pending", "requires_action"):
        raise invalid("Only refunds that wait for something can be canceled.")
    return call.actions.fail_refund(call.ids[0], "canceled")


@endpoint("POST /v1/disputes/{dispute}", "evidence submit metadata")
def update_dispute(call: Call) -> Shape:
    found = call.own("dispute")
    found["evidence"].update(call.params.get("evidence") or {})
    merge_metadata(found, call)
    return call.actions.answer_dispute(found["id"]) if call.params.get("submit", True) else found


@endpoint("POST /v1/disputes/{dispute}/close")
def close_dispute(call: Call) -> Shape:
    """The dispute is accepted: it is lost."""
    return call.actions.close_dispute(call.own("dispute")["id"], "lost")


def _check_owner(owner: Shape | None, method: Shape | None) -> None:
    if method is not None and method["customer"] not in (None, owner["id"] if owner else None):
        raise invalid(
            "The provided PaymentMethod cannot be attached or used: it belongs to another customer, or its customer is "
            "not named.",
            "payment_method",
        )


def _confirm(call: Call, made: Shape) -> Shape:
    """Try it; a saved card that can't be charged is an error that carries the payment."""
    if made["payment_method"] is None:
        raise invalid(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
        )
    method = call.state.objects[made["payment_method"]]
    card = method["_"]["card"]
    asks = card == "authenticate"
    if asks and (call.params.get("off_session") or call.params.get("error_on_requires_action")):
        error = payment_error("authentication_required", decline="authentication_required")
        made.update(status="requires_payment_method", last_payment_error=error)
        call.state.emit("payment_intent.payment_failed", made)
        raise _card_error(made, method)
    call.actions.confirm(made, card, call.params.get("return_url"))
    if card == "declined":
        raise _card_error(made, method)
    if made["setup_future_usage"] and made["customer"]:
        method["customer"] = made["customer"]
    return made


def _card_error(made: Shape, method: Shape) -> ApiError:
    error = made["last_payment_error"]
    return ApiError(
        402, "card_error", error["message"], code=error["code"], decline_code=error.get("decline_code"),
        charge=error.get("charge"), payment_intent=public(made), payment_method=public(method),
    )  # fmt: skip


def _confirm_setup(call: Call, made: Shape, method: Shape) -> Shape:
    if method["_"]["card"] == "declined":
        raise ApiError(402, "card_error", "Your card was declined.", code="card_declined", setup_intent=public(made))
    made.update(status="succeeded", payment_method=method["id"])
    method["customer"] = made["customer"]
    call.state.emit("setup_intent.succeeded", made)
    return made
