"""A printed payment code: read by decoders and a PDF reader that nobody here wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pypdfium2  # type: ignore[import-untyped] # brings no types
import pytest

from tests.outside.decoders import read_codes

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# Width and height in millimetres.
PAPERS = {"A4": (210, 297), "Letter": (216, 279), "A5": (148, 210), "A6": (105, 148)}
SHORT = {"beneficiary": "Zoë Müller", "iban": "DE89370400440532013000", "amount": "12,50"}
LONG = {
    "beneficiary": "Gemeinnütziger Verein zur Förderung der Straßenmusik in Niederösterreich",
    "iban": "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
    "amount": "999999999,99",
    "remittance_text": (
        "Rechnung 2026-114 vom 10. März für die Straßenmusik im Sommer, zahlbar binnen vierzehn Tagen " * 2
    )[:140],
    "bic": "MALTMTMTXXX",
}
# Nothing to break the lines at, and no letter is wider.
WIDEST = LONG | {"beneficiary": "W" * 70, "remittance_text": "W" * 140}


def show_code(page: Page, site: str, order: dict[str, str], language: str = "en") -> None:
    """Fill in the form and send it."""
    page.goto(f"{site}/{'' if language == 'en' else language + '/'}pay")
    for name, value in order.items():
        page.locator(f"#id_{name}").fill(value)
    page.locator("#pay-form button[type=submit]").last.click()
    page.locator(".payment-code svg").wait_for()


def printed(page: Page, paper: str) -> pypdfium2.PdfDocument:
    """The page as Chromium prints it, with its own margins."""
    width, height = PAPERS[paper]
    return pypdfium2.PdfDocument(page.pdf(width=f"{width}mm", height=f"{height}mm", print_background=True))


@pytest.mark.parametrize("order", [SHORT, LONG, WIDEST], ids=["short", "long", "widest"])
@pytest.mark.parametrize("language", ["en", "fr", "de", "es"])
def test_is_one_page_with_one_code_and_whole_lines(site: str, page: Page, language: str, order: dict[str, str]) -> None:
    order = order | {"beneficiary": order["beneficiary"][:70]}
    show_code(page, site, order, language)
    page.locator(".cookie-notice").wait_for()  # open, as on a first visit
    for paper in PAPERS:
        document = printed(page, paper)
        assert len(document) == 1, paper
        image = document[0].render(scale=300 / 72).to_pil()
        (text,) = read_codes(image)
        assert text.split("\n")[5] == order["beneficiary"]
        lines = document[0].get_textpage().get_text_bounded().splitlines()
        assert not [line for line in lines if len(line.strip()) == 1], (paper, lines)
        assert "Cookies" not in " ".join(lines)
        document.close()


@pytest.mark.parametrize("path", ["/", "/pay", "/statistics", "/pricing", "/cookies", "/accounts/login"])
def test_the_notice_is_on_no_paper(site: str, browser: Browser, path: str) -> None:
    for scripts in (True, False):
        page = browser.new_context(java_script_enabled=scripts).new_page()
        page.goto(site + path)
        page.emulate_media(media="print")
        assert not page.locator(".cookie-notice").first.is_visible()
        page.context.close()
