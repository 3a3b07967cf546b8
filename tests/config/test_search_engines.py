"""What robots and phones read. Judged by the standard library's robots parser, and by asking for all that is named."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.robotparser import RobotFileParser

import pytest
from django.conf import settings
from django.contrib.staticfiles.finders import find
from django.template import engines
from django.urls import reverse
from django.utils.translation import override
from PIL import Image

from config.search_engines import PUBLIC

if TYPE_CHECKING:
    from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]

LANGUAGES = [code for code, _ in settings.LANGUAGES]
NAMES = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}
ADDRESSES = [(code, name) for code in LANGUAGES for name in PUBLIC]


def path_of(name: str, language: str) -> str:
    with override(language):
        return reverse(name)


class Head(HTMLParser):
    """The title, and the attributes of each element, of an HTML page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.title = ""
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] == "title":
            self.title += data.strip("\n")

    def links(self, rel: str) -> list[dict[str, str]]:
        """The attributes of each such link."""
        return [found for tag, found in self.elements if tag == "link" and found.get("rel") == rel]

    def link(self, rel: str) -> str:
        """Where the only such link leads."""
        (found,) = self.links(rel)
        return found["href"]

    def meta(self, name: str) -> str:
        """The content of the only such element, named by `name` or by Open Graph's `property`."""
        (found,) = (
            one for tag, one in self.elements if tag == "meta" and name in {one.get("name"), one.get("property")}
        )
        return found["content"]


def head_of(client: Client, path: str) -> Head:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return Head(answer.content.decode())


def picture(url: str) -> Image.Image:
    """The static file behind a URL, as Pillow reads it."""
    path = re.sub(r"^(https?://[^/]+)?/static/", "", url)
    found = find(path)
    assert isinstance(found, str), f"{url} is no static file"
    return Image.open(io.BytesIO(Path(found).read_bytes()))


class TestRobots:
    @pytest.fixture
    def rules(self, client: Client) -> RobotFileParser:
        answer = client.get("/robots.txt")
        assert answer["Content-Type"] == "text/plain; charset=utf-8"
        parser = RobotFileParser()
        parser.parse(answer.content.decode().splitlines())
        return parser

    def test_public_pages_are_theirs(self, rules: RobotFileParser) -> None:
        paths = [path_of(name, code) for code, name in ADDRESSES]
        assert [path for path in paths if not rules.can_fetch("Googlebot", path)] == []

    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.parametrize("path", ["admin/login/", "dashboard", "dashboard/history", "accounts/profile"])
    def test_nothing_of_anybody_is(self, rules: RobotFileParser, language: str, path: str) -> None:
        prefix = "/" if language == settings.LANGUAGE_CODE else f"/{language}/"
        assert not rules.can_fetch("Googlebot", prefix + path)

    def test_the_api_is_not_but_its_page_is(self, rules: RobotFileParser) -> None:
        assert not rules.can_fetch("Googlebot", "/api/stats")
        assert re.search(r"^Allow: /api/docs$", str(rules), re.MULTILINE)

    def test_name_the_sitemap(self, rules: RobotFileParser) -> None:
        assert rules.site_maps() == [f"{settings.SITE_URL}/sitemap.xml"]


class TestSitemap:
    @pytest.fixture
    def entries(self, client: Client) -> list[ET.Element]:
        answer = client.get("/sitemap.xml", headers={"host": "localhost"})
        assert answer["Content-Type"].startswith("application/xml")
        return ET.fromstring(answer.content).findall("s:url", NAMES)

    def test_has_each_public_page_in_each_language(self, entries: list[ET.Element]) -> None:
        found = {entry.findtext("s:loc", namespaces=NAMES) for entry in entries}
        assert found == {settings.SITE_URL + path_of(name, code) for code, name in ADDRESSES}

    def test_says_what_the_page_says_of_itself(self, client: Client, entries: list[ET.Element]) -> None:
        """The address is the page's canonical one, and its translations are those that the page names."""
        for entry in entries:
            url = entry.findtext("s:loc", namespaces=NAMES) or ""
            head = head_of(client, url.removeprefix(settings.SITE_URL))
            assert head.link("canonical") == url
            said = {(link["hreflang"], link["href"]) for link in head.links("alternate")}
            listed = {(link.get("hreflang"), link.get("href")) for link in entry.findall("x:link", NAMES)}
            assert listed == said
            assert len(said) == len(LANGUAGES) + 1


class TestShared:
    @pytest.mark.parametrize(("language", "name"), ADDRESSES)
    def test_a_public_page_has_its_own_words_and_a_picture_in_its_language(
        self, client: Client, language: str, name: str
    ) -> None:
        head = head_of(client, path_of(name, language))
        assert head.meta("og:title") == head.title
        assert head.meta("og:description") == head.meta("description")
        assert head.meta("og:url") == head.link("canonical")
        assert head.meta("og:locale")[:2] == language
        url = head.meta("og:image")
        assert url.startswith(f"{settings.SITE_URL}/static/")
        assert url.endswith(f"-{language}.png")
        assert picture(url).size == (int(head.meta("og:image:width")), int(head.meta("og:image:height")))

    def test_quotes_in_a_title_stay_text(self, rf: Any) -> None:
        inside = '<title>{{ t }}</title><meta name="description" content="{{ t }}">'
        source = f"{{% load sharing %}}{{% shared %}}{inside}{{% endshared %}}"
        title = """A "b" <script>'c'</script> & d"""
        page = engines["django"].from_string(source).render({"t": title}, rf.get("/"))
        head = Head(page)
        assert head.meta("og:title") == head.meta("og:description") == title
        assert "script" not in {tag for tag, _ in head.elements}

    @pytest.mark.parametrize("path", ["/nothing", "/accounts/login", "/api/docs"])
    def test_other_pages_have_none(self, client: Client, path: str) -> None:
        assert b"og:" not in client.get(path).content


class TestInstallable:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_the_manifest_speaks_the_language_of_its_page(self, client: Client, language: str) -> None:
        head = head_of(client, path_of("home", language))
        answer = client.get(head.link("manifest"))
        assert answer["Content-Type"] == "application/manifest+json"
        found = answer.json()
        assert (found["lang"], found["start_url"]) == (language, path_of("home", language))
        assert found["id"] == "/"  # one app, whichever page it was installed from
        for shortcut in found["shortcuts"]:
            assert client.get(shortcut["url"]).status_code in {200, 302}

    def test_its_icons_are_as_large_as_it_says(self, client: Client) -> None:
        icons = client.get("/manifest.webmanifest").json()["icons"]
        sizes = [(icon["sizes"], picture(icon["src"])) for icon in icons if icon["type"] == "image/png"]
        assert [f"{found.width}x{found.height}" for _, found in sizes] == [size for size, _ in sizes]
        assert {"192x192", "512x512"} <= {size for size, _ in sizes}

    def test_a_mask_cuts_no_line(self, client: Client) -> None:
        """Only the ground lies outside of the circle that every mask leaves (W3C, "Icon masks": 40 % of the width)."""
        (icon,) = [icon for icon in client.get("/manifest.webmanifest").json()["icons"] if icon.get("purpose")]
        found = picture(icon["src"]).convert("RGB")
        ground, middle, radius = found.getpixel((2, 2)), found.width / 2, found.width * 0.4
        outside = [
            found.getpixel((x, y))
            for x in range(0, found.width, 3)
            for y in range(0, found.height, 3)
            if (x - middle) ** 2 + (y - middle) ** 2 > radius**2
        ]
        assert set(outside) == {ground}

    @pytest.mark.parametrize("path", ["/apple-touch-icon.png", "/favicon.ico"])
    def test_an_icon_is_found_at_the_root(self, client: Client, path: str) -> None:
        assert client.get(path)["Location"].startswith("/static/site/")

    def test_a_phone_has_an_opaque_square(self, client: Client) -> None:
        found = picture(head_of(client, "/").link("apple-touch-icon"))
        assert found.size == (180, 180)
        assert found.convert("RGBA").getchannel("A").getextrema() == (255, 255)
