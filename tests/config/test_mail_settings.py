"""EMAIL_URL and DEFAULT_FROM_EMAIL: what Django sends with."""

from __future__ import annotations

from typing import Any

import django
import pytest
from django.test import override_settings

from kv.mail import NO_MAIL, is_mail_set_up

SMTP = "django.core.mail.backends.smtp.EmailBackend"
HAS_MAILERS = django.VERSION >= (6, 1)


def chosen(found: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The backend and its options, under the names of MAILERS."""
    if HAS_MAILERS:
        entry = found["MAILERS"]["default"]
        return entry["BACKEND"], entry["OPTIONS"]
    names = {
        "EMAIL_HOST": "host", "EMAIL_PORT": "port", "EMAIL_HOST_USER": "username", "EMAIL_HOST_PASSWORD": "password",
        "EMAIL_USE_TLS": "use_tls", "EMAIL_USE_SSL": "use_ssl", "EMAIL_TIMEOUT": "timeout",
        "EMAIL_FILE_PATH": "file_path",
    }  # fmt: skip
    return found["EMAIL_BACKEND"], {names[name]: found[name] for name in names if name in found}


def test_without_an_address_nothing_is_sent(read: Any) -> None:
    assert chosen(read()) == (NO_MAIL, {})
    assert chosen(read(EMAIL_URL=" ")) == (NO_MAIL, {})


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("smtp://mail.example.org", {"port": 25}),
        ("smtp://mail.example.org:2525", {"port": 2525}),
        ("smtp+tls://mail.example.org", {"port": 587, "use_tls": True}),
        ("smtps://mail.example.org", {"port": 587, "use_tls": True}),
        ("smtp+ssl://mail.example.org", {"port": 465, "use_ssl": True}),
        ("SMTP+TLS://mail.example.org:587", {"port": 587, "use_tls": True}),
        (
            "smtp+tls://ada%40example.org:p%2Fs%3A%25@mail.example.org:587?timeout=20",
            {"port": 587, "use_tls": True, "username": "ada@example.org", "password": "p/s:%", "timeout": 20},
        ),
    ],
)
def test_of_a_server(url: str, options: dict[str, Any], read: Any) -> None:
    wanted = {"host": "mail.example.org", "username": "", "password": "", "timeout": 10} | options
    assert chosen(read(EMAIL_URL=url)) == (SMTP, wanted)


@pytest.mark.parametrize(
    ("url", "backend", "options"),
    [
        ("consolemail://", "console", {}),
        ("dummymail://", "dummy", {}),
        ("memorymail://", "locmem", {}),
        ("filemail:///var/spool/mails", "filebased", {"file_path": "/var/spool/mails"}),
        ("filemail:////var/spool/mails", "filebased", {"file_path": "/var/spool/mails"}),
    ],
)
def test_for_development(url: str, backend: str, options: dict[str, Any], read: Any) -> None:
    assert chosen(read(EMAIL_URL=url)) == (f"django.core.mail.backends.{backend}.EmailBackend", options)


@pytest.mark.parametrize(
    ("variables", "sender", "address"),
    [
        ({}, "noreply@localhost", "noreply@localhost"),
        ({"SITE_URL": "https://count.example.org"}, "noreply@count.example.org", "noreply@count.example.org"),
        ({"DEFAULT_FROM_EMAIL": "ada@example.org"}, "ada@example.org", "ada@example.org"),
        ({"DEFAULT_FROM_EMAIL": "Ada L. <ada@example.org>"}, '"Ada L." <ada@example.org>', "ada@example.org"),
    ],
)
def test_the_sender(variables: dict[str, str], sender: str, address: str, read: Any) -> None:
    found = read(**variables)
    assert (found["DEFAULT_FROM_EMAIL"], found["SERVER_EMAIL"]) == (sender, address)


class TestIsMailSetUp:
    def test_in_tests_it_is(self) -> None:
        assert is_mail_set_up()

    def test_without_an_address_it_is_not(self) -> None:
        off = {"MAILERS": {"default": {"BACKEND": NO_MAIL}}} if HAS_MAILERS else {"EMAIL_BACKEND": NO_MAIL}
        with override_settings(**off):
            assert not is_mail_set_up()

    def test_a_project_without_mailers_has_none(self) -> None:
        if HAS_MAILERS:
            with override_settings(MAILERS={}):
                assert not is_mail_set_up()
