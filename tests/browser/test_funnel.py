"""From a price to what one has: signed out, with a second tab, the Back button, another plan, and a late hook."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.browser.test_billing import customer, shop, shopfront, stripe, worked
from tests.browser.test_looks import barriers

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.stripe_fake import FakeStripe

__all__ = ["customer", "shop", "shopfront", "stripe"]
PASSWORD = "a very good password"
# Sum of the layout shifts that no input explains, as browsers count them.
WATCH_SHIFTS = """
  window.shifted = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((one) => (window.shifted += one.value)))
    .observe({type: "layout-shift", buffered: true});
"""


def sign_up(page: Page, name: str) -> None:
    page.locator("main").get_by_role("link", name="Sign up").click()
    page.get_by_label("Username").fill(name)
    for field in page.locator("main input[type=password]").all():
        field.fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()


def test_a_stranger_ends_at_the_checkout_and_knows_what_came_of_it(
    shopfront: str, quiet_page: Page, stripe: FakeStripe
) -> None:
    page = quiet_page
    page.goto(f"{shopfront}/pricing?interval=year")
    page.get_by_role("button", name="Choose Plus, yearly").click()
    sign_up(page, "newcomer")
    page.get_by_text("Plus: 90.00 EUR every year").wait_for()
    page.get_by_role("button", name="Pay", exact=True).click()
    page.get_by_text("Your plan is Plus.").wait_for()
    expect(page.locator(".account")).to_contain_text("newcomer")
    expect(page.locator(".account-tokens")).to_have_text("1,000 tokens")
    expect(page.locator(".account-plan")).to_have_text("Plus")
    assert barriers(page) == []
    worked(shopfront, stripe)
    page.goto(f"{shopfront}/pricing?interval=year")
    expect(page.locator("[data-plan=Plus] .offer-mine")).to_be_visible()
    expect(page.get_by_role("button", name="Manage plan and payment")).to_have_count(1)
    expect(page.get_by_role("button", name="Change to Premium")).to_be_visible()
    assert barriers(page) == []


def test_back_from_stripe_is_no_trap(shopfront: str, page: Page, stripe: FakeStripe) -> None:
    User.objects.create_user("later", password=PASSWORD)
    page.goto(f"{shopfront}/pricing")
    page.get_by_role("button", name="Choose Plus, monthly").click()
    page.get_by_label("Username").fill("later")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Checkout").wait_for()
    page.go_back()
    page.get_by_role("button", name="Continue to payment").wait_for()
    page.get_by_role("button", name="Continue to payment").click()
    page.get_by_role("heading", name="Checkout").wait_for()
    page.get_by_role("button", name="Back", exact=True).click()
    expect(page.get_by_role("heading", name="Nothing was charged")).to_be_visible()
    assert barriers(page) == []
    assert len(stripe.state.of("checkout.session")) == 1
    page.get_by_role("button", name="Continue to payment").click()
    page.get_by_role("button", name="Pay", exact=True).click()
    page.get_by_text("Your plan is Plus.").wait_for()


def test_another_tab_logs_in_meanwhile(shopfront: str, page: Page, stripe: FakeStripe) -> None:
    User.objects.create_user("later", password=PASSWORD)
    page.goto(f"{shopfront}/pricing")
    page.get_by_role("button", name="Buy 5,000 tokens").click()
    page.get_by_label("Username").wait_for()
    other = page.context.new_page()
    other.goto(f"{shopfront}/accounts/login")
    other.get_by_label("Username").fill("later")
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Log in").click()
    expect(other.locator(".account")).to_contain_text("later")
    page.reload()
    page.get_by_role("heading", name="Checkout").wait_for()


def test_an_upgrade_is_confirmed_at_stripe(
    shopfront: str, customer: User, quiet_page: Page, stripe: FakeStripe, shop: dict[str, str]
) -> None:
    page = quiet_page
    page.goto(f"{shopfront}/pricing")
    page.get_by_role("button", name="Choose Plus, monthly").click()
    page.get_by_role("button", name="Pay", exact=True).click()
    page.get_by_text("Your plan is Plus.").wait_for()
    worked(shopfront, stripe)
    conditions = {"conditions": [{"type": "decreasing_item_amount"}]}
    stripe.actions.allow_switching(shop["plus"], shop["premium"], schedule_at_period_end=conditions)
    page.goto(f"{shopfront}/pricing")
    page.get_by_role("button", name="Change to Premium").click()
    page.get_by_role("button", name="Confirm").click()
    page.get_by_text("Your plan is Premium.").wait_for()
    worked(shopfront, stripe)
    page.goto(f"{shopfront}/pricing")
    page.get_by_role("button", name="Change to Plus").click()
    expect(page.get_by_text("You keep Premium until")).to_be_visible()
    assert barriers(page) == []
    page.get_by_role("button", name="Continue at Stripe").click()
    page.get_by_role("button", name="Confirm").click()
    page.get_by_text("Plus from").wait_for()
    assert barriers(page) == []


def test_the_invoice_opens(shopfront: str, customer: User, page: Page, stripe: FakeStripe) -> None:
    page.goto(f"{shopfront}/pricing")
    page.get_by_role("button", name="Choose Plus, monthly").click()
    page.get_by_role("button", name="Pay", exact=True).click()
    page.get_by_text("Your plan is Plus.").wait_for()
    worked(shopfront, stripe)
    page.goto(f"{shopfront}/dashboard")
    expect(page.get_by_text("Next charge")).to_be_visible()
    page.get_by_role("link", name="Invoice").click()
    page.wait_for_url(f"{stripe.url}/invoice/*")


def test_structured_data_under_the_policy(shopfront: str, quiet_page: Page) -> None:
    for path in ("/pricing", "/de/pricing?interval=year"):
        quiet_page.goto(shopfront + path)
        data = json.loads(quiet_page.locator('script[type="application/ld+json"]').text_content() or "")
        assert {one["name"] for one in data["@graph"]} >= {"Plus", "Premium"}


class TestHeader:
    def test_nothing_moves_as_the_name_comes(self, shopfront: str, customer: User, quiet_page: Page) -> None:
        page = quiet_page
        page.goto(f"{shopfront}/dashboard")  # sets the hint
        page.add_init_script(WATCH_SHIFTS)
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(f"{shopfront}/statistics")
            expect(page.locator(".account-tokens")).to_have_text("100 tokens")
            assert page.evaluate("shifted") < 0.01, width

    def test_a_log_out_in_another_tab_and_back(self, shopfront: str, customer: User, page: Page) -> None:
        page.goto(f"{shopfront}/dashboard")
        page.goto(f"{shopfront}/statistics")
        expect(page.locator(".account")).to_contain_text("buyer")
        other = page.context.new_page()
        other.goto(f"{shopfront}/accounts/profile")
        other.locator("main").get_by_role("button", name="Log out").click()
        expect(other.locator("header").get_by_role("link", name="Sign up")).to_be_visible()
        # A headless browser shows every tab, so the event is its own.
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(page.locator("header").get_by_role("link", name="Sign up")).to_be_visible()
        expect(page.locator(".account")).to_have_count(0)
        page.goto(f"{shopfront}/privacy")
        page.go_back()
        expect(page.locator("header").get_by_role("link", name="Sign up")).to_be_visible()
        expect(page.locator(".account")).to_have_count(0)

    def test_a_stranger_sends_nothing_for_it(self, site: str, page: Page) -> None:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{site}/", wait_until="networkidle")
        assert not [url for url in asked if "accounts/header" in url]

    def test_without_scripts(self, shopfront: str, customer: User, browser: Browser, page: Page) -> None:
        cookies: Any = page.context.cookies()
        context = browser.new_context(java_script_enabled=False, locale="en-GB")
        context.add_cookies(cookies)
        plain = context.new_page()
        plain.goto(f"{shopfront}/statistics")
        plain.locator("header").get_by_role("link", name="Log in").click()
        expect(plain.locator(".account-name")).to_have_text("buyer")
        context.close()


class TestLanguageMenu:
    def test_what_was_typed_goes_along(self, shopfront: str, quiet_page: Page, stripe: FakeStripe) -> None:
        page = quiet_page
        page.goto(f"{shopfront}/pricing?interval=year")
        page.get_by_role("button", name="Choose Plus, yearly").click()
        expect(page.get_by_text("Your choice: Plus, €90.00 a year.")).to_be_visible()
        page.locator("main").get_by_role("link", name="Sign up").click()
        page.get_by_label("Username").fill("zoë")
        page.locator("main input[type=password]").first.fill(PASSWORD)
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.post_data or ""))
        page.get_by_role("link", name="Deutsch").click()
        page.get_by_role("heading", name="Registrieren").wait_for()
        expect(page.get_by_label("Benutzername")).to_have_value("zoë")
        assert not [one for one in sent if "very" in one], "a password was sent along"
        assert barriers(page) == []
        for field in page.locator("main input[type=password]").all():
            expect(field).to_have_value("")
            field.fill(PASSWORD)
        page.get_by_role("button", name="Konto erstellen").click()
        page.get_by_text("Plus: 90.00 EUR every year").wait_for()
        assert stripe.state.of("checkout.session")[0]["locale"] == "de"

    def test_without_scripts(self, shopfront: str, browser: Browser) -> None:
        context = browser.new_context(java_script_enabled=False, locale="en-GB")
        page = context.new_page()
        page.goto(f"{shopfront}/accounts/login?next=/pay")
        page.get_by_label("Username").fill("zoë")
        page.get_by_role("button", name="Français").click()
        expect(page.get_by_label("Nom d’utilisateur")).to_have_value("zoë")
        expect(page.locator("input[name=next]")).to_have_value("/fr/pay")
        context.close()
