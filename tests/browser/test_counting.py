"""What a visitor's browser reports: the visit, payment codes, the use of tools; with and without scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from stats.services.figures import forget_figures, read_figures
from stats.services.usage import list_usage
from tests.browser.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Response, Route

VISIT, QR, TRACK = "**/api/stats/visit", "**/api/stats/qr", "**/api/track-usage"
AWAY = {"status": 503, "json": {"detail": "", "code": "store_unavailable"}}


def card(page: Page, name: str) -> Any:
    """The number of one card."""
    return page.locator(f'[data-figure="{name}"]')


def fill_payment(page: Page, site: str, amount: str = "1.234,50") -> None:
    """Open the form and fill it in."""
    page.goto(f"{site}/pay")
    page.get_by_label("Recipient").fill("Zoë Müller")
    page.get_by_label("IBAN").fill("de89 3704 0044 0532 0130 00")
    page.get_by_label("Amount in euro").fill(amount)


def make_code(page: Page) -> Response:
    """Send the form and wait for the count."""
    with page.expect_response(QR) as answer:
        page.get_by_role("button", name="Create code").click()
    return answer.value


class TestVisit:
    def test_newcomer_sees_the_own_visit_at_once(self, site: str, quiet_page: Page) -> None:
        with quiet_page.expect_response(VISIT):
            quiet_page.goto(site)
        expect(card(quiet_page, "visitors")).to_have_text("1")
        assert read_figures().visitors == 1

    def test_is_reported_once_in_a_session(self, site: str, quiet_page: Page) -> None:
        reports: list[str] = []
        quiet_page.on("request", lambda request: reports.append(request.url) if "/api/" in request.url else None)
        with quiet_page.expect_response(VISIT):
            quiet_page.goto(site)
        for path in ("/pay", "/statistics", "/", "/fr/"):
            quiet_page.goto(site + path, wait_until="networkidle")
        assert reports == [f"{site}/api/stats/visit"]

    def test_is_reported_again_after_a_failure(self, site: str, page: Page) -> None:
        page.route(VISIT, lambda route: route.fulfill(**AWAY))
        with page.expect_response(VISIT):
            page.goto(site)
        page.unroute(VISIT)
        page.route(VISIT, lambda route: route.abort())
        with page.expect_event("requestfailed", lambda call: call.url.endswith("/stats/visit")):
            page.goto(f"{site}/statistics")
        page.unroute(VISIT)
        with page.expect_response(VISIT) as answer:
            page.goto(site)
        assert answer.value.json()["counted"]
        expect(card(page, "visitors")).to_have_text("1")

    def test_stays_in_sight_when_the_next_page_is_older(self, site: str, quiet_page: Page) -> None:
        def from_an_old_copy(route: Route) -> None:
            answer = route.fetch()
            old = re.sub(r'(data-figure="visitors")[^>]*>[^<]*<', r'\1 data-value="0">0<', answer.text())
            route.fulfill(response=answer, body=old)

        with quiet_page.expect_response(VISIT):
            quiet_page.goto(site)
        expect(card(quiet_page, "visitors")).to_have_text("1")
        quiet_page.route(f"{site}/statistics", from_an_old_copy)
        quiet_page.goto(f"{site}/statistics")
        expect(card(quiet_page, "visitors")).to_have_text("1")

    @pytest.mark.parametrize(
        ("path", "text"), [("/", "1,234,568"), ("/de/", "1.234.568"), ("/fr/", "1\u202f234\u202f568")]
    )
    def test_is_written_in_the_page_s_language(
        self, site: str, quiet_page: Page, store: Any, path: str, text: str
    ) -> None:
        from stats import keys

        store.set(keys.visitors(), 1_234_567)
        with quiet_page.expect_response(VISIT):
            quiet_page.goto(site + path)
        expect(card(quiet_page, "visitors")).to_have_js_property("textContent", text)

    def test_without_session_storage_nothing_breaks(self, site: str, quiet_page: Page) -> None:
        quiet_page.add_init_script(
            "Object.defineProperty(window, 'sessionStorage', {get() { throw new DOMException('', 'SecurityError') }})"
        )
        for _ in range(2):
            with quiet_page.expect_response(VISIT):
                quiet_page.goto(site)
        assert read_figures().visitors == 1


class TestPaymentCode:
    def test_is_counted_by_its_page_once(self, site: str, quiet_page: Page) -> None:
        fill_payment(quiet_page, site)
        assert make_code(quiet_page).status == 201
        expect(quiet_page.locator("main").get_by_role("status")).to_contain_text("Counted")
        quiet_page.goto(site, wait_until="networkidle")
        expect(card(quiet_page, "qr_total")).to_have_text("1")
        expect(card(quiet_page, "revenue_cents")).to_have_text("€1,234.50")
        assert (read_figures().qr_total, read_figures().revenue_cents) == (1, 123450)

    def test_is_counted_on_the_next_page_after_a_failure(self, site: str, page: Page) -> None:
        page.route(QR, lambda route: route.fulfill(**AWAY))
        fill_payment(page, site)
        assert make_code(page).status == 503
        expect(page.locator("main").get_by_role("status")).to_contain_text("sent again with the next page")
        assert read_figures().qr_total == 0
        page.unroute(QR)
        with page.expect_response(QR) as answer:
            page.goto(f"{site}/statistics")
        assert answer.value.status == 201
        page.goto(site, wait_until="networkidle")
        assert read_figures().qr_total == 1

    def test_is_not_counted_twice_when_only_the_answer_was_lost(self, site: str, page: Page) -> None:
        def lose_the_answer(route: Route) -> None:
            route.fetch()
            route.abort()

        page.route(QR, lose_the_answer)
        fill_payment(page, site)
        with page.expect_event("requestfailed", lambda call: call.url.endswith("/stats/qr")):
            page.get_by_role("button", name="Create code").click()
        page.unroute(QR)
        with page.expect_response(QR) as answer:
            page.goto(site)
        assert (answer.value.status, read_figures().qr_total) == (200, 1)

    def test_refused_receipt_is_not_sent_again(self, site: str, page: Page) -> None:
        page.route(QR, lambda route: route.fulfill(status=400, json={}))
        fill_payment(page, site)
        make_code(page)
        expect(page.locator("main").get_by_role("status")).to_contain_text("not counted")
        assert page.evaluate("sessionStorage.getItem('stats.receipts')") == "[]"

    def test_without_session_storage_is_counted_by_the_server(self, site: str, quiet_page: Page) -> None:
        quiet_page.add_init_script(
            "Object.defineProperty(window, 'sessionStorage', {get() { throw new DOMException('', 'SecurityError') }})"
        )
        fill_payment(quiet_page, site)
        quiet_page.get_by_role("button", name="Create code").click()
        expect(quiet_page.locator("main").get_by_role("status")).to_contain_text("Counted")
        assert read_figures().qr_total == 1

    def test_over_the_limit_is_made_but_not_counted(self, site: str, quiet_page: Page) -> None:
        fill_payment(quiet_page, site, "10 000,01")
        quiet_page.get_by_role("button", name="Create code").click()
        expect(quiet_page.locator("main").get_by_role("status")).to_contain_text("left out of the total")
        assert read_figures().qr_total == 0

    @pytest.mark.parametrize("kind", ["PNG", "SVG"])
    def test_downloads_as_a_file(self, site: str, quiet_page: Page, kind: str) -> None:
        fill_payment(quiet_page, site)
        make_code(quiet_page)
        with quiet_page.expect_download() as download:
            quiet_page.get_by_role("button", name=f"Download {kind}").click()
        assert download.value.suggested_filename.startswith("payment-code-zoe-muller-1234.50-")
        assert download.value.path().stat().st_size > 300
        assert [usage.count for usage in list_usage() if usage.tool == "payment-qr"] == [1]


class TestWithoutScripts:
    def test_the_pay_page_makes_and_counts(self, site: str, browser: Browser) -> None:
        page = browser.new_context(java_script_enabled=False).new_page()
        fill_payment(page, site)
        page.get_by_role("button", name="Create code").click()
        expect(page.locator("main").get_by_role("status")).to_contain_text("Counted")
        expect(page.get_by_role("img", name="QR code: pay €1,234.50 to Zoë Müller")).to_be_visible()
        assert (read_figures().qr_total, read_figures().revenue_cents) == (1, 123450)
        forget_figures()
        page.goto(site)
        expect(card(page, "revenue_cents")).to_have_text("€1,234.50")
        page.context.close()


class TestToolUse:
    def open_tool(self, site: str, page: Page) -> None:
        page.goto(site)
        page.evaluate(
            """() => {
                const button = document.createElement("button");
                button.dataset.trackTool = "ccn-image-optimiser";
                button.append(Object.assign(document.createElement("span"), {textContent: "Optimise"}));
                document.querySelector("main").append(button);
            }"""
        )

    @pytest.mark.parametrize("status", [0, 429, 503])
    def test_is_reported_on_the_next_page_after_a_failure(self, site: str, page: Page, status: int) -> None:
        self.open_tool(site, page)
        page.route(TRACK, lambda route: route.fulfill(status=status, body="{}") if status else route.abort())
        event = "requestfailed" if status == 0 else "requestfinished"
        with page.expect_event(event, lambda call: call.url.endswith("/track-usage")):
            page.get_by_text("Optimise").click()
        page.unroute(TRACK)
        with page.expect_response(TRACK) as answer:
            page.goto(f"{site}/pay")
        assert answer.value.json() == {"tool": "ccn-image-optimiser", "count": 1}
        wait_until(page, "sessionStorage.getItem('stats.uses') === '[]'")

    def test_is_counted_once_when_only_the_answer_was_lost(self, site: str, page: Page) -> None:
        def lose(route: Route) -> None:
            route.fetch()
            route.abort()

        self.open_tool(site, page)
        page.route(TRACK, lose)
        with page.expect_event("requestfailed", lambda call: call.url.endswith("/track-usage")):
            page.get_by_text("Optimise").click()
        page.unroute(TRACK)
        with page.expect_response(TRACK):
            page.goto(f"{site}/pay")
        assert [used.count for used in list_usage() if used.tool == "ccn-image-optimiser"] == [1]

    def test_click_on_a_marked_element_is_reported(self, site: str, quiet_page: Page) -> None:
        self.open_tool(site, quiet_page)
        with quiet_page.expect_response(TRACK) as answer:
            quiet_page.get_by_text("Optimise").click()
        assert answer.value.json() == {"tool": "ccn-image-optimiser", "count": 1}
        quiet_page.goto(f"{site}/statistics")
        expect(quiet_page.get_by_role("row", name="Image optimiser")).to_contain_text("1")
