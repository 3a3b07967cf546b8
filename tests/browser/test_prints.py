"""QR images for print in the admin: made in a browser, with and without scripts, in each language and look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from codetags.models import CodeTag
from codetags.services.hits import record_hit
from codetags.services.registry import mirror_registry
from tests.browser.test_looks import wrong_in_each_look
from tests.codetags.test_printing import a_logo
from tests.outside.decoders import draw, pdf_pages, read_codes

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

COUNTS = "/admin/codetags/codecount/"
# Whatever address the site has in a test: SITE_URL.
LINKS = "http://127.0.0.1:8000"
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def session(site: str, client: Any) -> str:
    """The cookie of a member of staff, with a code in the registry."""
    CodeTag.objects.create(code="BT26", label="Poster")
    mirror_registry()
    record_hit(code="BT26", address="10.0.0.1", agent="Mozilla/5.0")
    record_hit(code="DEMO", address="10.0.0.1", agent="Mozilla/5.0")
    client.force_login(User.objects.create_superuser("owner", password="a long password"))
    return str(client.cookies["sessionid"].value)


@pytest.fixture
def staff_page(site: str, context: BrowserContext, quiet_page: Page, session: str) -> Page:
    """Signed in, in English; fails where the policy blocks anything."""
    context.add_cookies([{"name": "sessionid", "value": session, "url": site}])
    return quiet_page


def saved(page: Page, button: Locator) -> tuple[str, bytes]:
    """Name and content of the file that a button brings."""
    with page.expect_download() as file:
        button.click()
    return file.value.suggested_filename, Path(file.value.path()).read_bytes()


def logo_upload() -> Any:
    return {"name": "logo.png", "mimeType": "image/png", "buffer": a_logo()}


def make_everything(site: str, page: Page) -> None:
    """From the code's page to a file with everything, by keyboard and mouse as staff would."""
    page.goto(f"{site}{COUNTS}BT26/")
    page.get_by_label("Width (mm)").fill("70")
    page.get_by_role("button", name="Colours, logo, frame, labels…").click()
    expect(page.get_by_role("heading", name="QR images to print")).to_be_visible()
    expect(page.get_by_text("70 × 70 mm")).to_be_visible()
    page.get_by_label("Dark colour").fill("#9a9a9a")
    page.get_by_label("Logo in the middle").set_input_files(logo_upload())
    page.get_by_label("Frame with words").select_option("fr-scan")
    page.get_by_role("button", name="Show preview").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("This can’t be printed")
    expect(page.get_by_label("Dark colour")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("Choose a darker dark colour")).to_be_visible()
    page.get_by_label("Dark colour").fill("#123456")
    page.get_by_role("button", name="Show preview").click()
    expect(alert).to_have_count(0)
    expect(page.get_by_text("A logo is in place.")).to_be_visible()
    shown = page.get_by_role("img", name="QR code of the link of BT26")
    expect(shown.locator("image")).to_have_count(1)
    for kind in ("SVG", "PNG", "PDF"):
        name, content = saved(page, page.get_by_role("button", name=f"Download {kind}"))
        assert name == f"qr-BT26.{kind.lower()}"
        picture = draw(kind.lower(), content)
        assert read_codes(picture) == [f"{LINKS}/?qr=BT26"]
        assert picture.getpixel((picture.width // 2, picture.width // 2)) == (200, 30, 30), (
            "the logo of the page before"
        )
        assert picture.getpixel((1, 1)) == (0x12, 0x34, 0x56)
    page.get_by_label("Labels side by side").fill("2")
    name, content = saved(page, page.get_by_role("button", name="Download labels (PDF)"))
    assert name == "labels-BT26.pdf"
    (sheet,) = pdf_pages(content)
    assert read_codes(sheet) == [f"{LINKS}/?qr=BT26"] * 14


def test_with_scripts(site: str, staff_page: Page) -> None:
    make_everything(site, staff_page)


def test_without_scripts(site: str, browser: Browser, session: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        context.add_cookies([{"name": "sessionid", "value": session, "url": site}])
        make_everything(site, context.new_page())


def test_labels_of_the_codes_that_are_chosen_in_the_list(site: str, staff_page: Page) -> None:
    staff_page.goto(f"{site}{COUNTS}")
    staff_page.get_by_role("checkbox", name="Select all codes").check()
    staff_page.get_by_role("button", name="Colours, logo, frame, labels…").click()
    expect(staff_page.get_by_text("2 codes: ")).to_be_visible()
    _name, content = saved(staff_page, staff_page.get_by_role("button", name="Download labels (PDF)"))
    (sheet,) = pdf_pages(content)
    assert read_codes(sheet) == [f"{LINKS}/?qr=BT26", f"{LINKS}/?qr=DEMO"]


@pytest.mark.parametrize("language", ["en", "fr", "de", "es"])
def test_is_accessible_on_a_phone_and_a_desktop(site: str, staff_page: Page, language: str) -> None:
    start = f"{site}{'' if language == 'en' else f'/{language}'}{COUNTS}qr/"
    asked = ("?code=BT26&size=60&call=de-scan", "?code=BT26&dark=%23aaaaaa&size=5&call=own", "?code=BT26&code=DEMO", "")
    wrong: list[str] = []
    for size in (PHONE, {"width": 1280, "height": 900}):
        staff_page.set_viewport_size(size)  # type: ignore[arg-type] # a dict of two whole numbers
        for query in asked:
            staff_page.goto(start + query)
            wrong += [f"{size['width']} {query} {found}" for found in wrong_in_each_look(staff_page)]
    assert wrong == []


def test_the_preview_is_read_from_the_screen(site: str, staff_page: Page) -> None:
    import io

    from PIL import Image

    staff_page.goto(f"{site}{COUNTS}qr/?code=BT26&dark=%237a0019&light=%23f2f2f2&call=es-scan")
    for name in ("light", "dark"):
        staff_page.emulate_media(color_scheme=name)
        shot = staff_page.get_by_role("img", name="QR code of the link of BT26").screenshot()
        assert read_codes(Image.open(io.BytesIO(shot))) == [f"{LINKS}/?qr=BT26"]
