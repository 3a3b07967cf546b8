"""An e-mail address from the sign-up on, a forgotten password, a change of the address, printed codes: in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.browser.test_looks import wrong_in_each_look
from tests.config.letters import ADDRESS, NEW, PASSWORD, delivered, link_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

OTHER = "ada@another.example"


def fill(page: Page, **fields: str) -> None:
    for name, text in fields.items():
        page.locator(f"main input[name={name}]").fill(text)


def press(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("button", name=name, exact=True).click()


def sign_up(page: Page, site: str) -> None:
    page.goto(f"{site}/accounts/signup")
    fill(page, username="ada", password1=PASSWORD, password2=PASSWORD, email=ADDRESS)
    press(page, "Create account")
    page.wait_for_url(f"{site}/dashboard")


def log_in(page: Page, site: str, name: str, password: str) -> None:
    page.goto(f"{site}/accounts/login?next=/accounts/profile")
    fill(page, username=name, password=password)
    press(page, "Log in")


def verify(page: Page, site: str) -> None:
    page.goto(site + link_in(delivered()[0]))
    press(page, "Confirm the address")
    expect(page.get_by_text("Your e-mail address is confirmed.")).to_be_visible()


def test_from_sign_up_to_a_forgotten_password(site: str, quiet_page: Page, store: Any) -> None:
    page = quiet_page
    page.set_viewport_size({"width": 390, "height": 844})
    sign_up(page, site)
    page.goto(f"{site}/accounts/email")
    expect(page.get_by_text("We have sent a link to")).to_be_visible()
    assert wrong_in_each_look(page) == []
    link = site + link_in(delivered()[0])
    page.goto(link)
    assert wrong_in_each_look(page) == []
    press(page, "Confirm the address")
    expect(page.get_by_text("Your e-mail address is confirmed.")).to_be_visible()
    page.go_back()
    page.reload()
    expect(page.get_by_role("heading", name="This link is not valid")).to_be_visible()
    assert wrong_in_each_look(page) == []

    page.goto(f"{site}/accounts/profile")
    press(page, "Log out")
    log_in(page, site, ADDRESS.upper(), "wrong")
    page.get_by_role("link", name="Forgotten your password?").click()
    assert wrong_in_each_look(page) == []
    fill(page, email=ADDRESS.upper())
    press(page, "Send the link")
    expect(page.get_by_role("heading", name="Look in your mailbox")).to_be_visible()
    assert wrong_in_each_look(page) == []
    link = site + link_in(delivered()[0])
    second = page.context.new_page()
    for tab in (page, second):
        tab.goto(link)
        expect(tab.get_by_role("heading", name="Set a new password")).to_be_visible()
        assert "set-password" in tab.url
    assert wrong_in_each_look(page) == []
    fill(page, new_password1=NEW, new_password2="not the same")
    press(page, "Set the password")
    assert wrong_in_each_look(page) == []
    fill(page, new_password1=NEW, new_password2=NEW)
    press(page, "Set the password")
    expect(page.get_by_text("The password of ada is set.")).to_be_visible()
    assert wrong_in_each_look(page) == []
    fill(second, new_password1="a third one, set too late", new_password2="a third one, set too late")
    press(second, "Set the password")
    expect(second.get_by_role("heading", name="This link is not valid")).to_be_visible()
    assert wrong_in_each_look(second) == []
    second.close()
    page.goto(link)
    expect(page.get_by_role("heading", name="This link is not valid")).to_be_visible()
    log_in(page, site, ADDRESS, NEW)
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()


def test_a_change_is_told_to_the_old_address(site: str, quiet_page: Page, store: Any) -> None:
    page = quiet_page
    sign_up(page, site)
    verify(page, site)
    page.get_by_role("link", name="Change or delete it").click()
    fill(page, email=OTHER, password="wrong")
    press(page, "Send the link")
    expect(page.get_by_role("alert")).to_contain_text("The password is wrong.")
    assert wrong_in_each_look(page) == []
    fill(page, email=OTHER, password=PASSWORD)
    press(page, "Send the link")
    expect(page.get_by_text("is on its way")).to_be_visible()
    page.goto(f"{site}/accounts/profile")
    expect(page.get_by_text(f"{OTHER} waits for its link.")).to_be_visible()
    assert wrong_in_each_look(page) == []
    page.goto(site + link_in(delivered()[0]))
    press(page, "Confirm the address")
    expect(page.get_by_text("Your e-mail address is confirmed.")).to_be_visible()
    (notice,) = delivered()
    assert notice.to == [ADDRESS]
    page.goto(f"{site}/accounts/email/remove")
    assert wrong_in_each_look(page) == []
    fill(page, password=PASSWORD)
    press(page, "Delete the address")
    expect(page.get_by_text("Your e-mail address is deleted.")).to_be_visible()
    assert User.objects.get().email == ""


@pytest.mark.usefixtures("without_mail")
def test_a_printed_code_without_mail_and_without_scripts(site: str, browser: Browser, store: Any) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{site}/accounts/signup")
    expect(page.locator("main input[name=email]")).to_have_count(0)
    fill(page, username="ada", password1=PASSWORD, password2=PASSWORD)
    press(page, "Create account")
    page.goto(f"{site}/accounts/profile")
    expect(page.get_by_text("this site sends no mail")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Create recovery codes").click()
    fill(page, password=PASSWORD)
    press(page, "Create recovery codes")
    codes = page.locator("main ol code")
    expect(codes).to_have_count(8)
    code = codes.nth(2).inner_text()
    page.emulate_media(media="print")
    expect(codes.nth(7)).to_be_visible()
    expect(page.get_by_role("link", name="I have saved them")).to_be_hidden()
    page.emulate_media(media="screen")
    context.clear_cookies()
    page.goto(f"{site}/accounts/login")
    page.get_by_role("link", name="Forgotten your password?").click()
    page.wait_for_url(f"{site}/accounts/recover")
    fill(page, code=code, new_password1=NEW, new_password2=NEW)
    press(page, "Set the password")
    expect(page.get_by_role("heading", name="Your password is set")).to_be_visible()
    log_in(page, site, "ada", NEW)
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
