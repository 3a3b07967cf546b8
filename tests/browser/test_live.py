"""The part of the dashboard that refreshes itself, and what each action says; with a second tab beside it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.browser.test_dashboard import PASSWORD, busy_user, mood, sign_in
from usertokens.services.accounts import forget_user

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext, Locator, Page, Route

MOOD = "**/dashboard/mood"
PART = re.compile(r"/dashboard$")


@pytest.fixture
def user(site: str) -> User:
    return busy_user()


@pytest.fixture
def dashboard(site: str, page: Page, user: User) -> Page:
    """The page as the user sees it, its clock in the test's hands."""
    sign_in(page, site, user)
    page.clock.install()
    page.goto(f"{site}/dashboard", wait_until="networkidle")
    return page


def said(page: Page) -> Locator:
    return page.locator("#mood-saved")


def poll(page: Page) -> None:
    with page.expect_response(PART):
        page.clock.run_for(31_000)


def log_out_elsewhere(context: BrowserContext, site: str) -> Page:
    other = context.new_page()
    other.goto(f"{site}/accounts/profile")
    other.get_by_role("button", name="Log out").click()
    expect(other.get_by_role("heading", level=1)).to_be_visible()
    return other


def log_in_elsewhere(other: Page, site: str, name: str) -> None:
    other.goto(f"{site}/accounts/login")
    other.locator("input[name=username]").fill(name)
    other.locator("input[name=password]").fill(PASSWORD)
    other.locator("main").get_by_role("button", name="Log in").click()
    other.wait_for_url(f"{site}/dashboard")


class TestLoggedOutInAnotherTab:
    @pytest.mark.parametrize(
        "act",
        [
            pytest.param(lambda page: page.clock.run_for(31_000), id="refresh"),
            pytest.param(lambda page: page.get_by_role("slider").fill("2"), id="mood"),
            pytest.param(
                lambda page: page.evaluate("document.dispatchEvent(new Event('visibilitychange'))"), id="seen"
            ),
        ],
    )
    def test_the_whole_page_goes_to_the_log_in_and_comes_back(
        self, site: str, dashboard: Page, context: BrowserContext, act: Callable[[Page], Any]
    ) -> None:
        log_out_elsewhere(context, site)
        act(dashboard)
        dashboard.wait_for_url(f"{site}/accounts/login?next=/dashboard")
        expect(dashboard.locator("#live")).to_have_count(0)
        dashboard.locator("input[name=username]").fill("ada")
        dashboard.locator("input[name=password]").fill(PASSWORD)
        dashboard.locator("main").get_by_role("button", name="Log in").click()
        dashboard.wait_for_url(f"{site}/dashboard")

    def test_a_form_without_scripts_leads_back_to_its_page(self, site: str, browser: Any, user: User) -> None:
        with browser.new_context(java_script_enabled=False) as context:
            page = context.new_page()
            sign_in(page, site, user)
            page.goto(f"{site}/de/dashboard")
            log_out_elsewhere(context, site)
            page.locator(".dash-mood button").click()
            page.wait_for_url(f"{site}/de/accounts/login?next=/de/dashboard")

    def test_another_user_is_never_shown_under_this_ones_name(
        self, site: str, dashboard: Page, context: BrowserContext
    ) -> None:
        User.objects.create_user("bob", password=PASSWORD)
        log_in_elsewhere(log_out_elsewhere(context, site), site, "bob")
        with dashboard.expect_navigation():
            dashboard.clock.run_for(31_000)
        expect(dashboard.locator(".lede")).to_contain_text("bob")

    def test_logged_in_again_the_old_form_says_that_it_is_too_old(
        self, site: str, dashboard: Page, context: BrowserContext, user: User
    ) -> None:
        log_in_elsewhere(log_out_elsewhere(context, site), site, "ada")
        dashboard.get_by_role("slider").fill("2")
        expect(said(dashboard)).to_contain_text("another tab")
        assert mood(user) == 7.5
        said(dashboard).get_by_role("link", name="Load the page again").click()
        expect(said(dashboard)).to_be_empty()
        dashboard.get_by_role("slider").fill("2")
        expect(said(dashboard)).to_have_text("Your mood is saved.")
        assert mood(user) == 2


class TestMood:
    def test_says_that_it_is_saved(self, site: str, dashboard: Page, user: User) -> None:
        expect(said(dashboard)).to_have_role("status")
        for score in ("3", "4"):
            dashboard.get_by_role("slider").fill(score)
            expect(said(dashboard)).to_have_text("Your mood is saved.")
            expect(dashboard.locator("#live dd", has_text=score).last).to_be_visible()
        assert mood(user) == 4

    @pytest.mark.parametrize(
        ("answer", "text"),
        [
            ({"status": 400, "content_type": "text/plain", "body": "10 is the most."}, "10 is the most."),
            ({"status": 403, "body": "<html>no"}, "another tab"),
            ({"status": 404, "body": "<html>no"}, "did not accept"),
            ({"status": 409, "body": "<html>no"}, "has changed"),
            ({"status": 413, "body": "<html>no"}, "did not accept"),
        ],
        ids=lambda value: str(value.get("status")) if isinstance(value, dict) else "",
    )
    def test_says_why_it_is_refused(self, site: str, dashboard: Page, answer: Any, text: str) -> None:
        dashboard.route(MOOD, lambda route: route.fulfill(**answer))
        dashboard.get_by_role("slider").fill("2")
        expect(said(dashboard)).to_contain_text(text)
        expect(dashboard.get_by_role("slider")).to_have_value("2")

    @pytest.mark.parametrize(
        ("answer", "text"),
        [
            (
                {"status": 429, "headers": {"Retry-After": "7"}},
                "Too many requests in a short time. Trying again in 7 s.",
            ),
            ({"status": 500}, "Trying again in 2 s."),
            ({"status": 502}, "Trying again in 2 s."),
            ({"status": 503, "headers": {"Retry-After": "1"}}, "Trying again in 2 s."),
            ({"status": 503, "headers": {"Retry-After": "3600"}}, "Please try again."),
            (None, "No connection to the site. Trying again in 2 s."),
        ],
        ids=["429", "500", "502", "503", "503-long", "offline"],
    )
    def test_is_tried_again(self, site: str, dashboard: Page, user: User, answer: Any, text: str) -> None:
        def refuse(route: Route) -> None:
            route.fulfill(**answer) if answer else route.abort()

        dashboard.route(MOOD, refuse)
        dashboard.get_by_role("slider").fill("2")
        expect(said(dashboard)).to_contain_text(text)
        dashboard.unroute(MOOD)
        if "Please" in text:
            dashboard.get_by_role("button", name="Save mood").click()
        else:
            dashboard.clock.run_for(8_000)
        expect(said(dashboard)).to_have_text("Your mood is saved.")
        assert mood(user) == 2

    def test_is_not_lost_behind_refreshes_that_hang(self, site: str, dashboard: Page, user: User) -> None:
        seen = "document.dispatchEvent(new Event('visibilitychange'))"
        dashboard.route(PART, lambda route: None)
        for _ in range(2):
            dashboard.evaluate(seen)
        dashboard.get_by_role("slider").fill("2")
        dashboard.evaluate(seen)
        expect(said(dashboard)).to_have_text("Your mood is saved.")
        assert mood(user) == 2

    def test_an_answer_that_never_comes_is_said(self, site: str, dashboard: Page) -> None:
        dashboard.route(MOOD, lambda route: None)
        with dashboard.expect_request(MOOD):
            dashboard.get_by_role("slider").fill("2")
        expect(said(dashboard)).to_have_text("Saving …")
        # htmx leaves the waiting to the request itself, whose clock is not the page's.
        expect(said(dashboard)).to_contain_text("did not answer in time", timeout=30_000)

    def test_of_a_closed_account(self, site: str, dashboard: Page, user: User) -> None:
        forget_user(str(user.pk))
        dashboard.get_by_role("slider").fill("2")
        expect(said(dashboard)).to_contain_text("This account was closed.")

    def test_a_wrong_one_is_named(self, site: str, dashboard: Page, user: User) -> None:
        dashboard.get_by_role("slider").evaluate("slider => { slider.type = 'text' }")
        dashboard.locator("#id_score").fill("11")
        dashboard.get_by_role("button", name="Save mood").click()
        expect(said(dashboard)).to_contain_text("10")
        assert mood(user) == 7.5
