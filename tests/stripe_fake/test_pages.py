"""What users do on the fake's own pages."""

from __future__ import annotations

import re

import pytest

from tests.stripe_fake import Actions, StripeState, pages, shapes
from tests.stripe_fake.state import Shape


@pytest.fixture
def actions() -> Actions:
    return Actions(StripeState(now=1777593600))


@pytest.fixture
def shop(actions: Actions) -> dict[str, dict[str, str]]:
    actions.save_portal_settings()
    return {name: actions.add_product(name, month=900, once=500) for name in ("Plus", "Premium")}


def press(actions: Actions, address: str, **form: str) -> pages.Page:
    return pages.show(actions.state, "POST", address, form)


def test_a_guest_follows_a_link_and_pays_with_a_code(actions: Actions, shop: dict[str, dict[str, str]]) -> None:
    actions.add_code("HALF", percent_off=50)
    link = actions.add_link(shop["Plus"]["once"], quantity=2, allow_promotion_codes=True)
    opened = pages.show(actions.state, "GET", f"/link/{link['id']}?client_reference_id=7", {})
    assert opened.location is not None
    page = pages.show(actions.state, "GET", opened.location, {})
    assert "2 × Plus: 10.00 EUR" in page.body
    assert "declined" in press(actions, opened.location, do="decline").body
    assert press(actions, opened.location, do="pay", email="x@example.com", code="nope").status == 400
    assert press(actions, opened.location, do="pay", email="x@example.com", code="half").status == 303
    session = actions.state.objects[opened.location.rsplit("/", 1)[1]]
    assert (session["amount_total"], session["client_reference_id"], session["customer"]) == (500, "7", None)
    assert session["customer_details"]["email"] == "x@example.com"
    assert "over" in pages.show(actions.state, "GET", opened.location, {}).body


@pytest.mark.parametrize(("behavior", "status"), [("end_trial", "active"), ("continue_trial", "trialing")])
def test_plans_are_switched_as_the_settings_say(
    actions: Actions, shop: dict[str, dict[str, str]], behavior: str, status: str
) -> None:
    owner = actions.add_customer()["id"]
    made = actions.subscribe(owner, shop["Plus"]["month"], trial_days=14)
    place = portal(actions, owner)
    assert "Switch" not in pages.show(actions.state, "GET", place, {}).body
    actions.allow_switching(shop["Premium"]["product"], trial_update_behavior=behavior)
    page = pages.show(actions.state, "GET", place, {})
    (switch,) = re.findall(r'value="(switch:price_\d+)">Switch to Premium by the month', page.body)
    press(actions, place, do=switch)
    assert made["items"]["data"][0]["price"]["id"] == shop["Premium"]["month"]
    assert made["status"] == status


def test_what_costs_less_waits_for_the_end_of_the_period(actions: Actions, shop: dict[str, dict[str, str]]) -> None:
    cheap = actions.add_price(shop["Premium"]["product"], 500, "month")["id"]
    later = {"conditions": [{"type": "decreasing_item_amount"}]}
    actions.allow_switching(shop["Premium"]["product"], schedule_at_period_end=later)
    owner = actions.add_customer()["id"]
    made = actions.subscribe(owner, shop["Plus"]["month"])
    place = portal(actions, owner)
    press(actions, place, do=f"switch:{cheap}")
    assert made["items"]["data"][0]["price"]["id"] == shop["Plus"]["month"]
    actions.advance(days=31)
    assert made["items"]["data"][0]["price"]["id"] == cheap
    press(actions, place, do=f"switch:{shop['Premium']['month']}")
    assert made["items"]["data"][0]["price"]["id"] == shop["Premium"]["month"]


def test_an_open_invoice_is_paid_in_the_portal(actions: Actions, shop: dict[str, dict[str, str]]) -> None:
    owner = actions.add_customer()["id"]
    made: Shape = actions.subscribe(owner, shop["Plus"]["month"])
    actions.renew(made["id"], paid=False)
    press(actions, portal(actions, owner), do="pay")
    assert made["status"] == "active"


def portal(actions: Actions, owner: str) -> str:
    settings = actions.state.of("billing_portal.configuration")[0]
    return f"/portal/{shapes.portal_session(actions.state, settings, {'customer': owner})['id']}"
