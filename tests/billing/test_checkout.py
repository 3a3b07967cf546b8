"""The API of checkout, portal and subscription, and the pages around them."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connections
from django.test import Client, override_settings

from billing.errors import StripeUnavailable
from billing.models import StripeCustomer
from billing.services.customers import ensure_customer
from tests.billing.scenario import Scenario
from tests.stripe_fake import Fault

CHECKOUT, PORTAL, SUBSCRIPTION = "/api/billing/checkout", "/api/billing/portal", "/api/billing/subscription"


@pytest.fixture
def api(scenario: Scenario) -> Client:
    client = Client()
    client.force_login(scenario.user)
    return client


def post(client: Client, url: str, body: Any = None) -> Any:
    return client.post(url, body or {}, content_type="application/json")


class TestCheckout:
    def test_a_plan(self, api: Client, scenario: Scenario) -> None:
        answer = post(api, CHECKOUT, {"plan": "Premium", "interval": "year"})
        assert answer.status_code == 201
        session = scenario.stripe.state.of("checkout.session")[0]
        assert answer.json() == {"url": session["url"]}
        assert session["mode"] == "subscription"
        assert session["_"]["price"] == scenario.shop["premium_year"]
        assert session["_"]["inner"] == {"user_id": scenario.user_id}
        assert session["client_reference_id"] == session["metadata"]["user_id"] == scenario.user_id
        assert session["customer"] == scenario.row().customer_id
        assert "session_id={CHECKOUT_SESSION_ID}" in session["success_url"]

    def test_tokens(self, api: Client, scenario: Scenario) -> None:
        assert post(api, CHECKOUT, {"topup": 5000}).status_code == 201
        session = scenario.stripe.state.of("checkout.session")[0]
        assert session["metadata"] == {"user_id": scenario.user_id, "kind": "topup", "tokens": "5000"}
        assert session["_"]["inner"] == session["metadata"]

    @pytest.mark.parametrize(
        "body",
        [{}, [], {"plan": "Free"}, {"plan": "Gold"}, {"plan": "Plus", "interval": "week"}, {"topup": 7},
         {"topup": "1000"}, {"topup": True}, {"topup": 1.5}, {"topup": 0}, {"plan": 1}],
    )  # fmt: skip
    def test_what_is_not_for_sale(self, api: Client, body: Any) -> None:
        answer = post(api, CHECKOUT, body)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")

    def test_the_customer_is_mapped_before_the_session_opens(self, api: Client, scenario: Scenario) -> None:
        scenario.stripe.state.faults.append(Fault("POST /v1/checkout/sessions", 500))
        answer = post(api, CHECKOUT, {"plan": "Plus"})
        assert (answer.status_code, answer.json()["code"]) == (503, "stripe_unavailable")
        assert answer.headers["Retry-After"] == "5"
        assert scenario.row().customer_id
        assert post(api, CHECKOUT, {"plan": "Plus"}).status_code == 201
        assert len(scenario.stripe.state.of("customer")) == 1

    def test_no_second_subscription(self, api: Client, scenario: Scenario) -> None:
        scenario.buy_plan()
        answer = post(api, CHECKOUT, {"plan": "Premium"})
        assert (answer.status_code, answer.json()["code"]) == (409, "already_subscribed")
        assert post(api, CHECKOUT, {"topup": 1000}).status_code == 201

    def test_of_two_open_checkouts_the_first_is_closed(self, api: Client, scenario: Scenario) -> None:
        for plan in ("Premium", "Plus"):
            assert post(api, CHECKOUT, {"plan": plan}).status_code == 201
        assert [one["status"] for one in scenario.stripe.state.of("checkout.session")] == ["open", "expired"]

    def test_again_after_the_end(self, api: Client, scenario: Scenario) -> None:
        scenario.stripe.actions.end(scenario.buy_plan())
        assert post(api, CHECKOUT, {"plan": "Plus"}).status_code == 201

    def test_a_price_that_was_replaced(self, api: Client, scenario: Scenario) -> None:
        from tests.stripe_fake import shapes

        state = scenario.stripe.state
        state.now += 5
        newer = shapes.price(state, state.objects[scenario.shop["plus"]], 1100, "month")
        assert post(api, CHECKOUT, {"plan": "Plus"}).status_code == 201
        assert state.of("checkout.session")[0]["_"]["price"] == newer["id"]

    def test_nobody_and_forged(self, scenario: Scenario) -> None:
        assert post(Client(), CHECKOUT, {"plan": "Plus"}).status_code in (401, 403)
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(scenario.user)
        assert post(strict, CHECKOUT, {"plan": "Plus"}).status_code == 403

    def test_not_set_up(self, api: Client) -> None:
        with override_settings(STRIPE_SECRET_KEY="", STRIPE_WEBHOOK_SECRET=()):
            for url, body in ((CHECKOUT, {"plan": "Plus"}), (PORTAL, {})):
                answer = post(api, url, body)
                assert (answer.status_code, answer.json()["code"]) == (503, "billing_off")
            assert api.get(SUBSCRIPTION).json()["plan"] == "Free"
            assert not StripeCustomer.objects.exists()

    def test_nothing_set_up_at_all(self, api: Client) -> None:
        off = dict.fromkeys(("STRIPE_SECRET_KEY", "STRIPE_PRODUCT_PLUS", "STRIPE_PRODUCT_PREMIUM"), "")
        with override_settings(**off, STRIPE_WEBHOOK_SECRET=(), BILLING_TOPUPS={}):
            for body in ({"plan": "Plus"}, {"topup": 1000}):
                answer = post(api, CHECKOUT, body)
                assert (answer.status_code, answer.json()["code"]) == (503, "billing_off")

    def test_too_often(self, api: Client) -> None:
        with override_settings(RATE_LIMITS={"checkout": "1/minute"}):
            assert post(api, PORTAL).status_code == 201
            assert post(api, PORTAL).status_code == 429


@pytest.mark.django_db(transaction=True)
def test_many_at_once_make_one_customer(stripe: Any, shop: Any, store: Any) -> None:
    user = User.objects.create_user("hurried")
    made: list[str | None] = []

    def ensure() -> None:
        while True:
            try:
                made.append(ensure_customer(user).customer_id)
            except OperationalError:  # the tests' database in memory refuses where a file waits
                continue
            finally:
                connections.close_all()
            return

    threads = [threading.Thread(target=ensure) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == len(stripe.state.of("customer")) == StripeCustomer.objects.count() == 1


class TestTwoTabs:
    """Stripe refuses a second request with a key while it works on the first: 409 `idempotency_key_in_use`."""

    @pytest.fixture
    def row(self, stripe: Any, shop: Any, store: Any, db: None) -> StripeCustomer:
        """For a customer that another tab has just requested."""
        user = User.objects.create_user("hurried")
        row = StripeCustomer.objects.create(user=user, livemode=False, is_own=True)
        stripe.state.in_flight.add(f"customer-{row.idempotency_key}")
        return row

    @pytest.mark.parametrize("is_written", [True, False])
    @pytest.mark.parametrize("after", [1, 3])
    def test_the_other_ones_customer_is_waited_for(
        self, row: StripeCustomer, stripe: Any, monkeypatch: pytest.MonkeyPatch, after: int, *, is_written: bool
    ) -> None:
        pauses: list[float] = []

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == after:
                stripe.state.in_flight.clear()
                if is_written:
                    StripeCustomer.objects.filter(pk=row.pk).update(customer_id="cus_other")

        monkeypatch.setattr("billing.services.customers.time.sleep", pause)
        assert row.user is not None
        found = ensure_customer(row.user)
        assert len(pauses) == after
        assert (found.customer_id == "cus_other") is is_written
        assert len(stripe.state.of("customer")) == (not is_written)

    def test_one_that_never_ends_is_waited_for_some_seconds(
        self, row: StripeCustomer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pauses: list[float] = []
        monkeypatch.setattr("billing.services.customers.time.sleep", pauses.append)
        assert row.user is not None
        with pytest.raises(StripeUnavailable):
            ensure_customer(row.user)
        assert 1 < sum(pauses) < 5


class TestPortalAndSubscription:
    def test_the_portal(self, api: Client, scenario: Scenario) -> None:
        answer = post(api, PORTAL)
        assert answer.status_code == 201
        session = scenario.stripe.state.of("billing_portal.session")[0]
        assert (answer.json()["url"], session["customer"]) == (session["url"], scenario.row().customer_id)

    def test_what_is_paid_for(self, api: Client, scenario: Scenario) -> None:
        assert api.get(SUBSCRIPTION).json() == {
            "plan": "Free", "status": None, "period_end": None, "cancel_at": None, "pending": None,
        }  # fmt: skip
        scenario.stripe.actions.cancel_at_period_end(scenario.buy_plan())
        scenario.deliver()
        body = api.get(SUBSCRIPTION).json()
        assert (body["plan"], body["status"]) == ("Plus", "active")
        assert body["pending"] == {"plan": "Free", "at": body["cancel_at"]}
        assert body["cancel_at"] == body["period_end"]

    def test_a_planned_change(self, api: Client, scenario: Scenario) -> None:
        scenario.stripe.actions.schedule_price(scenario.buy_plan(), scenario.shop["premium_month"])
        scenario.deliver()
        assert api.get(SUBSCRIPTION).json()["pending"]["plan"] == "Premium"

    def test_nobody(self, scenario: Scenario) -> None:
        assert Client().get(SUBSCRIPTION).status_code in (401, 403)


class TestReturn:
    def go_back(self, client: Client, url: str, scenario: Scenario, **fields: Any) -> Any:
        session = scenario.stripe.actions.complete(url.rsplit("/", 1)[1], **fields)
        target = urlsplit(session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]))
        return client.get(target.path, parse_qs(target.query))

    def test_the_plan_is_there_without_a_hook(self, api: Client, scenario: Scenario) -> None:
        url = post(api, CHECKOUT, {"plan": "Plus"}).json()["url"]
        page = self.go_back(api, url, scenario)
        assert "Your plan is Plus." in page.content.decode()
        assert (scenario.plan, scenario.balance) == ("Plus", 1000)

    def test_tokens_come_once_by_whichever_is_first(self, api: Client, scenario: Scenario) -> None:
        url = post(api, CHECKOUT, {"topup": 1000}).json()["url"]
        page = self.go_back(api, url, scenario)
        assert "1,000 tokens are paid for" in page.content.decode()
        assert scenario.balance == 1100
        scenario.deliver()
        assert scenario.balance == 1100
        assert api.get(page.request["PATH_INFO"], {"session_id": url.rsplit("/", 1)[1]}).status_code == 200
        assert scenario.balance == 1100

    def test_a_slow_payment_is_on_its_way(self, api: Client, scenario: Scenario) -> None:
        url = post(api, CHECKOUT, {"topup": 1000}).json()["url"]
        page = self.go_back(api, url, scenario, pays=False)
        assert "on its way" in page.content.decode()
        assert scenario.balance == 100

    def test_another_s_session_is_not_shown(self, api: Client, scenario: Scenario) -> None:
        url = post(api, CHECKOUT, {"plan": "Plus"}).json()["url"]
        stranger = Client()
        stranger.force_login(User.objects.create_user("stranger"))
        for name in (url.rsplit("/", 1)[1], "cs_nothing", "../customers"):
            assert stranger.get("/pricing/return", {"session_id": name}).status_code == 404

    def test_while_stripe_is_away_nothing_is_lost(self, api: Client, scenario: Scenario) -> None:
        url = post(api, CHECKOUT, {"plan": "Plus"}).json()["url"]
        scenario.stripe.state.faults.append(Fault("GET /v1/checkout/sessions", 500))
        page = self.go_back(api, url, scenario)
        assert page.status_code == 200
        assert "Your payment is being checked" in page.content.decode()

    def test_back_from_the_portal_is_home(self, api: Client, scenario: Scenario) -> None:
        subscription = scenario.buy_plan()
        scenario.stripe.actions.cancel_at_period_end(subscription)
        answer = api.get("/pricing/return")
        assert answer.status_code == 302
        assert scenario.subscription.pending is not None

    def test_signed_out_it_asks_who_you_are(self, scenario: Scenario) -> None:
        answer = Client().get("/pricing/return", {"session_id": "cs_1"})
        assert answer.status_code == 302
        assert "login" in answer.headers["Location"]
