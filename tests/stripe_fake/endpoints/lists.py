"""Lists: filtered as Stripe filters them, newest first, in pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.stripe_fake.endpoints.registry import Call, endpoint, find
from tests.stripe_fake.errors import no_such
from tests.stripe_fake.shapes.invoices import invoice_owner
from tests.stripe_fake.shapes.lists import listed
from tests.stripe_fake.state import Shape, StripeState

PAGING = "limit starting_after ending_before created"
Field = str | Callable[[Shape], Any]
#: Filters whose value is an id: one that is not there is refused.
_IDS = {
    "charge": "charge", "customer": "customer", "invoice": "invoice", "payment_intent": "payment_intent",
    "payment_link": "payment_link", "price": "price", "product": "product", "subscription": "subscription",
    "coupon": "coupon", "source": "charge",
}  # fmt: skip


def listing(address: str, kind: str, **filters: Field) -> None:
    """Register a list; filters: parameter → the field it compares, or what it compares of an object."""

    @endpoint(f"GET {address}", f"{PAGING} {' '.join(filters)}")
    def answer(call: Call) -> Shape:
        things = [one for one in call.state.of(kind) if not one.get("deleted")]
        for param, field in filters.items():
            asked = call.params.get(param)
            if asked is None or (param == "status" and asked == "all"):
                continue
            _require(call.state, param, asked)
            if kind == "subscription" and asked == "ended":
                asked = ["canceled", "incomplete_expired"]
            things = [one for one in things if _fits(field(one) if callable(field) else one.get(field), asked)]
        if kind == "subscription" and "status" not in call.params:
            things = [one for one in things if one["status"] != "canceled"]
        return page(things, call.params, address)


def page(things: list[Shape], params: dict[str, Any], url: str) -> Shape:
    """The part of a list that is asked for."""
    things = [one for one in things if in_range(one.get("created", 0), params.get("created"))]
    limit = params.get("limit", 10)
    if (last := params.get("starting_after")) is not None:
        place = _place(things, last, "starting_after", url)
        things = things[place + 1 :]
    elif (first := params.get("ending_before")) is not None:
        before = things[: _place(things, first, "ending_before", url)]
        return listed(before[-limit:], url, more=len(before) > limit)
    return listed(things[:limit], url, more=len(things) > limit)


def in_range(moment: int, asked: Any) -> bool:
    """Whether a time fits `created`: a number, or gt, gte, lt, lte."""
    if asked is None:
        return True
    if not isinstance(asked, dict):
        return bool(moment == asked)
    fits = {"gt": moment.__gt__, "gte": moment.__ge__, "lt": moment.__lt__, "lte": moment.__le__}
    return all(fits[word](value) for word, value in asked.items())


def _place(things: list[Shape], name: str, param: str, url: str) -> int:
    for place, one in enumerate(things):
        if one["id"] == name:
            return place
    raise no_such(url.rsplit("/", 1)[1].removesuffix("s"), name, param)


def _require(state: StripeState, param: str, asked: Any) -> None:
    """A filter for something that Stripe does not have is refused, never answered with an empty list."""
    if asked in state.unknown:
        raise no_such(_IDS[param], asked, param)
    kind = _IDS.get(param)
    if kind is None or not isinstance(asked, str):
        return
    known = state.objects.get(asked)
    if known is None or known["object"] != kind:
        raise no_such(kind, asked, param)
    if not known.get("deleted"):
        find(state, kind, asked, param)


def _fits(value: Any, asked: Any) -> bool:
    if isinstance(asked, list):
        return value in asked
    return bool(value == asked)


def _item_prices(one: Shape) -> str:
    return str(one["items"]["data"][0]["price"]["id"])


listing("/v1/customers", "customer", email="email")
listing("/v1/products", "product", active="active", ids="id", type="type")
listing(
    "/v1/prices", "price",
    active="active", product="product", type="type", currency="currency", lookup_keys="lookup_key",
)  # fmt: skip
listing(
    "/v1/subscriptions", "subscription",
    customer="customer", status="status", price=_item_prices, collection_method="collection_method",
)  # fmt: skip
listing("/v1/subscription_schedules", "subscription_schedule", customer="customer")
listing("/v1/subscription_items", "subscription_item", subscription="subscription")
listing(
    "/v1/checkout/sessions", "checkout.session",
    customer="customer", status="status", payment_intent="payment_intent", subscription="subscription",
    payment_link="payment_link",
)  # fmt: skip
listing("/v1/payment_links", "payment_link", active="active")
listing("/v1/payment_intents", "payment_intent", customer="customer")
listing("/v1/setup_intents", "setup_intent", customer="customer")
listing("/v1/payment_methods", "payment_method", customer="customer", type="type")
listing("/v1/charges", "charge", customer="customer", payment_intent="payment_intent")
listing("/v1/refunds", "refund", charge="charge", payment_intent="payment_intent")
listing("/v1/disputes", "dispute", charge="charge", payment_intent="payment_intent")
listing(
    "/v1/invoices", "invoice",
    customer="customer", status="status", subscription=invoice_owner, collection_method="collection_method",
)  # fmt: skip
listing(
    "/v1/invoice_payments", "invoice_payment",
    invoice="invoice", status="status",
    payment=lambda one: {"type": "payment_intent", "payment_intent": one["payment"]["payment_intent"]},
)  # fmt: skip
listing("/v1/coupons", "coupon")
listing(
    "/v1/promotion_codes", "promotion_code",
    active="active", code="code", customer="customer", coupon=lambda one: one["promotion"]["coupon"],
)  # fmt: skip
listing("/v1/billing_portal/configurations", "billing_portal.configuration", active="active", is_default="is_default")
listing("/v1/balance_transactions", "balance_transaction", type="type", currency="currency", source="source")
