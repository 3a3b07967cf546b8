"""The public pages say what is counted, as the settings have it."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from django.test import Client


class TestWhatIsCounted:
    """What both pages say follows the settings, in every language of the site."""

    WORDS: ClassVar[dict[str, tuple[str, str]]] = {
        "": ("of the kind of device", "country of your network"),
        "/fr": ("du type d’appareil", "pays de votre connexion"),
        "/de": ("der Art des Geräts", "Landes Ihrer Netzverbindung"),
        "/es": ("del tipo de dispositivo", "país de su conexión"),
    }

    @pytest.mark.parametrize("path", ["/privacy", "/cookies"])
    @pytest.mark.parametrize("language", WORDS)
    def test_is_as_the_settings_have_it(self, client: Client, settings: Any, language: str, path: str) -> None:
        device, country = self.WORDS[language]

        def said() -> tuple[bool, bool]:
            page = client.get(language + path).content.decode()
            return device in page, country in page

        assert said() == (True, False)
        settings.CODETAGS_COUNTRY_HEADER = "CF-IPCountry"
        assert said() == (True, False), "no proxy is trusted to say it"
        settings.NUM_PROXIES = 1
        assert said() == (True, True)
        settings.CODETAGS_BREAKDOWNS = False
        assert said() == (False, False)
