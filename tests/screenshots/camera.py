"""Takes the pictures of one site."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import Browser, Error, Page, expect

from docs.picture import PASSWORD
from tests.screenshots.pages import Shown, Who

WIDTHS = (390, 1280)
SCHEMES = ("light", "dark")
LANGUAGES = ("en", "fr", "de", "es")
_USERS: dict[Who, str] = {"user": "ada", "admin": "admin"}
#: Longer pages are cut: nobody looks at the hundredth row.
_MOST_PIXELS = 6000


def take_pictures(
    browser: Browser, address: str, pages: Iterable[Shown], folder: Path, *, languages: Sequence[str] = LANGUAGES
) -> int:
    """A picture of each page in each width, scheme and language; answers how many.

    What is refused, is no HTML or is not there (a page that is newer than the site) has no picture.
    """
    folder.mkdir(parents=True, exist_ok=True)
    taken, open_pages = 0, dict[Who, Page]()
    for shown in pages:
        if shown.who not in open_pages:
            open_pages[shown.who] = _enter(browser, address, shown.who)
        page = open_pages[shown.who]
        for language in languages if shown.has_languages else ("en",):
            prefix = "" if language == "en" or not shown.has_languages else f"/{language}"
            if _go(page, f"{address}{prefix}{shown.address}", shown):
                taken += sum(_shoot(page, folder, f"{shown.name}-{{width}}-{{scheme}}-{language}"))
    for page in open_pages.values():
        page.context.close()
    return taken


def _go(page: Page, url: str, shown: Shown) -> bool:
    # What is downloaded, or leads to Stripe, is an error of navigation.
    with suppress(Error):
        response = page.goto(url, wait_until="networkidle")
        is_there = response is not None and response.status == (404 if shown.address == "/nothing" else 200)
        was_sent_away = page.url.split("?")[0].rstrip("/") != url.split("?", maxsplit=1)[0].rstrip("/")
        if response and is_there and not was_sent_away:
            return response.headers.get("content-type", "").startswith("text/html")
    return False


def _shoot(page: Page, folder: Path, name: str) -> Iterable[int]:
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844 if width < 600 else 800})
        height = min(page.evaluate("document.documentElement.scrollHeight"), _MOST_PIXELS)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            page.screenshot(
                path=folder / f"{name.format(width=width, scheme=scheme)}.png",
                full_page=True, animations="disabled", clip={"x": 0, "y": 0, "width": width, "height": height},
            )  # fmt: skip
            yield 1


def _enter(browser: Browser, address: str, who: Who) -> Page:
    """A page of somebody who has answered the notice about cookies, and is logged in unless it is nobody."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB").new_page()
    page.goto(address, wait_until="networkidle")
    page.locator(".cookie-notice button").first.click()
    if who != "nobody":
        page.goto(f"{address}/admin/login/?next=/" if who == "admin" else f"{address}/accounts/login")
        page.fill("[name=username]", _USERS[who])
        page.fill("[name=password]", PASSWORD)
        page.locator("[name=password]").press("Enter")
        expect(page).not_to_have_url(re.compile("login"))
    return page
