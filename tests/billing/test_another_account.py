"""The key belongs to another account, or test data was wiped: a missing customer still counts as paying."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client, override_settings

from billing.errors import StripeUnavailable
from billing.models import StripeCustomer
from billing.services import accounts, resync
from billing.services.customers import find_presence
from billing.services.sync import sync_customer
from billing.types import Presence
from tests.billing.scenario import Scenario
from tests.stripe_fake import Fault

CHECKOUT, PORTAL = "/api/billing/checkout", "/api/billing/portal"


@pytest.fixture
def api(scenario: Scenario) -> Client:
    client = Client()
    client.force_login(scenario.user)
    return client


def post(client: Client, url: str, body: Any = None) -> Any:
    return client.post(url, body or {}, content_type="application/json")


def hide(scenario: Scenario) -> str:
    """Make the user's customer missing at Stripe; answers its id."""
    customer = scenario.customer
    scenario.stripe.state.unknown.add(customer)
    scenario.stripe.state.objects.pop(customer)
    return customer


def show(scenario: Scenario, customer: str, state: dict[str, Any]) -> None:
    """The older key is back: Stripe has that customer again (`state` is its object), and the newer one is missing."""
    hide(scenario)
    scenario.stripe.state.unknown.discard(customer)
    scenario.stripe.state.objects[customer] = state


def finish(scenario: Scenario, url: str) -> str:
    """Pay a checkout, and let its events come in; answers the session's id."""
    session = str(scenario.stripe.actions.complete(url.rsplit("/", 1)[1])["id"])
    scenario.deliver(
        [event for event in scenario.stripe.state.events if event["id"] not in scenario.stripe.state.delivered]
    )
    return session


class TestPresence:
    def test_there(self, scenario: Scenario) -> None:
        assert find_presence(scenario.customer) is Presence.THERE

    def test_deleted(self, scenario: Scenario) -> None:
        scenario.stripe.actions.delete_customer(scenario.customer)
        assert find_presence(scenario.customer) is Presence.DELETED

    def test_missing_under_this_key(self, scenario: Scenario) -> None:
        assert find_presence(hide(scenario)) is Presence.MISSING

    def test_a_refusal_about_something_else_says_nothing_of_the_customer(self, scenario: Scenario) -> None:
        customer = scenario.customer
        scenario.stripe.state.faults.append(Fault("GET /v1/customers", 400))
        assert find_presence(customer) is Presence.THERE

    def test_while_stripe_is_away_nobody_knows(self, scenario: Scenario) -> None:
        customer = scenario.customer
        scenario.stripe.state.faults.append(Fault("GET /v1/customers", 500))
        with pytest.raises(StripeUnavailable):
            find_presence(customer)

    @pytest.mark.parametrize(("way", "buys_with_it"), [("there", True), ("deleted", False), ("missing", False)])
    def test_a_checkout_needs_a_customer_that_is_there(
        self, scenario: Scenario, api: Client, way: str, *, buys_with_it: bool
    ) -> None:
        before = scenario.customer
        if way == "deleted":
            scenario.stripe.actions.delete_customer(before)
        elif way == "missing":
            hide(scenario)
        assert post(api, CHECKOUT, {"topup": 1000}).status_code == 201
        assert (scenario.row().customer_id == before) is buys_with_it


class TestNobodyLosesWhatIsPaidFor:
    def test_nobody_loses_a_plan(self, scenario: Scenario) -> None:
        scenario.buy_plan()
        scenario.deliver()
        hide(scenario)
        scenario.stripe.actions.update(scenario.stripe.state.of("subscription")[0]["id"])
        scenario.deliver(scenario.stripe.state.events[-1:])
        assert scenario.plan == "Plus"
        assert scenario.event("customer.subscription.updated").state == "parked"

    def test_a_deleted_one_does(self, scenario: Scenario) -> None:
        scenario.buy_plan()
        scenario.deliver()
        scenario.stripe.actions.delete_customer(scenario.customer)
        scenario.stripe.state.unknown.add(scenario.customer)
        scenario.deliver()
        assert (scenario.plan, scenario.subscription.plan, set(scenario.states())) == ("Free", "Free", {"done"})

    def test_an_account_that_may_go_on_paying_elsewhere_is_not_deleted(self, scenario: Scenario) -> None:
        hide(scenario)
        with override_settings(STRIPE_SECRET_KEY="sk_live_other"):
            scenario.stripe.state.livemode = True
            StripeCustomer.objects.update(livemode=True)
            with pytest.raises(StripeUnavailable):
                accounts.close_account(scenario.user_id)
        scenario.stripe.state.livemode = False
        StripeCustomer.objects.update(livemode=False)
        accounts.close_account(scenario.user_id)


class TestWhoBuysGetsANewCustomer:
    def test_a_plan(self, scenario: Scenario, api: Client) -> None:
        scenario.buy_plan()
        scenario.deliver()
        before = hide(scenario)
        answer = post(api, CHECKOUT, {"plan": "Premium"})
        assert answer.status_code == 201
        assert scenario.row().customer_id not in (None, before)
        finish(scenario, answer.json()["url"])
        assert (scenario.plan, set(scenario.states())) == ("Premium", {"done"})

    def test_a_plan_by_the_page(self, scenario: Scenario, browser_client: Client) -> None:
        before = hide(scenario)
        assert browser_client.post("/pricing/checkout", {"plan": "Plus", "interval": "month"}).status_code == 200
        assert scenario.row().customer_id != before

    def test_tokens_arrive_by_the_hook(self, scenario: Scenario, api: Client) -> None:
        hide(scenario)
        finish(scenario, post(api, CHECKOUT, {"topup": 1000}).json()["url"])
        assert (scenario.balance, set(scenario.states())) == (1100, {"done"})

    def test_tokens_arrive_by_the_way_back(self, scenario: Scenario, api: Client) -> None:
        hide(scenario)
        url = post(api, CHECKOUT, {"topup": 1000}).json()["url"]
        session = scenario.stripe.actions.complete(url.rsplit("/", 1)[1])["id"]
        page = api.get("/pricing/return", {"session_id": session})
        assert "1,000 tokens are paid for" in page.content.decode()
        assert scenario.balance == 1100

    def test_bought_before_and_after(self, scenario: Scenario, api: Client) -> None:
        scenario.buy_tokens()
        scenario.deliver()
        hide(scenario)
        finish(scenario, post(api, CHECKOUT, {"topup": 5000}).json()["url"])
        assert scenario.balance == 6100

    def test_the_portal_and_the_way_back(self, scenario: Scenario, api: Client) -> None:
        before = hide(scenario)
        assert post(api, PORTAL).status_code == 201
        assert scenario.stripe.state.of("billing_portal.session")[0]["customer"] != before
        assert api.get("/pricing/return").status_code == 302

    def test_also_where_another_of_the_user_s_customers_is_not_shown(self, scenario: Scenario, api: Client) -> None:
        assert scenario.customer
        StripeCustomer.objects.create(user=scenario.user, customer_id="cus_other", is_own=False)
        scenario.stripe.state.unknown.add("cus_other")
        own = scenario.row().customer_id
        assert post(api, CHECKOUT, {"plan": "Plus"}).status_code == 201
        assert scenario.row().customer_id == own
        assert StripeCustomer.objects.get(customer_id="cus_other").closed_at

    def test_the_old_key_is_back(self, scenario: Scenario, api: Client) -> None:
        """Subscriptions of the older customer count, so none is paid twice. A deleted account ends them."""
        scenario.buy_plan()
        scenario.deliver()
        gone = scenario.stripe.state.objects[scenario.customer]
        hide(scenario)
        assert post(api, CHECKOUT, {"topup": 1000}).status_code == 201
        show(scenario, gone["id"], gone)
        assert post(api, CHECKOUT, {"plan": "Plus"}).status_code == 409
        assert sync_customer(str(scenario.row().customer_id)).state.plan == "Plus"
        accounts.close_account(scenario.user_id)
        assert scenario.stripe.state.of("subscription")[0]["status"] == "canceled"

    def test_an_account_with_a_retired_customer_can_be_closed(self, scenario: Scenario, api: Client) -> None:
        hide(scenario)
        assert post(api, CHECKOUT, {"topup": 1000}).status_code == 201
        scenario.stripe.state.livemode = True
        StripeCustomer.objects.update(livemode=True)
        with override_settings(STRIPE_SECRET_KEY="sk_live_other"):
            accounts.close_account(scenario.user_id)
        assert not StripeCustomer.objects.filter(user=scenario.user).exists()


class TestTheOldKeyIsBack:
    """A paying user opened the portal under a wrong key, and so got a new customer. Then the right key is back."""

    @pytest.fixture
    def payer(self, scenario: Scenario, api: Client) -> Scenario:
        """A user with a plan and tokens who opened the portal under the wrong key."""
        scenario.buy_plan()
        scenario.buy_by_link()
        scenario.deliver()
        self.older, self.state = scenario.customer, scenario.stripe.state.objects[scenario.customer]
        hide(scenario)
        assert post(api, PORTAL).status_code == 201
        api.get("/pricing/return")
        return scenario

    def back(self, payer: Scenario) -> None:
        show(payer, self.older, self.state)

    def test_the_plan_goes_on_under_the_wrong_one(self, payer: Scenario) -> None:
        assert (payer.plan, payer.balance, payer.subscription.customer_id) == ("Plus", 2000, self.older)
        assert resync.find_difference(payer.customer) is None

    def test_until_its_period_ends(self, payer: Scenario) -> None:
        payer.stripe.state.now += 40 * 86400
        payer.work()
        assert payer.plan == "Free"
        self.back(payer)
        sync_customer(self.older)
        assert payer.plan == "Plus"

    def test_not_of_a_customer_who_was_deleted(self, scenario: Scenario, api: Client) -> None:
        scenario.buy_plan()
        scenario.deliver()
        scenario.stripe.actions.delete_customer(scenario.customer)
        scenario.stripe.state.unknown.add(scenario.customer)
        assert post(api, PORTAL).status_code == 201
        api.get("/pricing/return")
        assert scenario.plan == "Free"

    def test_every_way_of_reading_works_again(self, payer: Scenario) -> None:
        newer = payer.customer
        self.back(payer)
        for customer in (self.older, newer):
            assert sync_customer(customer).state.plan == "Plus"
        payer.stripe.actions.renew(payer.stripe.state.of("subscription")[0]["id"])
        payer.deliver([event for event in payer.stripe.state.events if event["id"] not in payer.stripe.state.delivered])
        assert (payer.plan, set(payer.states())) == ("Plus", {"done"})
        assert resync.list_customers() == [self.older, newer]
        call_command("billing_resync", "--yes", stdout=StringIO())

    def test_the_portal_is_that_of_the_older_customer(self, payer: Scenario, api: Client) -> None:
        self.back(payer)
        assert post(api, PORTAL).status_code == 201
        assert payer.stripe.state.of("billing_portal.session")[0]["customer"] == self.older
        assert payer.row().customer_id == self.older
        assert payer.row().closed_at is None

    def test_a_better_plan_bought_meanwhile_goes_on(self, payer: Scenario, api: Client) -> None:
        finish(payer, post(api, CHECKOUT, {"plan": "Premium"}).json()["url"])
        self.back(payer)
        assert sync_customer(self.older).state.plan == "Premium"

    def test_what_was_bought_stays_what_it_was(self, payer: Scenario) -> None:
        """Read while it was missing, and again after its price stands for another number of tokens."""
        self.back(payer)
        prices = {1200: payer.shop["topup_1000"]}
        with override_settings(BILLING_TOPUPS=prices):
            sync_customer(self.older)
            payer.stripe.actions.refund(payer.stripe.state.of("checkout.session")[0]["id"])
            sync_customer(self.older)
        assert payer.balance == 1000

    def test_an_account_can_be_closed(self, payer: Scenario) -> None:
        self.back(payer)
        payer.stripe.state.livemode = True
        StripeCustomer.objects.update(livemode=True)
        with override_settings(STRIPE_SECRET_KEY="sk_live_right"):
            accounts.close_account(payer.user_id)
            assert resync.list_customers() == []
        assert payer.stripe.state.of("subscription")[0]["status"] == "canceled"


class TestStripeRefusesToShowThem:
    """A refusal for another reason than a missing customer is answered, with its reason in the log."""

    @pytest.fixture(autouse=True)
    def _refused(self, scenario: Scenario) -> None:
        assert scenario.customer
        scenario.stripe.state.faults.append(Fault("GET /v1/subscriptions", 400, times=9))

    def test_the_api(self, api: Client, caplog: pytest.LogCaptureFixture) -> None:
        answer = post(api, CHECKOUT, {"plan": "Plus"})
        assert (answer.status_code, answer.json()["code"]) == (503, "stripe_refused")
        assert "Stripe does not show customer" in caplog.text

    def test_the_page(self, browser_client: Client) -> None:
        page = browser_client.post("/pricing/checkout", {"plan": "Plus", "interval": "month"})
        assert page.status_code == 503
        assert "no money has moved" in page.content.decode()

    def test_the_way_back(self, api: Client) -> None:
        assert api.get("/pricing/return").status_code == 302
