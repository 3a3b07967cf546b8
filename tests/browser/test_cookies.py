"""Every cookie and storage item that the site sets is in its list, and the other way round; the notice's flows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.test import override_settings
from playwright.sync_api import expect

from codetags.services import consent, cookies
from codetags.types import Storage, StorageItem
from tests.browser.conftest import AGENT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Response

EXTRA = (StorageItem("watcher", "Counts clicks.", timedelta(days=365), category="statistics"),)
PUBLIC = ("/", "/?qr=DEMO", "/pay", "/statistics", "/cookies", "/privacy", "/cookies/settings", "/fr/", "/api/docs")
# What Playwright itself, not the site, leaves behind is nothing; so the comparison is exact.
Kept = set[tuple[Storage, str]]


def kept_by(context: BrowserContext, page: Page) -> Kept:
    names: dict[str, list[str]] = page.evaluate(
        "({local: Object.keys(localStorage), session: Object.keys(sessionStorage)})"
    )
    return {
        *((Storage.COOKIE, cookie["name"]) for cookie in context.cookies()),
        *((Storage.LOCAL, name) for name in names["local"]),
        *((Storage.SESSION, name) for name in names["session"]),
    }


class TestList:
    def test_is_what_the_site_really_sets(self, site: str, page: Page, context: BrowserContext) -> None:
        seen: Kept = set()
        answers: list[Response] = []

        def keep_response(answer: Response) -> None:
            answers.append(answer)

        context.on("response", keep_response)

        def look() -> None:
            seen.update(kept_by(context, page))
            for answer in answers:  # also what is gone again by the time one looks
                seen.update(_cookies_of(answer.headers_array()))
            answers.clear()

        for path in PUBLIC:
            page.goto(site + path, wait_until="networkidle")
            look()
        page.goto(f"{site}/cookies/settings")
        page.locator("main").get_by_role("button", name="Close this notice").click()
        look()
        self._pay(site, page)
        look()
        page.goto(f"{site}/redeem?code=SUMMER")
        look()
        self._sign_up(site, page)
        look()
        User.objects.filter(username="visitor").update(is_staff=True, is_superuser=True)
        self._administer(site, page)
        look()
        listed = {(item.storage, item.name) for item in cookies.list_items()}
        assert seen - listed == set(), "set by the site, but missing from its list"
        assert listed - seen == set(), "in the list, but never set"

    def _pay(self, site: str, page: Page) -> None:
        page.goto(f"{site}/pay")
        page.get_by_label("Recipient").fill("Zoë Müller")
        page.get_by_label("IBAN").fill("de89 3704 0044 0532 0130 00")
        page.get_by_label("Amount in euro").fill("12.50")
        page.get_by_label("Remember my account in this browser").check()
        with page.expect_navigation(wait_until="networkidle"):
            page.get_by_role("button", name="Create code").click()

    def _sign_up(self, site: str, page: Page) -> None:
        page.goto(f"{site}/accounts/signup")
        page.get_by_label("Username").or_(page.get_by_label("Username")).fill("visitor")
        for field in page.locator("input[type=password]").all():
            field.fill("a long enough password")
        with page.expect_navigation(wait_until="networkidle"):
            page.get_by_role("button", name="Create account").click()

    def _administer(self, site: str, page: Page) -> None:
        page.goto(f"{site}/admin/codetags/codetag/")
        page.locator("#toggle-nav-sidebar").click()
        page.locator("#toggle-nav-sidebar").click()
        page.locator("#nav-filter").fill("code")
        page.locator("#changelist-filter summary").first.click()
        page.goto(f"{site}/admin/codetags/codetag/add/")
        page.get_by_label("Code:").fill("BT26")
        page.get_by_label("Label:").fill("Poster")
        with page.expect_navigation(wait_until="networkidle"):
            page.get_by_role("button", name="Save", exact=True).click()


def _cookies_of(headers: Sequence[Any]) -> Kept:
    set_now = [header["value"] for header in headers if header["name"].lower() == "set-cookie"]
    return {(Storage.COOKIE, line.partition("=")[0]) for value in set_now for line in value.split("\n")}


@pytest.fixture
def more_cookies() -> Iterator[None]:
    with override_settings(CODETAGS_COOKIES=EXTRA):
        yield


def notice(page: Page) -> Any:
    return page.locator(".cookie-notice")


def chosen(context: BrowserContext) -> set[str] | None:
    found = {cookie["name"]: cookie["value"] for cookie in context.cookies()}
    choice = consent.read_choice(found)
    return set(choice.categories) if choice else None


class TestNotice:
    def test_with_necessary_ones_alone_it_is_closed_once(
        self, site: str, quiet_page: Page, context: BrowserContext
    ) -> None:
        quiet_page.goto(f"{site}/cookies")
        expect(notice(quiet_page)).to_be_visible()
        expect(notice(quiet_page).get_by_role("checkbox")).to_have_count(0)
        notice(quiet_page).get_by_role("button", name="Close this notice").click()
        expect(notice(quiet_page)).to_be_hidden()
        assert chosen(context) == {"necessary"}
        quiet_page.goto(f"{site}/privacy")
        expect(quiet_page.get_by_role("heading", level=1)).to_be_visible()
        expect(notice(quiet_page)).to_be_hidden()

    @pytest.mark.usefixtures("more_cookies")
    @pytest.mark.parametrize(
        ("button", "agreed"), [("Accept all", {"necessary", "statistics"}), ("Reject all", {"necessary"})]
    )
    def test_all_or_nothing(
        self, site: str, quiet_page: Page, context: BrowserContext, button: str, agreed: set[str]
    ) -> None:
        quiet_page.goto(f"{site}/cookies")
        sizes = [box.bounding_box() for box in notice(quiet_page).get_by_role("button").all()]
        assert len({round(size["height"]) for size in sizes if size}) == 1, "three ways of equal weight"
        notice(quiet_page).get_by_role("button", name=button).click()
        expect(notice(quiet_page)).to_be_hidden()
        expect(quiet_page.locator("[data-cookie-said]")).to_have_text("Your choice is kept.")
        assert chosen(context) == agreed

    def test_nothing_is_on_until_it_is_chosen(
        self, site: str, quiet_page: Page, context: BrowserContext, more_cookies: None
    ) -> None:
        quiet_page.add_init_script(
            "addEventListener('cookies:choice', e => { window.chosen = e.detail.categories }, true)"
        )
        quiet_page.goto(f"{site}/cookies")
        necessary = notice(quiet_page).get_by_role("checkbox", name="Necessary")
        expect(necessary).to_be_checked()
        expect(necessary).to_be_disabled()
        box = notice(quiet_page).get_by_role("checkbox", name="Statistics")
        expect(box).not_to_be_checked()
        assert chosen(context) is None
        assert quiet_page.evaluate("window.chosen") is None
        box.check()
        notice(quiet_page).get_by_role("button", name="Save my choice").click()
        expect(notice(quiet_page)).to_be_hidden()
        assert chosen(context) == {"necessary", "statistics"}
        assert quiet_page.evaluate("window.chosen") == ["necessary", "statistics"]

    def test_opens_again_from_the_footer(self, site: str, quiet_page: Page, more_cookies: None) -> None:
        quiet_page.goto(f"{site}/cookies")
        notice(quiet_page).get_by_role("button", name="Accept all").click()
        expect(notice(quiet_page)).to_be_hidden()
        quiet_page.get_by_role("contentinfo").get_by_role("link", name="Cookie settings").click()
        expect(notice(quiet_page)).to_be_focused()
        expect(notice(quiet_page).get_by_role("checkbox", name="Statistics")).to_be_checked()
        assert quiet_page.url == f"{site}/cookies"

    def test_works_by_keyboard(self, site: str, quiet_page: Page, context: BrowserContext, more_cookies: None) -> None:
        quiet_page.goto(f"{site}/cookies")
        quiet_page.get_by_role("contentinfo").get_by_role("link", name="Cookie settings").focus()
        quiet_page.keyboard.press("Enter")
        for key in ("Tab", "Tab", "Space", "Tab", "Tab", "Tab", "Enter"):  # policy, box, on, accept, reject, save
            quiet_page.keyboard.press(key)
        expect(notice(quiet_page)).to_be_hidden()
        assert chosen(context) == {"necessary", "statistics"}

    def test_asks_again_when_the_list_changes(self, site: str, quiet_page: Page) -> None:
        quiet_page.goto(f"{site}/cookies")
        notice(quiet_page).get_by_role("button", name="Close this notice").click()
        expect(notice(quiet_page)).to_be_hidden()
        with override_settings(CODETAGS_COOKIES=EXTRA):
            quiet_page.goto(f"{site}/cookies")
            expect(notice(quiet_page)).to_be_visible()

    def test_works_without_scripts(self, site: str, browser: Browser, more_cookies: None) -> None:
        with browser.new_context(user_agent=AGENT, java_script_enabled=False) as context:
            page = context.new_page()
            page.goto(f"{site}/statistics")
            expect(notice(page)).to_be_visible()
            notice(page).get_by_role("checkbox", name="Statistics").check()
            notice(page).get_by_role("button", name="Save my choice").click()
            assert page.url == f"{site}/statistics"
            expect(notice(page)).to_be_hidden()
            assert chosen(context) == {"necessary", "statistics"}
            page.get_by_role("link", name="Cookie settings").first.click()
            box = page.locator("main").get_by_role("checkbox", name="Statistics")
            expect(box).to_be_checked()
            page.locator("main").get_by_role("button", name="Reject all").click()
            expect(page.locator("main").get_by_role("status")).to_have_text("Your choice is kept.")
            assert chosen(context) == {"necessary"}

    def test_counting_needs_no_choice(self, site: str, quiet_page: Page, context: BrowserContext) -> None:
        with quiet_page.expect_response("**/api/analytics/qr?code=*"):
            quiet_page.goto(f"{site}/?qr=DEMO")
        expect(notice(quiet_page)).to_be_visible()
        assert [cookie["value"] for cookie in context.cookies() if cookie["name"] == "qr_counted"] == ["DEMO"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/cookies", "/de/privacy", "/cookies/settings", "/"])
def test_is_accessible(site: str, quiet_page: Page, more_cookies: None, scheme: Any, path: str) -> None:
    quiet_page.emulate_media(color_scheme=scheme)
    quiet_page.goto(f"{site}{path}")
    expect(notice(quiet_page)).to_be_visible()
    found = Axe().run(quiet_page).response["violations"]
    assert [f"{rule['id']}: {node['html']}" for rule in found for node in rule["nodes"]] == []


@pytest.mark.parametrize("path", ["/cookies", "/fr/privacy", "/"])
def test_fits_a_phone(site: str, quiet_page: Page, more_cookies: None, path: str) -> None:
    quiet_page.set_viewport_size({"width": 320, "height": 640})
    quiet_page.goto(f"{site}{path}")
    expect(notice(quiet_page)).to_be_visible()
    assert quiet_page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("path", ["/cookies", "/de/privacy"])
def test_the_list_is_read_on_a_phone_without_scrolling_sideways(site: str, quiet_page: Page, path: str) -> None:
    quiet_page.set_viewport_size({"width": 320, "height": 640})
    quiet_page.goto(f"{site}{path}")
    cells = quiet_page.locator(".cookie-items td").evaluate_all(
        "cells => cells.map(c => c.getBoundingClientRect().right)"
    )
    assert cells
    assert max(cells) <= 320
    assert Axe().run(quiet_page).response["violations"] == []
    assert quiet_page.get_by_role("table").first.get_by_role("row").count() > 1
