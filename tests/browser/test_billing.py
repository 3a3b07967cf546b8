"""Buying in a real browser, at a Stripe of our own: a plan, its end in the portal, and tokens."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings
from playwright.sync_api import expect

from billing.duties import DUTIES
from billing.models import AutoTopUp, StripeEvent
from billing.services import subscription_states
from billing.services.customers import ensure_customer
from kv.times import utc_now
from kv.work.duties import DutyHeld, DutyNotDue, run_duty
from tests.billing import fixtures
from tests.billing.scenario import HOOK, SECRET
from tests.browser.test_looks import DESKTOP, PHONE, SMALL_PHONE, barriers, overflow
from tests.faults.servers import wait_until
from tests.stripe_fake import Delivery, FakeStripe
from usertokens.services import balances

if TYPE_CHECKING:
    from playwright.sync_api import Page

stripe, shop = fixtures.stripe, fixtures.shop


@pytest.fixture
def shopfront(site: str, stripe: FakeStripe, shop: dict[str, str]) -> Iterator[str]:
    """The site's address; Stripe's events come to its webhook by themselves."""
    delivery = Delivery(stripe.state, f"{site}{HOOK}", SECRET)
    stripe.state.on_event = delivery.deliver_in_background
    with override_settings(SITE_URL=site):
        yield site
        delivery.finish()  # the database is emptied next, which a request still under way would lock


@pytest.fixture
def customer(shopfront: str, page: Page) -> User:
    """Somebody signed in, in the browser too."""
    user = User.objects.create_user("buyer", password="x")
    client = Client()
    client.force_login(user)
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": shopfront}])
    return user


def spend(user: User, amount: int) -> None:
    balances.spend_tokens(user_id=str(user.pk), amount=amount, reason="article", key="")


def worked(site: str, stripe: FakeStripe) -> None:
    """Every event has come in and is applied, as the site's worker does it.

    What was answered with 503 (the tests' database in memory refuses where a file waits) comes again, as from Stripe.
    """
    again = Delivery(stripe.state, f"{site}{HOOK}", SECRET)
    looks = itertools.count(1)

    def step() -> bool:
        waiting = [event for event in stripe.state.events if event["id"] not in stripe.state.delivered]
        if waiting:
            # The fake's own delivery goes first: two threads at once are too many for a database in memory.
            if not next(looks) % 20:
                again.deliver(waiting)
            return False
        with contextlib.suppress(DutyNotDue, DutyHeld):
            run_duty(DUTIES[0], due_only=True)
        came = StripeEvent.objects.count() == len(stripe.state.events)
        return came and not StripeEvent.objects.exclude(state="done").exists()

    wait_until(step, 20)


def test_a_plan_and_its_end(shopfront: str, customer: User, quiet_page: Page, stripe: FakeStripe) -> None:
    quiet_page.goto(f"{shopfront}/pricing")
    quiet_page.get_by_role("button", name="Choose Plus, monthly").click()
    quiet_page.get_by_role("heading", name="Checkout").wait_for()
    quiet_page.get_by_role("button", name="Pay", exact=True).click()
    quiet_page.get_by_text("Your plan is Plus.").wait_for()
    assert barriers(quiet_page) == []
    worked(shopfront, stripe)

    quiet_page.get_by_role("link", name="Go to the dashboard").click()
    quiet_page.get_by_role("heading", name="Plan and payment").wait_for()
    quiet_page.get_by_text("Renews").wait_for()
    quiet_page.get_by_role("button", name="Change, cancel, see invoices").click()
    quiet_page.get_by_role("button", name="Cancel at the end of the period").click()
    quiet_page.get_by_text("ends with its period").wait_for()
    quiet_page.get_by_role("button", name="Back to the site").click()
    quiet_page.get_by_text("Free from").wait_for()
    assert barriers(quiet_page) == []
    worked(shopfront, stripe)
    assert subscription_states.read_state(str(customer.pk)).plan == "Plus"


def test_tokens(shopfront: str, customer: User, quiet_page: Page, stripe: FakeStripe) -> None:
    quiet_page.goto(f"{shopfront}/pricing")
    quiet_page.get_by_role("button", name="Buy 1,000 tokens").click()
    quiet_page.get_by_role("button", name="Pay", exact=True).click()
    quiet_page.get_by_text("1,000 tokens are paid for").wait_for()
    worked(shopfront, stripe)
    assert balances.get_balance(str(customer.pk)).tokens.balance == 1100
    quiet_page.get_by_role("link", name="Go to the dashboard").click()
    quiet_page.get_by_text("1,100").first.wait_for()


def shown(page: Page, site: str, *, plan: str, tokens: str) -> None:
    """What the dashboard says of the plan and the tokens."""
    page.goto(f"{site}/dashboard")
    expect(page.locator(".billing-card .amount")).to_have_text(plan)
    expect(page.get_by_text(tokens, exact=True).first).to_be_visible()


def test_a_subscription_through_trial_upgrade_and_downgrade(
    shopfront: str, customer: User, quiet_page: Page, stripe: FakeStripe, shop: dict[str, str]
) -> None:
    actions, page = stripe.actions, quiet_page
    stripe.state.now -= 5 * 86400
    link = actions.add_link(shop["plus_month"], subscription_data={"trial_period_days": 14})
    subscription = actions.pay_link(link["id"], client_reference_id=str(customer.pk))["subscription"]
    worked(shopfront, stripe)
    shown(page, shopfront, plan="Plus", tokens="1,000")
    expect(page.get_by_text("Trial ends")).to_be_visible()
    spend(customer, 400)
    shown(page, shopfront, plan="Plus", tokens="600")

    stripe.state.now += 5 * 86400
    actions.end_trial(subscription)
    worked(shopfront, stripe)
    held = balances.get_balance(str(customer.pk)).tokens
    assert held.allowance == 1000
    shown(page, shopfront, plan="Plus", tokens=f"{held.balance:,}")
    expect(page.get_by_text("Renews")).to_be_visible()
    assert held.balance >= 1000, "the paid month brings its tokens whole"

    actions.change_price(subscription, shop["premium_month"])
    worked(shopfront, stripe)
    shown(page, shopfront, plan="Premium", tokens=f"{held.balance + 4000:,}")

    actions.schedule_price(subscription, shop["plus_month"])
    worked(shopfront, stripe)
    shown(page, shopfront, plan="Premium", tokens=f"{held.balance + 4000:,}")
    expect(page.get_by_text("Plus from")).to_be_visible()
    assert barriers(page) == []


def test_a_guests_link_refund_and_dispute_through_appeal(
    shopfront: str, customer: User, quiet_page: Page, stripe: FakeStripe, shop: dict[str, str]
) -> None:
    actions, page = stripe.actions, quiet_page
    link = actions.add_link(shop["topup_1000"])
    session = actions.open_link(link["id"], client_reference_id=str(customer.pk))
    page.goto(f"{stripe.url}/checkout/{session['id']}")
    page.get_by_role("button", name="Pay", exact=True).click()
    worked(shopfront, stripe)
    assert session["customer"] is None

    def holds(tokens: str) -> None:
        page.goto("about:blank")  # a dashboard that refreshes itself would ask the database meanwhile
        worked(shopfront, stripe)
        page.goto(f"{shopfront}/dashboard")
        expect(page.get_by_text(tokens, exact=True).first).to_be_visible()

    holds("1,100")
    actions.refund(session["id"], 250)
    holds("600")
    dispute = actions.dispute(session["id"], 250)
    holds("100")
    for status, tokens in (
        ("under_review", "100"), ("lost", "100"), ("appeal_needs_response", "100"), ("appeal_under_review", "100"),
        ("won", "600"),
    ):  # fmt: skip
        dispute["status"] = status
        stripe.state.emit("charge.dispute.updated", dispute)
        holds(tokens)
    assert barriers(page) == []


def test_a_portal_that_is_not_set_up_says_so(shopfront: str, customer: User, page: Page, stripe: FakeStripe) -> None:
    # Not the quiet one: the browser itself complains of the page's 503.
    stripe.actions.save_portal_settings(saved=False)
    page.goto(f"{shopfront}/pricing")
    page.get_by_role("button", name="Choose Plus, monthly").click()
    page.get_by_role("button", name="Pay", exact=True).click()
    page.get_by_text("Your plan is Plus.").wait_for()
    worked(shopfront, stripe)
    page.goto(f"{shopfront}/dashboard")
    page.get_by_role("button", name="Change, cancel, see invoices").click()
    expect(page.get_by_text("The portal is not set up yet.")).to_be_visible()
    assert barriers(page) == []


def test_staff_read_a_customer_and_stop_what_buys_by_itself(
    shopfront: str, customer: User, quiet_page: Page, stripe: FakeStripe
) -> None:
    """By the buttons of the admin's pages of one row."""
    page = quiet_page
    User.objects.filter(pk=customer.pk).update(is_staff=True, is_superuser=True)
    row = ensure_customer(customer)
    page.goto(f"{shopfront}/admin/billing/stripecustomer/{row.pk}/change/")
    page.get_by_role("button", name="Read from Stripe now").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    automatic = AutoTopUp.objects.create(user=customer, changed_at=utc_now())
    page.goto(f"{shopfront}/admin/billing/autotopup/{automatic.pk}/change/")
    page.get_by_role("button", name="Stop automatic top-up").click()
    expect(page.locator(".messagelist .success")).to_contain_text("is stopped")
    page.get_by_role("button", name="Let the user switch it on again").click()
    expect(page.locator(".messagelist .success")).to_contain_text("may switch on")


def test_without_javascript_and_signed_out(shopfront: str, browser: Any, stripe: FakeStripe) -> None:
    User.objects.create_user("later", password="a good password")
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(f"{shopfront}/pricing")
    page.get_by_role("link", name="Yearly").click()
    page.get_by_role("button", name="Choose Premium, yearly").click()
    page.get_by_label("Username").fill("later")
    page.get_by_label("Password").fill("a wrong password")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Français").click()
    page.get_by_label("Nom d’utilisateur").fill("later")
    page.get_by_label("Mot de passe").fill("a good password")
    page.get_by_role("button", name="Se connecter").click()
    assert stripe.state.of("checkout.session")[0]["locale"] == "fr"
    page.get_by_role("button", name="Pay", exact=True).click()
    page.get_by_text("Votre formule est Premium.").wait_for()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP, SMALL_PHONE], ids=["phone", "desktop", "small"])
def test_the_prices_have_no_barrier(shopfront: str, quiet_page: Page, scheme: Any, viewport: Any) -> None:
    quiet_page.set_viewport_size(viewport)
    quiet_page.emulate_media(color_scheme=scheme)
    for path in ("/pricing", "/fr/pricing", "/de/pricing", "/es/pricing"):
        quiet_page.goto(shopfront + path, wait_until="networkidle")
        assert (path, barriers(quiet_page)) == (path, [])
        assert (path, overflow(quiet_page)) == (path, 0)
