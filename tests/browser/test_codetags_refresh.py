"""The staff's list of codes while it refreshes itself: what it says, what it keeps, and a log-out in another tab."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from codetags.services.hits import record_hit
from tests.browser.asked import asked_during
from tests.browser.test_codetags import COUNTS, record
from tests.browser.test_dashboard import sign_in
from tests.browser.test_live import log_out_elsewhere

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

PART = re.compile("fragment=1")
EVERY_MS = 121_000


@pytest.fixture
def counts(site: str, page: Page) -> Page:
    """The list with two codes, its clock in the test's hands."""
    sign_in(page, site, User.objects.create_superuser("owner", password="a long password"))
    record("BT26", 2)
    record("DEMO", 1)
    page.clock.install()
    page.goto(f"{site}{COUNTS}?q=", wait_until="networkidle")
    return page


def status(page: Page) -> Locator:
    return page.locator("[data-status]")


def test_logged_out_in_another_tab_it_goes_to_the_log_in(site: str, counts: Page, context: BrowserContext) -> None:
    log_out_elsewhere(context, site)
    counts.clock.run_for(EVERY_MS)
    counts.wait_for_url(f"{site}/admin/login/?next={COUNTS}*")
    expect(counts.locator("[data-codes]")).to_have_count(0)
    counts.locator("input[name=username]").fill("owner")
    counts.locator("input[name=password]").fill("a long password")
    counts.locator("input[type=submit]").click()
    counts.wait_for_url(f"{site}{COUNTS}?q=")


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"status": 429, "headers": {"Retry-After": "40"}}, "too many requests in a short time. Trying again in 40 s."),
        ({"status": 503, "headers": {"Retry-After": "1"}}, "The figures shown are older. Trying again in 10 s."),
        ({"status": 502}, "The figures shown are older. Trying again in 10 s."),
        ({"status": 403}, "you may no longer see this page."),
        ({"status": 200, "body": "<!doctype html><html><h1>Log in</h1></html>"}, "the site gave no list"),
        (None, "no connection to the site. Trying again in 10 s."),
    ],
    ids=["429", "503", "502", "403", "a-whole-page", "offline"],
)
def test_says_what_failed_and_tries_again(site: str, counts: Page, answer: Any, text: str) -> None:
    counts.route(PART, lambda route: route.fulfill(**answer) if answer else route.abort())
    record("NEWS", 1)
    counts.get_by_role("button", name="Refresh").click()
    expect(status(counts)).to_contain_text(text)
    expect(counts.locator("[data-codes] tbody tr")).to_have_count(2)
    counts.unroute(PART)
    counts.locator("h1").first.click()
    # No further than to the next try: time that runs on would cut the new request off before it can be answered.
    with counts.expect_response(PART):
        counts.clock.run_for(41_000 if "40 s" in text else 11_000)
    expect(counts.locator("[data-codes] tbody tr")).to_have_count(3)
    expect(status(counts)).to_have_text("Refreshed")


@pytest.mark.parametrize(
    "hold",
    [
        "document.querySelector('[data-codes] [data-copy]').focus()",
        "document.querySelector('[data-codes] .codes-scroll').focus()",
        "getSelection().selectAllChildren(document.querySelector('[data-codes] tbody'))",
    ],
    ids=["button", "region", "selection"],
)
def test_waits_for_focus_and_selection(site: str, counts: Page, hold: str) -> None:
    counts.evaluate(hold)
    record("NEWS", 1)
    assert asked_during(counts, 2 * EVERY_MS) == []
    counts.evaluate("document.activeElement.blur(); getSelection().removeAllRanges()")
    counts.clock.run_for(2_000)
    expect(counts.locator("[data-codes] tbody tr")).to_have_count(3)


def test_a_slow_site_is_asked_once_at_a_time(site: str, counts: Page) -> None:
    counts.route(PART, lambda route: None)
    with counts.expect_request(PART):
        counts.clock.run_for(EVERY_MS)
    assert asked_during(counts, 12_000) == []


def test_what_is_open_stays_open_and_in_its_place(site: str, counts: Page) -> None:
    counts.locator("[data-codes] details summary").click()
    counts.evaluate("document.activeElement.blur(); scrollTo(0, document.documentElement.scrollHeight)")
    place = counts.evaluate("document.querySelector('[data-codes] details').getBoundingClientRect().bottom")
    record_hit(code="BT26", address="10.0.0.77", agent="Mozilla/5.0")
    counts.clock.run_for(EVERY_MS)
    expect(counts.locator("[data-codes] tbody tr").first).to_contain_text("3")
    expect(counts.locator("[data-codes] details")).to_have_attribute("open", "")
    assert counts.evaluate("document.querySelector('[data-codes] details').getBoundingClientRect().bottom") == place


def test_a_selection_made_while_the_answer_was_on_its_way_is_kept(site: str, counts: Page) -> None:
    counts.evaluate("""() => {
        const ask = window.fetch;
        window.fetch = async (...request) => {
            const answer = await ask(...request);
            window.fetch = ask;
            getSelection().selectAllChildren(document.querySelector("[data-codes] tbody"));
            return answer;
        };
    }""")
    record("NEWS", 1)
    with counts.expect_response(PART):
        counts.clock.run_for(EVERY_MS)
    counts.clock.run_for(2_000)
    assert counts.evaluate("String(getSelection())") != ""
    expect(counts.locator("[data-codes] tbody tr")).to_have_count(2)
    counts.evaluate("getSelection().removeAllRanges()")
    counts.clock.run_for(3_000)
    expect(counts.locator("[data-codes] tbody tr")).to_have_count(3)


def test_can_be_paused(site: str, counts: Page) -> None:
    counts.get_by_role("button", name="Pause updates").press("Enter")
    record("NEWS", 1)
    assert asked_during(counts, 2 * EVERY_MS) == []
    counts.get_by_role("button", name="Resume updates").press("Enter")
    expect(counts.locator("[data-codes] tbody tr")).to_have_count(3)


def test_says_when_a_link_could_not_be_copied(site: str, counts: Page) -> None:
    counts.evaluate(
        "Object.defineProperty(navigator, 'clipboard', {value: undefined}); document.execCommand = () => false"
    )
    button = counts.locator("[data-codes] [data-copy]").first
    button.click()
    expect(status(counts)).to_contain_text("Could not be copied")
    expect(button).to_be_focused()
