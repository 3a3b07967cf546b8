"""Customers, their cards, and the portal."""

from __future__ import annotations

from tests.stripe_fake import shapes
from tests.stripe_fake.endpoints.lists import PAGING, page
from tests.stripe_fake.endpoints.registry import Call, endpoint, find, not_simulated
from tests.stripe_fake.errors import invalid, missing, no_such
from tests.stripe_fake.state import Shape

_WRITABLE = ("name", "email", "description", "phone", "preferred_locales")
_FIELDS = " ".join(_WRITABLE)


@endpoint("POST /v1/customers", f"metadata {_FIELDS}")
def create_customer(call: Call) -> Shape:
    made = shapes.customer(call.state, call.params)
    call.state.emit("customer.created", made)
    return made


@endpoint("GET /v1/customers/{customer}")
def retrieve_customer(call: Call) -> Shape:
    """A deleted one is answered as deleted."""
    found = call.state.objects.get(call.ids[0])
    if found is None or found["object"] != "customer":
        raise no_such("customer", call.ids[0])
    return found


@endpoint("POST /v1/customers/{customer}", f"metadata invoice_settings {_FIELDS}")
def update_customer(call: Call) -> Shape:
    found = call.own("customer")
    before = {name: found.get(name) for name in _WRITABLE if name in call.params}
    found.update({name: call.params[name] or None for name in _WRITABLE if name in call.params})
    merge_metadata(found, call)
    settings = call.params.get("invoice_settings", {})
    if (card := settings.get("default_payment_method")) is not None:
        chosen = find(call.state, "payment_method", card, "invoice_settings[default_payment_method]")
        if chosen["customer"] != found["id"]:
            raise invalid("The customer does not have a payment method with the ID given.", "invoice_settings")
        found["invoice_settings"]["default_payment_method"] = card
        call.state.cards[found["id"]] = chosen["_"]["card"]
    call.state.emit("customer.updated", found, before)
    return found


@endpoint("DELETE /v1/customers/{customer}")
def delete_customer(call: Call) -> Shape:
    call.own("customer")
    return call.actions.delete_customer(call.ids[0])


@endpoint("GET /v1/customers/{customer}/payment_methods", f"{PAGING} type")
def list_cards(call: Call) -> Shape:
    owner = call.own("customer")["id"]
    kept = [one for one in call.state.of("payment_method") if one["customer"] == owner]
    return page(kept, call.params, f"/v1/customers/{owner}/payment_methods")


@endpoint("POST /v1/payment_methods/{payment_method}/attach", "customer")
def attach_card(call: Call) -> Shape:
    owner = call.named("customer", "customer")
    if owner is None:
        raise missing("customer")
    found = call.own("payment_method")
    found["customer"] = owner["id"]
    call.state.emit("payment_method.attached", found)
    return found


@endpoint("POST /v1/payment_methods/{payment_method}/detach")
def detach_card(call: Call) -> Shape:
    found = call.own("payment_method")
    before = {"customer": found["customer"]}
    found["customer"] = None
    call.state.emit("payment_method.detached", found, before)
    return found


@endpoint(
    "POST /v1/billing_portal/sessions",
    "customer return_url locale configuration flow_data.type flow_data.after_completion "
    "flow_data.subscription_update_confirm",
)
def create_portal(call: Call) -> Shape:
    if call.named("customer", "customer") is None:
        raise missing("customer")
    settings = call.named("billing_portal.configuration", "configuration") or next(
        (one for one in call.state.of("billing_portal.configuration") if one["is_default"]), None
    )
    if settings is None:
        mode = "live" if call.state.livemode else "test"
        page_of = "" if call.state.livemode else "test/"
        raise invalid(
            f"No configuration provided and your {mode} mode default configuration has not been created. Provide a "
            f"configuration or create your default by saving your customer portal settings in {mode} mode at "
            f"https://dashboard.stripe.com/{page_of}settings/billing/portal."
        )
    if not settings["active"]:
        raise invalid("The configuration is not active.", "configuration")
    if "flow_data" in call.params:
        _check_flow(call, settings)
    return shapes.portal_session(call.state, settings, call.params)


def _check_flow(call: Call, settings: Shape) -> None:
    """What Stripe asks of a flow (https://docs.stripe.com/customer-management/portal-deep-links). Raises ApiError."""
    flow = call.params["flow_data"]
    if flow["type"] != "subscription_update_confirm":
        raise not_simulated(f"the flow {flow['type']}")
    place = "flow_data[subscription_update_confirm]"
    wanted = flow.get("subscription_update_confirm")
    if wanted is None:
        raise missing(place)
    ending = flow.get("after_completion")
    if ending is not None and ending["type"] == "redirect" and "redirect" not in ending:
        raise missing("flow_data[after_completion][redirect]")
    one = find(call.state, "subscription", wanted["subscription"], f"{place}[subscription]")
    if one["customer"] != call.params["customer"]:
        raise no_such("subscription", one["id"], f"{place}[subscription]")
    update = settings["features"]["subscription_update"]
    if not update["enabled"]:
        raise invalid(
            "This subscription cannot be updated because the subscription update feature in the portal configuration "
            "is disabled."
        )
    _check_items(one, wanted["items"], settings, f"{place}[items]")


def _check_items(one: Shape, wanted: list[Shape], settings: Shape, place: str) -> None:
    """Whether the portal's settings let this subscription have these items. Raises ApiError."""
    update = settings["features"]["subscription_update"]
    if one["status"] not in ("active", "trialing", "past_due") or one["schedule"] or one["cancel_at"]:
        raise invalid("This subscription cannot be updated: it is scheduled to change, to be canceled, or over.")
    if len(one["items"]["data"]) != 1 or len(wanted) != 1:
        raise invalid("Subscriptions with multiple items are not updatable through the portal.", place)
    given, item = wanted[0], one["items"]["data"][0]
    if given["id"] != item["id"]:
        raise no_such("subscription_item", given["id"], f"{place}[0][id]")
    price = given.get("price", item["price"]["id"])
    if not any(price in product["prices"] for product in update["products"]):
        raise invalid(
            f"The item `{item['id']}` cannot be updated to price `{price}` because the configuration "
            f"`{settings['id']}` does not include the price in its `features[subscription_update][products]`."
        )
    if price == item["price"]["id"] and given.get("quantity", item["quantity"]) == item["quantity"]:
        raise invalid("This subscription update would not change anything.", place)


def merge_metadata(found: Shape, call: Call) -> None:
    """New keys are added, empty ones taken away; an empty text takes all."""
    given = call.params.get("metadata")
    if given == "":
        found["metadata"] = {}
    elif given:
        merged = {**found["metadata"], **given}
        found["metadata"] = {key: value for key, value in merged.items() if value != ""}
