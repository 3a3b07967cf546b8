"""A user's own page in a real browser: from signing up to deleting the account, with and without scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import expect

from tests.browser.asked import asked_during
from tests.browser.test_looks import SMALL_PHONE, overflow, wrong_in_each_look
from tests.faults.servers import wait_until
from usertokens.services import activity, balances, conversations, holds, plans

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PASSWORD = "correct horse battery"
PAGES = ("/dashboard", "/dashboard/history", "/accounts/delete", "/de/dashboard", "/fr/dashboard", "/es/dashboard")


def busy_user() -> User:
    """Somebody with something on every part of the page."""
    user = User.objects.create_user("ada", password=PASSWORD)
    user_id = str(user.pk)
    balances.add_tokens(user_id, 12_345_678, reason="a gift of many tokens for testing")
    for number in range(12):
        balances.spend_tokens(user_id, number + 1, reason=f"article {number}")
    holds.hold_tokens(user_id, 20, ttl_seconds=600, reason="image")
    for number in range(4):
        conversations.record_conversation(user_id, summary=f"A conversation about counting, number {number}")
    activity.set_mood(user_id, 7.5)
    return user


def mood(user: User) -> float | None:
    """What the user's own score is now."""
    stats = activity.get_user_stats(str(user.pk))
    return stats.mood_score if stats else None


def sign_in(page: Page, site: str, user: User) -> None:
    client = Client()
    client.force_login(user)
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])


def test_from_sign_up_to_the_end(site: str, quiet_page: Page, store: Any) -> None:
    page = quiet_page
    page.goto(f"{site}/accounts/signup?next=/dashboard")
    page.locator("input[name=username]").fill("grace")
    page.locator("input[name=password1]").fill(PASSWORD)
    page.locator("input[name=password2]").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.wait_for_url(f"{site}/dashboard")
    assert page.locator(".dash-balance").text_content() == "100"
    user = User.objects.get(username="grace")

    slider = page.get_by_role("slider")
    slider.fill("8.5")
    page.locator("#live dd", has_text="8.5").wait_for()
    assert mood(user) == 8.5

    balances.spend_tokens(str(user.pk), 3, reason="article")
    page.get_by_role("link", name="The whole history").click()
    page.get_by_text("article").wait_for()
    page.get_by_role("link", name="Back to the dashboard").click()
    page.get_by_role("link", name="Close your account").click()
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Close account and delete everything").click()
    page.get_by_role("alert").wait_for()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Close account and delete everything").click()
    page.get_by_role("heading", name="Your account is closed").wait_for()
    assert not User.objects.filter(username="grace").exists()
    assert list(store.scan_iter(match="user:*")) == []


def test_news_come_by_themselves(site: str, quiet_page: Page) -> None:
    user = busy_user()
    sign_in(quiet_page, site, user)
    quiet_page.clock.install()
    quiet_page.goto(f"{site}/dashboard")
    before = quiet_page.locator(".dash-balance").text_content()
    balances.spend_tokens(str(user.pk), 78, reason="while the page is open")
    with quiet_page.expect_response(re.compile("/dashboard$")):
        quiet_page.clock.run_for(31_000)
    quiet_page.locator("#live td + th", has_text="while the page is open").wait_for()
    expect(quiet_page.locator(".dash-balance")).not_to_have_text(before or "")
    shown = quiet_page.locator(".dash-balance").text_content() or ""
    expect(quiet_page.locator(".account-tokens")).to_have_text(f"{shown} tokens")


def test_the_header_names_a_paid_plan_in_full(site: str, quiet_page: Page) -> None:
    user = User.objects.create_user("henry")
    plans.set_plan(str(user.pk), "Premium")
    sign_in(quiet_page, site, user)
    quiet_page.goto(f"{site}/dashboard")
    for width in (320, 390, 1280):
        quiet_page.set_viewport_size({"width": width, "height": 800})
        plan = quiet_page.locator(".account-plan")
        expect(plan).to_have_text("Premium")
        assert (width, plan.evaluate("one => one.scrollWidth - one.clientWidth")) == (width, 0)


def test_transactions_fit_a_phone_in_german_too(site: str, quiet_page: Page) -> None:
    """The longest words, with a balance of four digits: no column is beyond the edge."""
    user = User.objects.create_user("ida")
    balances.add_tokens(str(user.pk), 5000, reason="voucher")
    held = holds.hold_tokens(str(user.pk), 20, ttl_seconds=600, reason="image")
    holds.release_hold(str(user.pk), held.id)
    sign_in(quiet_page, site, user)
    quiet_page.set_viewport_size({"width": 390, "height": 800})
    quiet_page.goto(f"{site}/de/dashboard")
    table = quiet_page.locator("[aria-labelledby=newest] .dash-table")
    expect(table).to_contain_text("zurückgegeben")
    assert table.evaluate("one => one.scrollWidth - one.clientWidth") == 0


def test_nothing_is_asked_while_nobody_looks(site: str, quiet_page: Page) -> None:
    sign_in(quiet_page, site, busy_user())
    quiet_page.clock.install()
    quiet_page.goto(f"{site}/dashboard", wait_until="networkidle")
    quiet_page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true})")
    assert asked_during(quiet_page, 120_000) == []


def test_without_scripts(site: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    user = busy_user()
    sign_in(page, site, user)
    page.goto(f"{site}/dashboard")
    page.get_by_role("slider").focus()
    page.keyboard.press("End")
    page.get_by_role("button", name="Save mood").click()
    wait_until(lambda: mood(user) == 10)
    page.wait_for_url(f"{site}/dashboard")
    context.close()


def test_no_barrier(site: str, quiet_page: Page) -> None:
    sign_in(quiet_page, site, busy_user())
    for path in PAGES:
        quiet_page.goto(site + path, wait_until="networkidle")
        assert (path, wrong_in_each_look(quiet_page)) == (path, [])


def test_fits_the_smallest_phone(site: str, quiet_page: Page) -> None:
    sign_in(quiet_page, site, busy_user())
    quiet_page.set_viewport_size(SMALL_PHONE)
    for path in PAGES:
        quiet_page.goto(site + path)
        assert (path, overflow(quiet_page)) == (path, 0)
