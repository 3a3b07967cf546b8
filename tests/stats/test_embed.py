"""The card that other sites show in a frame, and the texts to copy."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as site
from django.contrib.staticfiles.storage import staticfiles_storage
from django.test import override_settings

from kv.store.caches import durable_cache
from stats import keys
from stats.services.figures import forget_figures

if TYPE_CHECKING:
    from tests.site_client import SiteClient

PREFIXES = ("", "/fr", "/de", "/es")


@pytest.fixture(autouse=True)
def _counted(store: Any) -> None:
    store.mset({keys.visitors(): 1234, keys.qr_total(): 56, keys.revenue(): 7890})
    forget_figures()


def card(client: SiteClient, path: str = "/embed") -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def shown(html: str) -> list[str]:
    return re.findall(r'<dd data-figure="\w+">(.+?)</dd>', html)


class TestCard:
    def test_has_the_three_totals(self, client: SiteClient) -> None:
        assert shown(card(client)) == ["1,234", "56", "€78.90"]
        assert shown(card(client, "/de/embed")) == ["1.234", "56", "78,90\u00a0€"]

    @pytest.mark.parametrize("prefix", PREFIXES)
    def test_lets_every_site_frame_it_and_does_nothing(self, prefix: str, client: SiteClient) -> None:
        answer = client.get(f"{prefix}/embed")
        assert answer["Content-Security-Policy"] == (
            "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *"
        )
        assert "X-Frame-Options" not in answer
        assert answer["X-Robots-Tag"] == "noindex"
        assert answer["Cache-Control"] == "public, max-age=0, s-maxage=60"
        assert not answer.cookies
        html = answer.content.decode()
        assert re.findall(r"<script|<form|<img|<iframe|<style|style=|\son\w+=", html) == []
        assert f'<html lang="{prefix.strip("/") or "en"}"' in html

    @pytest.mark.parametrize(
        ("query", "theme"),
        [
            ("", ""),
            ("?theme=dark", "dark"),
            ("?theme=light", "light"),
            ('?theme="><b', ""),
            ("?theme=", ""),
            ("?x=1", ""),
        ],
    )
    def test_may_be_light_or_dark(self, query: str, theme: str, client: SiteClient) -> None:
        html = client.get(f"/embed{query}").content.decode()
        assert re.findall(r'data-theme="(.*?)"', html) == [theme] * bool(theme)
        assert f'<meta name="color-scheme" content="{theme or "light dark"}">' in html

    def test_leads_to_the_site(self, client: SiteClient, settings: Any) -> None:
        settings.SITE_URL = "https://counts.example.org"
        html = card(client, "/fr/embed")
        assert '<a href="https://counts.example.org/fr/statistics" target="_blank" rel="noopener">' in html
        settings.SITE_URL = ""
        assert '<a href="http://testserver/fr/statistics"' in card(client, "/fr/embed")

    def test_takes_its_style_from_where_static_files_are(
        self, client: SiteClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(staticfiles_storage, "base_url", "https://cdn.example.org/static/")
        assert "; style-src https://cdn.example.org;" in client.get("/embed")["Content-Security-Policy"]

    def test_without_the_store_says_so(self, client: SiteClient) -> None:
        away = durable_cache("redis://127.0.0.1:1/0", directory=Path())
        with override_settings(CACHES={**site.CACHES, "kv": away}):
            html = card(client)
        assert shown(html) == ["–", "–", "–"]
        assert "The counts can't be read just now." in html

    def test_can_be_switched_off(self, client: SiteClient, settings: Any) -> None:
        settings.STATS_EMBED = False
        answer = client.get("/embed")
        assert answer.status_code == 404
        assert answer["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]


class TestTextsToCopy:
    def texts(self, client: SiteClient, prefix: str = "") -> list[str]:
        html = client.get(f"{prefix}/statistics").content.decode()
        texts = re.findall(r'<pre tabindex="0"><code>(.*?)</code></pre>', html, re.DOTALL)
        assert [text for text in texts if "<" in text] == [], "they are shown, not carried out"
        return [unescape(text) for text in texts]

    def test_lead_to_what_there_is(self, client: SiteClient, settings: Any) -> None:
        settings.SITE_URL = "https://counts.example.org"
        for prefix in PREFIXES:
            texts = self.texts(client, prefix)
            assert len(texts) == 6
            addresses = {
                address for text in texts for address in re.findall(r"https://counts\.example\.org([^\s\")]+)", text)
            }
            assert len(addresses) == 4
            for address in addresses:
                assert client.get(address).status_code == 200, address
        assert 'src="https://counts.example.org/es/embed"' in self.texts(client, "/es")[0]

    def test_what_is_off_is_not_there(self, client: SiteClient, settings: Any) -> None:
        settings.STATS_EMBED = settings.STATS_BADGES = settings.STATS_PUBLIC_HISTORY = False
        assert [text.rpartition("/")[2] for text in self.texts(client)] == ["stats"]
