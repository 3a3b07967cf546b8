"""Subscriptions, their items and schedules."""

from __future__ import annotations

from tests.stripe_fake.endpoints.catalogue import read_lines
from tests.stripe_fake.endpoints.customers import merge_metadata
from tests.stripe_fake.endpoints.registry import Call, endpoint, find, not_simulated
from tests.stripe_fake.errors import ApiError, invalid, missing, no_such
from tests.stripe_fake.shapes.payments import payment_error
from tests.stripe_fake.state import Shape
from tests.stripe_fake.times import DAY

_OVER = ("canceled", "incomplete_expired")


@endpoint("POST /v1/subscriptions", "customer items metadata trial_period_days trial_end discounts payment_behavior")
def create_subscription(call: Call) -> Shape:
    owner = call.named("customer", "customer")
    if owner is None:
        raise missing("customer")
    if not call.params.get("items"):
        raise missing("items")
    lines = read_lines(call, [{"quantity": 1, **one} for one in call.params["items"]])
    days = call.params.get("trial_period_days", 0)
    if isinstance(end := call.params.get("trial_end"), int):
        days = max(end - call.state.now, 0) // DAY
    if not days and not (owner.get("invoice_settings") or {}).get("default_payment_method"):
        raise invalid(
            "This customer has no attached payment source or default payment method. Please consider adding a default "
            "payment method.",
            code="resource_missing",
        )
    codes = [one.get("promotion_code") for one in call.params.get("discounts") or []]
    made = call.actions.subscribe(
        owner["id"], lines[0]["price"], call.params.get("metadata"), days, quantity=lines[0]["quantity"],
        promotion_code=codes[0] if codes else None, extra=tuple(one["price"] for one in lines[1:]),
    )  # fmt: skip
    if made["status"] == "incomplete" and call.params.get("payment_behavior") == "error_if_incomplete":
        call.state.objects.pop(made["id"])
        raise _declined()
    return made


@endpoint(
    "POST /v1/subscriptions/{subscription_exposed_id}",
    "items metadata cancel_at cancel_at_period_end proration_behavior payment_behavior trial_end billing_cycle_anchor "
    "pause_collection cancellation_details description default_payment_method",
)
def update_subscription(call: Call) -> Shape:
    found, params = _running(call), call.params
    merge_metadata(found, call)
    if "pause_collection" in params:
        return call.actions.update(found["id"], pause_collection=_paused(params["pause_collection"]))
    if "cancel_at_period_end" in params or "cancel_at" in params:
        return _cancel_later(call, found)
    if params.get("trial_end") is not None:
        return _end_trial(call, found)
    anchor = (params.get("billing_cycle_anchor") or {}).get("type") == "now"
    if params.get("items") or anchor:
        return _switch(call, found, anchor_now=anchor)
    texts = {name: params[name] for name in ("description", "default_payment_method") if name in params}
    return call.actions.update(found["id"], **texts)


@endpoint("DELETE /v1/subscriptions/{subscription_exposed_id}", "cancellation_details invoice_now prorate")
def cancel_subscription(call: Call) -> Shape:
    if call.params.get("invoice_now") or call.params.get("prorate"):
        raise not_simulated("a last invoice of a canceled subscription")
    found = _running(call)
    found["cancellation_details"].update(call.params.get("cancellation_details") or {})
    return call.actions.end(found["id"])


@endpoint("POST /v1/subscriptions/{subscription}/resume", "billing_cycle_anchor proration_behavior")
def resume_subscription(call: Call) -> Shape:
    found = call.own("subscription")
    if found["status"] != "paused":
        raise invalid("Only paused subscriptions can be resumed.")
    return call.actions.update(found["id"], status="active")


@endpoint("POST /v1/subscription_items/{item}", "price quantity proration_behavior payment_behavior")
def update_item(call: Call) -> Shape:
    one = call.own("subscription_item")
    owner = Call(call.state, (one["subscription"],), {**call.params, "items": [{"id": one["id"], **call.params}]})
    _switch(owner, _running(owner), anchor_now=False)
    return one


@endpoint("POST /v1/subscription_schedules/{schedule}/release", "preserve_cancel_date")
def release_schedule(call: Call) -> Shape:
    made = call.own("subscription_schedule")
    if made["subscription"] is None:
        raise invalid("You cannot release a subscription schedule that is not active.")
    call.actions.release_schedule(made["subscription"])
    return made


def _running(call: Call) -> Shape:
    found = find(call.state, "subscription", call.ids[0])
    if found["status"] in _OVER:
        raise no_such("subscription", call.ids[0])
    return found


def _paused(given: object) -> Shape | None:
    return {"resumes_at": None, **given} if isinstance(given, dict) else None


def _cancel_later(call: Call, found: Shape) -> Shape:
    if call.params.get("cancel_at_period_end"):
        made = call.actions.cancel_at_period_end(found["id"])
        return call.actions.update(made["id"], cancel_at_period_end=True)
    moment = call.params.get("cancel_at")
    if moment in ("min_period_end", "max_period_end"):
        return call.actions.cancel_at_period_end(found["id"])
    if isinstance(moment, int):
        if moment <= call.state.now:
            raise invalid("The `cancel_at` timestamp must be in the future.", "cancel_at")
        return call.actions.cancel_at(found["id"], moment)
    return call.actions.keep(found["id"])


def _end_trial(call: Call, found: Shape) -> Shape:
    if call.params["trial_end"] != "now":
        raise not_simulated("a trial that is moved to another day")
    if found["status"] != "trialing":
        return call.actions.update(found["id"])
    return call.actions.end_trial(found["id"])


def _switch(call: Call, found: Shape, *, anchor_now: bool) -> Shape:
    given = call.params.get("items") or [{}]
    if len(given) > 1 or given[0].get("deleted"):
        raise not_simulated("changes of several items at once")
    one, first = given[0], found["items"]["data"][0]
    if "id" in one and one["id"] != first["id"]:
        raise no_such("subscription_item", one["id"], "items[0][id]")
    if "id" not in one and "price" in one:
        raise not_simulated("an item that is added")
    if "price" in one:
        read_lines(call, [{"price": one["price"], "quantity": 1}])
    behavior = call.params.get("payment_behavior", "allow_incomplete")
    if behavior == "error_if_incomplete" and call.state.cards.get(found["customer"], "good") != "good":
        raise _declined()
    return call.actions.change_price(
        found["id"], one.get("price"), quantity=one.get("quantity"), behavior=behavior, anchor_now=anchor_now,
        proration=call.params.get("proration_behavior", "create_prorations"),
    )  # fmt: skip


def _declined() -> ApiError:
    error = payment_error("card_declined", decline="generic_decline")
    return ApiError(
        402, "card_error", error["message"], code="card_declined", param="", decline_code=error["decline_code"]
    )
