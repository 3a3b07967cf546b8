"""Buying in a real browser, at a Stripe of our own: a plan, its end in the portal, and tokens."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings

from billing.duties import DUTIES
from billing.models import StripeEvent
from billing.services import standings
from kv.duties import DutyHeld, DutyNotDue, run_duty
from tests.billing import fixtures
from tests.billing.story import HOOK, SECRET
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
    delivery = Delivery(stripe.world, f"{site}{HOOK}", SECRET)
    stripe.world.on_event = delivery.deliver_in_background
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


def worked(site: str, stripe: FakeStripe) -> None:
    """Every event has come in and is applied, as the site's worker does it.

    What was answered with 503 (the tests' database in memory refuses where a file waits) comes again, as from Stripe.
    """
    again = Delivery(stripe.world, f"{site}{HOOK}", SECRET)

    def step() -> bool:
        again.deliver([event for event in stripe.world.events if event["id"] not in stripe.world.delivered])
        with contextlib.suppress(DutyNotDue, DutyHeld):
            run_duty(DUTIES[0], due_only=True)
        came = StripeEvent.objects.count() == len(stripe.world.events)
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
    assert standings.read_standing(str(customer.pk)).plan == "Plus"


def test_tokens(shopfront: str, customer: User, quiet_page: Page, stripe: FakeStripe) -> None:
    quiet_page.goto(f"{shopfront}/pricing")
    quiet_page.get_by_role("button", name="Buy 1,000 tokens").click()
    quiet_page.get_by_role("button", name="Pay", exact=True).click()
    quiet_page.get_by_text("1,000 tokens are paid for").wait_for()
    worked(shopfront, stripe)
    assert balances.get_balance(str(customer.pk)).tokens.balance == 1100
    quiet_page.get_by_role("link", name="Go to the dashboard").click()
    quiet_page.get_by_text("1,100").first.wait_for()


def test_without_javascript_and_signed_out(shopfront: str, browser: Any, stripe: FakeStripe) -> None:
    User.objects.create_user("later", password="a good password")
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(f"{shopfront}/pricing")
    page.get_by_role("button", name="Choose Premium, yearly").click()
    page.get_by_label("Username").fill("later")
    page.get_by_label("Password").fill("a good password")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Choose Premium, yearly").click()
    page.get_by_role("button", name="Pay", exact=True).click()
    page.get_by_text("Your plan is Premium.").wait_for()
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
