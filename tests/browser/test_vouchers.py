"""A stranger opens a link with a code, signs up, and has its tokens: in four languages, with scripts and without.

VOUCHER_PICTURES=directory keeps a picture of each page.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.browser.test_looks import wrong_in_each_look
from tests.usertokens.vouchers import make, state_of
from usertokens.services import make_vouchers, redeem_voucher

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PASSWORD = "correct horse battery"
#: By the prefix of a language: what the pages say.
WORDS = {
    "": ("Sign up", "Create account", "Redeem code", "500 tokens were added."),
    "/fr": ("Créer un compte", "Créer un compte", "Utiliser le code", "500 jetons ont été ajoutés."),
    "/de": ("Registrieren", "Konto erstellen", "Code einlösen", "500 Tokens wurden hinzugefügt."),
    "/es": ("Registrarse", "Crear cuenta", "Canjear código", "Se han añadido 500 tokens."),
}
#: Where pictures go, for who looks at them.
PICTURES = os.environ.get("VOUCHER_PICTURES", "")


def picture(page: Page, name: str) -> None:
    if not PICTURES:
        return
    for width in (390, 1280):
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=str(Path(PICTURES) / f"{name}-{width}-{scheme}.png"), full_page=True)
    page.emulate_media(color_scheme="light")


#: Language and scripts. WALKS=all, as `make test-walks` sets it, goes all ways; else two are gone.
WAYS = [("", True), ("/de", False)]
MORE = [("", False), ("/de", True), *((prefix, scripts) for prefix in ("/fr", "/es") for scripts in (True, False))]


@pytest.mark.parametrize(("prefix", "scripts"), WAYS + (MORE if os.environ.get("WALKS") == "all" else []))
def test_a_stranger_comes_by_a_link(site: str, browser: Browser, store: Any, prefix: str, scripts: bool) -> None:
    sign_up, create, redeem, done = WORDS[prefix]
    code = make(tokens=500, pattern="HJ3K-????-????")
    context = browser.new_context(java_script_enabled=scripts, user_agent="Mozilla/5.0 Chrome/140", locale="en-GB")
    page = context.new_page()
    asked: list[tuple[str, str]] = []
    page.on("request", lambda request: asked.append((request.url, request.headers.get("referer", ""))))
    page.goto(f"{site}{prefix}/redeem?code={code.lower()}")
    assert page.url == f"{site}{prefix}/redeem"
    expect(page.get_by_text(code, exact=True)).to_be_visible()
    picture(page, f"stranger{prefix.replace('/', '-')}")
    if scripts:
        assert wrong_in_each_look(page) == []
    page.get_by_role("main").get_by_role("link", name=sign_up, exact=True).click()
    main = page.locator("main")
    main.locator("input[name=username]").fill("ada")
    for name in ("password1", "password2"):
        main.locator(f"input[name={name}]").fill(PASSWORD)
    main.get_by_role("button", name=create, exact=True).click()
    page.wait_for_url(f"{site}{prefix}/redeem")
    expect(main.locator("input[name=code]")).to_have_value(code)
    assert state_of(code) == (0, [])
    picture(page, f"confirm{prefix.replace('/', '-')}")
    if scripts:
        assert wrong_in_each_look(page) == []
    main.get_by_role("button", name=redeem, exact=True).click()
    page.wait_for_url(f"{site}{prefix}/dashboard")
    expect(page.get_by_text(done)).to_be_visible()
    assert state_of(code) == (1, ["granted"])
    # Back, and once more: said, and nothing granted twice.
    page.go_back()
    page.goto(f"{site}{prefix}/redeem?code={code}")
    main.get_by_role("button", name=redeem, exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    picture(page, f"again{prefix.replace('/', '-')}")
    assert state_of(code) == (1, ["granted"])
    spelled = re.compile(re.escape(code), re.IGNORECASE)
    assert [url for url, _ in asked if spelled.search(url)] == [
        f"{site}{prefix}/redeem?code={code.lower()}", f"{site}{prefix}/redeem?code={code}",
    ]  # fmt: skip
    assert [referer for _, referer in asked if spelled.search(referer)] == []
    context.close()


def test_the_form_on_the_dashboard(site: str, page: Page, store: Any) -> None:
    code = make(tokens=500)
    User.objects.create_user("ada", password=PASSWORD)
    page.goto(f"{site}/accounts/login?next=/dashboard")
    page.locator("main input[name=username]").fill("ada")
    page.locator("main input[name=password]").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Log in", exact=True).click()
    card = page.get_by_role("region", name="Redeem a code")
    expect(card).to_be_visible()
    picture(page, "dashboard")
    assert wrong_in_each_look(page) == []
    card.get_by_role("textbox").fill("wrong-code")
    card.get_by_role("button").click()
    expect(page.get_by_role("alert")).to_contain_text("This code is not known.")
    assert page.url.endswith("/redeem")
    picture(page, "wrong")
    page.get_by_role("main").get_by_role("textbox").fill(code.lower().replace("-", " "))
    page.get_by_role("button", name="Redeem code").click()
    expect(page.get_by_text("500 tokens were added.")).to_be_visible()
    picture(page, "done")


def test_staff_see_them(site: str, quiet_page: Page, store: Any) -> None:
    page = quiet_page
    User.objects.create_superuser("chief", password=PASSWORD)
    user = User.objects.create_user("ada")
    codes = make_vouchers(12, 100, label="Fair 2027", max_uses=3)
    redeem_voucher(str(user.pk), codes[0])
    page.goto(f"{site}/admin/login/?next=/admin/usertokens/voucher/")
    page.locator("input[name=username]").fill("chief")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[type=submit]").click()
    expect(page.get_by_role("link", name="Download as CSV")).to_be_visible()
    picture(page, "admin-list")
    with page.expect_download() as file:
        page.get_by_role("link", name="Download as CSV").click()
    assert file.value.suggested_filename.startswith("vouchers-")
    page.goto(f"{site}/admin/usertokens/voucher/add/")
    picture(page, "admin-add")
    page.goto(f"{site}/admin/usertokens/voucher/?q={codes[0]}")
    page.get_by_role("link", name=codes[0]).click()
    picture(page, "admin-change")
    page.get_by_role("link", name="1 / 3").click()
    expect(page.get_by_text(codes[0])).to_be_visible()
    picture(page, "admin-redemptions")
    page.locator("input.action-select").check()
    page.locator("select[name=action]").select_option("take_back")
    page.get_by_role("button", name="Go").or_(page.get_by_role("button", name="Run")).first.click()
    picture(page, "admin-take-back")
    page.locator("input[name=reason]").fill("posted in a forum")
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.get_by_text("1 redemption is taken back.")).to_be_visible()
    assert state_of(codes[0]) == (1, ["revoked"])
