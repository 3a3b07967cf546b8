"""The plain front end of docs/frontend.md, served from another port. Vue and Next.js: `make test-frontends`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.faults.site import Site, own_site
from tests.frontends.pages import served, write_files
from tests.frontends.scenarios import Scenarios, log_in, sign_up
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

PORTS = {"front": free_port(), "stranger": free_port()}


@pytest.fixture(scope="module")
def counts() -> Iterator[Site]:
    with own_site(started=False) as site:
        site.environment |= {"CORS_ORIGINS": f"http://127.0.0.1:{PORTS['front']}", "WORKERS": "1", "NUM_PROXIES": "0"}
        site.start()
        yield site


@pytest.fixture(scope="module")
def pages(counts: Site, tmp_path_factory: Any) -> Any:
    directory = tmp_path_factory.mktemp("front")
    write_files(directory, "index.html", "countinghouse.js", site=f"http://127.0.0.1:{counts.port}")
    return directory


@pytest.fixture(scope="module")
def front(pages: Any) -> Iterator[str]:
    with served(pages, PORTS["front"]) as address:
        yield address


@pytest.fixture(scope="module")
def stranger(pages: Any) -> Iterator[str]:
    """The same pages, at an origin that the site does not list."""
    with served(pages, PORTS["stranger"]) as address:
        yield address


class TestPlainHtml(Scenarios):
    def test_a_use_is_reported_while_the_page_is_left(self, page: Page, front: str, counts: Site) -> None:
        page.goto(front)
        with page.expect_response("**/api/track-usage") as used:
            page.evaluate("import('./countinghouse.js').then((site) => site.countUse('payment-qr'))")
        assert used.value.status == 200
        assert used.value.request.headers["content-type"] == "text/plain;charset=UTF-8"

    def test_the_log_in_page_of_the_site_leads_back(self, page: Page, front: str, counts: Site) -> None:
        name = sign_up(counts, front)
        page.goto(f"http://127.0.0.1:{counts.port}/accounts/login?next={front}/?back=1")
        log_in(page, name)
        expect(page).to_have_url(f"{front}/?back=1")
        expect(page.get_by_text(f"Hello {name}")).to_be_visible()

    def test_signs_up(self, page: Page, front: str, counts: Site) -> None:
        page.goto(front)
        page.evaluate("import('./countinghouse.js').then((site) => site.signUp('zoe', 'a ledger well set'))")
        page.reload()
        expect(page.get_by_text("Hello zoe")).to_be_visible()


class TestAStranger:
    """An origin that is not listed."""

    READ = "(path) => fetch(path).then((answer) => answer.json())"

    def test_reads_the_public_figures_alone(self, page: Page, stranger: str, counts: Site) -> None:
        site = f"http://127.0.0.1:{counts.port}"
        page.goto(stranger)
        assert page.evaluate(self.READ, f"{site}/api/stats")["currency"] == "EUR"
        assert page.evaluate(self.READ, f"{site}/api/usage")["tools"]
        for path in ("/api/csrf", "/api/dashboard", "/api/stats/visit", "/accounts/login"):
            refused = "(path) => fetch(path, {credentials: 'include'}).then(() => 'read', () => 'refused')"
            assert page.evaluate(refused, site + path) == "refused"
