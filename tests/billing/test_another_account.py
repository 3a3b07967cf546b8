"""The key is another account's, or test data was wiped: Stripe knows nobody, which must not read as "nobody pays"."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client, override_settings

from billing.errors import StripeUnavailable
from billing.models import StripeCustomer
from billing.services import accounts, resync
from billing.services.sync import sync_customer
from tests.billing.story import Story
from tests.stripe_fake import Fault

CHECKOUT, PORTAL = "/api/billing/checkout", "/api/billing/portal"


@pytest.fixture
def api(story: Story) -> Client:
    client = Client()
    client.force_login(story.user)
    return client


def post(client: Client, url: str, body: Any = None) -> Any:
    return client.post(url, body or {}, content_type="application/json")


def hide(story: Story) -> str:
    """Stripe does not show the user's customer any more; answers its id."""
    customer = story.customer
    story.stripe.world.unknown.add(customer)
    story.stripe.world.objects.pop(customer)
    return customer


def show(story: Story, customer: str, world: dict[str, Any]) -> None:
    """The older key is back: Stripe shows that customer, of whom it has `world`, and knows the newer one no more."""
    hide(story)
    story.stripe.world.unknown.discard(customer)
    story.stripe.world.objects[customer] = world


def finish(story: Story, url: str) -> str:
    """Pay a checkout, and let its events come in; answers the session's id."""
    session = str(story.stripe.desk.complete(url.rsplit("/", 1)[1])["id"])
    story.deliver([event for event in story.stripe.world.events if event["id"] not in story.stripe.world.delivered])
    return session


class TestNobodyLosesWhatIsPaidFor:
    def test_nobody_loses_a_plan(self, story: Story) -> None:
        story.buy_plan()
        story.deliver()
        hide(story)
        story.stripe.desk.update(story.stripe.world.of("subscription")[0]["id"])
        story.deliver(story.stripe.world.events[-1:])
        assert story.plan == "Plus"
        assert story.event("customer.subscription.updated").state == "parked"

    def test_a_deleted_one_does(self, story: Story) -> None:
        story.buy_plan()
        story.deliver()
        story.stripe.desk.delete_customer(story.customer)
        story.stripe.world.unknown.add(story.customer)
        story.deliver()
        assert (story.plan, story.standing.plan, set(story.states())) == ("Free", "Free", {"done"})

    def test_an_account_that_may_go_on_paying_elsewhere_is_not_deleted(self, story: Story) -> None:
        hide(story)
        with override_settings(STRIPE_SECRET_KEY="sk_live_other"):
            story.stripe.world.livemode = True
            StripeCustomer.objects.update(livemode=True)
            with pytest.raises(StripeUnavailable):
                accounts.close_account(story.user_id)
        story.stripe.world.livemode = False
        StripeCustomer.objects.update(livemode=False)
        accounts.close_account(story.user_id)


class TestWhoBuysGetsANewCustomer:
    def test_a_plan(self, story: Story, api: Client) -> None:
        story.buy_plan()
        story.deliver()
        before = hide(story)
        answer = post(api, CHECKOUT, {"plan": "Premium"})
        assert answer.status_code == 201
        assert story.row().customer_id not in (None, before)
        finish(story, answer.json()["url"])
        assert (story.plan, set(story.states())) == ("Premium", {"done"})

    def test_a_plan_by_the_page(self, story: Story, browser_client: Client) -> None:
        before = hide(story)
        assert browser_client.post("/pricing/checkout", {"plan": "Plus", "interval": "month"}).status_code == 200
        assert story.row().customer_id != before

    def test_tokens_arrive_by_the_hook(self, story: Story, api: Client) -> None:
        hide(story)
        finish(story, post(api, CHECKOUT, {"topup": 1000}).json()["url"])
        assert (story.balance, set(story.states())) == (1100, {"done"})

    def test_tokens_arrive_by_the_way_back(self, story: Story, api: Client) -> None:
        hide(story)
        url = post(api, CHECKOUT, {"topup": 1000}).json()["url"]
        session = story.stripe.desk.complete(url.rsplit("/", 1)[1])["id"]
        page = api.get("/pricing/return", {"session_id": session})
        assert "1,000 tokens are paid for" in page.content.decode()
        assert story.balance == 1100

    def test_bought_before_and_after(self, story: Story, api: Client) -> None:
        story.buy_tokens()
        story.deliver()
        hide(story)
        finish(story, post(api, CHECKOUT, {"topup": 5000}).json()["url"])
        assert story.balance == 6100

    def test_the_portal_and_the_way_back(self, story: Story, api: Client) -> None:
        before = hide(story)
        assert post(api, PORTAL).status_code == 201
        assert story.stripe.world.of("billing_portal.session")[0]["customer"] != before
        assert api.get("/pricing/return").status_code == 302

    def test_also_where_another_of_the_user_s_customers_is_not_shown(self, story: Story, api: Client) -> None:
        assert story.customer
        StripeCustomer.objects.create(user=story.user, customer_id="cus_other", is_own=False)
        story.stripe.world.unknown.add("cus_other")
        own = story.row().customer_id
        assert post(api, CHECKOUT, {"plan": "Plus"}).status_code == 201
        assert story.row().customer_id == own
        assert StripeCustomer.objects.get(customer_id="cus_other").closed_at

    def test_the_old_key_is_back(self, story: Story, api: Client) -> None:
        """What runs under the older customer counts, so it is not paid twice; and a deleted account ends it."""
        story.buy_plan()
        story.deliver()
        gone = story.stripe.world.objects[story.customer]
        hide(story)
        assert post(api, CHECKOUT, {"topup": 1000}).status_code == 201
        show(story, gone["id"], gone)
        assert post(api, CHECKOUT, {"plan": "Plus"}).status_code == 409
        assert sync_customer(str(story.row().customer_id)).standing.plan == "Plus"
        accounts.close_account(story.user_id)
        assert story.stripe.world.of("subscription")[0]["status"] == "canceled"

    def test_an_account_with_a_retired_customer_can_be_closed(self, story: Story, api: Client) -> None:
        hide(story)
        assert post(api, CHECKOUT, {"topup": 1000}).status_code == 201
        story.stripe.world.livemode = True
        StripeCustomer.objects.update(livemode=True)
        with override_settings(STRIPE_SECRET_KEY="sk_live_other"):
            accounts.close_account(story.user_id)
        assert not StripeCustomer.objects.filter(user=story.user).exists()


class TestTheOldKeyIsBack:
    """A wrong key, under which a payer opened the portal and so got a new customer; then the right one."""

    @pytest.fixture
    def payer(self, story: Story, api: Client) -> Story:
        """Somebody with a plan and tokens, in whose name the portal was opened under the wrong key."""
        story.buy_plan()
        story.buy_by_link()
        story.deliver()
        self.older, self.world = story.customer, story.stripe.world.objects[story.customer]
        hide(story)
        assert post(api, PORTAL).status_code == 201
        api.get("/pricing/return")
        return story

    def back(self, payer: Story) -> None:
        show(payer, self.older, self.world)

    def test_the_plan_goes_on_under_the_wrong_one(self, payer: Story) -> None:
        assert (payer.plan, payer.balance, payer.standing.customer_id) == ("Plus", 2000, self.older)
        assert resync.find_difference(payer.customer) is None

    def test_until_its_period_ends(self, payer: Story) -> None:
        payer.stripe.world.now += 40 * 86400
        payer.work()
        assert payer.plan == "Free"
        self.back(payer)
        sync_customer(self.older)
        assert payer.plan == "Plus"

    def test_not_of_a_customer_who_was_deleted(self, story: Story, api: Client) -> None:
        story.buy_plan()
        story.deliver()
        story.stripe.desk.delete_customer(story.customer)
        story.stripe.world.unknown.add(story.customer)
        assert post(api, PORTAL).status_code == 201
        api.get("/pricing/return")
        assert story.plan == "Free"

    def test_every_way_of_reading_works_again(self, payer: Story) -> None:
        newer = payer.customer
        self.back(payer)
        for customer in (self.older, newer):
            assert sync_customer(customer).standing.plan == "Plus"
        payer.stripe.desk.renew(payer.stripe.world.of("subscription")[0]["id"])
        payer.deliver([event for event in payer.stripe.world.events if event["id"] not in payer.stripe.world.delivered])
        assert (payer.plan, set(payer.states())) == ("Plus", {"done"})
        assert resync.list_customers() == [self.older, newer]
        call_command("billing_resync", "--yes", stdout=StringIO())

    def test_the_portal_is_that_of_the_older_customer(self, payer: Story, api: Client) -> None:
        self.back(payer)
        assert post(api, PORTAL).status_code == 201
        assert payer.stripe.world.of("billing_portal.session")[0]["customer"] == self.older
        assert payer.row().customer_id == self.older
        assert payer.row().closed_at is None

    def test_a_better_plan_bought_meanwhile_goes_on(self, payer: Story, api: Client) -> None:
        finish(payer, post(api, CHECKOUT, {"plan": "Premium"}).json()["url"])
        self.back(payer)
        assert sync_customer(self.older).standing.plan == "Premium"

    def test_what_was_bought_stays_what_it_was(self, payer: Story) -> None:
        """Read while Stripe did not show it, and again after its price came to mean another number of tokens."""
        self.back(payer)
        prices = {1200: payer.shop["topup_1000"]}
        with override_settings(BILLING_TOPUPS=prices):
            sync_customer(self.older)
            payer.stripe.desk.refund(payer.stripe.world.of("checkout.session")[0]["id"])
            sync_customer(self.older)
        assert payer.balance == 1000

    def test_an_account_can_be_closed(self, payer: Story) -> None:
        self.back(payer)
        payer.stripe.world.livemode = True
        StripeCustomer.objects.update(livemode=True)
        with override_settings(STRIPE_SECRET_KEY="sk_live_right"):
            accounts.close_account(payer.user_id)
            assert resync.list_customers() == []
        assert payer.stripe.world.of("subscription")[0]["status"] == "canceled"


class TestStripeRefusesToShowThem:
    """For any other reason than that it knows no such customer: a refusal, and the reason in the log."""

    @pytest.fixture(autouse=True)
    def _refused(self, story: Story) -> None:
        assert story.customer
        story.stripe.world.faults.append(Fault("GET /v1/subscriptions", 400, times=9))

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
