"""axe-core has nothing to say on any page, in any language: the pages are those of `tests.security.pages`.

A page that is in no list there fails tests/security/test_pages.py. The admin's lists and forms are test_axe_admin's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.conf import settings

from stats.services.usage import record_usage
from stats.services.visits import record_visit
from tests.browser.test_dashboard import busy_user, sign_in
from tests.browser.test_looks import barriers, overflow, wrong_in_each_look
from tests.browser.test_payment_print import SHORT, show_code
from tests.security.pages import PAGES

if TYPE_CHECKING:
    from playwright.sync_api import Page

PREFIXES = tuple(f"/{code}" for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE)
#: Seen by nobody who comes by a link, or apart: test_the_api, test_axe_admin.
APART = ("/api/", "/admin/")
#: The same page in other states.
STATES = ("/cookies/settings?saved=1", "/statistics?days=365&of=amount", "/statistics?from=2000-01-01")
# Colours are those of the page in English, and take axe-core the longest.
OF_WORDS = {"rules": {"color-contrast": {"enabled": False}}}


def addresses(*kinds: str) -> list[str]:
    """What a browser may ask for, of these kinds."""
    return [
        page.address
        for page in PAGES
        if page.kind in kinds and "GET" in page.methods and not page.address.startswith(APART)
    ]


def wrong_on(page: Page, site: str, path: str) -> list[tuple[str, str]]:
    """What is wrong with the page in English in each look, and with its words in every other language."""
    answer = page.request.get(site + path, max_redirects=0)  # a browser would save a file, and follow to the log-in
    if answer.status != (404 if path == "/nothing" else 200) or not answer.headers.get("content-type", "").startswith(
        "text/html"
    ):
        return []
    page.goto(site + path)
    wrong = [(path, found) for found in wrong_in_each_look(page)]
    for prefix in PREFIXES:
        page.goto(f"{site}{prefix}{path}")
        wrong += [(f"{prefix}{path}", found) for found in barriers(page, **OF_WORDS)]
        if wider := overflow(page):
            wrong.append((f"{prefix}{path}", f"{wider} pixels too wide"))
    return wrong


@pytest.mark.parametrize("part", range(2))
def test_public_pages(site: str, quiet_page: Page, part: int) -> None:
    record_usage(tool="payment-qr")
    record_visit(address="203.0.113.9")
    paths = (*addresses("shared", "open"), *STATES)
    assert {"/", "/pay", "/embed", "/statistics", "/pricing", "/accounts/login"} <= set(paths)
    wrong = [found for path in paths[part::2] for found in wrong_on(quiet_page, site, path)]
    assert wrong == []


def test_a_payment_code_and_its_slip(site: str, quiet_page: Page) -> None:
    wrong: list[tuple[str, str]] = []
    order = SHORT | {"reference": "RF18539007547034", "bic": "COBADEFFXXX"}
    for language in ("en", "fr", "de", "es"):
        show_code(quiet_page, site, order, language)
        wrong += [(f"code in {language}", found) for found in wrong_in_each_look(quiet_page)]
        quiet_page.locator("button[name=slip]").click()
        quiet_page.locator(".slip svg").wait_for()
        wrong += [(f"slip in {language}", found) for found in wrong_in_each_look(quiet_page)]
    assert wrong == []


def test_own_pages(site: str, page: Page) -> None:
    sign_in(page, site, busy_user())
    paths = (*addresses("own"), "/nothing")
    assert {"/dashboard", "/accounts/profile"} <= set(paths)
    assert [found for path in paths for found in wrong_on(page, site, path)] == []


def test_the_api(site: str, page: Page) -> None:
    """With some operations open and the rest closed, as they are at first."""
    page.goto(f"{site}/api/docs")
    assert wrong_in_each_look(page) == []
    page.locator("#spend_tokens").get_by_text("Fields").first.click()
    page.locator("#spend_tokens").get_by_text("Errors").click()
    assert wrong_in_each_look(page) == []
    page.get_by_role("link", name="Try it").click()
    page.get_by_role("button", name="GET /api/stats", exact=False).first.wait_for()
    for operation in ("get_figures", "record_visit", "set_mood", "spend_tokens"):
        page.locator(f"[id$={operation}] .opblock-summary-control").first.click()
    page.get_by_role("button", name="Try it out").first.click()
    page.get_by_role("button", name="Execute").first.click()
    page.locator(".live-responses-table").first.wait_for()
    assert wrong_in_each_look(page) == []
