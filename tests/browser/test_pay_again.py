"""A payment code that is loaded again, come back to, shown in another language: counted once, with nothing lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from stats.services.figures import read_figures
from tests.browser.test_cookies import more_cookies
from tests.browser.test_payment_print import SHORT, show_code

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


__all__ = ["more_cookies"]


def has_order(page: Page) -> None:
    for name, value in SHORT.items():
        expect(page.locator(f"#id_{name}")).to_have_value(value)


def test_counts_once_however_often_it_is_loaded(site: str, page: Page) -> None:
    show_code(page, site, SHORT)
    page.reload(wait_until="networkidle")
    page.go_back()
    has_order(page)
    page.go_forward(wait_until="networkidle")
    expect(page.locator(".payment-code svg")).to_be_visible()
    page.get_by_role("link", name="Deutsch").click()
    page.wait_for_load_state("networkidle")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.locator(".payment-code svg")).to_be_visible()
    assert read_figures().qr_total == 1
    page.locator("button[name=edit][value=new]").click()
    has_order(page)


def test_links_to_other_languages_keep_what_was_entered(site: str, browser: Browser) -> None:
    for scripts in (True, False):
        page = browser.new_context(java_script_enabled=scripts).new_page()
        page.goto(f"{site}/pay")
        for name, value in SHORT.items():
            page.locator(f"#id_{name}").fill(value)
        page.get_by_role("link" if scripts else "button", name="Français").click()
        expect(page.locator("html")).to_have_attribute("lang", "fr")
        has_order(page)
        page.context.close()


def test_closing_the_notice_without_scripts_keeps_the_form_and_the_code(site: str, browser: Browser) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{site}/de/pay")
    for name, value in SHORT.items():
        page.locator(f"#id_{name}").fill(value)
    page.locator(".cookie-notice button").click()
    expect(page.locator(".cookie-notice")).to_be_hidden()
    has_order(page)
    page.context.clear_cookies()
    page.locator("#pay-form button[type=submit]").last.click()
    expect(page.locator(".payment-code svg")).to_be_visible()
    page.locator(".cookie-notice button").click()
    expect(page.locator(".cookie-notice")).to_be_hidden()
    expect(page.locator(".payment-code svg")).to_be_visible()
    assert read_figures().qr_total == 1
    page.context.close()


def test_a_choice_is_kept_without_scripts_beside_the_form(site: str, browser: Browser, more_cookies: None) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{site}/pay")
    for name, value in SHORT.items():
        page.locator(f"#id_{name}").fill(value)
    page.locator(".cookie-notice input[value=statistics]").check()
    page.get_by_role("button", name="Save my choice").click()
    expect(page.locator(".cookie-notice")).to_be_hidden()
    has_order(page)
    (kept,) = [cookie["value"] for cookie in page.context.cookies() if "statistics" in cookie["value"]]
    assert "necessary" in kept
    page.context.close()


def test_a_double_click_counts_once(site: str, browser: Browser) -> None:
    for scripts in (True, False):
        page = browser.new_context(java_script_enabled=scripts).new_page()
        page.goto(f"{site}/pay")
        for name, value in (SHORT | {"amount": "3" if scripts else "4"}).items():
            page.locator(f"#id_{name}").fill(value)
        page.locator("#pay-form button[type=submit]").last.dblclick()
        expect(page.locator(".payment-code svg")).to_be_visible()
        page.wait_for_load_state("networkidle")
        page.reload(wait_until="networkidle")
        page.context.close()
    figures = read_figures()
    assert (figures.qr_total, figures.revenue_cents) == (2, 700)
