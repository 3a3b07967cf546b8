"""Where counted hits may be posted to, and what the checks say of a setting that can't be used."""

from __future__ import annotations

import socket
from unittest.mock import patch

import pytest
from django.test import override_settings

from codetags import checks
from codetags.errors import UnsafeWebhookAddress, WebhookUnavailable
from codetags.services import outgoing_webhook
from codetags.services.outgoing_webhook import check_address
from tests.codetags.receiver import SECRET


class TestAddress:
    @pytest.mark.parametrize(
        "url",
        [
            "http://example.com/",
            "http://10.0.0.1/",
            "https://10.0.0.1/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest",
            "https://[fd00::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://user:word@example.com/",
            "ftp://example.com/",
            "https:///nowhere",
            "https://example.com:port/",
            "https://[/",
            "https://224.0.0.1/",
            "https://0.0.0.0/",
            "https://100.64.0.1/",
            "https://[64:ff9b::10.0.0.1]/",
            "https://[2002:a00:1::]/",
            "https://[64:ff9b:1::a00:1]/",
            "https://[fec0::1]/",
            "https://[::127.0.0.1]/",
            "https://[ff0e::1]/",
            "https://[5f00::1]/",
            "https://192.0.0.8/",
            "https://[2001:0:4136:e378:8000:63bf:f5ff:fffe]/",
            "https://example.com/a b",
            "https://example.com/\u00e9",
            "https://example.com:0/",
            "https://example.com/\r\nX-Header: 1",
        ],
    )
    def test_may_not_be_posted_to(self, url: str) -> None:
        with pytest.raises(UnsafeWebhookAddress):
            check_address(url)

    @pytest.mark.parametrize(
        "url", ["https://example.com/hits", "http://127.0.0.1:9/", "http://localhost/", "http://[::1]/"]
    )
    def test_may_be(self, url: str) -> None:
        check_address(url)

    def test_a_private_one_may_be_when_it_is_meant(self) -> None:
        with override_settings(QR_ANALYTICS_EXTERNAL_ALLOW_PRIVATE=True):
            check_address("https://10.0.0.1/")

    @pytest.mark.parametrize(
        "address", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "::1", "fd00::1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::"]
    )
    def test_a_name_that_leads_inside_is_refused(self, address: str) -> None:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))]
        with (
            override_settings(QR_ANALYTICS_EXTERNAL_URL="https://example.com/", QR_ANALYTICS_EXTERNAL_SECRET=SECRET),
            patch("socket.getaddrinfo", return_value=found),
            pytest.raises(UnsafeWebhookAddress),
        ):
            outgoing_webhook.WebhookConnection()

    @pytest.mark.parametrize("url", ["https://example.com/", f"https://{'a' * 70}.example/"])
    @pytest.mark.parametrize("error", [socket.gaierror, UnicodeError])
    def test_a_name_that_nobody_knows_is_away(self, url: str, error: type[Exception]) -> None:
        with (
            override_settings(QR_ANALYTICS_EXTERNAL_URL=url, QR_ANALYTICS_EXTERNAL_SECRET=SECRET),
            patch("socket.getaddrinfo", side_effect=error),
            pytest.raises(WebhookUnavailable),
        ):
            outgoing_webhook.WebhookConnection()

    def test_the_check_says_what_is_wrong(self) -> None:
        with override_settings(QR_ANALYTICS_EXTERNAL_URL="http://example.com/", QR_ANALYTICS_EXTERNAL_SECRET="x"):
            assert [error.id for error in checks.check_outgoing_webhook(None)] == ["codetags.E003"]
        with override_settings(QR_ANALYTICS_EXTERNAL_URL=""):
            assert checks.check_outgoing_webhook(None) == []

    @pytest.mark.parametrize("pattern", ["[A-Z", ".{4}", r"[A-Z]*", r"[^a-z]{4}"])
    def test_a_pattern_that_can_t_be_used(self, pattern: str) -> None:
        with override_settings(CODETAGS_PATTERN=pattern):
            assert [error.id for error in checks.check_pattern(None)] == ["codetags.E001"]

    def test_the_pattern_of_the_contract_can(self) -> None:
        assert checks.check_pattern(None) == []
