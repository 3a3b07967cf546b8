"""CORS_ORIGINS: what is an origin, and what it does to cookies."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.checks import check_front_ends


class TestFrontEnds:
    @pytest.mark.parametrize(
        ("text", "origins"),
        [
            ("", ()),
            (" , ", ()),
            ("https://app.example", ("https://app.example",)),
            (
                "https://a.example,http://127.0.0.1:3000 , http://[::1]:5173",
                ("https://a.example", "http://127.0.0.1:3000", "http://[::1]:5173"),
            ),
            # As browsers send them: lower case, without the scheme's own port, xn--; each once.
            (
                "HTTPS://App.Example:443,https://app.example,http://localhost:80",
                ("https://app.example", "http://localhost"),
            ),
            ("https://Bücher.example:8443", ("https://xn--bcher-kva.example:8443",)),
        ],
    )
    @pytest.mark.parametrize("site", ["https://site.example", "http://127.0.0.1:8000"])
    def test_are_trusted(self, site: str, text: str, origins: tuple[str, ...], read: Any) -> None:
        found = read(SITE_URL=site, CORS_ORIGINS=text)
        assert found["CORS_ORIGINS"] == origins
        assert set(origins) <= set(found["CSRF_TRUSTED_ORIGINS"])
        assert found["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]["form-action"] == ["'self'", *origins]

    @pytest.mark.parametrize(
        "text",
        [
            "*",
            "null",
            "app.example",
            "//app.example",
            "https://*.app.example",
            "https://.app.example",
            "https://app.example/",
            "https://app.example/path",
            "https://app.example?a=1",
            "https://app.example?",
            "https://app.example#a",
            "https://user@app.example",
            "https://user:word@app.example",
            "https://app.example:",
            "https://app.example:0",
            "https://app.example:99999",
            "https://app.example:port",
            "https://",
            "https://[::1",
            "https://app example",
            "https:/app.example",
            "ftp://app.example",
            "wss://app.example",
            "javascript://app.example",
            "https://app.example;https://b.example",
            "https://good.example,https://bad.example/",
            "https://a\\b.example",
            "https://a_b.example",
            "https://a.example\nhttps://b.example",
            "https://example.org.",
        ],
    )
    def test_that_are_no_origins_stop_the_start(self, text: str, read: Any) -> None:
        with pytest.raises(ImproperlyConfigured, match=r"^CORS_ORIGINS: .* is no origin") as error:
            read(CORS_ORIGINS=text)
        assert "\n" not in str(error.value)

    def test_need_https_where_the_site_has_it(self, read: Any) -> None:
        with pytest.raises(ImproperlyConfigured, match=r"^CORS_ORIGINS: http://app\.example needs https"):
            read(SITE_URL="https://site.example", CORS_ORIGINS="http://app.example")
        assert read(SITE_URL="http://site.example", CORS_ORIGINS="http://app.example")["CORS_ORIGINS"]
        assert read(SITE_URL="https://site.example", CORS_ORIGINS="http://localhost:3000")["CORS_ORIGINS"]

    @pytest.mark.parametrize(
        ("site", "origins", "same_site"),
        [
            ("https://example.org", "", "Lax"),
            ("https://example.org", "https://example.org:8443", "Lax"),
            ("https://example.org", "https://app.example.org", "Lax"),
            ("https://counts.example.org", "https://example.org", "Lax"),
            ("https://counts.example.org", "https://app.example.org", "None"),  # siblings: may be two sites
            ("https://a.github.io", "https://b.github.io", "None"),
            ("https://example.org", "https://notexample.org", "None"),
            ("https://example.org", "http://localhost:3000", "None"),
            ("https://example.org", "https://app.example.org,https://app.example", "None"),
            ("http://example.org", "http://app.example", "Lax"),  # a browser refuses None without https
            ("http://127.0.0.1:8000", "http://127.0.0.1:3000", "Lax"),
        ],
    )
    def test_of_other_sites_get_cookies_that_browsers_send_there(
        self, site: str, origins: str, same_site: str, read: Any
    ) -> None:
        found = read(SITE_URL=site, CORS_ORIGINS=origins)
        assert found["SESSION_COOKIE_SAMESITE"] == found["CSRF_COOKIE_SAMESITE"] == same_site
        assert found["SESSION_COOKIE_SECURE"] is found["CSRF_COOKIE_SECURE"] is site.startswith("https")

    @pytest.mark.parametrize(
        ("site", "origins", "warned"),
        [
            ("http://site.example", ("http://app.example",), True),
            ("http://127.0.0.1:8000", ("http://app.example",), True),
            ("http://127.0.0.1:8000", ("http://localhost:3000", "http://127.0.0.1:3000"), False),
            ("https://site.example", ("https://app.example",), False),
            ("http://site.example", ("http://app.site.example",), False),
            ("http://site.example", (), False),
        ],
    )
    def test_without_a_log_in_are_named(self, site: str, origins: tuple[str, ...], warned: bool, settings: Any) -> None:
        settings.SITE_URL, settings.CORS_ORIGINS = site, origins
        assert [caution.id for caution in check_front_ends(None)] == ["site.W001"] * warned
