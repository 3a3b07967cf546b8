"""What every front end does. A subclass has the fixtures `counts`, a site that lists the front end, and `front`."""

from __future__ import annotations

import json
import re
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from playwright.sync_api import expect

from tests.security.origins import ask

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from tests.faults.site import Site

PASSWORD = "a ledger well set"
VISIT, LANDING, SPEND = "**/api/stats/visit", "**/api/analytics/qr*", "**/api/tokens/spend"
_numbers = count(1)


def sign_up(site: Site, front: str) -> str:
    """A new user, made as a front end would; the name."""
    name = f"user{next(_numbers)}"
    given = ask(site, "GET", "/api/csrf", front)
    cookie = given.headers["Set-Cookie"].partition(";")[0]
    form = urlencode({"username": name, "password1": PASSWORD, "password2": PASSWORD}).encode()
    headers = {"Cookie": cookie, "X_CSRFToken": json.loads(given.body)["csrfToken"], "Accept": "application/json"}
    kind = "application/x-www-form-urlencoded"
    made = ask(site, "POST", "/accounts/signup", front, body=form, Content_Type=kind, **headers)
    assert made.status == 200, made.body
    return name


def log_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def balance(page: Page) -> Any:
    return page.locator("[data-balance]")


def message(page: Page) -> Any:
    return page.locator("[role=alert]").filter(visible=True).first


class Scenarios:
    """Each begins in a browser of its own."""

    def test_shows_the_cards_and_counts_the_visit_once_a_session(self, page: Page, front: str, counts: Site) -> None:
        calls: list[str] = []
        page.on("request", lambda request: calls.append(request.url) if "/visit" in request.url else None)
        with page.expect_response(VISIT) as visited:
            page.goto(front)
        assert visited.value.json()["reason"] in {None, "seen"}
        for name in ("visitors", "qr_total", "revenue_cents"):
            expect(page.locator(f'[data-figure="{name}"]')).to_have_text(re.compile(r"^(€?[\d,.]+)$"))
        expect(page.get_by_label("Username")).to_be_visible()
        page.reload()
        expect(page.get_by_label("Username")).to_be_visible()
        assert calls == [f"http://127.0.0.1:{counts.port}/api/stats/visit"]

    def test_counts_a_landing_once(self, page: Page, context: BrowserContext, front: str, counts: Site) -> None:
        code = f"F{next(_numbers):03}"
        with page.expect_response(LANDING) as landed:
            page.goto(f"{front}/?a=1&qr={code}")
        assert landed.value.json() == {"code": code, "counted": True}
        expect(page).to_have_url(f"{front}/?a=1")
        assert "qr_counted" in {cookie.get("name") for cookie in context.cookies(f"http://127.0.0.1:{counts.port}")}
        with page.expect_response(LANDING) as landed:
            page.goto(f"{front}/?qr={code}")
        assert landed.value.json() == {"code": code, "counted": False}

    def test_logs_in_and_spends(self, page: Page, front: str, counts: Site) -> None:
        name = sign_up(counts, front)
        page.goto(front)
        log_in(page, name, "wrong")
        expect(message(page)).to_contain_text("is wrong. Check both")
        log_in(page, name)
        expect(balance(page)).to_have_text("100")
        expect(page.get_by_text(f"Hello {name}")).to_be_visible()
        with page.expect_request(SPEND) as spent:
            page.get_by_role("button", name="Spend 3 tokens").click()
        expect(balance(page)).to_have_text("97")
        assert re.fullmatch(r"[0-9a-f]{32}", spent.value.headers["idempotency-key"])
        page.reload()  # the session is kept; the next token is asked for
        expect(balance(page)).to_have_text("97")
        page.get_by_role("button", name="Spend 3 tokens").click()
        expect(balance(page)).to_have_text("94")
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_label("Username")).to_be_visible()
        log_in(page, name)
        expect(balance(page)).to_have_text("94")

    def test_looks_again_every_30_seconds(self, page: Page, context: BrowserContext, front: str, counts: Site) -> None:
        page.clock.install()
        page.goto(front)
        log_in(page, sign_up(counts, front))
        expect(balance(page)).to_have_text("100")
        other = context.new_page()
        other.goto(front)
        expect(balance(other)).to_have_text("100")
        other.get_by_role("button", name="Spend 3 tokens").click()
        expect(balance(other)).to_have_text("97")
        page.bring_to_front()
        page.clock.fast_forward(30_000)
        expect(balance(page)).to_have_text("97")
        # Logged out in the other tab: the next look says so.
        other.get_by_role("button", name="Log out").click()
        expect(other.get_by_label("Username")).to_be_visible()
        page.clock.fast_forward(30_000)
        expect(page.get_by_label("Username")).to_be_visible()

    def test_a_log_in_of_another_tab_makes_the_token_old(
        self, page: Page, context: BrowserContext, front: str, counts: Site
    ) -> None:
        name = sign_up(counts, front)
        page.goto(front)
        log_in(page, name)
        expect(balance(page)).to_have_text("100")
        other = context.new_page()
        other.goto(front)
        other.get_by_role("button", name="Log out").click()
        log_in(other, name)
        expect(other.get_by_label("Username")).to_be_hidden()
        expect(balance(other)).to_have_text("100")
        page.get_by_role("button", name="Spend 3 tokens").click()
        expect(balance(page)).to_have_text("97")

    def test_shows_that_the_store_is_away_and_spends_once(self, page: Page, front: str, counts: Site) -> None:
        page.goto(front)
        log_in(page, sign_up(counts, front))
        expect(balance(page)).to_have_text("100")
        with counts.store.frozen():
            page.get_by_role("button", name="Spend 3 tokens").click()
            expect(message(page)).to_contain_text("The store of counts can't be reached.")
        page.get_by_role("button", name="Spend 3 tokens").click()
        expect(balance(page)).to_have_text("97")
        expect(page.locator("[role=alert]").first).to_have_text("")

    def test_shows_that_the_site_is_away(self, page: Page, front: str, counts: Site) -> None:
        page.goto(front)
        log_in(page, sign_up(counts, front))
        expect(balance(page)).to_have_text("100")
        page.route(SPEND, lambda route: route.abort())
        page.get_by_role("button", name="Spend 3 tokens").click()
        expect(message(page)).to_contain_text("The site can’t be reached.")
