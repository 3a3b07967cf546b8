"""What a new version of the stripe library brings: `python -m tests.stripe_fake.news` says what must be decided.

`inventory.json` keeps, of the version that this code was written for, the enum values and fields of the objects that
billing reads, the parameters of the requests it sends, and all types of events. An upgrade fails the test of it; this
script names the differences, and `--write` takes them over once each is decided: which side an unknown status takes,
which new event changes a plan or a balance, which field replaces another.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import stripe

from tests.stripe_fake.library import SERVICES, alternatives, fields, literals, operations, resource_class

INVENTORY = Path(__file__).with_name("inventory.json")
#: Objects whose values decide about plans and tokens.
KINDS = (
    "charge", "checkout.session", "customer", "dispute", "invoice", "invoice_payment", "line_item", "payment_intent",
    "payment_method", "price", "product", "refund", "setup_intent", "subscription", "subscription_item",
    "subscription_schedule",
)  # fmt: skip
#: Requests that billing sends.
REQUESTS = (
    "GET /v1/charges", "GET /v1/charges/{charge}", "GET /v1/checkout/sessions", "GET /v1/checkout/sessions/{session}",
    "GET /v1/customers/{customer}", "GET /v1/disputes", "GET /v1/disputes/{dispute}", "GET /v1/events",
    "GET /v1/invoices", "GET /v1/payment_intents", "GET /v1/payment_intents/{intent}",
    "GET /v1/payment_methods/{payment_method}", "GET /v1/prices", "GET /v1/prices/{price}", "GET /v1/products/{id}",
    "GET /v1/refunds",
    "GET /v1/refunds/{refund}", "GET /v1/subscriptions", "POST /v1/billing_portal/sessions",
    "POST /v1/checkout/sessions", "POST /v1/checkout/sessions/{session}/expire", "POST /v1/customers",
    "POST /v1/customers/{customer}", "POST /v1/payment_intents", "POST /v1/payment_intents/{intent}/cancel",
    "POST /v1/payment_intents/{intent}/confirm", "POST /v1/payment_methods/{payment_method}/detach",
    "DELETE /v1/subscriptions/{subscription_exposed_id}",
)  # fmt: skip
#: Under this name an object's entry lists its fields; every other name is that of an enum.
FIELDS = "fields"
# What differs by means of payment is nothing that billing reads, and most of what there is.
_PASSED_OVER = (
    "next_action",
    "payment_method_details",
    "payment_method_options",
    "payment_settings",
    "shipping_options",
)
_DEPTH = 3
Inventory = dict[str, Any]


def take_inventory() -> Inventory:
    """Of the installed library: version, events, and per object and request what they are made of."""
    known = {f"{one.method} {one.template}": one for name in SERVICES for one in operations(name)}
    return {
        "version": stripe.api_version,
        "events": " ".join(event_types()),
        "objects": {kind: _describe(resource_class(kind)) for kind in KINDS},
        "requests": {name: " ".join(sorted(fields(known[name].params))) for name in REQUESTS},
    }


def event_types() -> list[str]:
    """Every type of event."""
    annotation = fields(resource_class("event"))["type"][0]
    return sorted(literals(annotation, sys.modules["stripe._event"]))


def compare(before: Inventory, now: Inventory) -> list[str]:
    """What changed, a line each."""
    lines = [] if before["version"] == now["version"] else [f"version {before['version']} → {now['version']}"]
    lines += _changes("event", before["events"], now["events"])
    for name in sorted(before["requests"].keys() | now["requests"].keys()):
        lines += _changes(f"parameter of {name}", before["requests"].get(name, ""), now["requests"].get(name, ""))
    for kind in sorted(before["objects"].keys() | now["objects"].keys()):
        was, has = before["objects"].get(kind, {}), now["objects"].get(kind, {})
        for name in sorted(was.keys() | has.keys()):
            what = f"field of {kind}" if name == FIELDS else f"value of {kind}.{name}"
            lines += _changes(what, was.get(name, ""), has.get(name, ""))
    return lines


def main(write: bool) -> int:
    """Print what is new; 1 when something is."""
    now = take_inventory()
    before = json.loads(INVENTORY.read_text()) if INVENTORY.exists() else {**now, "version": "none"}
    found = compare(before, now)
    sys.stdout.write("".join(f"{line}\n" for line in found) or "Nothing new.\n")
    if write:
        INVENTORY.write_text(json.dumps(now, indent=1, sort_keys=True) + "\n")
    return 0 if write or not found else 1


def _describe(owner: Any) -> dict[str, str]:
    """The names of all fields, nested ones with dots, and of each enum its values."""
    found = dict(_walk(owner, "", _DEPTH))
    return {FIELDS: " ".join(found), **{name: values for name, values in found.items() if values}}


def _walk(owner: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    module = sys.modules[owner.__module__]
    for name, (annotation, _) in sorted(fields(owner).items()):
        yield f"{path}{name}", " ".join(sorted(str(value) for value in literals(annotation, module)))
        inner = [
            one
            for one in alternatives(annotation, module)
            if isinstance(one, type) and hasattr(one, "_inner_class_types") and "." in one.__qualname__
        ]
        for one in inner if depth > 1 and name not in _PASSED_OVER else ():
            yield from _walk(one, f"{path}{name}.", depth - 1)


def _changes(what: str, before: str, now: str) -> list[str]:
    was, has = set(before.split()), set(now.split())
    return [f"new {what}: {one}" for one in sorted(has - was)] + [f"gone {what}: {one}" for one in sorted(was - has)]


if __name__ == "__main__":
    sys.exit(main("--write" in sys.argv))
