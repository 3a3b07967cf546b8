"""Landings in a real browser, and the staff's pages of campaign codes."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from playwright.sync_api import expect

import codetags
from codetags.models import CodeTag
from codetags.services.counts import get_code
from codetags.services.excluded_hits import read_excluded
from codetags.services.hits import record_hit
from codetags.services.registry import mirror_registry
from codetags.types import Reason
from tests.browser.asked import asked_during
from tests.browser.conftest import AGENT
from tests.browser.waiting import wait_until
from tests.codetags.test_codes import LINKS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Route

HIT = "**/api/analytics/qr?code=*"
# landing.js on each address, with what is around it in a page; what it would report: null for nothing.
RUN_LANDING = """([source, queries]) => queries.map((query) => {
  let reported = null;
  const reports = { add: ({ code }) => { reported = code; }, send: () => {} };
  const page = {
    document: { currentScript: { dataset: { url: "/hit", pattern: "[A-Z0-9]{4}" } }, prerendering: false },
    location: { href: `https://example.com/${query}` },
    history: { state: null, replaceState: () => {} },
    kvDelivery: () => reports,
    performance: { getEntriesByType: () => [{ type: "navigate" }] },
  };
  new Function(...Object.keys(page), source)(...Object.values(page));
  return reported;
})"""
COUNTS = "/admin/codetags/codecount/"


def count(code: str = "DEMO") -> int:
    found = get_code(code)
    return found.count if found else 0


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html']}" for rule in found for node in rule["nodes"]]


class TestLanding:
    @pytest.mark.parametrize(("path", "left"), [("/", "/"), ("/de/", "/de/"), ("/en", "/"), ("/fr", "/fr/")])
    def test_counts_once_and_takes_the_code_out_of_the_address(
        self, site: str, quiet_page: Page, path: str, left: str
    ) -> None:
        calls: list[str] = []
        quiet_page.on("request", lambda request: calls.append(request.url) if "/qr?code" in request.url else None)
        with quiet_page.expect_response(HIT) as answer:
            quiet_page.goto(f"{site}{path}?qr=demo")
        assert answer.value.json() == {"code": "DEMO", "counted": True}
        assert quiet_page.url == f"{site}{left}"
        quiet_page.reload(wait_until="networkidle")
        quiet_page.goto(f"{site}/pay", wait_until="networkidle")
        quiet_page.go_back(wait_until="networkidle")
        assert len(calls) == 1
        assert count() == 1
        canonical = quiet_page.locator('link[rel="canonical"]').get_attribute("href")
        assert canonical is not None
        assert "qr" not in canonical

    def test_leaves_the_rest_of_the_address_alone(self, site: str, quiet_page: Page) -> None:
        with quiet_page.expect_response(HIT):
            quiet_page.goto(f"{site}/?a=1%20x&qr=DEMO&b=%C3%A9#how")
        assert quiet_page.url == f"{site}/?a=1%20x&b=%C3%A9#how"

    @pytest.mark.parametrize("code", ["nonsense", "AB-1", "", "%3Cscript%3E"])
    def test_a_code_that_can_t_be_read_is_reported_as_that_once(self, site: str, quiet_page: Page, code: str) -> None:
        calls: list[str] = []
        quiet_page.on("request", lambda request: calls.append(request.url) if "/qr?" in request.url else None)
        with quiet_page.expect_response("**/api/analytics/qr?unreadable=1&id=*") as answer:
            quiet_page.goto(f"{site}/?QR={code}")
        assert answer.value.status == 200
        quiet_page.reload(wait_until="networkidle")
        quiet_page.goto(f"{site}/pay", wait_until="networkidle")
        quiet_page.go_back(wait_until="networkidle")
        assert quiet_page.url == f"{site}/?QR={code}", "its address stays as it is"
        assert len(calls) == 1
        assert read_excluded([])[1][Reason.UNREADABLE] == 1

    @pytest.mark.parametrize("query", ["?QR=demo", "?a=1&qr=DEMO?utm_source=nl", "?qr=x&qr=DEMO/"])
    def test_reads_a_link_as_people_spell_it(self, site: str, quiet_page: Page, query: str) -> None:
        with quiet_page.expect_response(HIT) as answer:
            quiet_page.goto(site + "/" + query)
        assert answer.value.json() == {"code": "DEMO", "counted": True}
        assert quiet_page.url == f"{site}/" + ("?a=1" if "a=1" in query else "")

    def test_reads_every_link_as_the_server_does(self, page: Page) -> None:
        source = (Path(codetags.__file__).parent / "static" / "codetags" / "landing.js").read_text()
        found = page.evaluate(RUN_LANDING, [source, [query for query, _ in LINKS]])
        assert dict(zip([query for query, _ in LINKS], found, strict=True)) == dict(LINKS)

    @pytest.mark.parametrize(
        ("status", "following"),
        [(0, "/"), (429, "/de/"), (503, "/pay"), (0, "/es/statistics"), (500, "/accounts/login")],
    )
    def test_is_counted_on_the_next_page_after_a_failure(
        self, site: str, page: Page, status: int, following: str
    ) -> None:
        page.route(HIT, lambda route: route.fulfill(status=status, body="{}") if status else route.abort())
        with page.expect_event("requestfailed" if status == 0 else "requestfinished", lambda call: "/qr?" in call.url):
            page.goto(f"{site}/?qr=DEMO")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.url == f"{site}/", "the code has left the address all the same"
        page.unroute(HIT)
        with page.expect_response(HIT) as answer:
            page.goto(f"{site}{following}")
        assert answer.value.json() == {"code": "DEMO", "counted": True}
        wait_until(page, "sessionStorage.getItem('codetags.landings') === '[]'")
        assert count() == 1

    def test_only_the_landing_page_counts(self, site: str, quiet_page: Page) -> None:
        calls: list[str] = []
        quiet_page.on("request", lambda request: calls.append(request.url) if "/qr?" in request.url else None)
        quiet_page.goto(f"{site}/pay?qr=DEMO", wait_until="networkidle")
        assert (calls, count()) == ([], 0)

    def test_is_counted_once_when_only_the_answer_was_lost(self, site: str, page: Page) -> None:
        def lose(route: Route) -> None:
            route.fetch()
            route.abort()

        page.route(HIT, lose)
        with page.expect_event("requestfailed", lambda call: "/qr?" in call.url):
            page.goto(f"{site}/?qr=DEMO")
        page.unroute(HIT)
        page.context.clear_cookies()
        with page.expect_response(HIT) as answer:
            page.reload()
        assert answer.value.json() == {"code": "DEMO", "counted": False}
        assert count() == 1

    def test_heeds_retry_after_and_tries_again_by_itself(self, site: str, page: Page) -> None:
        calls: list[str] = []
        page.on("request", lambda request: calls.append(request.url) if "/qr?" in request.url else None)
        page.clock.install()
        page.route(HIT, lambda route: route.fulfill(status=429, headers={"Retry-After": "40"}, body="{}"))
        with page.expect_response(HIT):
            page.goto(f"{site}/?qr=DEMO")
        wait_until(page, "JSON.parse(sessionStorage.getItem('codetags.landings'))[0].after > 0")
        page.unroute(HIT)
        page.clock.run_for(5_000)
        page.goto(f"{site}/?qr=BT26", wait_until="networkidle")
        page.clock.run_for(30_000)
        assert len(calls) == 1, "not for this landing, nor for the next one of the same visitor"
        with page.expect_response("**/api/analytics/qr?code=BT26&*"):
            page.clock.run_for(15_000)
        assert (count(), count("BT26"), len(calls)) == (1, 1, 3)

    def test_is_given_up_when_it_is_refused_for_good(self, site: str, page: Page) -> None:
        page.route(HIT, lambda route: route.fulfill(status=400, body="{}"))
        with page.expect_response(HIT):
            page.goto(f"{site}/?qr=DEMO")
        wait_until(page, "sessionStorage.getItem('codetags.landings') === '[]'")

    def test_counts_without_session_storage(self, site: str, quiet_page: Page) -> None:
        quiet_page.add_init_script(
            "Object.defineProperty(window, 'sessionStorage', {get() { throw new DOMException('', 'SecurityError') }})"
        )
        with quiet_page.expect_response(HIT) as answer:
            quiet_page.goto(f"{site}/?qr=DEMO")
        assert answer.value.json()["counted"] is True

    @pytest.mark.parametrize("path", ["/", "/es/"])
    def test_counts_without_scripts_by_a_picture(self, site: str, browser: Browser, path: str) -> None:
        with browser.new_context(user_agent=AGENT, java_script_enabled=False) as context:
            page = context.new_page()
            with page.expect_response(HIT) as answer:
                page.goto(f"{site}{path}?qr=DEMO")
            assert answer.value.headers["content-type"] == "image/gif"
            assert [cookie["value"] for cookie in context.cookies() if cookie["name"] == "qr_counted"] == ["DEMO"]
        assert count() == 1

    def test_scripts_cannot_read_the_cookie(self, site: str, quiet_page: Page) -> None:
        with quiet_page.expect_response(HIT):
            quiet_page.goto(f"{site}/?qr=DEMO")
        assert "qr_counted" not in str(quiet_page.evaluate("document.cookie"))


@pytest.fixture
def staff_page(site: str, context: BrowserContext, quiet_page: Page, client: Any) -> Page:
    """Signed in, in English."""
    client.force_login(User.objects.create_superuser("owner", password="a long password"))
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])
    return quiet_page


def record(code: str, visitors: int) -> None:
    for visitor in range(visitors):
        record_hit(code=code, address=f"10.0.0.{visitor}", agent="Mozilla/5.0")


class TestStaff:
    @pytest.fixture
    def codes(self, site: str) -> None:
        CodeTag.objects.create(code="BT26", label="Poster")
        mirror_registry()
        record("BT26", 3)
        record("DEMO", 1)

    def test_the_way_from_the_index(self, site: str, staff_page: Page, codes: None) -> None:
        staff_page.goto(f"{site}/admin/")
        staff_page.get_by_role("link", name="Campaign codes", exact=True).last.click()
        staff_page.goto(f"{site}{COUNTS}")
        expect(staff_page.get_by_role("heading", name="Campaign codes: counts")).to_be_visible()
        expect(staff_page.locator("#nav-sidebar").get_by_role("link", name="Campaign codes: counts")).to_be_visible()
        rows = staff_page.locator("[data-codes] tbody tr")
        expect(rows).to_have_count(2)
        expect(rows.first).to_contain_text("BT26")
        rows.first.get_by_role("link", name="BT26").click()
        expect(staff_page.locator("#chart-hits label")).to_have_count(90)
        expect(staff_page.locator("img[data-qr]")).to_have_js_property("complete", value=True)

    def test_copies_a_link(self, site: str, staff_page: Page, context: BrowserContext, codes: None) -> None:
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site)
        staff_page.goto(f"{site}{COUNTS}")
        staff_page.get_by_role("button", name="Copy the link of BT26 in Français").click()
        expect(staff_page.locator("[data-status]")).to_contain_text("/fr/?qr=BT26")
        assert str(staff_page.evaluate("navigator.clipboard.readText()")).endswith("/fr/?qr=BT26")

    def test_refreshes_by_the_button_at_most_every_two_seconds(self, site: str, staff_page: Page, codes: None) -> None:
        staff_page.clock.install()
        staff_page.goto(f"{site}{COUNTS}")
        staff_page.get_by_role("checkbox", name="Select BT26").check()
        calls: list[str] = []
        staff_page.on("request", lambda request: calls.append(request.url) if "fragment" in request.url else None)
        record("NEWS", 1)
        button = staff_page.get_by_role("button", name="Refresh")
        button.click()
        expect(staff_page.locator("[data-codes]")).to_contain_text("NEWS")
        expect(staff_page.locator("[data-status]")).to_contain_text("Refreshed")
        expect(staff_page.get_by_role("checkbox", name="Select BT26")).to_be_checked()
        button.click(force=True)
        button.click(force=True)
        assert len(calls) == 1

    def test_refreshes_by_itself_while_it_is_looked_at(self, site: str, staff_page: Page, codes: None) -> None:
        staff_page.clock.install()
        staff_page.goto(f"{site}{COUNTS}", wait_until="networkidle")
        record("NEWS", 1)
        staff_page.evaluate("Object.defineProperty(document, 'visibilityState', {value: 'hidden', configurable: true})")
        assert asked_during(staff_page, 300_000) == []
        with staff_page.expect_response(lambda answer: "fragment" in answer.url):
            staff_page.evaluate("Object.defineProperty(document, 'visibilityState', {value: 'visible'})")
            staff_page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(staff_page.locator("[data-codes]")).to_contain_text("NEWS")

    def test_exports(self, site: str, staff_page: Page, codes: None) -> None:
        staff_page.goto(f"{site}{COUNTS}")
        with staff_page.expect_download() as file:
            staff_page.get_by_role("link", name="Download as CSV").click()
        rows = list(csv.DictReader(Path(file.value.path()).read_text("utf-8-sig").splitlines()))
        assert [(row["code"], row["count"]) for row in rows] == [("BT26", "3"), ("DEMO", "1")]
        staff_page.get_by_role("checkbox", name="Select all codes").check()
        with staff_page.expect_download() as file:
            staff_page.get_by_role("button", name="Download as ZIP").click()
        assert Path(file.value.path()).read_bytes().startswith(b"PK")
        staff_page.goto(f"{site}{COUNTS}BT26/")
        with staff_page.expect_download() as file:
            staff_page.get_by_role("button", name="Download PNG").click()
        assert file.value.suggested_filename == "qr-BT26.png"

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("path", ["/admin/", COUNTS, f"{COUNTS}BT26/"])
    def test_is_accessible(self, site: str, staff_page: Page, codes: None, scheme: Any, path: str) -> None:
        staff_page.emulate_media(color_scheme=scheme)
        staff_page.goto(f"{site}{path}")
        assert violations(staff_page) == []

    def test_registers_a_code(self, site: str, staff_page: Page) -> None:
        staff_page.goto(f"{site}{COUNTS}")
        staff_page.get_by_role("link", name="Register a code").click()
        staff_page.get_by_label("Code:").fill("bt27")
        staff_page.get_by_label("Label:").fill("Flyer")
        staff_page.get_by_role("button", name="Save", exact=True).click()
        staff_page.goto(f"{site}{COUNTS}")
        expect(staff_page.locator("[data-codes] tbody tr")).to_contain_text("BT27")

    def test_an_empty_list_is_accessible(self, site: str, staff_page: Page) -> None:
        staff_page.goto(f"{site}{COUNTS}")
        expect(staff_page.get_by_text("/?qr=BT26").first).to_be_visible()
        assert violations(staff_page) == []
