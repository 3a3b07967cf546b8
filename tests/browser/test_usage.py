"""Usage by action in a real browser: on the dashboard, and on the staff's page with its file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.browser.test_looks import barriers_in_each_look
from usertokens.services import spend_tokens

if TYPE_CHECKING:
    from playwright.sync_api import Page

PASSWORD = "ledger-and-ink"
USAGE = "/admin/usertokens/usage/"


def enter(site: str, page: Page, address: str, name: str) -> None:
    page.goto(f"{site}{address}")
    page.get_by_label("Username").fill(name)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")


@pytest.fixture
def ada(site: str, settings: Any) -> User:
    settings.TOKEN_ACTIONS = {"image": 10, "gpt:input": "2/1000"}
    ada = User.objects.create_user("ada", password=PASSWORD)
    for action, quantity in (("image", 2), ("gpt:input", 1500)):
        spend_tokens(str(ada.pk), action=action, quantity=quantity)
    spend_tokens(str(ada.pk), 5, reason="article")
    return ada


def test_an_action_is_chosen_on_the_dashboard(site: str, quiet_page: Page, ada: User) -> None:
    page = quiet_page
    enter(site, page, "/accounts/login", "ada")
    page.goto(f"{site}/dashboard?days=7")
    key = page.locator("#chart-spent .kv-chart-key").first
    expect(page.locator(".dash-usage").first).to_contain_text("1,500")
    expect(page.locator(".kv-chart-key-front")).to_have_count(0)
    page.get_by_role("link", name="image", exact=True).click()
    expect(key).to_contain_text("image")
    expect(page).to_have_url(f"{site}/dashboard?days=7&action=image#usage")
    assert barriers_in_each_look(page) == []
    page.get_by_role("link", name="30 days").click()
    expect(key).to_contain_text("image")
    page.get_by_role("link", name="image", exact=True).click()
    expect(page.locator(".kv-chart-key-front")).to_have_count(0)
    page.go_back()
    expect(key).to_contain_text("image")


def test_the_staffs_page_and_its_file(site: str, quiet_page: Page, ada: User) -> None:
    page = quiet_page
    User.objects.create_superuser("owner", password=PASSWORD)
    enter(site, page, f"/admin/login/?next={USAGE}", "owner")
    expect(page.get_by_role("heading", name="Usage of tokens", level=1)).to_be_visible()
    page.get_by_role("link", name="image", exact=True).click()
    expect(page.locator("#chart-usage .kv-chart-key").first).to_contain_text("image")
    assert barriers_in_each_look(page) == []
    with page.expect_download() as file:
        page.get_by_role("link", name="Download as CSV").click()
    assert file.value.suggested_filename.startswith("usage-")
    text = file.value.path().read_text("utf-8-sig")
    assert sorted(line.split(",", 1)[1] for line in text.splitlines()) == [
        ",1,1,5", "action,count,quantity,spent", "gpt:input,1,1500,3", "image,1,2,20",
    ]  # fmt: skip
