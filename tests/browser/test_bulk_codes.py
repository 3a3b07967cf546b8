"""Many codes at once in a real browser: import with preview and errors by row, update, export, new ones by a pattern.

WALKS=all, as `make test-walks` sets it, goes the way in every language, with scripts and without; else two are gone.
CODE_PICTURES=directory keeps pictures of each page. What is clicked is found by its address, as words differ.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from playwright.sync_api import FilePayload, expect

from codetags.models import Campaign, CodeTag
from codetags.services.code_patterns import ALPHABET
from tests.browser.test_customer import MORE, WALKS
from tests.browser.test_looks import overflow, wrong_in_each_look

if TYPE_CHECKING:
    from playwright.sync_api import Page

LIST = "/admin/codetags/codetag/"
GOOD = (
    "code;label;note;campaign;end\nBT26;Banner;by the door;Spring fair;31.05.2026\n"
    "BT27;Second;;Spring fair;\n0012;Leaflet;;;\n"
)
WRONG = "code,label,start,campaign,counts_for\nBT26,Banner,,,\nBT2,Too short,,,\nBT27,,soon,,\nBT28,Alias,,,NONE\n"
UPDATE = "code,label,archived\nBT27,Third,1\n"
#: Where pictures go, for whoever looks at them.
PICTURES = os.environ.get("CODE_PICTURES", "")


@dataclass
class Clerk:
    """What one member of the staff does, by a browser alone."""

    page: Page
    site: str
    language: str
    has_scripts: bool

    @property
    def root(self) -> str:
        """The address of the registry in the clerk's language."""
        return f"{self.site}{'' if self.language == 'en' else f'/{self.language}'}{LIST}"

    def log_in(self) -> None:
        self.page.goto(f"{self.site}/admin/login/?next={LIST}")
        self.page.locator("[name=username]").fill("clerk")
        self.page.locator("[name=password]").fill("ledger-and-ink")
        self.page.locator("[type=submit]").first.click()
        self.page.goto(self.root)

    def look(self, name: str) -> None:
        """The page is in the language, and nothing bars anybody's way."""
        assert self.page.locator("html").get_attribute("lang") == self.language
        size = self.page.viewport_size
        assert size is not None
        if PICTURES:
            self.picture(name)
        if self.has_scripts:
            assert (name, wrong_in_each_look(self.page)) == (name, [])
            self.page.set_viewport_size(size)
        assert (name, overflow(self.page)) == (name, 0)

    def picture(self, name: str) -> None:
        for width in (390, 1280):
            for scheme in ("light", "dark"):
                self.page.set_viewport_size({"width": width, "height": 900})
                self.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                path = Path(PICTURES) / f"{name}-{width}-{scheme}-{self.language}.png"
                self.page.screenshot(path=str(path), full_page=True)

    def go(self, place: str) -> None:
        """From the list, by its link."""
        self.page.goto(self.root)
        self.page.locator(f".object-tools a[href*='/{place}/']").click()
        expect(self.page.locator(".codes-page")).to_be_visible()

    def upload(self, text: str | bytes, name: str = "codes.csv") -> None:
        content = text.encode() if isinstance(text, str) else text
        file = FilePayload(name=name, mimeType="text/csv", buffer=content)
        self.page.locator("[name=import_file]").set_input_files(file)
        self.send()

    def send(self) -> None:
        """Send the page's form, until its answer is there: a click alone may come back before the answer does."""
        with self.page.expect_navigation():
            self.page.locator(".codes-page form [type=submit]").click()

    def confirm(self) -> None:
        self.page.locator("form[action$='/process_import/'] [type=submit]").click()
        self.page.wait_for_url(self.root)
        expect(self.page.locator(".messagelist .success")).to_be_visible()

    def figures(self) -> list[str]:
        """New, changed, as before, with errors."""
        self.page.wait_for_load_state()
        return self.page.locator(".codes-totals dd").all_inner_texts()

    def preview(self) -> list[list[str]]:
        self.page.wait_for_load_state()
        rows = self.page.locator(".codes-preview tbody tr").all()
        return [[" ".join(cell.split()) for cell in row.locator("th, td").all_inner_texts()] for row in rows]


@pytest.fixture
def clerk(request: pytest.FixtureRequest, site: str, quiet_page: Page) -> Clerk:
    """Logged in, at a registry with one code."""
    User.objects.create_superuser("clerk", password="ledger-and-ink")
    CodeTag.objects.create(code="BT26", label="Poster", note="kept")
    made = Clerk(quiet_page, site, *request.param)
    made.log_in()
    return made


def kept() -> dict[str, tuple[str, str]]:
    return {tag.code: (tag.label, str(tag.campaign or "")) for tag in CodeTag.objects.select_related("campaign")}


def see_the_errors(clerk: Clerk) -> None:
    clerk.go("import")
    clerk.look("import")
    clerk.upload(WRONG)
    expect(clerk.page.locator(".errornote")).to_be_visible()
    assert clerk.figures() == ["0", "1", "0", "3"]
    assert [(row[0], row[1]) for row in clerk.preview()] == [("3", "BT2"), ("4", "BT27"), ("5", "BT28")]
    assert [row[2].split()[0] for row in clerk.preview()] == ["code", "start", "counts_for"]
    expect(clerk.page.locator("form[action$='/process_import/']")).to_have_count(0)
    clerk.look("errors")
    clerk.upload("label\nx\n")
    expect(clerk.page.locator(".errorlist li")).to_be_visible()
    clerk.look("no-table")
    assert kept() == {"BT26": ("Poster", "")}


def import_and_update(clerk: Clerk) -> None:
    clerk.upload(GOOD)
    assert clerk.figures() == ["2", "1", "0", "0"]
    expect(clerk.page.locator(".codes-preview del").first).to_have_text("Poster")
    clerk.look("preview")
    assert kept() == {"BT26": ("Poster", "")}
    clerk.confirm()
    clerk.look("imported")
    fair = "Spring fair"
    assert kept() == {"BT26": ("Banner", fair), "BT27": ("Second", fair), "0012": ("Leaflet", "")}
    clerk.go("import")
    clerk.upload(UPDATE)
    assert clerk.figures() == ["0", "1", "0", "0"]
    clerk.look("update")
    clerk.confirm()
    changed = CodeTag.objects.get(code="BT27")
    assert (changed.label, changed.archived, str(changed.campaign)) == ("Third", True, fair)
    assert CodeTag.objects.get(code="BT26").end == date(2026, 5, 31)
    assert LogEntry.objects.filter(object_repr__startswith="BT27").count() == 2


def export_and_come_back(clerk: Clerk) -> None:
    for number, ending in enumerate(("csv", "xlsx")):
        clerk.go("export")
        clerk.look("export")
        clerk.page.locator(f"[name=format][value='{number}']").check()
        with clerk.page.expect_download() as file:
            clerk.page.locator(".codes-page form [type=submit]").click()
        assert re.fullmatch(rf"codes-\d{{4}}-\d\d-\d\d\.{ending}", file.value.suggested_filename)
        clerk.go("import")
        clerk.upload(Path(file.value.path()).read_bytes(), file.value.suggested_filename)
        assert clerk.figures() == ["0", "0", "3", "0"]
        clerk.look("nothing")


def make_some(clerk: Clerk) -> None:
    clerk.go("make")
    clerk.look("make")
    for name, value in {"number": "40", "pattern": "BT2?", "label": "Tram {n}"}.items():
        clerk.page.locator(f"[name={name}]").fill(value)
    clerk.send()
    expect(clerk.page.locator(".form-row.errors .errorlist")).to_be_visible()
    clerk.look("too-many")
    for name, value in {"number": "12", "pattern": "tr??", "campaign": "spring FAIR"}.items():
        clerk.page.locator(f"[name={name}]").fill(value)
    clerk.send()
    made = clerk.page.locator(".codes-made li")
    expect(made).to_have_count(12)
    clerk.look("made")
    codes = [code.strip() for code in made.all_inner_texts()]
    assert all(code[:2] == "TR" and set(code[2:]) <= ALPHABET for code in codes)
    tags = CodeTag.objects.filter(campaign=Campaign.objects.get())
    assert {tag.code: tag.label for tag in tags if tag.code in codes} == {
        code: f"Tram {number}" for number, code in enumerate(codes, 1)
    }


@pytest.mark.parametrize("clerk", [*WALKS, *(MORE if os.environ.get("WALKS") == "all" else ())], indirect=True)
def test_many_codes_come_and_go(clerk: Clerk) -> None:
    see_the_errors(clerk)
    import_and_update(clerk)
    export_and_come_back(clerk)
    make_some(clerk)
