"""A member of staff sets up a second factor, logs in with it and with a recovery code, in a browser."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
import zxingcpp
from django.contrib.auth.models import User
from PIL import Image
from playwright.sync_api import expect

from tests.browser.test_looks import wrong_in_each_look
from tests.config.staff import CODE, PASSWORD, SETTINGS, end_pause

if TYPE_CHECKING:
    from typing import Any

    from playwright.sync_api import Page


def shown_by_an_app(page: Page) -> str:
    """What any authenticator app shows for the code on the screen: RFC 6238 over RFC 4226, of half a minute."""
    picture = Image.open(io.BytesIO(page.locator("figure.payment-code").screenshot()))
    (found,) = zxingcpp.read_barcodes(picture)
    address = urlsplit(found.text)
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    facts = parse_qs(address.query)
    assert "ada" in address.path
    key = base64.b32decode(facts["secret"][0])
    return one_time_code(key, int(time.time()) // int(facts.get("period", ["30"])[0]))


def one_time_code(key: bytes, counter: int) -> str:
    digest = hmac.new(key, counter.to_bytes(8, "big"), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def test_the_apps_of_the_test_are_as_the_standard_says() -> None:
    """RFC 6238, appendix B, for SHA-1: the last six of its eight digits."""
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        assert one_time_code(b"12345678901234567890", seconds // 30) == code


def log_in(page: Page, site: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{site}/admin/login/")
    page.locator("input[name=username]").fill("ada")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[type=submit]").click()


@pytest.mark.parametrize("size", [(390, 844), (1280, 800)], ids=["phone", "desktop"])
def test_from_the_set_up_to_a_lost_phone(site: str, quiet_page: Page, store: Any, size: tuple[int, int]) -> None:
    page = quiet_page
    page.set_viewport_size({"width": size[0], "height": size[1]})
    User.objects.create_superuser("ada", password=PASSWORD)
    log_in(page, site)
    page.goto(f"{site}{SETTINGS}")
    assert wrong_in_each_look(page) == []
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Set up").click()
    expect(page.locator("figure.payment-code svg")).to_be_visible()
    assert wrong_in_each_look(page) == []
    page.locator("input[name=code]").fill(shown_by_an_app(page))
    page.get_by_role("button", name="Turn on").click()
    codes = page.locator("ol code")
    expect(codes).to_have_count(10)
    assert wrong_in_each_look(page) == []
    spare, other = codes.nth(0).inner_text(), codes.nth(1).inner_text()

    log_in(page, site)
    page.wait_for_url(f"{site}{CODE}")
    assert wrong_in_each_look(page) == []
    page.goto(f"{site}/admin/")  # the password alone opens nothing
    page.wait_for_url(f"{site}/admin/login/**")
    log_in(page, site)
    page.locator("input[name=code]").fill("not a code at all")
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("input[name=code]")).to_have_attribute("aria-invalid", "true")
    assert wrong_in_each_look(page) == []
    end_pause()
    page.locator("input[name=code]").fill(spare)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{site}/admin/")

    # That code is used up; the next one is not.
    log_in(page, site)
    page.locator("input[name=code]").fill(spare)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("input[name=code]")).to_have_attribute("aria-invalid", "true")
    end_pause()
    page.locator("input[name=code]").fill(other)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{site}/admin/")
    page.goto(f"{site}{SETTINGS}")
    expect(page.get_by_text("8 recovery codes are left.")).to_be_visible()
