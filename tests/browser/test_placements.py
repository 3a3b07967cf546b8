"""From a link with a placement to the staff's page, in each language, with scripts and without."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from codetags.models import Campaign, CodeTag, Placement
from codetags.services.excluded_hits import exclude_hit
from codetags.services.hits import record_hit
from codetags.services.registry import mirror_registry
from codetags.types import Reason
from tests.browser.conftest import AGENT
from tests.browser.test_codetags import violations
from tests.browser.test_looks import PHONE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

HIT = "**/api/analytics/qr?code=*"
#: The heading of the placements, the name of the language "French", and a word of the heat map's summary.
WORDS = {
    "": ("Placements", "French", "Most in one hour"),
    "/fr": ("Emplacements", "Français", "Maximum en une heure"),
    "/de": ("Standorte", "Französisch", "Höchstwert in einer Stunde"),
    "/es": ("Ubicaciones", "Francés", "Máximo en una hora"),
}


#: The heads of columns in which a word is broken: taller than as many lines as they have words.
BROKEN = """[...document.querySelectorAll(".codes-scroll thead th")].filter((cell) => {
    const words = document.createRange();
    words.selectNodeContents(cell);
    const lines = new Set([...words.getClientRects()].map((box) => Math.round(box.top)));
    return lines.size > cell.innerText.trim().split(/\\s+/).length;
}).map((cell) => cell.innerText)"""


@pytest.fixture
def hall(site: str) -> None:
    tag = CodeTag.objects.create(code="BT26", label="Fair")
    Placement.objects.create(code=tag, name="hall-1", label="Hall 1, entrance")
    mirror_registry()


@pytest.fixture
def staff_phone(site: str, hall: None, browser: Browser, client: Any) -> Iterator[Page]:
    """A member of staff on a phone, with a long placement, a campaign that cost much, and calls that did not count."""
    fair = Campaign.objects.create(name="Business trade fair 2026", cost_cents=123_456_789)
    CodeTag.objects.update(campaign=fair)
    mirror_registry()
    for number in range(12):
        record_hit(code="BT26", address=f"10.0.{number}.1", agent="Mozilla/5.0", at=f"hall-{number % 2}-entrance")
    exclude_hit(code="BT26", reason=Reason.REPEAT)
    client.force_login(User.objects.create_superuser("owner", password="a long password"))
    with browser.new_context(viewport=PHONE) as context:
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])
        yield context.new_page()


class TestOnAPhone:
    @pytest.mark.parametrize("language", WORDS)
    def test_no_column_is_cut_off(self, site: str, staff_phone: Page, language: str) -> None:
        counts = f"{site}{language}/admin/codetags/codecount/"
        fair = Campaign.objects.get()
        cut: list[tuple[str, str]] = []
        for path in ("BT26/", f"campaigns/{fair.pk}/", "?group=campaign", ""):
            staff_phone.goto(counts + path)
            found = staff_phone.evaluate(
                """[...document.querySelectorAll(".codes-scroll")]
                   .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.innerText)"""
            )
            cut += [(path, text) for text in found]
            cut += [(path, text) for text in staff_phone.evaluate(BROKEN)]
        assert cut == []

    def test_a_code_can_count_for_another(self, site: str, staff_phone: Page) -> None:
        staff_phone.goto(f"{site}/admin/codetags/codetag/{CodeTag.objects.get().pk}/change/")
        for field in ("counts_for", "created_by"):
            expect(staff_phone.locator(f".form-row.field-{field}")).to_be_visible()
        staff_phone.goto(f"{site}/admin/codetags/codetag/")
        expect(staff_phone.locator("td.field-counts_for")).to_be_hidden()


@pytest.mark.usefixtures("hall")
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
@pytest.mark.parametrize("language", WORDS)
def test_a_landing_is_on_the_staffs_page(
    site: str, browser: Browser, client: Any, language: str, scripts: bool
) -> None:
    with browser.new_context(user_agent=AGENT, locale="fr-CH", java_script_enabled=scripts) as context:
        page = context.new_page()
        with page.expect_response(HIT) as answer:
            page.goto(f"{site}{language}/?qr=bt26&at=Hall-1&x=1", referer="https://News.example.org:8443/a?b=c")
        assert "&at=hall-1" in answer.value.url
        assert answer.value.url.endswith("&referrer=news.example.org") is scripts
        if scripts:
            assert answer.value.json() == {"code": "BT26", "counted": True}
            assert page.url == f"{site}{language}/?x=1", "neither code nor placement is left for a copied link"
    client.force_login(User.objects.create_superuser("owner", password="a long password"))
    with browser.new_context() as context:
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])
        page = context.new_page()
        page.goto(f"{site}{language}/admin/codetags/codecount/BT26/")
        heading, french, most = WORDS[language]
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        row = page.get_by_role("row", name="hall-1")
        expect(row).to_contain_text("Hall 1, entrance")
        expect(row.locator("[data-copy]")).to_have_attribute("data-copy", re.compile(r"/\?qr=BT26&at=hall-1$"))
        expect(page.get_by_role("row", name=french)).to_contain_text("1")
        expect(page.locator("#chart-hours figcaption")).to_contain_text(most)
        expect(page.get_by_text("news.example.org")).to_have_count(1 if scripts else 0)
        assert violations(page) == []


def test_utm_source_can_be_it_and_stays_in_the_address(site: str, quiet_page: Page, settings: Any) -> None:
    settings.CODETAGS_PLACEMENT_PARAM = "utm_source"
    with quiet_page.expect_response(HIT) as answer:
        quiet_page.goto(f"{site}/?qr=DEMO&utm_source=Tram-12")
    assert "&at=tram-12" in answer.value.url
    assert quiet_page.url == f"{site}/?utm_source=Tram-12"


def test_the_sites_own_pages_are_no_referrer(site: str, quiet_page: Page) -> None:
    quiet_page.goto(f"{site}/pricing")
    with quiet_page.expect_response(HIT) as answer:
        quiet_page.goto(f"{site}/?qr=DEMO", referer=f"{site}/pricing")
    assert "referrer" not in answer.value.url


def test_switched_off_the_script_passes_no_referrer(site: str, quiet_page: Page, settings: Any) -> None:
    settings.CODETAGS_BREAKDOWNS = False
    with quiet_page.expect_response(HIT) as answer:
        quiet_page.goto(f"{site}/?qr=DEMO&at=hall", referer="https://news.example.org/")
    assert answer.value.url.endswith("&at=hall")


def test_staff_add_a_placement_to_a_code(site: str, context: BrowserContext, page: Page, client: Any) -> None:
    tag = CodeTag.objects.create(code="BT26", label="Fair")
    client.force_login(User.objects.create_superuser("owner", password="a long password"))
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])
    page.goto(f"{site}/admin/codetags/codetag/{tag.pk}/change/")
    page.get_by_role("link", name="Add another Placement").or_(
        page.get_by_role("button", name="Add another Placement")
    ).click()
    page.locator("#id_placements-0-name").fill("Hall-1")
    page.locator("#id_placements-0-label").fill("Hall 1, entrance")
    page.get_by_role("button", name="Save", exact=True).click()
    page.goto(f"{site}/admin/codetags/codecount/BT26/")
    expect(page.get_by_role("row", name="hall-1")).to_contain_text("Hall 1, entrance")
    assert violations(page) == []
