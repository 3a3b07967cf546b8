"""The way of one customer through the whole site, from the first page to the end of the account, in every language.

WALKS=all, as `make test-walks` sets it, goes it in all of them, each with and without scripts; else two are gone.

Mails are read from a real mail server, and payments are made at the Stripe of the tests. Nothing is found by its words,
which differ: what is clicked is a form, a field or an address.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from _pytest.mark import ParameterSet
from django.contrib.auth.models import User
from django.test import override_settings
from playwright.sync_api import ViewportSize, expect

from billing.services.subscription_states import read_state
from config.duties import DUTIES as SITE_DUTIES
from kv.work.duties import run_duty
from tests.billing import fixtures
from tests.billing.scenario import HOOK, SECRET
from tests.browser.test_billing import worked
from tests.browser.test_looks import DESKTOP, PHONE, barriers, overflow
from tests.stripe_fake import Delivery, FakeStripe
from tests.usertokens.mailing import Mailbox, mailbox, part
from usertokens.duties import MAILS
from usertokens.services import balances

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["mailbox"]

stripe, shop = fixtures.stripe, fixtures.shop
ADDRESS, PASSWORD, NEW_PASSWORD = "ada@example.net", "ink-and-paper-1843", "paper-and-ink-1852"


@pytest.fixture
def open_site(site: str, stripe: FakeStripe, shop: dict[str, str], mailbox: Mailbox) -> Iterator[str]:
    """The site's address; it sells, and it sends mails."""
    delivery = Delivery(stripe.state, f"{site}{HOOK}", SECRET)
    stripe.state.on_event = delivery.deliver_in_background
    with override_settings(SITE_URL=site):
        yield site
        delivery.finish()


@dataclass
class Customer:
    """What one customer does, by a browser alone."""

    page: Page
    site: str
    language: str
    has_scripts: bool
    stripe: FakeStripe
    mailbox: Mailbox

    @property
    def root(self) -> str:
        """The address of the pages in the customer's language."""
        return self.site if self.language == "en" else f"{self.site}/{self.language}"

    def open(self, path: str) -> None:
        """Go to a page in the customer's language."""
        self.page.goto(f"{self.root}{path}")
        self.look()

    def look(self) -> None:
        """The page is in the language, and nothing bars anybody's way."""
        assert self.page.locator("html").get_attribute("lang") == self.language, self.page.url
        assert overflow(self.page) == 0, self.page.url
        if self.has_scripts:
            assert barriers(self.page) == [], self.page.url

    def new_mails(self) -> list[str]:
        """The texts of the mails that the worker has to send now, in the order of their sending."""
        before = len(self.mailbox.taken)
        for duty in (*SITE_DUTIES, MAILS):
            while run_duty(duty):
                pass
        new = self.mailbox.taken[before:]
        assert all(to == [ADDRESS] for to, _ in new)
        assert all(part(mail, "html") for mail in self.mailbox.mails[before:])
        return [part(mail, "plain") for mail in self.mailbox.mails[before:]]

    def follow(self, mail: str, marks: str) -> None:
        """Open the mail's one link with these marks in it."""
        (link,) = (found for found in re.findall(r"https?://\S+", mail) if marks in found)
        assert link.startswith(self.site)
        self.page.goto(link)
        self.look()

    def fill(self, **fields: str) -> None:
        """Fill in fields of the page by their names."""
        for name, value in fields.items():
            self.page.locator(f"main [name={name}]").fill(value)

    def submit(self, form: str = "form") -> None:
        """Press the button of the page's first form that this selector finds."""
        self.page.locator(f"main {form}").first.locator("button[type=submit]").first.click()

    def press_at_stripe(self, name: str) -> None:
        """Press a button of a page of Stripe's."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def settle(self) -> None:
        """All that Stripe tells is applied."""
        worked(self.site, self.stripe)

    def spend(self, amount: int) -> None:
        """Spend tokens by the API, as the front end of a product does."""
        request = self.page.request
        token = request.get(f"{self.site}/api/csrf").json()["csrfToken"]
        answer = request.post(
            f"{self.site}/api/tokens/spend",
            data={"amount": amount, "reason": "article"},
            headers={"X-CSRFToken": token},
        )
        assert answer.ok, answer.text()

    def at(self, path: str) -> None:
        """The browser is at a page of the site."""
        root = urlsplit(self.root).path
        expect(self.page).to_have_url(re.compile(f"{re.escape(self.site + root + path)}(\\?.*)?$"))
        # The address changes before the page of it is there.
        self.page.wait_for_load_state()
        self.look()


@pytest.fixture
def customer(
    request: pytest.FixtureRequest, quiet_page: Page, open_site: str, stripe: FakeStripe, mailbox: Mailbox
) -> Customer:
    language, has_scripts = request.param
    return Customer(quiet_page, open_site, language, has_scripts, stripe, mailbox)


def sign_up(customer: Customer) -> None:
    customer.open("/")
    customer.page.locator('a[href*="/accounts/signup"]').first.click()
    customer.at("/accounts/signup")
    customer.fill(username="ada", password1=PASSWORD, password2=PASSWORD, email=ADDRESS)
    customer.submit()
    customer.at("/dashboard")
    assert not User.objects.get().email, "an address is used once it is confirmed"
    (mail,) = customer.new_mails()
    customer.follow(mail, "/email/confirm/")
    customer.submit()
    customer.at("/accounts/profile")
    assert User.objects.get().email == ADDRESS


def buy_plus(customer: Customer) -> None:
    customer.open("/pricing")
    customer.submit('form:has(input[name="plan"][value="Plus"])')
    customer.press_at_stripe("Pay")
    customer.at("/pricing/return")
    customer.settle()
    customer.open("/dashboard")
    expect(customer.page.locator(".billing-card .amount")).to_have_text("Plus")


def run_low_and_top_up(customer: Customer, user: User) -> None:
    customer.new_mails()  # of the plan and its receipt
    held = balances.get_balance(str(user.pk)).tokens.balance
    customer.spend(held - 5)
    mails = customer.new_mails()
    assert len(mails) == 1, mails
    customer.follow(mails[0], "/pricing")
    customer.submit('form:has(input[name="topup"][value="1000"])')
    customer.press_at_stripe("Pay")
    customer.at("/pricing/return")
    customer.settle()
    assert balances.get_balance(str(user.pk)).tokens.balance == 1005


def see_an_invoice(customer: Customer) -> None:
    customer.open("/dashboard")
    links = customer.page.locator(".billing-payments a")
    expect(links).to_have_count(2)
    for link in links.all():
        answer = customer.page.request.get(f"{customer.site}{link.get_attribute('href')}", max_redirects=0)
        assert answer.status == 302
        assert answer.headers["location"].startswith(customer.stripe.url)


def upgrade_and_cancel(customer: Customer, user: User, shop: dict[str, str]) -> None:
    customer.stripe.actions.allow_switching(shop["plus"], shop["premium"])
    customer.open("/pricing")
    customer.submit('form:has(input[name="plan"][value="Premium"])')
    customer.press_at_stripe("Confirm")
    customer.at("/pricing/return")
    customer.settle()
    customer.open("/dashboard")
    expect(customer.page.locator(".billing-card .amount")).to_have_text("Premium")
    customer.submit('form[action*="/portal"]')
    customer.press_at_stripe("Cancel at the end of the period")
    customer.press_at_stripe("Back to the site")
    customer.settle()
    customer.open("/dashboard")
    expect(customer.page.locator(".billing-card .amount")).to_have_text("Premium")
    state = read_state(str(user.pk))
    assert state.cancel_at is not None


def come_back_without_the_password(customer: Customer) -> None:
    customer.open("/accounts/profile")
    customer.submit('form[action*="/logout"]')
    customer.open("/accounts/login")
    customer.page.locator('main a[href*="/password/reset"]').click()
    customer.fill(email=ADDRESS.upper())
    customer.submit()
    customer.at("/accounts/password/reset/sent")
    mail = next(mail for mail in customer.new_mails() if "/password/reset/" in mail)
    customer.follow(mail, "/password/reset/")
    customer.fill(new_password1=NEW_PASSWORD, new_password2=NEW_PASSWORD)
    customer.submit()
    customer.at("/accounts/password/reset/done")
    customer.open("/accounts/login")
    customer.fill(username=ADDRESS, password=NEW_PASSWORD)
    customer.submit()
    customer.at("/dashboard")


def close_the_account(customer: Customer) -> None:
    customer.open("/accounts/delete")
    customer.fill(proof=NEW_PASSWORD)
    customer.submit()
    expect(customer.page.locator("main h1")).to_be_visible()
    customer.look()
    assert not User.objects.exists()
    customer.open("/accounts/login")
    customer.fill(username=ADDRESS, password=NEW_PASSWORD)
    customer.submit()
    expect(customer.page.locator("main [role=alert]")).to_be_visible()


def browser_of(language: str, scripts: bool, size: ViewportSize) -> ParameterSet:
    """A case: a browser of this kind."""
    marked = pytest.mark.browser_context_args(locale=language, java_script_enabled=scripts, viewport=size)
    return pytest.param((language, scripts), marks=marked, id=f"{language}-{'scripts' if scripts else 'plain'}")


WALKS = (browser_of("en", True, DESKTOP), browser_of("de", False, PHONE))
MORE = (
    browser_of("en", False, PHONE),
    browser_of("de", True, PHONE),
    browser_of("fr", True, PHONE),
    browser_of("fr", False, DESKTOP),
    browser_of("es", True, PHONE),
    browser_of("es", False, DESKTOP),
)


@pytest.mark.parametrize("customer", [*WALKS, *(MORE if os.environ.get("WALKS") == "all" else ())], indirect=True)
def test_from_the_first_page_to_the_end_of_the_account(customer: Customer, shop: dict[str, str]) -> None:
    sign_up(customer)
    user = User.objects.get()
    buy_plus(customer)
    run_low_and_top_up(customer, user)
    see_an_invoice(customer)
    upgrade_and_cancel(customer, user, shop)
    come_back_without_the_password(customer)
    close_the_account(customer)
