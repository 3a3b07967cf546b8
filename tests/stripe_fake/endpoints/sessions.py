"""Checkout sessions."""

from __future__ import annotations

from typing import Any

from tests.stripe_fake import shapes
from tests.stripe_fake.endpoints.catalogue import read_lines
from tests.stripe_fake.endpoints.customers import merge_metadata
from tests.stripe_fake.endpoints.lists import PAGING, page
from tests.stripe_fake.endpoints.registry import Call, endpoint, find
from tests.stripe_fake.errors import invalid, missing
from tests.stripe_fake.state import Shape

_RUNS = ("active", "trialing", "past_due", "unpaid")


@endpoint(
    "POST /v1/checkout/sessions",
    "mode line_items customer customer_email customer_creation client_reference_id success_url cancel_url locale "
    "metadata line_items.price line_items.quantity line_items.price_data subscription_data.metadata "
    "subscription_data.trial_period_days payment_intent_data.metadata payment_intent_data.description "
    "payment_intent_data.setup_future_usage allow_promotion_codes discounts expires_at ui_mode "
    "saved_payment_method_options allowed_payment_method_types currency",
)
def create_session(call: Call) -> Shape:
    params = call.params
    mode = _required(call, "mode")
    if params.get("ui_mode", "hosted_page") == "hosted_page" and "success_url" not in params:
        raise missing("success_url")
    owner = call.named("customer", "customer")
    _check_customer(call, mode)
    if mode == "setup":
        return _setup(call, owner)
    lines = read_lines(call, _required(call, "line_items"))
    _check_prices(call, mode, lines, owner)
    inner = params.get("subscription_data" if mode == "subscription" else "payment_intent_data", {})
    hidden = {
        "inner": dict(inner.get("metadata", {})), "trial_days": inner.get("trial_period_days", 0),
        "future": inner.get("setup_future_usage"), "description": inner.get("description"),
    }  # fmt: skip
    made = shapes.session(call.state, lines, _=hidden, **_common(call, mode, owner))
    for given in params.get("discounts", []):
        _reduce(call, made, given)
    return made


@endpoint("POST /v1/checkout/sessions/{session}", "metadata")
def update_session(call: Call) -> Shape:
    found = call.own("checkout.session")
    merge_metadata(found, call)
    return found


@endpoint("POST /v1/checkout/sessions/{session}/expire")
def expire_session(call: Call) -> Shape:
    if (status := call.own("checkout.session")["status"]) != "open":
        raise invalid(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of '
            f"{status}."
        )
    return call.actions.expire(call.ids[0])


@endpoint("GET /v1/checkout/sessions/{session}/line_items", PAGING)
def session_lines(call: Call) -> Shape:
    found = shapes.session_lines(call.state, call.own("checkout.session"))["data"]
    return page(found, call.params, f"/v1/checkout/sessions/{call.ids[0]}/line_items")


def _required(call: Call, param: str) -> Any:
    if not call.params.get(param):
        raise missing(param)
    return call.params[param]


def _common(call: Call, mode: str, owner: Shape | None) -> Shape:
    params = call.params
    made: Shape = {
        "mode": mode, "customer": owner["id"] if owner else None,
        "customer_email": owner.get("email") if owner else params.get("customer_email"),
        **{name: params.get(name) for name in ("client_reference_id", "success_url", "cancel_url", "locale")},
        "metadata": dict(params.get("metadata") or {}),
        "allow_promotion_codes": params.get("allow_promotion_codes"),
        "allowed_payment_method_types": params.get("allowed_payment_method_types"),
    }  # fmt: skip
    for name in ("customer_creation", "expires_at"):
        if name in params:
            made[name] = params[name]
    return made


def _check_customer(call: Call, mode: str) -> None:
    params = call.params
    if "customer" in params and "customer_email" in params:
        raise invalid("You may only specify one of these parameters: customer, customer_email.", "customer_email")
    if "customer_creation" in params and (mode != "payment" or "customer" in params):
        raise invalid("`customer_creation` can only be used in payment mode, without a customer.", "customer_creation")
    if mode == "subscription" and "payment_intent_data" in params:
        raise invalid("You can not pass `payment_intent_data` in `subscription` mode.", "payment_intent_data")
    if mode != "subscription" and "subscription_data" in params:
        raise invalid("You can not pass `subscription_data` outside of `subscription` mode.", "subscription_data")
    if "expires_at" in params and not 1800 <= params["expires_at"] - call.state.now <= 86400:
        raise invalid("The `expires_at` timestamp must be between 30 minutes and 24 hours from now.", "expires_at")


def _check_prices(call: Call, mode: str, lines: list[Shape], owner: Shape | None) -> None:
    chosen = [call.state.objects[one["price"]] for one in lines]
    recurring = [one for one in chosen if one["type"] == "recurring"]
    if mode == "payment" and recurring:
        raise invalid(
            "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use "
            "only one-time prices.",
            "mode",
        )
    if mode == "subscription" and not recurring:
        raise invalid("You must provide at least one recurring price in `subscription` mode.", "mode")
    if len({(one["recurring"]["interval"], one["recurring"]["interval_count"]) for one in recurring}) > 1:
        raise invalid("Checkout does not support multiple prices with different billing intervals.", "line_items")
    if mode != "subscription" or owner is None:
        return
    runs = [one for one in call.state.of("subscription") if one["customer"] == owner["id"] and one["status"] in _RUNS]
    for one in runs:
        if one["currency"] != chosen[0]["currency"]:
            raise invalid(
                "You cannot combine currencies on a single customer. This customer has an active subscription, "
                f"subscription schedule, discount, quote, or invoice item with currency {one['currency']}."
            )


def _reduce(call: Call, made: Shape, given: Shape) -> None:
    """A discount that the session begins with."""
    if (name := given.get("promotion_code")) is not None:
        code = find(call.state, "promotion_code", name, "discounts[0][promotion_code]")
        if not code["active"]:
            raise invalid("This promotion code is inactive.", "discounts[0][promotion_code]")
        coupon = call.state.objects[code["promotion"]["coupon"]]
        made["_"]["promotion_code"] = name
    else:
        coupon = find(call.state, "coupon", given.get("coupon", ""), "discounts[0][coupon]")
    off = shapes.reduced(coupon, made["amount_subtotal"])
    made["amount_total"] = made["amount_subtotal"] - off
    made["total_details"]["amount_discount"] = off
    made["discounts"] = [{"coupon": given.get("coupon"), "promotion_code": given.get("promotion_code")}]


def _setup(call: Call, owner: Shape | None) -> Shape:
    if owner is None:
        raise missing("customer")
    if not {"currency", "allowed_payment_method_types"} & call.params.keys():
        raise missing("currency")
    intent = shapes.setup_intent(call.state, {"customer": owner["id"]})
    return shapes.setup_session(call.state, intent, **_common(call, "setup", owner))
