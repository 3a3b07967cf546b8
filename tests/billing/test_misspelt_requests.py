"""Each request that this app sends to Stripe, misspelt in one place at a time: the fake refuses it as Stripe would.

So a misspelt parameter in `billing/` fails a test, whichever request it stands in.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import pytest

import billing
from billing.services import (
    accounts,
    auto_owner,
    catalogue,
    checkout,
    customers,
    payments,
    portal,
    replay,
    resync,
    revenue_readings,
)
from billing.types import Addresses, Plan, Presence
from tests.billing import automatic as auto
from tests.billing.scenario import ADDRESSES, Scenario
from tests.stripe_fake.library import Operation, find_operation

Asked = tuple[str, str, str]
_VERBS = {("GET", False): "list", ("GET", True): "retrieve", ("POST", False): "create", ("POST", True): "update"}


def live(scenario: Scenario) -> None:
    """Every request that the app sends to Stripe, at least once."""
    actions, state = scenario.stripe.actions, scenario.stripe.state
    scenario.user.email = "buyer@example.com"
    places = Addresses(ADDRESSES.done, ADDRESSES.cancelled, "de")
    catalogue.refresh_catalogue()
    charge_by_itself(scenario)
    left = checkout.open_topup_checkout(scenario.user, 1000, places).rsplit("/", 1)[1]
    session = scenario.buy_tokens()
    subscription = scenario.buy_plan(Plan("Plus"), "year")
    for quantity in (2, 1, 2, 1, 2, 1):  # twelve lines: more than stand inside an invoice
        actions.change_price(subscription, quantity=quantity, proration="create_prorations")
    actions.schedule_price(subscription, scenario.shop["premium_month"])
    actions.renew(subscription, paid=False)
    actions.refund(session, 100)
    actions.dispute(session)
    actions.refund(actions.pay_link(actions.add_link(scenario.shop["topup_1000"])["id"])["id"])
    scenario.deliver()
    checkout.open_portal(scenario.user, places)
    actions.allow_switching(scenario.shop["plus"], scenario.shop["premium"])
    state_now = scenario.subscription
    assert portal.plan_change(replace(state_now, plan=Plan("Premium"), status="active"), Plan("Plus"), "month")
    portal.open_plan_change(state_now, Plan("Premium"), "year", places)
    invoice = next(one.id for one in state_now.payments if not one.tokens)
    assert payments.document_url(scenario.user_id, invoice) == state.objects[invoice]["hosted_invoice_url"]
    checkout.finish_checkout(scenario.user, session)
    assert list(replay.fetch_undelivered(now=scenario.now)) == []
    assert resync.list_customers() == [scenario.customer]
    stranger = actions.add_customer()["id"]
    actions.subscribe(stranger, scenario.shop["plus_month"])
    scenario.deliver(state.events[-2:])
    assert customers.find_presence(stranger) is Presence.THERE
    assert state.objects[left]["status"] == "open"
    while revenue_readings.read_revenue(now=scenario.now):
        pass
    accounts.close_account(scenario.user_id)
    assert state.objects[left]["status"] == "expired"


def charge_by_itself(scenario: Scenario) -> None:
    """An automatic top-up that waits for its owner, one that takes its place, and one that is paid."""
    kept = scenario.stripe.state.not_sent
    auto.set_up(scenario, card="authenticate")
    auto.fall(scenario)
    auto.charge(scenario)
    address = auto_owner.confirm_charge(scenario.user_id, "https://testserver/back", now=scenario.now)
    assert "/authenticate/" in address
    auto.set_card(scenario, "good")
    auto.fall(scenario)
    auto.charge(scenario)
    assert auto.states(scenario) == ["canceled", "succeeded"]
    (paid,) = auto.paid(scenario)
    assert payments.document_url(scenario.user_id, paid["id"]).endswith(paid["latest_charge"])
    scenario.deliver()
    scenario.stripe.state.not_sent = kept


def operation_of(asked: Asked) -> Operation:
    found = find_operation(asked[0], asked[1])
    assert found is not None
    return found[0]


def name_of(operation: Operation) -> str:
    """The name of an operation in the library, such as customers.create."""
    words = operation.template.removeprefix("/v1/").split("/")
    has_id = "{" in operation.template
    fixed = [word for word in words if "{" not in word]
    if operation.method == "DELETE":
        return f"{'.'.join(fixed)}.{'cancel' if fixed == ['subscriptions'] else 'delete'}"
    if has_id and "{" not in words[-1]:
        parts = [{"lines": "line_items"}.get(word, word) for word in fixed]
        return ".".join([*parts, "list"] if operation.is_list else parts)
    return ".".join([*fixed, _VERBS[operation.method, has_id]])


def written_calls() -> set[str]:
    """Every call of the library in the app's source."""
    found: set[str] = set()
    for path in Path(billing.__file__).parent.rglob("*.py"):
        found.update(re.findall(r"\bv1\.([a-z_.]+)\(", path.read_text()))
    return found


def send(scenario: Scenario, asked: Asked, text: str) -> tuple[int, dict[str, str]]:
    """The same request with another query or body; its status and error."""
    method, path, _ = asked
    url = f"{scenario.stripe.url}{path}" + ("" if method == "POST" else f"?{text}")
    request = urllib.request.Request(url, method=method, data=text.encode() if method == "POST" else None)
    request.add_header("Authorization", "Bearer sk_test_x")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status), {}
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())["error"]


def misspelt(name: str) -> list[str]:
    """A parameter's name with one of its words wrong, each in turn."""
    words = re.findall(r"[a-z_]+|\d+", name)
    misspelt = []
    for place, word in enumerate(words):
        if word.isdecimal() or (place and words[0] == "metadata") or "metadata" in words[:place]:
            continue
        wrong = [*words[:place], f"{word[:-1]}x", *words[place + 1 :]]
        misspelt.append(wrong[0] + "".join(f"[{one}]" for one in wrong[1:]))
    return misspelt


@pytest.fixture
def asked(scenario: Scenario) -> list[Asked]:
    """One request of each operation: the one with most parameters."""
    live(scenario)
    chosen: dict[str, Asked] = {}
    for one in scenario.stripe.state.asked:
        name = name_of(operation_of(one))
        if name not in chosen or len(one[2]) > len(chosen[name][2]):
            chosen[name] = one
    assert written_calls() <= set(chosen), "a request that no step of `live` makes"
    return list(chosen.values())


def test_a_misspelt_parameter_is_refused(scenario: Scenario, asked: list[Asked]) -> None:
    turns = 0
    for one in asked:
        pairs = parse_qsl(one[2], keep_blank_values=True)
        for place, (name, value) in enumerate(pairs):
            for wrong in misspelt(name):
                text = urlencode([*pairs[:place], (wrong, value), *pairs[place + 1 :]])
                status, error = send(scenario, one, text)
                assert (status, error["type"]) == (400, "invalid_request_error"), (one, wrong)
                assert error["code"] in ("parameter_unknown", "parameter_missing"), (one, wrong, error)
                turns += 1
        status, error = send(scenario, one, urlencode([*pairs, ("colour", "red")]))
        assert (status, error["code"], error["param"]) == (400, "parameter_unknown", "colour"), one
    assert turns > 40


def test_a_wrong_value_is_refused(scenario: Scenario, asked: list[Asked]) -> None:
    """Unknown enum values, unknown ids, texts for numbers, addresses without a scheme, unknown expansions."""
    wrong_values = {
        "mode": "paymint", "locale": "xx", "status": "opn", "limit": "101", "quantity": "two", "success_url": "/done",
        "cancel_url": "javascript:x", "return_url": "example.com", "email": "nobody", "delivery_success": "yes",
        "active": "1", "customer": "cus_x", "price": "price_x", "product": "prod_x", "charge": "ch_x",
        "subscription": "sub_x", "expand": "data.colour", "gte": "soon", "client_reference_id": "x" * 201,
        "user_id": "x" * 501, "payment_intent": "pi_x",
    }  # fmt: skip
    tried: set[str] = set()
    for one in asked:
        pairs = parse_qsl(one[2], keep_blank_values=True)
        for place, (name, value) in enumerate(pairs):
            word = [part for part in re.findall(r"\w+", name) if not part.isdecimal()][-1]
            if word not in wrong_values:
                continue
            tried.add(word)
            text = urlencode([*pairs[:place], (name, wrong_values[word]), *pairs[place + 1 :]])
            status, error = send(scenario, one, text)
            assert (status, error["type"]) == (400, "invalid_request_error"), (one, name, value, error)
    assert len(tried) > 12, tried
