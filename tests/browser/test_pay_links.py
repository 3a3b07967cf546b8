"""Links that fill the payment form, copies and sharing: nothing leaves the browser by itself."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import AGENT
from tests.browser.test_payment_print import SHORT, show_code
from tests.browser.waiting import wait_until
from tests.outside.decoders import read_codes

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Request

LINK = {
    "name": "Zoë & Söhne + Co",
    "iban": "DE89370400440532013000",
    "bic": "COBADEFFXXX",
    "amount": "1.234,50",
    "reference": "2026-114",
    "as_rf": "on",
    "purpose": "GDDS",
    "note": "Thank you",
}
NOT_AS_OURS = (
    "",
    "main",
    "%",
    "%zz&&&==",
    "form_id=x&symbols=2615&script=0&edit=new&csrfmiddlewaretoken=x&__proto__=x&constructor=x",
    "name=a&iban=b&name=c",
    "name=a&beneficiary=b",
    "name=%FF&iban=b",
    "name=a%00b&iban=b",
    "name=a%0Ab&iban=b",
    "name=%E2%80%AEkcaH&iban=b",
    "name=%E2%80%8Ba&iban=b",
    "name=" + "a" * 301,
    "name=a&note=" + "a" * 4000,
)
REMEMBER = "Remember my account in this browser"


@pytest.fixture
def sent(context: BrowserContext) -> list[Request]:
    """Every request of the browser, as it is sent."""
    requests: list[Request] = []

    def keep(request: Request) -> None:
        requests.append(request)

    context.on("request", keep)
    return requests


def text_of(requests: list[Request]) -> str:
    """All that the server is told by these requests."""
    return " ".join(
        f"{request.url.partition('#')[0]} {request.all_headers()} {request.post_data or ''}" for request in requests
    )


def has(page: Page, **values: str) -> None:
    for name, value in values.items():
        expect(page.locator(f"[name={name}]:not([type=hidden])")).to_have_value(value)


def create(page: Page) -> None:
    page.get_by_role("button", name="Create code").click()
    page.locator(".payment-code svg").wait_for()


class TestLink:
    def test_fills_the_form_and_tells_the_server_nothing(
        self, site: str, quiet_page: Page, sent: list[Request]
    ) -> None:
        quiet_page.goto(f"{site}/pay#{urlencode(LINK)}", wait_until="networkidle")
        has(quiet_page, beneficiary=LINK["name"], **{name: LINK[name] for name in ("iban", "bic", "amount")})
        has(quiet_page, reference="2026-114", purpose="GDDS", note="Thank you", remittance_text="")
        expect(quiet_page.get_by_label("Create an RF reference from this invoice number")).to_be_checked()
        expect(quiet_page.get_by_text("A link filled in this form.")).to_be_visible()
        assert quiet_page.url.endswith(urlencode(LINK)), "a bookmark and a reload still have it"
        assert sent
        for text in ("DE8937", "COBADEFF", "S%C3%B6hne", "Söhne", "2026-114", "GDDS", "Thank"):
            assert text not in text_of(sent)
        create(quiet_page)
        assert quiet_page.url == f"{site}/pay"
        expect(quiet_page.get_by_text("RF16 2026 114")).to_be_visible()

    def test_fills_it_in_each_language(self, site: str, quiet_page: Page) -> None:
        for prefix in ("/fr", "/de", "/es"):
            quiet_page.goto(f"{site}{prefix}/pay#name=A&iban={LINK['iban']}")
            has(quiet_page, beneficiary="A", iban=LINK["iban"])
            expect(quiet_page.locator("[data-link-filled]")).to_be_visible()

    def test_is_copied_from_the_form_and_from_the_code(self, site: str, context: BrowserContext, page: Page) -> None:
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site)
        page.goto(f"{site}/de/pay#{urlencode(LINK)}")
        for on_the_form in (True, False):
            page.get_by_role("button", name="Link kopieren, der dieses Formular ausfüllt").click()
            expect(page.locator("[data-copy-said]")).to_contain_text("Der Link ist kopiert.")
            copied = page.evaluate("navigator.clipboard.readText()")
            assert copied.startswith(f"{site}/de/pay#name=Zo%C3%AB+%26+S%C3%B6hne+%2B+Co&iban=")
            other = context.new_page()
            other.goto(copied)
            has(other, beneficiary=LINK["name"], amount="1.234,50", reference="2026-114", note="Thank you")
            other.close()
            if on_the_form:
                page.get_by_role("button", name="Code erstellen").click()
                page.locator(".payment-code svg").wait_for()

    def test_never_mixes_with_what_is_in_the_form(self, site: str, quiet_page: Page) -> None:
        quiet_page.goto(f"{site}/pay")
        quiet_page.get_by_label("Recipient").fill("Ada")
        quiet_page.get_by_label("BIC").fill("COBADEFFXXX")
        quiet_page.evaluate("location.hash = 'name=Eve&iban=FR7630006000011234567890189'")
        expect(quiet_page.get_by_text("The link holds other data than this form.")).to_be_visible()
        has(quiet_page, beneficiary="Ada", iban="", bic="COBADEFFXXX")
        quiet_page.get_by_role("button", name="Replace with the data of the link").click()
        has(quiet_page, beneficiary="Eve", iban="FR7630006000011234567890189", bic="")
        expect(quiet_page.get_by_text("The link holds other data")).to_be_hidden()

    def test_that_is_not_as_ours_fills_nothing(self, site: str, quiet_page: Page) -> None:
        for number, fragment in enumerate(NOT_AS_OURS):
            quiet_page.goto(f"{site}/pay?{number}#{fragment}")
            quiet_page.get_by_label("Recipient").focus()  # whoever begins gets the scripts
            quiet_page.locator("[data-payee]").wait_for()
            form = quiet_page.locator("#pay-form")
            texts = form.locator("input:not([type=hidden], [type=checkbox])")
            assert set(texts.evaluate_all("all => all.map(i => i.value)")) == {""}, fragment
            assert form.locator("input:checked").count() == 0, fragment
            assert form.locator("[name=form_id]").input_value() != "x", fragment
            assert quiet_page.locator("[data-link-filled]:visible, [data-link-differs]:visible").count() == 0, fragment

    def test_with_markup_is_text(self, site: str, quiet_page: Page) -> None:
        evil = '"><img src=x onerror=alert(1)><script>alert(1)</script>'
        quiet_page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        quiet_page.goto(f"{site}/pay#" + urlencode({"name": evil, "iban": LINK["iban"], "as_rf": "1"}))
        has(quiet_page, beneficiary=evil)
        expect(quiet_page.get_by_label("Create an RF reference")).not_to_be_checked()
        assert quiet_page.locator("#pay-form img, #pay-form script").count() == 0
        create(quiet_page)
        expect(quiet_page.get_by_text(evil).first).to_be_visible()

    def test_fills_again_after_a_reload_and_leaves_what_was_changed(self, site: str, page: Page) -> None:
        page.goto(f"{site}/pay#name=A&iban={LINK['iban']}&amount=5")
        page.get_by_label("Amount in euro").fill("6")
        create(page)
        page.go_back()
        has(page, beneficiary="A", amount="6")
        page.goto("about:blank")
        page.goto(f"{site}/pay#name=A&iban={LINK['iban']}&amount=5")
        has(page, beneficiary="A", amount="5")

    def test_without_scripts_the_form_says_so_and_works(self, site: str, browser: Browser) -> None:
        with browser.new_context(java_script_enabled=False, user_agent=AGENT) as context:
            page = context.new_page()
            page.goto(f"{site}/pay#{urlencode(LINK)}")
            expect(page.locator("#pay-form noscript p")).to_be_visible()
            expect(page.locator("#pay-form noscript p")).to_contain_text(
                "Links that fill in this form work with JavaScript alone."
            )
            has(page, beneficiary="", iban="")
            expect(page.get_by_role("button", name="Copy link")).to_have_count(0)
            expect(page.get_by_label(REMEMBER)).to_be_hidden()
            show_code(page, site, SHORT)
            page.get_by_role("button", name="Same account, next amount").click()
            has(page, beneficiary=SHORT["beneficiary"], iban=SHORT["iban"], amount="", remittance_text="")
            assert page.url == f"{site}/pay"


class TestCopies:
    def test_of_picture_and_text_are_the_code(self, site: str, context: BrowserContext, page: Page) -> None:
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site)
        show_code(page, site, SHORT | {"remittance_text": "Invoice 114"})
        page.get_by_role("button", name="Copy text in the code").click()
        expect(page.get_by_text("The text in the code is copied.")).to_be_visible()
        text = page.evaluate("navigator.clipboard.readText()")
        assert text.split("\n")[5:] == [*("Zoë Müller", SHORT["iban"], "EUR12.50", "", "", "Invoice 114")]
        page.get_by_role("button", name="Copy picture").click()
        expect(page.get_by_text("The picture is copied.")).to_be_visible()
        picture = page.evaluate(
            """async () => {
              const [item] = await navigator.clipboard.read();
              const bytes = new Uint8Array(await (await item.getType("image/png")).arrayBuffer());
              return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ""));
            }"""
        )
        drawn = Image.open(io.BytesIO(base64.b64decode(picture))).convert("L")
        assert read_codes(drawn) == [text]
        assert set(drawn.tobytes()) == {0, 255}, "sharp modules"

    def test_say_when_the_browser_refuses(self, site: str, page: Page) -> None:
        page.add_init_script(
            "navigator.clipboard.writeText = async () => { throw new DOMException('', 'NotAllowedError') }"
        )
        show_code(page, site, SHORT)
        page.get_by_role("button", name="Copy text in the code").click()
        expect(page.get_by_text("Your browser did not allow it.")).to_be_visible()

    def test_are_shared_where_the_browser_can(self, site: str, browser: Browser) -> None:
        for can, visible in (("true", True), ("false", False)):
            page = browser.new_page()
            page.add_init_script(
                f"navigator.canShare = () => {can}; navigator.share = async (data) => {{ window.shared = data }}"
            )
            show_code(page, site, SHORT)
            button = page.get_by_role("button", name="Share")
            expect(button).to_be_visible(visible=visible)
            if visible:
                button.click()
                wait_until(page, "window.shared?.files.length === 1")
                name, size = page.evaluate("[window.shared.files[0].name, window.shared.files[0].size]")
                assert name.startswith("zoe-muller-12.50-")
                assert size > 300
            page.close()
