"""Budgets in a real browser: set one, see it filled, be refused, and what staff see of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.test import override_settings
from playwright.sync_api import expect

from tests.browser.test_dashboard import PASSWORD, sign_in
from tests.browser.test_looks import SMALL_PHONE, wrong_in_each_look
from usertokens.errors import BudgetExceeded
from usertokens.services import balances, budgets
from usertokens.types import Caps

if TYPE_CHECKING:
    from playwright.sync_api import Page


@override_settings(TOKEN_ACTIONS={"image": 10})
def test_a_user_sets_a_budget_and_sees_it_filled(site: str, quiet_page: Page, store: Any) -> None:
    user = User.objects.create_user("ada", password=PASSWORD)
    user_id, page = str(user.pk), quiet_page
    sign_in(page, site, user)
    page.set_viewport_size(SMALL_PHONE)
    page.goto(f"{site}/dashboard")
    page.get_by_role("link", name="Set a budget").click()
    page.locator("[name=day]").fill("40")
    page.locator("[name='actions.image.month']").fill("20")
    assert wrong_in_each_look(page) == []
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(f"{site}/dashboard")
    section = page.get_by_role("region", name="Budget", exact=True)
    expect(section).to_contain_text("0 of 40 tokens used, 40 left.")
    balances.spend_tokens(user_id, action="image", quantity=2)
    with pytest.raises(BudgetExceeded):
        balances.spend_tokens(user_id, action="image")
    page.reload()
    expect(section.get_by_role("listitem").nth(0)).to_contain_text("20 of 40 tokens used, 20 left.")
    expect(section.get_by_role("listitem").nth(1)).to_contain_text(
        "20 of 20 tokens used, 0 left. The next one begins on"
    )
    expect(section.get_by_role("meter")).to_have_count(2)
    assert wrong_in_each_look(page) == []
    section.get_by_role("link", name="Change the budget").click()
    page.locator("[name=day]").fill("")
    page.locator("[name='actions.image.month']").press("Enter")
    page.wait_for_url(f"{site}/dashboard")
    expect(page.get_by_role("region", name="Budget", exact=True).get_by_role("listitem")).to_have_count(1)
    assert budgets.get_budget(user_id).own == {"image": Caps(None, 20)}


def test_staff_set_one_above_it(site: str, quiet_page: Page, store: Any) -> None:
    user = User.objects.create_user("ada", password=PASSWORD)
    page, user_id = quiet_page, str(user.pk)
    budgets.set_budget(user_id, day=40)
    sign_in(page, site, User.objects.create_superuser("chief", password=PASSWORD))
    page.goto(f"{site}/admin/usertokens/tokenledger/{user.pk}/")
    page.get_by_role("heading", name="Budgets of staff").click()
    page.get_by_label("Tokens a day").fill("15")
    page.get_by_role("button", name="Save budgets").click()
    table = page.get_by_role("region", name="Budgets")
    expect(table.get_by_role("row").nth(1)).to_contain_text("15")
    expect(page.get_by_role("region", name="Done by hand")).to_contain_text("Set the budgets: day 15")
    page.context.clear_cookies()
    sign_in(page, site, user)
    page.goto(f"{site}/fr/dashboard")
    expect(page.get_by_role("region", name="Budget", exact=True)).to_contain_text(
        "Nous avons fixé ce budget pour vous."
    )
