"""The notice about cookies after Back, beside another tab, without cookies, under a filter list; and its size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import AGENT, whole_chromium
from tests.browser.test_cookies import chosen, more_cookies, notice
from tests.browser.test_looks import PHONE, barriers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, BrowserType, Page, Route

__all__ = ["more_cookies"]
SETTINGS = "**/cookies/settings"
PAGES = ("/", "/pay", "/statistics", "/de/pay", "/fr/cookies", "/es/privacy", "/accounts/login", "/de/", "/fr/", "/es/")


def said(page: Page) -> Any:
    return page.locator("[data-cookie-said]")


def in_footer(page: Page) -> Any:
    return page.get_by_role("contentinfo").get_by_role("link", name="Cookie settings")


@pytest.fixture
def without_cookies(page: Page) -> Page:
    """A browser that keeps no cookie of this site, whoever sets it."""
    page.route("**/*", _strip)
    page.add_init_script(
        "Object.defineProperty(Document.prototype, 'cookie', {get: () => '', set: () => {}, configurable: true})"
    )
    return page


def _strip(route: Route) -> None:
    answer = route.fetch(max_redirects=0)
    headers = {name: value for name, value in answer.headers.items() if name != "set-cookie"}
    route.fulfill(response=answer, headers=headers)


class TestKeptPage:
    @pytest.fixture
    def keeping(self, site: str, browser_type: BrowserType, browser_type_launch_args: Any) -> Iterator[Page]:
        """A page of a Chromium that keeps pages for Back, which Playwright switches off."""
        options = {
            **browser_type_launch_args, "executable_path": whole_chromium(),
            "ignore_default_args": ["--disable-back-forward-cache"],
        }  # fmt: skip
        with browser_type.launch(**options) as browser:
            page = browser.new_page(user_agent=AGENT)
            page.add_init_script("addEventListener('pageshow', e => { window.wasKept = e.persisted })")
            yield page

    @pytest.mark.parametrize("button", ["Accept all", "Reject all"])
    def test_once_answered_it_does_not_stand_again_after_back(
        self, site: str, keeping: Page, more_cookies: None, button: str
    ) -> None:
        keeping.goto(f"{site}/statistics")
        keeping.evaluate("addEventListener('cookies:choice', e => { window.chosen = e.detail.categories }, true)")
        expect(notice(keeping)).to_be_visible()
        keeping.goto(f"{site}/privacy")
        notice(keeping).get_by_role("button", name=button).click()
        expect(notice(keeping)).to_be_hidden()
        keeping.go_back(wait_until="commit")
        keeping.wait_for_url(f"{site}/statistics", wait_until="commit")
        assert keeping.evaluate("window.wasKept"), "the page was not kept, so this shows nothing"
        expect(notice(keeping)).to_be_hidden()
        assert "necessary" in keeping.evaluate("window.chosen")

    def test_the_line_too(self, site: str, keeping: Page) -> None:
        keeping.goto(f"{site}/statistics")
        expect(notice(keeping)).to_be_visible()
        keeping.goto(f"{site}/privacy")
        notice(keeping).get_by_role("button", name="Close this notice").click()
        expect(notice(keeping)).to_be_hidden()
        keeping.go_back(wait_until="commit")
        keeping.wait_for_url(f"{site}/statistics", wait_until="commit")
        expect(notice(keeping)).to_be_hidden()


class TestAnotherTab:
    def test_answered_there_it_closes_here(
        self, site: str, page: Page, context: BrowserContext, more_cookies: None
    ) -> None:
        page.goto(f"{site}/pay")
        other = context.new_page()
        other.goto(f"{site}/statistics")
        notice(other).get_by_role("button", name="Accept all").click()
        expect(notice(other)).to_be_hidden()
        page.bring_to_front()
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(notice(page)).to_be_hidden()

    def test_opened_to_change_it_stays_open(self, site: str, quiet_page: Page, more_cookies: None) -> None:
        quiet_page.goto(f"{site}/pay")
        notice(quiet_page).get_by_role("button", name="Reject all").click()
        expect(notice(quiet_page)).to_be_hidden()
        in_footer(quiet_page).click()
        quiet_page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(notice(quiet_page)).to_be_visible()


class TestWithoutCookies:
    @pytest.mark.parametrize("button", ["Accept all", "Reject all", "Save my choice"])
    def test_is_closed_and_says_that_it_cannot_be_kept(
        self, site: str, without_cookies: Page, more_cookies: None, button: str
    ) -> None:
        without_cookies.goto(f"{site}/statistics")
        notice(without_cookies).get_by_role("button", name=button).click()
        expect(notice(without_cookies)).to_be_hidden()
        expect(said(without_cookies)).to_contain_text("Your browser blocks cookies")
        assert without_cookies.url == f"{site}/statistics"
        without_cookies.evaluate("dispatchEvent(new Event('focus'))")
        expect(notice(without_cookies)).to_be_hidden()

    def test_the_line_too(self, site: str, without_cookies: Page) -> None:
        without_cookies.goto(f"{site}/statistics")
        notice(without_cookies).get_by_role("button", name="Close this notice").click()
        expect(notice(without_cookies)).to_be_hidden()
        expect(said(without_cookies)).to_contain_text("Your browser blocks cookies")


class TestFailure:
    @pytest.mark.parametrize(
        ("answer", "text"),
        [
            (None, "no connection"),
            ({"status": 503}, "did not accept"),
            ({"status": 403}, "did not accept"),
            ({"status": 429, "headers": {"Retry-After": "30"}}, "too many requests"),
            ({"status": 409, "json": {}}, "has changed"),
            ({"status": 200, "body": "<!doctype html>"}, "did not accept"),
        ],
        ids=["offline", "503", "403", "429", "409", "a-page"],
    )
    @pytest.mark.usefixtures("more_cookies")
    def test_is_said_and_can_be_tried_again(
        self, site: str, page: Page, context: BrowserContext, answer: Any, text: str
    ) -> None:
        page.goto(f"{site}/statistics")
        page.route(SETTINGS, lambda route: route.fulfill(**answer) if answer else route.abort())
        notice(page).get_by_role("button", name="Accept all").click()
        expect(page.locator("[data-cookie-failed]")).to_contain_text(text)
        expect(notice(page)).to_be_visible()
        assert page.url == f"{site}/statistics"
        page.unroute(SETTINGS)
        notice(page).get_by_role("button", name="Accept all").click()
        expect(notice(page)).to_be_hidden()
        expect(said(page)).to_have_text("Your choice is kept.")
        assert chosen(context) == {"necessary", "statistics"}

    def test_a_line_that_asks_nothing_is_closed_all_the_same(self, site: str, page: Page) -> None:
        page.goto(f"{site}/statistics")
        page.route(SETTINGS, lambda route: route.abort())
        notice(page).get_by_role("button", name="Close this notice").click()
        expect(notice(page)).to_be_hidden()
        expect(said(page)).to_contain_text("no connection")


class TestFilterList:
    @pytest.mark.parametrize(
        "rule",
        [
            "display: none !important",
            "visibility: hidden !important",
            "opacity: 0 !important",
            "height: 0 !important; padding: 0 !important; overflow: hidden !important",
            "position: fixed !important; left: -9999px !important",
            "clip-path: inset(50%) !important",
            "transform: scale(0) !important",
            "pointer-events: none !important; z-index: -1 !important; opacity: 0.001 !important",
        ],
    )
    def test_the_footers_link_leads_to_the_settings(
        self, site: str, quiet_page: Page, more_cookies: None, rule: str
    ) -> None:
        style = f".cookie-notice {{ {rule} }}"
        quiet_page.goto(f"{site}/statistics")
        # As an extension does it, which no policy of the site stops.
        quiet_page.evaluate(
            "style => { const s = new CSSStyleSheet(); s.replaceSync(style); document.adoptedStyleSheets = [s] }", style
        )
        in_footer(quiet_page).click()
        quiet_page.wait_for_url(f"{site}/cookies/settings")

    def test_nor_where_it_was_taken_out(self, site: str, quiet_page: Page, more_cookies: None) -> None:
        quiet_page.goto(f"{site}/statistics")
        quiet_page.evaluate("document.querySelector('.cookie-notice').remove()")
        in_footer(quiet_page).click()
        quiet_page.wait_for_url(f"{site}/cookies/settings")

    def test_nor_where_its_script_is_blocked(self, site: str, page: Page, more_cookies: None) -> None:
        page.route("**/notice*.js", lambda route: route.abort())
        page.goto(f"{site}/statistics")
        in_footer(page).click()
        page.wait_for_url(f"{site}/cookies/settings")

    def test_with_nothing_to_agree_to_the_link_is_a_link(self, site: str, quiet_page: Page) -> None:
        quiet_page.goto(f"{site}/statistics")
        in_footer(quiet_page).click()
        quiet_page.wait_for_url(f"{site}/cookies/settings")
        expect(quiet_page.get_by_role("main")).to_contain_text("nothing to agree to")


class TestLine:
    @pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "none"])
    @pytest.mark.parametrize("viewport", [PHONE, {"width": 1280, "height": 800}], ids=["phone", "desktop"])
    def test_takes_little_of_the_screen_and_covers_nothing(
        self,
        site: str,
        browser: Browser,
        scripts: bool,
        viewport: Any,
    ) -> None:
        with browser.new_context(user_agent=AGENT, java_script_enabled=scripts, viewport=viewport) as context:
            page = context.new_page()
            for path in PAGES:
                page.goto(site + path)
                expect(notice(page)).to_be_visible()
                box = notice(page).bounding_box()
                assert box is not None
                assert (path, box["height"] / viewport["height"] <= 0.08) == (path, True), box
                footer = page.get_by_role("contentinfo").bounding_box()
                assert footer is not None
                assert box["y"] >= footer["y"] + footer["height"] - 1

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_has_no_barrier(self, site: str, quiet_page: Page, scheme: Any) -> None:
        quiet_page.emulate_media(color_scheme=scheme)
        quiet_page.set_viewport_size({"width": 320, "height": 640})
        for path in ("/statistics", "/de/statistics"):
            quiet_page.goto(site + path)
            expect(notice(quiet_page)).to_be_visible()
            assert barriers(quiet_page) == []
            assert quiet_page.evaluate("document.documentElement.scrollWidth") <= 320

    def test_asking_without_scripts_covers_nothing_either(
        self, site: str, browser: Browser, more_cookies: None
    ) -> None:
        with browser.new_context(user_agent=AGENT, java_script_enabled=False, viewport=PHONE) as context:
            page = context.new_page()
            page.goto(f"{site}/statistics")
            assert notice(page).evaluate("e => getComputedStyle(e).position") == "static"

    def test_is_never_printed(self, site: str, quiet_page: Page) -> None:
        quiet_page.goto(f"{site}/statistics")
        expect(notice(quiet_page)).to_be_visible()
        quiet_page.emulate_media(media="print")
        expect(notice(quiet_page)).to_be_hidden()
