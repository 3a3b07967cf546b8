"""GET and PUT /api/billing/auto-topup, as the contract has them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, override_settings
from rest_framework.test import APIClient

from billing.models import AutoTopUp
from billing.services import auto_switch
from kv.store.caches import durable_cache
from tests.billing import automatic as auto
from tests.billing.scenario import Scenario
from usertokens.services import accounts, watches

pytestmark = pytest.mark.django_db

URL = "/api/billing/auto-topup"
WANTED = {"enabled": True, "threshold": 50, "topup": 1000, "monthly_cap_cents": 2000}
OFF = {
    "enabled": False,
    "threshold": None,
    "topup": None,
    "monthly_cap_cents": None,
    "status": "off",
    "action_url": None,
}


@pytest.fixture
def api(scenario: Scenario) -> APIClient:
    client = APIClient()
    client.force_login(scenario.user)
    return client


def put(api: APIClient, body: Any) -> Any:
    return api.put(URL, body, format="json")


def test_who_is_not_logged_in(scenario: Scenario) -> None:
    assert APIClient().get(URL).status_code in (401, 403)
    assert put(APIClient(), WANTED).status_code in (401, 403)


def test_it_is_off_by_default(api: APIClient) -> None:
    response = api.get(URL)
    assert (response.status_code, response.json()) == (200, OFF)
    assert response.headers["Cache-Control"] == "no-store"
    assert not AutoTopUp.objects.exists()


def test_on_and_ready(api: APIClient, scenario: Scenario) -> None:
    found = put(api, WANTED).json()
    assert found["action_url"].endswith("/pricing/auto-topup/card")
    assert found == {**WANTED, "status": "needs_card", "action_url": found["action_url"]}
    auto.save_card(scenario)
    assert api.get(URL).json() == {**WANTED, "status": "ready", "action_url": None}
    assert put(api, api.get(URL).json()).status_code == 200


def test_off_in_one_step(api: APIClient, scenario: Scenario) -> None:
    auto.set_up(scenario)
    assert put(api, {"enabled": False}).json()["status"] == "off"
    assert watches.read_watches([scenario.user_id])[scenario.user_id].threshold is None
    auto.fall(scenario)
    auto.charge(scenario)
    auto.walk(scenario)
    assert auto.payments(scenario) == []
    assert put(api, {"enabled": True}).json()["status"] == "ready"


def test_off_with_what_get_answers_when_the_package_is_not_sold_any_more(
    api: APIClient, scenario: Scenario, settings: Any
) -> None:
    auto.set_up(scenario)
    settings.BILLING_TOPUPS = {2000: "price_other"}
    found = api.get(URL).json()
    assert set(put(api, found).json()["errors"]) == {"topup"}
    off = put(api, {**found, "enabled": False})
    assert (off.status_code, off.json()["status"], off.json()["topup"]) == (200, "off", found["topup"])
    assert put(api, {**found, "enabled": False, "topup": 999}).status_code == 400


def test_off_works_without_the_store(api: APIClient, scenario: Scenario, settings: Any) -> None:
    auto.set_up(scenario)
    caches = {**settings.CACHES, "kv": durable_cache("redis://127.0.0.1:1/0", directory=settings.BASE_DIR)}
    with override_settings(CACHES=caches):
        assert auto_switch.switch_off(scenario.user_id)
    auto.fall(scenario)
    auto.charge(scenario)
    assert (auto.payments(scenario), auto.states(scenario)) == ([], [])


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"enabled": None}, {"enabled"}),
        ({"enabled": "true"}, {"enabled"}),
        ({"enabled": 1}, {"enabled"}),
        ({"threshold": 0}, {"threshold"}),
        ({"threshold": -5}, {"threshold"}),
        ({"threshold": "50"}, {"threshold"}),
        ({"threshold": 1.5}, {"threshold"}),
        ({"threshold": True}, {"threshold"}),
        ({"threshold": 10**12 + 1}, {"threshold"}),
        ({"topup": 999}, {"topup"}),
        ({"topup": "1000"}, {"topup"}),
        ({"monthly_cap_cents": 0}, {"monthly_cap_cents"}),
        ({"monthly_cap_cents": 499}, {"monthly_cap_cents"}),
        ({"monthly_cap_cents": 10**11}, {"monthly_cap_cents"}),
        ({"colour": "red"}, {"colour"}),
        ({"Threshold": 5, "tresh": 1}, {"Threshold", "tresh"}),
        ({"threshold": None, "topup": None, "monthly_cap_cents": None}, {"threshold", "topup", "monthly_cap_cents"}),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_saved(api: APIClient, change: dict[str, Any], fields: set[str]) -> None:
    response = put(api, {**WANTED, **change})
    assert (response.status_code, response.json()["code"]) == (400, "invalid_input")
    assert set(response.json()["errors"]) == fields
    assert api.get(URL).json() == OFF


@pytest.mark.parametrize("body", [[], "x", 5, None, {}])
def test_a_body_that_is_none(api: APIClient, body: Any) -> None:
    assert put(api, body).status_code == 400


def test_the_cap_may_be_the_price_exactly(api: APIClient) -> None:
    assert put(api, {**WANTED, "monthly_cap_cents": 500}).status_code == 200


def test_while_staff_have_stopped_it(api: APIClient, scenario: Scenario) -> None:
    auto.set_up(scenario)
    auto_switch.stop_by_staff(scenario.user_id)
    response = put(api, WANTED)
    assert (response.status_code, response.json()["code"]) == (409, "auto_topup_stopped")
    assert put(api, {"enabled": False}).status_code == 200
    assert put(api, WANTED).status_code == 409
    auto_switch.allow_again(scenario.user_id)
    assert api.get(URL).json()["status"] == "off"
    assert put(api, WANTED).json()["status"] == "ready"


def test_while_a_payment_is_disputed(api: APIClient, scenario: Scenario) -> None:
    auto.set_up(scenario)
    dispute = scenario.stripe.actions.dispute(scenario.buy_tokens())
    scenario.deliver()
    assert api.get(URL).json()["status"] == "off"
    response = put(api, WANTED)
    assert (response.status_code, response.json()["code"]) == (409, "payment_disputed")
    scenario.stripe.actions.close_dispute(dispute["id"], "won")
    scenario.deliver()
    assert api.get(URL).json()["status"] == "off"
    assert put(api, WANTED).json()["status"] == "ready"


def test_where_billing_is_off(api: APIClient) -> None:
    with override_settings(STRIPE_SECRET_KEY=""):
        response = put(api, WANTED)
        assert (response.status_code, response.json()["code"]) == (503, "billing_off")
        assert api.get(URL).json() == OFF
        assert put(api, {"enabled": False}).status_code == 200


def test_of_a_closed_account(api: APIClient, scenario: Scenario) -> None:
    accounts.forget_user(scenario.user_id)
    response = put(api, WANTED)
    assert (response.status_code, response.json()["code"]) == (404, "account_closed")
    assert api.get(URL).json() == OFF


def test_a_post_is_none(api: APIClient) -> None:
    assert api.post(URL, WANTED, format="json").status_code == 405
    assert api.patch(URL, WANTED, format="json").status_code == 405


def test_a_form_of_another_site_changes_nothing(scenario: Scenario) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(scenario.user)
    assert client.put(URL, WANTED, content_type="application/json").status_code == 403
    assert not AutoTopUp.objects.exists()
