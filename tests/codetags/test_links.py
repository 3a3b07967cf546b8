"""The addresses that go on posters: the same whatever language the staff read, and readable by anybody's decoder."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
import zxingcpp
from django.test import Client, RequestFactory, override_settings
from django.utils import translation
from PIL import Image

from codetags.views.links import list_landings
from config.templatetags.site import _pages
from tests.codetags.callers import staff
from tests.codetags.drawing import draw_svg

if TYPE_CHECKING:
    from collections.abc import Sequence

LANGUAGES = ("en", "fr", "de", "es")
ADDRESSES = {language: f"http://127.0.0.1:8000/{'' if language == 'en' else language + '/'}" for language in LANGUAGES}


@pytest.fixture
def clerk(client: Client, store: Any, db: None) -> Client:
    client.force_login(staff("view_counts"))
    return client


def page(language: str, rest: str = "") -> str:
    """An address of the counts' page in a language of the admin."""
    return f"{'' if language == 'en' else '/' + language}/admin/codetags/codecount/{rest}"


def decoded(picture: Image.Image) -> list[str]:
    """What zxing reads in a picture."""
    return [found.text for found in zxingcpp.read_barcodes(picture)]


class TestImages:
    @pytest.mark.parametrize("read", LANGUAGES)
    def test_each_leads_to_the_language_that_was_chosen(self, clerk: Client, read: str) -> None:
        for chosen, address in ADDRESSES.items():
            asked: dict[str, str] = {"language": chosen, "scale": "4"}
            png = clerk.get(page(read, "BT26/qr.png"), asked)
            assert decoded(Image.open(io.BytesIO(png.content))) == [f"{address}?qr=BT26"]
            svg = clerk.get(page(read, "BT26/qr.svg"), asked)
            assert decoded(draw_svg(svg.content)) == [f"{address}?qr=BT26"]
            archive = clerk.post(page(read, "qr.zip"), {"code": ["BT26", "DEMO"], "kind": "png", **asked})
            with zipfile.ZipFile(io.BytesIO(archive.content)) as files:
                read_out = [decoded(Image.open(io.BytesIO(files.read(name)))) for name in files.namelist()]
            assert read_out == [[f"{address}?qr={code}"] for code in ("BT26", "DEMO")]

    @pytest.mark.parametrize("read", LANGUAGES)
    def test_without_a_choice_it_is_the_default_language(self, clerk: Client, read: str) -> None:
        png = clerk.get(page(read, "BT26/qr.png"))
        assert decoded(Image.open(io.BytesIO(png.content))) == [f"{ADDRESSES['en']}?qr=BT26"]

    @pytest.mark.parametrize("language", ["fr", "it", "xx"])
    def test_a_language_without_a_landing_is_refused(self, clerk: Client, language: str) -> None:
        # A page that stands outside the site's languages has one address for all of them.
        with override_settings(CODETAGS_LANDING_PATH="/elsewhere"):
            assert clerk.get(page("de", "BT26/qr.png"), {"language": language}).status_code == 400
            assert clerk.post(page("de", "qr.zip"), {"code": "BT26", "language": language}).status_code == 400
            png = clerk.get(page("de", "BT26/qr.png"), {"language": "en"})
            assert decoded(Image.open(io.BytesIO(png.content))) == ["http://127.0.0.1:8000/elsewhere?qr=BT26"]


class TestPages:
    @pytest.mark.parametrize("read", LANGUAGES)
    @pytest.mark.parametrize("rest", ["", "BT26/"])
    def test_offer_the_same_four_links(self, clerk: Client, read: str, rest: str) -> None:
        from codetags.services.hits import record_hit

        record_hit(code="BT26", address="203.0.113.7", agent="Mozilla/5.0")
        text = clerk.get(page(read, rest)).content.decode()
        for address in ADDRESSES.values():
            assert f'data-copy="{address}?qr=BT26"' in text


@pytest.mark.parametrize("active", LANGUAGES)
class TestWhateverIsActive:
    def addresses(self, landings: Sequence[Any]) -> dict[str, str]:
        return {landing.language: landing.address for landing in landings}

    def test_the_landings_are_the_same(self, active: str) -> None:
        with translation.override(active):
            assert self.addresses(list_landings(RequestFactory().get("/"))) == ADDRESSES

    def test_a_landing_of_another_page(self, active: str) -> None:
        with translation.override(active), override_settings(CODETAGS_LANDING_PATH="/pay"):
            found = self.addresses(list_landings(RequestFactory().get("/")))
        assert found == {language: f"{address}pay" for language, address in ADDRESSES.items()}

    def test_one_address_for_all_stands_under_the_default_language(self, active: str) -> None:
        with translation.override(active), override_settings(CODETAGS_LANDING_PATH="/healthz"):
            assert list(self.addresses(list_landings(RequestFactory().get("/")))) == ["en"]

    @pytest.mark.parametrize("path", ["/pay?a=1", "/de/pay?a=1"])
    def test_the_menu_of_languages_is_the_same(self, active: str, path: str) -> None:
        with translation.override(active):
            urls = [one.url for one in _pages(RequestFactory().get(path))]
        assert urls == ["/pay?a=1", "/fr/pay?a=1", "/de/pay?a=1", "/es/pay?a=1"]
