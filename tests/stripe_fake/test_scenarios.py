"""Whatever happens in whatever order, the fake stays a Stripe: its objects fit, its money adds up."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.stripe_fake import Actions, StripeState
from tests.stripe_fake.conformance import problems
from tests.stripe_fake.expansion import public
from tests.stripe_fake.shapes.invoices import invoice_owner
from tests.stripe_fake.state import Shape

_RUNS = ("active", "trialing", "past_due", "unpaid")


@pytest.mark.parametrize("seed", range(60))
def test_a_scenario(seed: int) -> None:
    chance = random.Random(seed)
    state = StripeState(now=1777593600)
    actions = Actions(state)
    prices = [*actions.add_product("Plus", month=900, year=9000).values()][1:]
    prices += [*actions.add_product("Premium", week=700, month=2900, year=29000).values()][1:]
    owner = str(actions.add_customer()["id"])
    for _ in range(12):
        _step(actions, chance, owner, prices)
        _check(state)
    assert [found for one in state.objects.values() for found in problems(public(one))] == []


def _step(actions: Actions, chance: random.Random, owner: str, prices: list[str]) -> None:
    mine = actions.state.of("subscription")
    running = [one["id"] for one in mine if one["status"] in _RUNS]
    steps: list[Callable[[], object]] = [
        lambda: actions.advance(days=chance.choice([0.5, 3, 10, 31, 70])),
        lambda: actions.set_card(owner, chance.choice(["good", "good", "declined", "authenticate"])),
        lambda: actions.subscribe(owner, chance.choice(prices), {}, chance.choice([0, 0, 14])),
    ]
    if running:
        name = chance.choice(running)
        found = actions.state.objects[name]
        proration = chance.choice(["always_invoice", "create_prorations", "none"])
        behavior = chance.choice(["allow_incomplete", "pending_if_incomplete"])
        steps += [
            lambda: actions.end(name),
            lambda: actions.cancel_at_period_end(name),
            lambda: actions.keep(name),
            lambda: actions.renew(name),
            lambda: actions.recover(name),
            lambda: actions.change_price(name, chance.choice(prices), proration=proration, behavior=behavior),
            lambda: actions.change_price(name, quantity=chance.choice([1, 3]), proration=proration),
            lambda: actions.schedule_price(name, chance.choice(prices)) if found["schedule"] is None else None,
            lambda: actions.release_schedule(name),
            lambda: actions.pause_collection(name, chance.choice(["void", "keep_as_draft", None])),
            lambda: (
                actions.give_up(name, chance.choice(["canceled", "unpaid"])) if found["status"] == "past_due" else None
            ),
            lambda: (actions.end_trial if found["status"] == "trialing" else actions.move_anchor)(name),
            lambda: _refund(actions, name, chance),
        ]
    chance.choice(steps)()


def _refund(actions: Actions, name: str, chance: random.Random) -> None:
    try:
        paid = actions.charge_of(name)
    except LookupError:
        return
    if left := paid["amount"] - paid["amount_refunded"]:
        actions.refund(name, chance.randint(1, left))


def _check(state: StripeState) -> None:
    for bill in state.of("invoice"):
        _check_invoice(state, bill)
    for one in state.of("subscription"):
        for item in one["items"]["data"]:
            assert item["current_period_start"] < item["current_period_end"]
            assert one["status"] in ("trialing", "incomplete") or item["current_period_start"] <= state.now
        if one["latest_invoice"]:
            assert invoice_owner(state.objects[one["latest_invoice"]]) == one["id"]
    # What was paid, less what was given back, is on the balance.
    moved = sum(one["amount"] for one in state.of("balance_transaction"))
    taken = sum(one["amount_captured"] - one["amount_refunded"] for one in state.of("charge"))
    assert moved == taken


def _check_invoice(state: StripeState, bill: Shape) -> None:
    lines: list[dict[str, Any]] = bill["lines"]["data"]
    off = sum(one["amount"] for one in bill["total_discount_amounts"])
    assert sum(one["amount"] for one in lines) - off == bill["total"]
    assert bill["amount_due"] == bill["amount_paid"] + bill["amount_remaining"]
    if bill["status"] == "paid" and bill["amount_paid"]:
        (payment,) = [one for one in state.of("invoice_payment") if one["invoice"] == bill["id"]]
        assert payment["amount_paid"] == bill["amount_paid"]
        assert state.objects[payment["payment"]["payment_intent"]]["status"] == "succeeded"
