"""The invoice slip on paper: read by two decoders and a PDF reader that nobody here wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from stats.services.figures import read_figures
from tests.browser.test_looks import barriers, overflow, wrong_in_each_look
from tests.browser.test_payment_print import LONG, PAPERS, SHORT, WIDEST, printed, show_code
from tests.outside.decoders import read_codes

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DPI = 300
MM_PER_INCH = 25.4


def show_slip(page: Page, site: str, order: dict[str, str], language: str = "en") -> None:
    show_code(page, site, order, language)
    page.locator("button[name=slip]").click()
    page.locator(".slip svg").wait_for()


@pytest.mark.parametrize("order", [SHORT, LONG, WIDEST], ids=["short", "long", "widest"])
@pytest.mark.parametrize("language", ["en", "fr", "de", "es"])
def test_is_one_page_with_one_code_and_whole_lines(site: str, page: Page, language: str, order: dict[str, str]) -> None:
    order = order | {"beneficiary": order["beneficiary"][:70]}
    show_slip(page, site, order, language)
    for paper in PAPERS:
        document = printed(page, paper)
        assert len(document) == 1, paper
        (text,) = read_codes(document[0].render(scale=DPI / 72).to_pil())
        assert text.split("\n")[5] == order["beneficiary"]
        lines = document[0].get_textpage().get_text_bounded().splitlines()
        words = " ".join(lines)
        assert text.split("\n")[6][:4] in words
        assert "Cookies" not in words
        document.close()


def test_is_at_the_foot_of_the_paper(site: str, page: Page) -> None:
    show_slip(page, site, SHORT)
    document = printed(page, "A4")
    image = document[0].render(scale=DPI / 72).to_pil().convert("L")
    dark = image.point(lambda value: 255 if value < 200 else 0).getbbox()
    assert dark
    top_mm = dark[1] / DPI * MM_PER_INCH
    assert top_mm > PAPERS["A4"][1] - 105, "the lower third, as a slip of a bank"
    document.close()


def test_looks_right_and_leads_back(site: str, quiet_page: Page, browser: Browser) -> None:
    show_slip(quiet_page, site, SHORT | {"remittance_text": "Invoice 114"})
    assert wrong_in_each_look(quiet_page) == []
    expect(quiet_page.get_by_role("button", name="Print")).to_be_visible()
    quiet_page.get_by_role("link", name="Español").click()
    expect(quiet_page.locator("html")).to_have_attribute("lang", "es")
    expect(quiet_page.locator(".slip svg")).to_be_visible()
    assert barriers(quiet_page) == []
    assert overflow(quiet_page) == 0
    quiet_page.get_by_role("button", name="Volver al código").click()
    expect(quiet_page.locator(".payment-code svg")).to_be_visible()
    quiet_page.wait_for_load_state("networkidle")
    assert read_figures().qr_total == 1
    plain = browser.new_context(java_script_enabled=False).new_page()
    show_slip(plain, site, SHORT)
    expect(plain.get_by_role("button", name="Print")).to_be_hidden()
    plain.get_by_role("button", name="Back to the code").click()
    expect(plain.locator(".payment-code svg")).to_be_visible()
    plain.context.close()


def test_enter_in_the_width_downloads(site: str, page: Page) -> None:
    show_code(page, site, SHORT)
    page.get_by_label("Width in millimetres").fill("46")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.endswith(".png")
