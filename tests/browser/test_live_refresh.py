"""The part of the dashboard that refreshes itself leaves the reader's place: focus, choices, selection, scroll."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.asked import asked_during
from tests.browser.test_live import PART, dashboard, poll, said, user
from usertokens.services import balances

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from playwright.sync_api import Locator, Page

__all__ = ["dashboard", "user"]


def newest(page: Page, reason: str) -> Locator:
    return page.locator("[aria-labelledby=newest] tbody th", has_text=reason)


class TestRefresh:
    def test_touches_only_what_changed(self, site: str, dashboard: Page, user: User) -> None:
        dashboard.locator("[aria-labelledby=tokens] summary").click()
        dashboard.evaluate("""() => {
            document.activeElement.blur();
            for (const part of document.querySelectorAll('#live *')) part.isOld = true;
            document.querySelector('[aria-labelledby=newest] .dash-table').scrollTop = 10;
            scrollTo(0, 500);
        }""")
        balances.spend_tokens(str(user.pk), 78, reason="while the page is open")
        poll(dashboard)
        expect(newest(dashboard, "while the page is open")).to_be_visible()
        expect(dashboard.locator("[aria-labelledby=tokens] details")).to_have_attribute("open", "")
        assert dashboard.evaluate("scrollY") == 500
        changed = dashboard.evaluate(
            "[...document.querySelectorAll('#live section')].filter(e => !e.isOld).map(e => e.outerHTML)"
        )
        assert changed == []

    @pytest.mark.parametrize(
        "place",
        [
            pytest.param("[aria-labelledby=newest] [tabindex]", id="table"),
            pytest.param("[aria-labelledby=tokens] summary", id="details"),
            pytest.param("#chart-spent input:checked", id="bar"),
            pytest.param(".dash-filter select", id="select"),
            pytest.param(".kv-range input", id="date"),
        ],
    )
    def test_the_focus_stays_where_it_is(self, site: str, dashboard: Page, user: User, place: str) -> None:
        before = dashboard.locator(".dash-balance").text_content() or ""
        dashboard.locator(place).first.evaluate("one => { one.focus(); one.isMine = true }")
        balances.spend_tokens(str(user.pk), 78, reason="while the page is open")
        poll(dashboard)
        expect(newest(dashboard, "while the page is open")).to_be_visible()
        expect(dashboard.locator(".dash-balance")).not_to_have_text(before)
        assert dashboard.evaluate("document.activeElement.isMine") is True

    def test_what_was_chosen_and_typed_stays(self, site: str, dashboard: Page, user: User) -> None:
        dashboard.locator(".dash-filter select").first.select_option("lost")
        dashboard.locator(".kv-range input").first.fill("2026-01-02")
        dashboard.locator("#chart-spent label").nth(3).click()
        text = dashboard.locator("#chart-spent label span").nth(3)
        balances.spend_tokens(str(user.pk), 78, reason="while the page is open")
        poll(dashboard)
        expect(newest(dashboard, "while the page is open")).to_be_visible()
        expect(dashboard.locator(".dash-filter select").first).to_have_value("lost")
        expect(dashboard.locator(".kv-range input").first).to_have_value("2026-01-02")
        expect(dashboard.locator("#chart-spent input").nth(3)).to_be_checked()
        expect(text).to_have_css("clip-path", "none")

    def test_what_the_pointer_is_on_stays(self, site: str, dashboard: Page, user: User) -> None:
        text = dashboard.locator("#chart-spent label span").nth(7)
        dashboard.locator("#chart-spent label").nth(7).hover()
        balances.spend_tokens(str(user.pk), 78, reason="while the page is open")
        poll(dashboard)
        expect(newest(dashboard, "while the page is open")).to_be_visible()
        expect(text).to_have_css("clip-path", "none")

    def test_the_days_shown_stay(self, site: str, dashboard: Page, user: User) -> None:
        dashboard.get_by_role("link", name="7 days").click()
        dashboard.wait_for_url("**/dashboard?days=7#usage")
        expect(dashboard.get_by_role("heading", name="Usage")).to_be_in_viewport()
        expect(dashboard.locator("#chart-spent label")).to_have_count(7)
        with dashboard.expect_response(re.compile(r"/dashboard\?days=7$")):
            dashboard.clock.run_for(31_000)
        expect(dashboard.locator("#chart-spent label")).to_have_count(7)
        dashboard.get_by_role("slider").fill("3")
        expect(said(dashboard)).to_have_text("Your mood is saved.")
        expect(dashboard.locator("#chart-spent label")).to_have_count(7)

    @pytest.mark.parametrize(
        "select",
        [
            pytest.param("getSelection().selectAllChildren(document.querySelector('#live .dash-balance'))", id="part"),
            pytest.param("getSelection().selectAllChildren(document.body)", id="everything"),
        ],
    )
    def test_what_is_selected_stays_until_it_is_let_go_of(
        self, site: str, dashboard: Page, user: User, select: str
    ) -> None:
        before = dashboard.locator(".dash-balance").text_content() or ""
        dashboard.evaluate(select)
        selected = dashboard.evaluate("String(getSelection())")
        balances.spend_tokens(str(user.pk), 78)
        poll(dashboard)
        expect(dashboard.locator(".dash-balance")).to_have_text(before)
        assert before in selected
        assert before in dashboard.evaluate("String(getSelection())")
        with dashboard.expect_response(PART):
            dashboard.evaluate("getSelection().removeAllRanges()")
            dashboard.clock.run_for(1_000)
        expect(dashboard.locator(".dash-balance")).not_to_have_text(before)

    def test_can_be_paused_by_keyboard(self, site: str, dashboard: Page, user: User) -> None:
        before = dashboard.locator(".dash-balance").text_content() or ""
        expect(dashboard.locator(".dash-updated")).to_have_text(re.compile(r"Updated \d\d:\d\d · Pause updates"))
        dashboard.get_by_role("button", name="Pause updates").press("Enter")
        balances.spend_tokens(str(user.pk), 78)
        assert asked_during(dashboard, 95_000) == []
        with dashboard.expect_response(PART):
            dashboard.get_by_role("button", name="Resume updates").press("Space")
        expect(dashboard.locator(".dash-balance")).not_to_have_text(before)

    def test_an_outage_leaves_what_stands_there_and_says_so(self, site: str, dashboard: Page) -> None:
        before = dashboard.locator(".dash-balance").text_content() or ""
        dashboard.route(PART, lambda route: route.fulfill(status=503, headers={"Retry-After": "4"}, body="<html>away"))
        dashboard.clock.run_for(31_000)
        expect(dashboard.locator("#live-said")).to_contain_text("Trying again in 4 s.")
        expect(dashboard.locator(".dash-balance")).to_have_text(before)
        dashboard.unroute(PART)
        with dashboard.expect_response(PART):
            dashboard.clock.run_for(5_000)
        expect(dashboard.locator("#live-said")).to_be_empty()

    def test_a_whole_page_never_stands_in_its_place(self, site: str, dashboard: Page) -> None:
        page = "<!DOCTYPE html><html lang=en><title>Log in</title><form>password</form></html>"
        dashboard.route(PART, lambda route: route.fulfill(status=200, content_type="text/html", body=page))
        dashboard.clock.run_for(31_000)
        expect(dashboard.locator("#live-said")).to_contain_text("Load the page again")
        expect(dashboard.locator(".dash-balance")).to_be_visible()
        expect(dashboard.locator("form", has_text="password")).to_have_count(0)
