"""The staff's statistics in a real browser: on a phone and a desktop, in light and dark, full and empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from kv.store.connection import call
from stats import keys
from stats.services.payment_code_counts import record_payment_code
from stats.services.usage import record_usage
from stats.services.visits import exclude_visit, record_visit
from stats.types import Reason
from tests.browser.test_looks import barriers_in_each_look

if TYPE_CHECKING:
    from playwright.sync_api import Page

STATISTICS = "/admin/stats/statistics/"


@pytest.fixture
def staff_page(site: str, quiet_page: Page) -> Page:
    """A page of somebody who may see everything."""
    User.objects.create_superuser("owner", password="ledger-and-ink")
    quiet_page.goto(f"{site}/admin/login/?next={STATISTICS}")
    quiet_page.get_by_label("Username").fill("owner")
    quiet_page.get_by_label("Password").fill("ledger-and-ink")
    quiet_page.get_by_role("button", name="Log in").click()
    return quiet_page


@pytest.mark.parametrize("is_full", [True, False], ids=["full", "empty"])
def test_has_no_barrier(site: str, staff_page: Page, is_full: bool) -> None:
    if is_full:
        record_visit(address="192.0.2.7")
        exclude_visit(address="192.0.2.8", reason=Reason.BOT)
        record_payment_code(id="a", amount_cents=1250)
        record_usage(tool="payment-qr")
    staff_page.goto(f"{site}{STATISTICS}", wait_until="networkidle")
    expect(staff_page.get_by_role("heading", name="Site statistics", level=1)).to_be_visible()
    assert barriers_in_each_look(staff_page) == []


def test_gives_its_table_as_a_file(staff_page: Page) -> None:
    record_visit(address="192.0.2.7")
    staff_page.reload()
    with staff_page.expect_download() as file:
        staff_page.get_by_role("link", name="Download as CSV").click()
    assert file.value.suggested_filename.startswith("statistics-")


@pytest.mark.parametrize("prefix", ["", "/fr", "/de", "/es"])
@pytest.mark.parametrize("width", [390, 1024, 1280])
def test_no_figure_runs_into_the_next(site: str, staff_page: Page, prefix: str, width: int) -> None:
    """The largest totals that fit the store's exact numbers, in every language."""
    record_visit(address="192.0.2.7")
    call("SET", keys.visitors(), 987_654_321)
    call("SET", keys.qr_total(), 987_654_321)
    call("SET", keys.revenue(), 98_765_432_109_876)
    staff_page.set_viewport_size({"width": width, "height": 900})
    staff_page.goto(f"{site}{prefix}{STATISTICS}")
    expect(staff_page.locator(".stats-totals dd").first).to_be_visible()
    too_wide = staff_page.locator(".stats-totals dd, .stats-totals dt").evaluate_all(
        "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent)"
    )
    assert too_wide == []
