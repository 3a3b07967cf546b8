"""The account that a browser keeps for the payment form: on request, in every tab, and sent to nobody by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.browser.test_pay_links import LINK, REMEMBER, create, has, sent, text_of

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Request

__all__ = ["sent"]

ACCOUNT = {"beneficiary": "Zoë Müller", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX"}


def kept(page: Page) -> str | None:
    found: str | None = page.evaluate("localStorage.getItem('stats.payee')")
    return found


class TestAccount:
    def test_is_kept_on_request_and_never_sent_by_itself(
        self, site: str, quiet_page: Page, context: BrowserContext, sent: list[Request]
    ) -> None:
        quiet_page.goto(f"{site}/pay")
        expect(quiet_page.get_by_label(REMEMBER)).not_to_be_checked()
        for name, value in ACCOUNT.items():
            quiet_page.locator(f"#id_{name}").fill(value)
        create(quiet_page)
        assert kept(quiet_page) is None, "nobody asked for it"
        quiet_page.goto(f"{site}/pay")
        has(quiet_page, beneficiary="", iban="")
        for name, value in ACCOUNT.items():
            quiet_page.locator(f"#id_{name}").fill(value)
        quiet_page.get_by_label(REMEMBER).check()
        assert kept(quiet_page) is None, "not before the code is created"
        create(quiet_page)
        assert kept(quiet_page) == '{"beneficiary":"Zoë Müller","iban":"DE89370400440532013000","bic":"COBADEFFXXX"}'
        sent.clear()
        for path in ("/", "/pay", "/de/pay", "/statistics"):
            quiet_page.goto(f"{site}{path}", wait_until="networkidle")
        other = context.new_page()
        other.goto(f"{site}/fr/pay", wait_until="networkidle")
        has(other, amount="", **ACCOUNT)
        assert len(sent) > 20
        for text in ("DE8937", "COBADEFF", "Müller", "M%C3%BCller"):
            assert text not in text_of(sent)
        assert not {cookie["name"] for cookie in context.cookies()} & {"stats.payee"}

    def test_is_forgotten_in_every_tab(self, site: str, quiet_page: Page, context: BrowserContext) -> None:
        self._keep(site, quiet_page)
        quiet_page.goto(f"{site}/pay")
        second = context.new_page()
        second.goto(f"{site}/pay")
        expect(second.get_by_label(REMEMBER)).to_be_checked()
        quiet_page.get_by_role("button", name="Forget my account").click()
        expect(quiet_page.get_by_text("Deleted. What is in the form stays")).to_be_visible()
        assert kept(second) is None
        for page in (quiet_page, second):
            expect(page.get_by_label(REMEMBER)).not_to_be_checked()
            expect(page.get_by_role("button", name="Forget my account")).to_be_hidden()
            has(page, **ACCOUNT)
        create(second)
        assert kept(second) is None, "the tab that was still open does not keep it again"
        quiet_page.goto(f"{site}/pay")
        has(quiet_page, beneficiary="", iban="", bic="")

    def test_is_deleted_by_taking_the_tick_out(self, site: str, quiet_page: Page) -> None:
        self._keep(site, quiet_page)
        quiet_page.goto(f"{site}/pay")
        quiet_page.get_by_label(REMEMBER).uncheck()
        create(quiet_page)
        assert kept(quiet_page) is None

    def test_is_there_after_back_and_for_the_next_amount(self, site: str, page: Page) -> None:
        self._keep(site, page)
        page.go_back()
        has(page, **ACCOUNT)
        expect(page.get_by_label(REMEMBER)).to_be_checked()
        page.go_forward()
        page.get_by_role("button", name="Same account, next amount").click()
        has(page, amount="", **ACCOUNT)
        expect(page.get_by_label("Amount in euro")).to_be_focused()
        expect(page.get_by_label(REMEMBER)).to_be_checked()

    def test_of_a_link_takes_not_the_place_of_mine(self, site: str, quiet_page: Page) -> None:
        self._keep(site, quiet_page)
        quiet_page.goto(f"{site}/statistics")
        quiet_page.goto(f"{site}/pay#name=Eve&iban=FR7630006000011234567890189")
        has(quiet_page, beneficiary="Eve", bic="")
        expect(quiet_page.get_by_label(REMEMBER)).not_to_be_checked()
        before = kept(quiet_page)
        create(quiet_page)
        assert kept(quiet_page) == before
        quiet_page.goto(f"{site}/statistics")
        quiet_page.goto(f"{site}/pay#amount=7&remittance_text=Tea")
        has(quiet_page, amount="7", remittance_text="Tea", **ACCOUNT)

    @pytest.mark.parametrize("found", ["{", "5", "null", '{"beneficiary": 5}', '{"beneficiary": "a", "iban": "b"}'])
    def test_that_is_not_as_ours_fills_nothing(self, site: str, quiet_page: Page, found: str) -> None:
        quiet_page.add_init_script(f"localStorage.setItem('stats.payee', {found!r})")
        quiet_page.goto(f"{site}/pay")
        expect(quiet_page.get_by_label(REMEMBER)).to_be_visible()
        has(quiet_page, beneficiary="", iban="", bic="")

    def test_is_not_offered_without_storage(self, site: str, quiet_page: Page) -> None:
        quiet_page.add_init_script(
            "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('', 'SecurityError') }})"
        )
        quiet_page.goto(f"{site}/pay#{urlencode(LINK)}")
        has(quiet_page, beneficiary=LINK["name"])
        expect(quiet_page.get_by_label(REMEMBER)).to_be_hidden()
        create(quiet_page)

    def _keep(self, site: str, page: Page) -> None:
        page.goto(f"{site}/pay")
        for name, value in ACCOUNT.items():
            page.locator(f"#id_{name}").fill(value)
        page.get_by_label(REMEMBER).check()
        create(page)
