"""Automatic top-up in a real browser: from a card saved at the tests' Stripe to a fall, a bank's question, and off.

VOUCHER_PICTURES=directory keeps a picture of each page.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import expect

from billing.models import AutomaticCharge, AutoTopUp
from billing.services import auto_settings
from billing.services.auto_work import work_automatic
from tests.browser import test_billing
from tests.browser.test_billing import spend, worked
from tests.browser.test_looks import overflow, wrong_in_each_look
from tests.browser.test_vouchers import picture
from tests.stripe_fake import FakeStripe
from usertokens.services import balances

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page

    from tests.stripe_fake.state import Card

stripe, shop, shopfront = test_billing.stripe, test_billing.shop, test_billing.shopfront

PAGE = "/pricing/auto-topup"
#: Language and scripts. WALKS=all, as `make test-walks` sets it, goes all ways; else two are gone.
WAYS = [("", True), ("/de", False)]
MORE = [("", False), ("/de", True), *((prefix, scripts) for prefix in ("/fr", "/es") for scripts in (True, False))]


def sign_in(page: Page, site: str) -> User:
    user = User.objects.create_user("buyer", password="x")
    client = Client()
    client.force_login(user)
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])
    return user


def answer(stripe: FakeStripe, card: Card) -> None:
    """How the saved card answers from now on."""
    stripe.state.objects[AutoTopUp.objects.get().payment_method]["_"]["card"] = card


def charge(site: str, stripe: FakeStripe) -> list[str]:
    """The worker does what is due; the states of all charges."""
    while work_automatic():
        pass
    worked(site, stripe)
    return list(AutomaticCharge.objects.order_by("pk").values_list("state", flat=True))


def balance(user: User) -> int:
    return balances.get_balance(str(user.pk)).tokens.balance


def set_up(page: Page, when_wrong: Callable[[], None]) -> None:
    """Fill in the form, wrong at first, and save a card at Stripe."""
    form = page.locator("main form.form")
    form.locator("[name=threshold]").fill("50")
    form.locator("[name=cap]").fill("1")
    form.locator("button").click()
    expect(page.get_by_role("alert")).to_be_visible()
    when_wrong()
    form.locator("[name=topup]").select_option("1000")
    form.locator("[name=cap]").fill("20")
    form.locator("button").click()
    page.get_by_role("button", name="Pay", exact=True).click()


def confirm(page: Page, when_shown: Callable[[], None]) -> None:
    """From the dashboard to the bank, and its question answered."""
    page.locator(f".billing-card a[href$='{PAGE}/confirm']").click()
    expect(page.locator(f"form[action$='{PAGE}/confirm'] button")).to_be_visible()
    when_shown()
    page.locator(f"form[action$='{PAGE}/confirm'] button").click()
    page.get_by_role("button", name="Complete").click()


@pytest.mark.parametrize(("prefix", "scripts"), WAYS + (MORE if os.environ.get("WALKS") == "all" else []))
def test_from_a_card_to_off(shopfront: str, stripe: FakeStripe, browser: Browser, prefix: str, scripts: bool) -> None:
    context = browser.new_context(java_script_enabled=scripts, user_agent="Mozilla/5.0 Chrome/140", locale="en-GB")
    page = context.new_page()
    user = sign_in(page, shopfront)
    name = prefix.strip("/") or "en"

    def look(state: str) -> None:
        assert overflow(page) == 0
        if scripts:
            assert wrong_in_each_look(page) == []
        picture(page, f"auto-{state}-{name}")

    page.goto(f"{shopfront}{prefix}/dashboard")
    page.locator(f"a[href$='{PAGE}']").click()
    page.wait_for_url(f"{shopfront}{prefix}{PAGE}")
    look("off")
    set_up(page, lambda: look("wrong"))
    page.wait_for_url(f"{shopfront}{prefix}{PAGE}?saved=1")
    expect(page.get_by_text("visa 4242")).to_be_visible()
    look("on")
    worked(shopfront, stripe)

    spend(user, 60)
    assert charge(shopfront, stripe) == ["succeeded"]
    assert balance(user) == 1040
    page.goto(f"{shopfront}{prefix}/dashboard")
    expect(page.locator(".billing-payments tbody tr")).to_have_count(1)
    expect(page.locator(".billing-card").get_by_text("visa 4242")).to_be_visible()
    look("dashboard")

    answer(stripe, "authenticate")
    page.goto("about:blank")  # a dashboard that refreshes itself would ask the database meanwhile
    spend(user, 1000)
    assert charge(shopfront, stripe) == ["succeeded", "needs_action"]
    page.goto(f"{shopfront}{prefix}/dashboard")
    look("dashboard-asks")
    confirm(page, lambda: look("confirm"))
    page.wait_for_url(f"{shopfront}{prefix}/**")
    page.goto("about:blank")
    assert charge(shopfront, stripe) == ["succeeded", "succeeded"]
    assert balance(user) == 1040

    page.goto(f"{shopfront}{prefix}/dashboard")
    page.locator(f".billing-card form[action$='{PAGE}/off'] button").click()
    page.wait_for_url(f"{shopfront}{prefix}{PAGE}?off=1")
    look("switched-off")
    answer(stripe, "good")
    spend(user, 1000)
    assert charge(shopfront, stripe) == ["succeeded", "succeeded"]
    assert (balance(user), auto_settings.read_auto_topup(str(user.pk)).status) == (40, "off")
    context.close()


def test_no_barrier_in_any_language(shopfront: str, stripe: FakeStripe, quiet_page: Page) -> None:
    page = quiet_page
    user = sign_in(page, shopfront)
    page.goto(f"{shopfront}{PAGE}")
    page.locator("[name=threshold]").fill("50")
    page.locator("main form.form button").click()
    page.get_by_role("button", name="Pay", exact=True).click()
    page.get_by_text("visa 4242").wait_for()
    answer(stripe, "authenticate")
    page.goto("about:blank")
    spend(user, 60)
    assert charge(shopfront, stripe) == ["needs_action"]
    for prefix in ("", "/fr", "/de", "/es"):
        for path in (PAGE, f"{PAGE}/confirm"):
            page.goto(f"{shopfront}{prefix}{path}")
            assert (prefix, path, wrong_in_each_look(page)) == (prefix, path, [])
            picture(page, f"auto-waits{prefix.replace('/', '-')}{'-confirm' if 'confirm' in path else ''}")
