"""Products, prices, coupons, codes and payment links."""

from __future__ import annotations

from typing import Any

from tests.stripe_fake import shapes
from tests.stripe_fake.endpoints.customers import merge_metadata
from tests.stripe_fake.endpoints.lists import PAGING, page
from tests.stripe_fake.endpoints.registry import Call, endpoint, find, not_simulated
from tests.stripe_fake.errors import invalid, missing
from tests.stripe_fake.state import Shape


@endpoint("POST /v1/products", "name description metadata active")
def create_product(call: Call) -> Shape:
    made = shapes.product(call.state, call.params["name"])
    made.update({name: call.params[name] for name in ("description", "active", "metadata") if name in call.params})
    call.state.emit("product.created", made)
    return made


@endpoint("POST /v1/products/{id}", "name description metadata active default_price")
def update_product(call: Call) -> Shape:
    return _change(call, "product", "name", "description", "active", "default_price")


@endpoint("POST /v1/prices", "product currency unit_amount recurring nickname metadata active lookup_key tax_behavior")
def create_price(call: Call) -> Shape:
    owner = call.named("product", "product")
    if owner is None:
        raise missing("product")
    if "unit_amount" not in call.params:
        raise missing("unit_amount")
    recurring = call.params.get("recurring") or {}
    made = shapes.price(
        call.state, owner, call.params["unit_amount"], recurring.get("interval"),
        count=recurring.get("interval_count", 1), currency=call.params["currency"],
    )  # fmt: skip
    texts = ("nickname", "metadata", "active", "lookup_key", "tax_behavior")
    made.update({name: call.params[name] for name in texts if name in call.params})
    call.state.emit("price.created", made)
    return made


@endpoint("POST /v1/prices/{price}", "active nickname metadata lookup_key")
def update_price(call: Call) -> Shape:
    return _change(call, "price", "active", "nickname", "lookup_key")


@endpoint("POST /v1/coupons", "percent_off amount_off currency duration duration_in_months name metadata")
def create_coupon(call: Call) -> Shape:
    if ("percent_off" in call.params) == ("amount_off" in call.params):
        raise invalid("You must pass either amount_off or percent_off, not both.")
    return shapes.coupon(call.state, **call.params)


@endpoint("POST /v1/promotion_codes", "promotion code metadata active")
def create_code(call: Call) -> Shape:
    owner = find(call.state, "coupon", call.params["promotion"].get("coupon", ""), "promotion[coupon]")
    word = call.params.get("code") or call.state.name("CODE").upper().replace("_", "")
    if any(one["code"] == word and one["active"] for one in call.state.of("promotion_code")):
        raise invalid(f"An active promotion code with `code: {word}` already exists.", "code")
    return shapes.promotion_code(call.state, owner, word)


@endpoint("POST /v1/promotion_codes/{promotion_code}", "active metadata")
def update_code(call: Call) -> Shape:
    return _change(call, "promotion_code", "active")


@endpoint(
    "POST /v1/payment_links",
    "line_items metadata customer_creation allow_promotion_codes payment_intent_data subscription_data",
)
def create_link(call: Call) -> Shape:
    lines = read_lines(call, call.params["line_items"])
    given: dict[str, Any] = {name: value for name, value in call.params.items() if name not in ("line_items", "expand")}
    is_recurring = call.state.objects[lines[0]["price"]]["type"] == "recurring"
    if is_recurring and "customer_creation" in given:
        raise invalid("`customer_creation` can only be used in payment mode.", "customer_creation")
    return shapes.payment_link(call.state, lines, **given)


@endpoint("POST /v1/payment_links/{payment_link}", "active metadata customer_creation allow_promotion_codes")
def update_link(call: Call) -> Shape:
    return _change(call, "payment_link", "active", "customer_creation", "allow_promotion_codes")


@endpoint("GET /v1/payment_links/{payment_link}/line_items", PAGING)
def link_lines(call: Call) -> Shape:
    found = call.own("payment_link")
    return page(
        shapes.link_lines(call.state, found)["data"], call.params, f"/v1/payment_links/{call.ids[0]}/line_items"
    )


def read_lines(call: Call, given: list[dict[str, Any]]) -> list[Shape]:
    """What is to be bought, each price active and its product too. Raises ApiError."""
    lines = []
    for number, one in enumerate(given):
        path = f"line_items[{number}]"
        if "price" not in one:
            raise not_simulated(f"{path} without a price") if "price_data" in one else missing(f"{path}[price]")
        chosen = find(call.state, "price", one["price"], f"{path}[price]")
        if not chosen["active"]:
            raise invalid("The price specified is inactive. This field only accepts active prices.", f"{path}[price]")
        owner = call.state.objects[chosen["product"]]
        if not owner["active"]:
            raise invalid(
                f"The price specified is for an inactive product ({owner['id']}). This field only accepts prices of "
                "active products.",
                f"{path}[price]",
            )
        quantity = one.get("quantity")
        if quantity is None:
            raise invalid(f"Quantity is required. Add `quantity` to `{path}`", path)
        if quantity < 1:
            raise invalid("This value must be greater than or equal to 1.", f"{path}[quantity]")
        lines.append({"price": chosen["id"], "quantity": quantity})
    if len({call.state.objects[one["price"]]["currency"] for one in lines}) > 1:
        raise invalid("All prices on a Checkout Session must have the same `currency`.", "line_items")
    return lines


def _change(call: Call, kind: str, *names: str) -> Shape:
    found = call.own(kind)
    before = {name: found[name] for name in names if name in call.params}
    found.update({name: call.params[name] for name in names if name in call.params})
    if "metadata" in call.params:
        merge_metadata(found, call)
    call.state.emit(f"{kind}.updated", found, before)
    return found
