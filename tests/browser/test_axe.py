"""axe-core has nothing to say on the public pages, an account's and the API's; test_dashboard asks it of the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.test_dashboard import busy_user, sign_in
from tests.browser.test_looks import barriers_in_each_look, wrong_in_each_look

if TYPE_CHECKING:
    from playwright.sync_api import Page

PUBLIC = (
    *("/cookies", "/privacy", "/cookies/settings", "/cookies/settings?saved=1", "/pricing", "/de/pricing", "/nothing"),
    *("/es/statistics", "/fr/privacy", "/de/cookies", "/fr/cookies/settings"),
)
ACCOUNT = ("/accounts/profile", "/accounts/password", "/accounts/password/done", "/fr/accounts/profile")


def test_public_and_own_pages(site: str, page: Page) -> None:
    wrong: list[tuple[str, str]] = []
    for path in PUBLIC:
        page.goto(site + path)
        wrong += [(path, found) for found in barriers_in_each_look(page)]
    sign_in(page, site, busy_user())
    for path in ACCOUNT:
        page.goto(site + path)
        wrong += [(path, found) for found in barriers_in_each_look(page)]
    assert wrong == []


def test_the_api(site: str, page: Page) -> None:
    """With some operations open and the rest closed, as they are at first."""
    page.goto(f"{site}/api/docs")
    page.get_by_role("button", name="GET /api/stats", exact=False).first.wait_for()
    for operation in ("get_figures", "record_visit", "set_mood", "spend_tokens"):
        page.locator(f"[id$={operation}] .opblock-summary-control").first.click()
    page.get_by_role("button", name="Try it out").first.click()
    page.get_by_role("button", name="Execute").first.click()
    page.locator(".live-responses-table").first.wait_for()
    assert wrong_in_each_look(page) == []
