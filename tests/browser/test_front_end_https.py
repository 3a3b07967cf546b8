"""A front end on another *site* than the counts: cookies travel with SameSite=None and https alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.faults.site import own_site
from tests.frontends.pages import served, write_files
from tests.frontends.scenarios import balance, log_in
from tests.frontends.tls import tls_proxy
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserType


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: Any) -> Iterator[tuple[str, str]]:
    """Of the site, with https, and of the front end, whose other scheme and host make it another site."""
    directory: Path = tmp_path_factory.mktemp("front")
    front, public = free_port(), free_port()
    with own_site(started=False) as site:
        site.environment |= {
            "CORS_ORIGINS": f"http://localhost:{front}", "SITE_URL": f"https://127.0.0.1:{public}", "WORKERS": "1",
        }  # fmt: skip
        site.start()
        with tls_proxy(directory, port=public, target=site.port) as address:
            write_files(directory, "index.html", "countinghouse.js", site=address)
            with served(directory, front):
                yield address, f"http://localhost:{front}"


@pytest.fixture(scope="module")
def trusting(browser_type: BrowserType, browser_type_launch_args: Any) -> Iterator[Browser]:
    """A browser that takes the proxy's certificate, in preflights too, which the option of a context leaves out."""
    args = [*browser_type_launch_args["args"], "--ignore-certificate-errors"]
    browser = browser_type.launch(**{**browser_type_launch_args, "args": args})
    yield browser
    browser.close()


def test_logs_in_and_counts(addresses: tuple[str, str], trusting: Browser, browser_context_args: Any) -> None:
    site, front = addresses
    context = trusting.new_context(**browser_context_args, ignore_https_errors=True)
    page = context.new_page()
    with page.expect_response("**/api/stats/visit") as visit, page.expect_response("**/api/analytics/qr*") as landing:
        page.goto(f"{front}/?qr=DEMO")
    assert visit.value.json() == {"counted": True, "visitors": 1, "reason": None}
    assert landing.value.json()["counted"] is True
    page.evaluate("import('./countinghouse.js').then((site) => site.signUp('ada', 'a ledger well set'))")
    page.reload()
    expect(page.get_by_text("Hello ada")).to_be_visible()
    page.get_by_role("button", name="Spend 3 tokens").click()
    expect(balance(page)).to_have_text("97")
    page.get_by_role("button", name="Log out").click()
    log_in(page, "ada")
    expect(page.get_by_label("Username")).to_be_hidden()
    expect(balance(page)).to_have_text("97")
    kept = {cookie["name"]: (cookie["sameSite"], cookie["secure"]) for cookie in context.cookies(site)}
    assert kept == dict.fromkeys(("csrftoken", "sessionid", "qr_counted", "logged_in"), ("None", True))
    context.close()
