"""Mails in a browser, as mail programs show them, and the page where they are chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.test_dashboard import busy_user, sign_in
from tests.browser.test_looks import barriers_in_each_look, in_each_look, overflow
from tests.usertokens.mailing import SITE
from tests.usertokens.test_letters import LANGUAGES, SAMPLES, unsent
from usertokens.services.mail_texts import make_message

if TYPE_CHECKING:
    from typing import Any

    from playwright.sync_api import Page


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_mail_has_no_barrier(quiet_page: Page, kind: str, settings: Any) -> None:
    """In light and dark, on a phone and a desktop. Nothing is fetched: the browser is offline."""
    settings.SITE_URL = SITE
    quiet_page.context.set_offline(True)
    for language in LANGUAGES:
        message = make_message(unsent(kind, language), SAMPLES[kind][-1], "ada@example.net")
        quiet_page.set_content(str(message.alternatives[0][0]))
        assert barriers_in_each_look(quiet_page) == []
        quiet_page.set_viewport_size({"width": 320, "height": 640})
        assert overflow(quiet_page) == 0


def test_the_page_of_the_choices(site: str, quiet_page: Page, settings: Any) -> None:
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = "sk_test_x", ("whsec_x",)
    user = busy_user()
    sign_in(quiet_page, site, user)
    for prefix in ("", "/fr"):
        quiet_page.goto(f"{site}{prefix}/accounts/mails")
        assert barriers_in_each_look(quiet_page) == []
        for _ in in_each_look(quiet_page):
            assert overflow(quiet_page) == 0
    quiet_page.goto(f"{site}/accounts/mails")
    quiet_page.get_by_label("Receipt").focus()
    quiet_page.keyboard.press("Space")
    quiet_page.get_by_label("Language of the e-mails").select_option("Deutsch")
    quiet_page.get_by_role("button", name="Save").click()
    expect(quiet_page.get_by_text("Your choice of e-mails is saved.")).to_be_visible()
    expect(quiet_page.get_by_label("Receipt")).not_to_be_checked()
    expect(quiet_page.get_by_label("Low balance")).to_be_checked()
    expect(quiet_page.get_by_label("Language of the e-mails")).to_have_value("de")
