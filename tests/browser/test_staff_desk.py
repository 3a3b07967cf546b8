"""The staff desk in a browser: on a phone, by its links, asked first and done once, also after the Back button."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from playwright.sync_api import expect

from billing.models import StripeCustomer
from codetags.models import CodeTag
from codetags.services.hits import record_hit
from codetags.services.registry import mirror_registry
from kv.models import EventReceiver, OutgoingEvent
from kv.times import utc_now
from tests.browser.test_dashboard import busy_user, sign_in
from tests.browser.test_looks import PHONE, barriers, overflow
from tests.stats.callers import service_token
from tests.usertokens.vouchers import make
from usertokens.services import balances, holds, redeem_voucher

if TYPE_CHECKING:
    from playwright.sync_api import Page

USERS = "/admin/usertokens/tokenledger/"
#: Everything in the page's own part that can be touched, but links within a sentence, and is smaller than 24 px.
SMALL = """() => [...document.querySelectorAll("#content :is(a, button, select, input:not([type=hidden]), summary)")]
    .filter((one) => {
        const { width, height } = one.getBoundingClientRect();
        const elsewhere = one.closest("thead, .breadcrumbs, dd, dl, [class*=chart]");
        const flows = elsewhere || getComputedStyle(one).display === "inline";
        // A box with search stands in the place of such a list, which keeps a pixel for its value.
        const isReplaced = one.matches(".select2-hidden-accessible");
        return width && height && !flows && !isReplaced && !one.hidden && (width < 23.5 || height < 23.5);
    })
    .map((one) => one.outerHTML.slice(0, 120))"""


@pytest.fixture
def owner(site: str, page: Page) -> User:
    """Signed in, with something on every page."""
    user = busy_user()
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    User.objects.create_user("eve")
    CodeTag.objects.create(code="BT26", label="Business trade fair, the stand by the entrance of hall 7")
    mirror_registry()
    record_hit(code="BT26", address="10.0.0.1", agent="Mozilla/5.0")
    service_token("shop")
    StripeCustomer.objects.create(user=user, customer_id="cus_1")
    sign_in(page, site, user)
    return user


@pytest.mark.parametrize("language", ["", "/de"])
def test_no_column_of_a_list_is_out_of_sight_on_a_laptop(site: str, page: Page, owner: User, language: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    row = EventReceiver.objects.create(
        name="The shop", url="https://example.com/", types=[], secret="whsec_", delivered_at=utc_now()
    )
    OutgoingEvent.objects.create(
        receiver=row, type="topup.automatic.action_required", key="1", at=utc_now(), delivered_at=utc_now()
    )
    code = make(grant_days=30)
    redeem_voucher(str(owner.pk), code)
    out_of_sight = {
        path: more
        for path in ("kv/outgoingevent", "kv/eventreceiver", "usertokens/voucher", "usertokens/redemption")
        if page.goto(f"{site}{language}/admin/{path}/")
        and (more := page.locator(".results").evaluate("one => one.scrollWidth - one.clientWidth"))
    }
    assert out_of_sight == {}


def test_on_a_phone(site: str, page: Page, owner: User) -> None:
    page.set_viewport_size(PHONE)
    holds.hold_tokens(str(owner.pk), 5, ttl_seconds=600, reason="a film", by_service=True)
    code = CodeTag.objects.get().pk
    wrong: list[Any] = []
    for path in (
        "/admin/", USERS, f"{USERS}{owner.pk}/", "/admin/knox/authtoken/", "/admin/codetags/codetag/",
        "/admin/codetags/codetag/add/", f"/admin/codetags/codetag/{code}/change/", "/admin/codetags/codecount/",
        "/admin/codetags/codecount/BT26/",
    ):  # fmt: skip
        for language in ("", "/de"):
            page.goto(site + language + path)
            if overflow(page):
                wrong.append((language + path, f"wider by {overflow(page)}"))
        if "codetags" in path:
            wrong += [(path, found) for found in page.evaluate(SMALL)]
    assert wrong == [], "\n".join(map(str, wrong))


def test_acting_for_a_user(site: str, page: Page, owner: User) -> None:
    eve = str(User.objects.get(username="eve").pk)
    page.goto(f"{site}{USERS}?q=eve")
    page.get_by_role("link", name="eve", exact=True).click()
    page.get_by_label("What").select_option("grant")
    page.get_by_label("Tokens:").fill("50")
    page.get_by_label("Reason").fill("goodwill")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Are you sure?")).to_be_visible()
    expect(page.get_by_text("Grant 50 tokens?")).to_be_visible()
    assert barriers(page) == []
    assert not LogEntry.objects.exists()
    sent = page.evaluate("Object.fromEntries(new FormData(document.querySelector('#content-main form')))")
    page.get_by_role("button", name="Yes, do it").dblclick()
    expect(page.get_by_text("Granted 50 tokens: goodwill").first).to_be_visible()
    assert barriers(page) == []
    # The same form, sent once more.
    answer = page.request.post(f"{site}{USERS}{eve}/", form=sent, headers={"Referer": site})
    assert "Nothing was done a second time." in answer.text()
    assert balances.get_balance(eve).tokens.balance == 150
    assert LogEntry.objects.count() == 1


def test_links_both_ways(site: str, page: Page, owner: User) -> None:
    page.goto(f"{site}/admin/auth/user/{owner.pk}/change/")
    page.get_by_role("link", name="Tokens and subscription").click()
    expect(page).to_have_url(f"{site}{USERS}{owner.pk}/")
    page.get_by_role("link", name="cus_1").click()
    page.get_by_role("link", name="The user").click()
    expect(page).to_have_url(f"{site}{USERS}{owner.pk}/")
    page.get_by_role("link", name=owner.username, exact=True).first.click()
    expect(page).to_have_url(f"{site}/admin/auth/user/{owner.pk}/change/")


def test_the_panel_leads_on(site: str, page: Page, owner: User) -> None:
    page.goto(f"{site}/admin/")
    panel = page.get_by_role("region", name="Today")
    expect(panel.get_by_text("Hits of campaign codes")).to_be_visible()
    for number in range(panel.get_by_role("link").count()):
        address = panel.get_by_role("link").nth(number).get_attribute("href") or ""
        assert page.request.get(site + address).status == 200, address


def test_a_token_is_revoked_from_the_list(site: str, page: Page, owner: User) -> None:
    page.goto(f"{site}/admin/knox/authtoken/")
    page.get_by_role("link", name="Revoke the token of shop").click()
    page.get_by_role("button", name="Yes, I’m sure").click()
    expect(page.get_by_text("0 service tokens")).to_be_visible()
