"""Every object that the fake makes is one of Stripe's: as stripe-python's classes and stripe-node's types say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.outside import package
from tests.stripe_fake import Actions, StripeState, shapes
from tests.stripe_fake.conformance import problems
from tests.stripe_fake.expansion import public
from tests.stripe_fake.library import fields, resource_class
from tests.stripe_fake.nullable import NULLABLE

#: Objects and the interface of stripe-node that describes each.
_INTERFACES = {
    "billing_portal.configuration": "BillingPortal/Configurations.d.ts:Configuration",
    "billing_portal.session": "BillingPortal/Sessions.d.ts:Session",
    "balance_transaction": "BalanceTransactions.d.ts:BalanceTransaction",
    "charge": "Charges.d.ts:Charge",
    "checkout.session": "Checkout/Sessions.d.ts:Session",
    "coupon": "Coupons.d.ts:Coupon",
    "customer": "Customers.d.ts:Customer",
    "discount": "Discounts.d.ts:Discount",
    "dispute": "Disputes.d.ts:Dispute",
    "event": "Events.d.ts:EventBase",
    "invoice": "Invoices.d.ts:Invoice",
    "invoice_payment": "InvoicePayments.d.ts:InvoicePayment",
    "item": "LineItems.d.ts:LineItem",
    "line_item": "InvoiceLineItems.d.ts:InvoiceLineItem",
    "payment_intent": "PaymentIntents.d.ts:PaymentIntent",
    "payment_link": "PaymentLinks.d.ts:PaymentLink",
    "payment_method": "PaymentMethods.d.ts:PaymentMethod",
    "plan": "Plans.d.ts:Plan",
    "price": "Prices.d.ts:Price",
    "product": "Products.d.ts:Product",
    "promotion_code": "PromotionCodes.d.ts:PromotionCode",
    "refund": "Refunds.d.ts:Refund",
    "setup_intent": "SetupIntents.d.ts:SetupIntent",
    "subscription": "Subscriptions.d.ts:Subscription",
    "subscription_item": "SubscriptionItems.d.ts:SubscriptionItem",
    "subscription_schedule": "SubscriptionSchedules.d.ts:SubscriptionSchedule",
}


@pytest.fixture(scope="module")
def lived() -> StripeState:
    """A state after every action was performed once."""
    state = StripeState(now=1777593600)
    actions = Actions(state)
    actions.save_portal_settings()
    plus = actions.add_product("Plus", month=900, year=9000)
    premium = actions.add_product("Premium", month=2900)
    tokens = actions.add_product("Tokens", once=500)
    actions.allow_switching(plus["product"], premium["product"])
    owner = str(actions.add_customer(email="a@example.com", name="A")["id"])
    shapes.portal_session(state, state.of("billing_portal.configuration")[0], {"customer": owner})
    actions.save_card(owner)
    code = actions.add_code("TEN", percent_off=10)
    trial = actions.subscribe(owner, plus["month"], {"user_id": "1"}, 14, promotion_code=code["id"])
    actions.end_trial(trial["id"])
    actions.change_price(trial["id"], premium["month"])
    actions.change_price(trial["id"], plus["year"], pays=False, behavior="pending_if_incomplete")
    actions.pay_invoice(trial["latest_invoice"], card="authenticate")
    actions.move_anchor(trial["id"])
    actions.schedule_price(trial["id"], plus["year"])
    actions.pause_collection(trial["id"])
    actions.advance(days=32)
    actions.pause_collection(trial["id"], None)
    actions.cancel_at_period_end(trial["id"])
    actions.set_card(owner, "declined")
    failing = actions.subscribe(owner, plus["month"])
    actions.set_card(owner, "good")
    actions.recover(failing["id"])
    actions.renew(failing["id"], draft=True)
    actions.finish_renewal(failing["id"], paid=False)
    actions.mark_uncollectible(failing["latest_invoice"])
    actions.give_up(failing["id"])
    link = actions.add_link(tokens["once"], allow_promotion_codes=True, metadata={"a": "b"})
    guest = actions.pay_link(link["id"], client_reference_id="1", code="ten")
    slow = actions.pay_link(link["id"], pays=False)
    actions.settle(slow["id"], paid=False)
    actions.decline(actions.open_link(link["id"])["id"])
    actions.pay_link(actions.add_link(plus["month"])["id"])
    actions.advance(days=2)
    lost = actions.dispute(guest["id"], 100)
    actions.close_dispute(actions.answer_dispute(lost["id"])["id"], "lost")
    actions.answer_dispute(actions.appeal_dispute(lost["id"])["id"])
    actions.close_dispute(lost["id"], "won")
    actions.settle_refund(actions.refund(trial["id"], 10, "pending")["id"])
    actions.fail_refund(actions.refund(trial["id"], 10)["id"])
    actions.archive(plus["month"])
    setup = shapes.setup_intent(state, {"customer": owner})
    session = shapes.setup_session(state, setup, mode="setup", customer=owner)
    actions.complete(session["id"])
    shapes.session_lines(state, guest)
    return state


def made(state: StripeState) -> list[Any]:
    inside = [shapes.session_lines(state, one) for one in state.of("checkout.session")]
    return [*map(public, state.objects.values()), *state.log, *map(public, inside)]


def test_every_object_is_one_of_stripes(lived: StripeState) -> None:
    assert {kind: problems(one) for one in made(lived) if problems(one) for kind in [one["object"]]} == {}
    payloads = [event["data"]["object"] for event in lived.log]
    assert [found for one in payloads for found in problems(one)] == []
    assert {event["type"] for event in lived.log} <= set(_event_types())


def test_every_kind_is_looked_at(lived: StripeState) -> None:
    seen = {one["object"] for one in kinds_in(made(lived))}
    assert set(_INTERFACES) <= seen | {"list"}


def kinds_in(thing: Any) -> list[dict[str, Any]]:
    if isinstance(thing, list):
        return [one for inner in thing for one in kinds_in(inner)]
    if not isinstance(thing, dict):
        return []
    own = [thing] if isinstance(thing.get("object"), str) else []
    return own + [one for inner in thing.values() for one in kinds_in(inner)]


@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        ("refund", {"livemode": False}, "refund.livemode: Stripe has no such field"),
        ("subscription_item", {"livemode": False}, "no such field"),
        ("billing_portal.session", {"metadata": {}}, "no such field"),
        ("dispute", {"status": "appealed"}, "'appealed' is none of"),
        ("subscription", {"created": "today"}, "created: 'today'"),
        ("subscription", {"created": True}, "created: True"),
        ("subscription", {"cancel_at_period_end": None}, "is never null"),
        ("invoice", {"parent": {"type": "subscription_details"}}, ""),
        ("invoice", {"parent": {"type": "subscription"}}, "'subscription' is none of"),
        ("invoice", {"parent": {"type": "quote_details", "quote": "qt_1"}}, "parent.quote: Stripe has no"),
        ("invoice", {"lines": {"object": "list", "data": []}}, "a list without has_more, url"),
        ("price", {"unit_amount": 9.5}, "unit_amount: 9.5"),
        ("price", {"unit_amount_decimal": 950}, "unit_amount_decimal: 950"),
        ("customer", {"object": "client"}, "Stripe has no object"),
    ],
)  # fmt: skip
def test_what_is_not_stripes_is_named(lived: StripeState, kind: str, change: dict[str, Any], words: str) -> None:
    thing = public(next(one for one in kinds_in(made(lived)) if one["object"] == kind))
    assert problems(thing) == []
    found = problems({**thing, **change})
    assert bool(found) == bool(words)
    assert words in " ".join(found)


@pytest.mark.parametrize("kind", sorted(_INTERFACES))
def test_a_missing_field_is_named(lived: StripeState, kind: str) -> None:
    thing = public(next(one for one in kinds_in(made(lived)) if one["object"] == kind))
    owner = resource_class(kind)
    must = {name for name, (_, needed) in fields(owner).items() if needed} | set(NULLABLE.get(kind, ()))
    for name in must - {"object"}:
        assert problems({key: value for key, value in thing.items() if key != name}), name


@pytest.mark.parametrize("kind", sorted(_INTERFACES))
def test_what_is_always_sent_is_what_stripe_node_says(kind: str) -> None:
    """stripe-node tells "may be null" and "may be absent" apart; this test takes it from there."""
    path, name = _INTERFACES[kind].split(":")
    nulls = {field for field, (optional, null) in _interface(path, name).items() if null and not optional}
    assert set(NULLABLE.get(kind, ())) == nulls
    always = {field for field, (optional, _) in _interface(path, name).items() if not optional}
    assert always <= set(fields(resource_class(kind))) | {"object"}


def _interface(path: str, name: str) -> dict[str, tuple[bool, bool]]:
    """The fields of an interface in stripe-node's types: optional, and nullable."""
    text = (package("stripe") / "cjs" / "resources" / Path(path)).read_text()
    text = re.sub(r"/\*\*.*?\*/", "", text, flags=re.DOTALL)
    start = re.search(rf"export (?:declare )?interface {name} (?:extends [^{{]*)?\{{\n", text)
    assert start is not None
    found: dict[str, tuple[bool, bool]] = {}
    depth, words = 0, ""
    for letter in text[start.end() :]:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if depth < 0:
            break
        if letter == ";" and depth == 0:
            field = re.match(r"\s*'?(\w+)'?(\??):(.*)", words, re.DOTALL)
            if field:
                found[field.group(1)] = (field.group(2) == "?", bool(re.search(r"\|\s*null\s*$", field.group(3))))
            words = ""
        else:
            words += letter
    return found


def _event_types() -> list[str]:
    from tests.stripe_fake.news import event_types

    return event_types()
