"""The numbers of the site on a page of another origin: read by its script, as pictures, and in a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings

from stats import keys
from stats.services.figures import forget_figures
from stats.services.visits import record_visit
from stats.views.elsewhere import CARD_HEIGHT
from tests.frontends.pages import served
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Frame, Page

FIGURES = ("visitors", "qr_total", "revenue_cents")
LANGUAGES = [code for code, _ in settings.LANGUAGES]
PREFIXES = ["" if code == settings.LANGUAGE_CODE else f"/{code}" for code in LANGUAGES]
#: As narrow as docs/stats.md says, as wide as its text to copy, and wider.
WIDTHS = (320, 360, 640)
READ = """async ([address, headers]) => {
    const answer = await fetch(address, { headers });
    return [answer.status, await answer.text(), answer.headers.get("Age"), answer.headers.get("Retry-After")];
}"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[str]:
    """A page of another origin, which has nothing on it."""
    (tmp_path / "index.html").write_text(
        '<!doctype html><html lang="en"><title>Elsewhere</title><link rel="icon" href="data:,">'
    )
    with served(tmp_path, free_port()) as address:
        yield f"{address}/index.html"


@pytest.fixture
def counted(site: str, store: Any) -> str:
    """The site, with figures as long as they may be for a while."""
    record_visit(address="203.0.113.9")
    store.mset({keys.visitors(): 123_456_789, keys.qr_total(): 1_234_567, keys.revenue(): 99_999_999_999})
    forget_figures()
    return site


def framed(page: Page, address: str, width: int = 360, more: str = "") -> Frame:
    """The page of a frame of this width on the page, once it is loaded."""
    before = len(page.frames)
    page.evaluate(
        """([src, width, height, more]) => new Promise((loaded) => {
            document.body.innerHTML = `<iframe width="${width}" height="${height}" frameborder="0" ${more}></iframe>`;
            const frame = document.querySelector("iframe");
            frame.onload = loaded;
            frame.src = src;
        })""",
        [address, width, CARD_HEIGHT, more],
    )
    assert before <= len(page.frames) == 2
    return page.frames[1]


def test_a_script_reads_them(counted: str, elsewhere: str, page: Page) -> None:
    """Also what was refused, and with a header that needs a preflight."""
    page.goto(elsewhere)
    for path in ("/api/stats", "/api/usage", "/api/stats/history", "/badge/visitors.json", "/badge/visitors.svg"):
        for headers in ({}, {"X-Request-ID": "elsewhere", "If-None-Match": '"a"'}):
            status, text, age, _ = page.evaluate(READ, [counted + path, headers])
            assert (status, bool(text), (age or "").isdigit()) == (200, True, path != "/api/usage"), path
    status, text, *_ = page.evaluate(READ, [f"{counted}/api/stats/history?days=0", {}])
    assert (status, '"days"' in text) == (400, True)
    status, text, *_ = page.evaluate(READ, [f"{counted}/api/stats/history?days=1", {"Accept": "text/csv"}])
    assert (status, text.splitlines()[0]) == (200, "date,visitors,qr,amount_cents")
    refused = page.evaluate(f"fetch('{counted}/pay').then(() => 'read', () => 'refused')")
    assert refused == "refused"


def test_badges_are_pictures_of_their_size(counted: str, elsewhere: str, quiet_page: Page) -> None:
    quiet_page.goto(elsewhere)
    for figure in FIGURES:
        for language in LANGUAGES:
            width, height, drawn = quiet_page.evaluate(
                """async (src) => {
                    const picture = new Image();
                    picture.src = src;
                    await picture.decode();
                    document.body.append(picture);
                    return [picture.naturalWidth, picture.naturalHeight, picture.complete];
                }""",
                f"{counted}/badge/{figure}.svg?lang={language}",
            )
            assert (height, drawn) == (20, True)
            assert 90 < width < 320


def test_the_texts_of_a_badge_keep_within_their_fields(counted: str, quiet_page: Page) -> None:
    """In this machine's font, which need not be Verdana, and not squeezed or stretched by much."""
    for figure in FIGURES:
        for language in LANGUAGES:
            quiet_page.goto(f"{counted}/badge/{figure}.svg?lang={language}")
            texts = quiet_page.evaluate(
                """() => [...document.querySelectorAll("text")].map((text, place) => {
                    const field = document.querySelectorAll("path")[place].getBBox(), box = text.getBBox();
                    const fitted = box.width;
                    text.removeAttribute("textLength");
                    const stretched = fitted / text.getComputedTextLength();
                    return [box.x - field.x, field.x + field.width - box.x - fitted, stretched];
                })"""
            )
            assert len(texts) == 2
            for before, after, stretched in texts:
                assert 5 <= before <= 7, (figure, language)
                assert 5 <= after <= 7, (figure, language)
                assert 0.8 < stretched < 1.25, (figure, language, stretched)


def test_the_card_is_whole_in_its_frame(counted: str, elsewhere: str, quiet_page: Page) -> None:
    for scheme in ("light", "dark"):
        quiet_page.emulate_media(color_scheme=scheme)
        quiet_page.goto(elsewhere)
        for prefix in PREFIXES:
            for width in WIDTHS:
                frame = framed(quiet_page, f"{counted}{prefix}/embed", width)
                numbers = frame.locator("dd").all_inner_texts()
                assert len(numbers) == 3
                assert numbers[0].replace("\u202f", "").replace(",", "").replace(".", "") == "123456789"
                cut = frame.evaluate(
                    "(({ scrollHeight, scrollWidth }) => [scrollHeight - innerHeight, scrollWidth - innerWidth])"
                    "(document.documentElement)"
                )
                assert cut == [0, 0], (prefix, width)
                paper = frame.evaluate("getComputedStyle(document.body).backgroundColor")
                assert paper == {"light": "rgb(255, 253, 248)", "dark": "rgb(30, 28, 24)"}[scheme]
    assert quiet_page.context.cookies() == []


def test_the_card_takes_the_theme_that_it_is_given_and_needs_no_rights(
    counted: str, elsewhere: str, quiet_page: Page
) -> None:
    quiet_page.emulate_media(color_scheme="light")
    quiet_page.goto(elsewhere)
    frame = framed(quiet_page, f"{counted}/embed?theme=dark", more='sandbox="allow-popups"')
    assert frame.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(30, 28, 24)"
    link = frame.get_by_role("link")
    assert link.get_attribute("href") is not None
    assert link.get_attribute("target") == "_blank"


@pytest.mark.parametrize(
    "path", ["/", "/statistics", "/pay", "/accounts/login", "/admin/login/", "/badge/visitors.svg"]
)
def test_no_other_page_is_shown_in_a_frame(path: str, counted: str, elsewhere: str, page: Page) -> None:
    page.goto(elsewhere)
    frame = framed(page, counted + path)
    assert frame.url.startswith("chrome-error:")
