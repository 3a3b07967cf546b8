"""Badges: pictures that fit their words, and JSON as shields.io takes it."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as site
from django.test import override_settings

from kv.store.caches import durable_cache
from stats import keys
from stats.services.badges import COLOR, LABEL_COLOR, UNKNOWN_COLOR, Badge, lay_out, text_width
from stats.services.figures import forget_figures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.site_client import SiteClient

FIGURES = ("visitors", "qr_total", "revenue_cents")
LANGUAGES = [code for code, _ in site.LANGUAGES]
SVG = "{http://www.w3.org/2000/svg}"
#: What each says in each language, from right to left the hardest words of the site.
SAID = {
    ("visitors", "en"): "Visitors: 1,234,567",
    ("visitors", "de"): "Besucher: 1.234.567",
    ("visitors", "fr"): "Visiteurs: 1\u202f234\u202f567",
    ("qr_total", "es"): "Códigos de pago: 4.321",
    ("revenue_cents", "en"): "Amount on payment codes: €12,345,678.90",
    ("revenue_cents", "de"): "Betrag auf Zahlungscodes: 12.345.678,90\u00a0€",
}


@pytest.fixture(autouse=True)
def _counted(store: Any) -> None:
    store.mset({keys.visitors(): 1_234_567, keys.qr_total(): 4321, keys.revenue(): 1_234_567_890})
    forget_figures()


@pytest.fixture
def store_away() -> Iterator[None]:
    away = durable_cache("redis://127.0.0.1:1/0", directory=Path())
    with override_settings(CACHES={**site.CACHES, "kv": away}):
        yield


def picture(client: SiteClient, figure: str, query: str = "") -> ET.Element:
    answer = client.get(f"/badge/{figure}.svg{query}")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/svg+xml")
    return ET.fromstring(answer.content)


def data(client: SiteClient, figure: str, query: str = "") -> dict[str, Any]:
    answer = client.get(f"/badge/{figure}.json{query}")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    found: dict[str, Any] = json.loads(answer.content)
    return found


class TestPicture:
    @pytest.mark.parametrize("figure", FIGURES)
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_says_the_same_to_eyes_and_ears(self, figure: str, language: str, client: SiteClient) -> None:
        drawn = picture(client, figure, f"?lang={language}")
        title = drawn.findtext(f"{SVG}title")
        assert drawn.get("role") == "img"
        assert drawn.get("aria-label") == title == ": ".join(text.text or "" for text in drawn.iter(f"{SVG}text"))
        assert title == SAID.get((figure, language), title)
        assert drawn.get("{http://www.w3.org/XML/1998/namespace}lang") == language

    @pytest.mark.parametrize("figure", FIGURES)
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_is_as_wide_as_its_texts(self, figure: str, language: str, client: SiteClient) -> None:
        drawn = picture(client, figure, f"?lang={language}")
        width = int(drawn.get("width", ""))
        assert drawn.get("viewBox") == f"0 0 {width} 20"
        texts = [(int(text.get("x", "")), int(text.get("textLength", ""))) for text in drawn.iter(f"{SVG}text")]
        assert texts[0][0] == 6
        assert texts[1][0] == texts[0][0] + texts[0][1] + 12
        assert width == texts[1][0] + texts[1][1] + 6

    def test_has_nothing_that_a_policy_forbids(self, client: SiteClient) -> None:
        drawn = picture(client, "visitors")
        assert {element.tag for element in drawn.iter()} == {
            f"{SVG}{tag}" for tag in ("svg", "title", "path", "g", "text")
        }
        assert {"style", "id", "href"} & {name for element in drawn.iter() for name in element.attrib} == set()

    def test_escapes_what_a_translation_has(self) -> None:
        from django.template.loader import render_to_string

        fields = lay_out(Badge("<a&b>", '"1"'))
        text = render_to_string("stats/badge.svg", {"badge": Badge("<a&b>", '"1"'), "fields": fields, "width": 9})
        assert [element.text for element in ET.fromstring(text).iter(f"{SVG}text")] == ["<a&b>", '"1"']

    def test_its_texts_can_be_read_on_their_grounds(self) -> None:
        """White on each, by the formula of WCAG 2.2, at level AA."""
        assert min(_contrast_to_white(color) for color in (LABEL_COLOR, COLOR, UNKNOWN_COLOR)) >= 4.5

    def test_of_any_script_has_room(self) -> None:
        assert text_width("é") == text_width("e")
        assert text_width("訪問者") >= 3 * 11
        assert text_width("") == 0


def _contrast_to_white(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 1.05 / (sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True)) + 0.05)


class TestData:
    @pytest.mark.parametrize("figure", FIGURES)
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_says_what_the_picture_says(self, figure: str, language: str, client: SiteClient) -> None:
        said, drawn = data(client, figure, f"?lang={language}"), picture(client, figure, f"?lang={language}")
        assert f"{said['label']}: {said['message']}" == drawn.findtext(f"{SVG}title")
        assert (said["schemaVersion"], said["cacheSeconds"], "isError" in said) == (1, 300, False)


class TestAnswer:
    @pytest.mark.parametrize("ending", ["svg", "json"])
    def test_may_be_kept_for_a_minute_by_everybody(self, ending: str, client: SiteClient) -> None:
        answer = client.get(
            f"/badge/visitors.{ending}", headers={"Accept-Language": "fr", "Origin": "https://a.example"}
        )
        assert answer["Cache-Control"] == "public, max-age=60"
        assert 0 <= int(answer["Age"]) <= 60
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert answer["X-Robots-Tag"] == "noindex"
        assert answer["Content-Language"] == "en"
        assert "Vary" not in answer
        assert not answer.cookies

    @pytest.mark.parametrize("ending", ["svg", "json"])
    @pytest.mark.parametrize(
        ("path", "status", "code"),
        [
            ("visitors.{}?lang=xx", 400, "invalid_input"),
            ("visitors.{}?lang=", 400, "invalid_input"),
            ("visitors.{}?lang=%00", 400, "invalid_input"),
            ("visitors.{}?lang=" + "f" * 3000, 400, "invalid_input"),
            ("nothing.{}", 404, "not_found"),
            ("Visitors.{}", 404, "not_found"),
        ],
    )
    def test_of_what_there_is_not_says_so(
        self, path: str, status: int, code: str, ending: str, client: SiteClient
    ) -> None:
        answer = client.get(f"/badge/{path.format(ending)}")
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer["Access-Control-Allow-Origin"] == "*"

    @pytest.mark.parametrize("ending", ["svg", "json"])
    def test_can_be_switched_off(self, ending: str, client: SiteClient, settings: Any) -> None:
        settings.STATS_BADGES = False
        answer = client.get(f"/badge/visitors.{ending}")
        assert (answer.status_code, answer.json()["code"]) == (404, "switched_off")

    def test_needs_no_database(self, client: SiteClient) -> None:
        """No test here has one."""
        assert client.get("/badge/visitors.svg", headers={"Cookie": "sessionid=none"}).status_code == 200


@pytest.mark.usefixtures("store_away")
class TestStoreAway:
    def test_without_a_number_there_is_a_dash_that_is_soon_asked_again(self, client: SiteClient) -> None:
        forget_figures()
        assert picture(client, "visitors").findtext(f"{SVG}title") == "Visitors: –"
        said = data(client, "revenue_cents")
        assert (said["message"], said["isError"], said["color"]) == ("–", True, UNKNOWN_COLOR)
        answer = client.get("/badge/visitors.svg")
        assert (answer.status_code, answer["Cache-Control"], "Age" in answer) == (200, "public, max-age=5", False)
