"""Django's settings as the environment makes them."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.config.variables import environment
from tests.house.tree import ROOT


def manage(data: Path, *args: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *args],
        cwd=ROOT,
        env=environment(data, **variables),
        capture_output=True,
        text=True,
        check=False,
    )


class TestSiteUrl:
    def test_is_loopback_by_default(self, read: Any) -> None:
        settings = read(PORT="8123")
        assert settings["SITE_URL"] == "http://127.0.0.1:8123"
        assert set(settings["ALLOWED_HOSTS"]) == {"127.0.0.1", "localhost", "[::1]"}
        assert "http://localhost:8123" in settings["CSRF_TRUSTED_ORIGINS"]

    @pytest.mark.parametrize("url", ["http://localhost:8000", "http://[::1]:8000", "http://127.0.0.2"])
    def test_of_loopback_allows_all_its_names(self, url: str, read: Any) -> None:
        assert {"localhost", "127.0.0.1", "[::1]"} <= set(read(SITE_URL=url)["ALLOWED_HOSTS"])

    def test_elsewhere_allows_itself_alone(self, read: Any) -> None:
        settings = read(SITE_URL="https://example.org:8443/")
        assert settings["ALLOWED_HOSTS"] == ["example.org"]
        assert settings["CSRF_TRUSTED_ORIGINS"] == ["https://example.org:8443"]

    def test_with_https_turns_on_what_belongs_to_it(self, read: Any) -> None:
        settings = read(SITE_URL="https://example.org")
        for name in ("SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "LANGUAGE_COOKIE_SECURE"):
            assert settings[name] is True
        assert settings["SECURE_HSTS_SECONDS"] >= 31_536_000

    def test_without_https_promises_nothing(self, read: Any) -> None:
        settings = read()
        assert settings["SECURE_SSL_REDIRECT"] is False
        assert settings["SECURE_HSTS_SECONDS"] == 0
        assert settings["SESSION_COOKIE_SECURE"] is False

    def test_behind_a_declared_proxy_its_word_on_https_is_believed(self, read: Any) -> None:
        assert "SECURE_PROXY_SSL_HEADER" not in read()
        assert read(NUM_PROXIES="1")["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")


class TestStores:
    def test_are_two_databases_of_the_embedded_server(self, read: Any) -> None:
        caches = read()["CACHES"]
        assert caches["kv"]["LOCATION"] != caches["default"]["LOCATION"]
        assert caches["kv"]["LOCATION"].startswith("embedded://")
        assert caches["kv"]["OPTIONS"]["SOCKET_TIMEOUT"] == 0.25

    def test_elsewhere_too(self, read: Any) -> None:
        caches = read(REDIS_URL="redis://store.example:6379/3")["CACHES"]
        assert (caches["kv"]["LOCATION"], caches["default"]["LOCATION"]) == (
            "redis://store.example:6379/3",
            "redis://store.example:6379/4",
        )

    def test_the_older_name_is_read_when_the_first_is_not_set(self, read: Any) -> None:
        assert read(KV_URL="redis://one/1")["REDIS_URL"] == "redis://one/1"
        assert read(KV_URL="redis://one/1", REDIS_URL="redis://two/2")["REDIS_URL"] == "redis://two/2"

    @pytest.mark.parametrize("url", ["redis://h/0", "redis://h", "redis://h/0/", "redis://H:6379?db=0"])
    def test_a_cache_over_the_counts_is_refused(self, url: str, read: Any) -> None:
        with pytest.raises(ImproperlyConfigured, match=r"^CACHE_URL: this is the database of the counts"):
            read(REDIS_URL="redis://h/0", CACHE_URL=url)

    @pytest.mark.parametrize(
        ("store", "cache"),
        [
            ("redis://localhost/0", "redis://127.0.0.1:6379"),
            ("redis+cluster://a,b", "redis+cluster://b"),
            ("redis+sentinel://a,b/name/1", "redis+sentinel://b/name/1"),
            ("embedded", "embedded"),
        ],
    )
    def test_nor_under_another_name(self, store: str, cache: str, read: Any) -> None:
        with pytest.raises(ImproperlyConfigured, match=r"^CACHE_URL: this is the database of the counts"):
            read(REDIS_URL=store, CACHE_URL=cache)

    def test_a_cache_may_be_in_memory(self, read: Any) -> None:
        assert "locmem" in read(CACHE_URL="locmem://")["CACHES"]["default"]["BACKEND"]

    def test_sqlite_waits_for_its_turn(self, read: Any, tmp_path: Path) -> None:
        entry = read()["DATABASES"]["default"]
        assert Path(entry["NAME"]).parent == tmp_path
        assert entry["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
        assert entry["OPTIONS"]["timeout"] == 5
        assert "journal_mode=WAL" in entry["OPTIONS"]["init_command"]


class TestLimits:
    def test_are_the_apps_own_by_default(self, read: Any) -> None:
        assert read()["RATE_LIMITS"] == {}

    def test_may_be_switched_off(self, read: Any) -> None:
        assert read(RATE_LIMITS="OFF")["RATE_LIMITS"] is None

    def test_are_read_by_name(self, read: Any) -> None:
        assert read(RATE_LIMITS="visit=5/minute,qr=1/hour")["RATE_LIMITS"] == {"visit": "5/minute", "qr": "1/hour"}


WRONG = [
    *(("PORT", text) for text in ("0", "65536", "http")),
    ("WORKERS", "0"),
    ("DEBUG", "perhaps"),
    ("NUM_PROXIES", "-1"),
    *(("SITE_URL", text) for text in ("example.org", "https://e.org/shop", "ftp://e.org", "https://*")),
    *(
        ("REDIS_URL", text)
        for text in ("localhost", "http://h", "redis://", "redis+sentinel://h", "unix://", "redis://h:99999")
    ),
    *(
        (name, f"redis://h?{query}")
        for name in ("REDIS_URL", "KV_URL", "CACHE_URL")
        for query in ("banana=1", "socket_timeout=abc", "protocol=2", "decode_responses=true", "db=x")
    ),
    ("CACHE_URL", "locmem://?banana=1"),
    ("REDIS_URL", "rediss://h?ssl_ca_certs=/nowhere.pem"),
    ("KV_URL", "localhost"),
    *(("CACHE_URL", text) for text in ("memcached://h", "redis://h/1?ssl_cert_reqs=none")),
    *(("KV_TIMEOUT_MS", text) for text in ("0", "soon")),
    ("KV_WAIT_REPLICAS", "-1"),
    ("EMBEDDED_FSYNC", "no"),
    *(("DATABASE_URL", text) for text in ("oracle://h/x", "postgres://", "postgres://user@host/")),
    ("STATS_MAX_QR_CENTS", "0"),
    *(("STATS_TOOLS", text) for text in ("payment-qr,A_B", "a b")),
    *(("SENTRY_DSN", text) for text in ("words", "https://e.org/1")),
    *(("RATE_LIMITS", text) for text in ("visit", "visit=often", "visit=5", "visit=0/minute")),
    *(("CODETAGS_PATTERN", text) for text in ("(?P<x>A)", "[a-z]{4}", "A++", ".{4}", "[A-Z")),
    ("TIME_ZONE", "Mars/Olympus"),
    *(
        ("EMAIL_URL", text)
        for text in (
            *(
                "mail.example.org",
                "mail.example.org:587",
                "http://h",
                "user:secret@h",
                "secret://h",
                "smtp://",
                "smtp://:25",
            ),
            *(
                "smtp://h:0",
                "smtp://h:70000",
                "smtp://h:port",
                "smtp://:secret@h",
                "smtp://u:se/cret@h",
                "smtp://u:se#cret@h",
            ),
            *(
                "smtp://h?timeout=soon",
                "smtp://h?timeout=0",
                "smtp://h?banana=1",
                "smtp://h/path",
                "smtp://[h",
                "smtp://h o",
            ),
            *("filemail://", "filemail://folder", "filemail:///etc/passwd"),
        )
    ),
    *(("DEFAULT_FROM_EMAIL", text) for text in ("nobody", "a@", "A <b>", "a@e.org, b@e.org", "a@e.org\nBcc: b@e.org")),
    *(
        ("STRIPE_API_BASE", text)
        for text in ("stripe", "ftp://e.org", "http://", "http://h:x", "http://h:70000", "http://h y")
    ),
]


@pytest.mark.parametrize(("name", "text"), WRONG)
def test_a_wrong_value_is_one_line_that_names_its_variable(name: str, text: str, read: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"^{name}: ") as refused:
        read(**{name: text})
    assert "\n" not in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [("PORT", "http"), ("REDIS_URL", "http://user:secret@h"), ("EMAIL_URL", "smtp://user:secret@h:port")],
)
def test_a_wrong_value_stops_every_command_with_that_line(name: str, text: str, tmp_path: Path) -> None:
    ended = manage(tmp_path, "check", **{name: text})
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.startswith(f"countinghouse: {name}: ")
    assert ended.stderr.count("\n") == 1
    assert "secret" not in ended.stderr


@pytest.mark.parametrize(
    "variables",
    [
        {"RATE_LIMITS": "nobody=3/minute"},
        {"QR_ANALYTICS_EXTERNAL_URL": "http://example.org/x", "QR_ANALYTICS_EXTERNAL_SECRET": "s" * 40},
        {"QR_ANALYTICS_EXTERNAL_URL": "https://[/x", "QR_ANALYTICS_EXTERNAL_SECRET": "s" * 40},
    ],
)
def test_a_value_that_an_app_refuses_stops_the_start_with_one_line_too(
    variables: dict[str, str], tmp_path: Path
) -> None:
    ended = manage(tmp_path, "serve", PORT="48124", **variables)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"CommandError: {next(iter(variables))}: ")
    assert ended.stderr.count("\n") == 1


def test_an_absent_database_stops_the_start_with_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:  # bound and not listening: nobody answers there
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        ended = manage(tmp_path, "serve", DATABASE_URL=f"postgres://user:secret@127.0.0.1:{port}/name", PORT="48123")
    assert ended.returncode == 1
    assert ended.stderr.startswith("CommandError: DATABASE_URL: ")
    assert ended.stderr.count("\n") == 1
    assert "secret" not in ended.stderr


def test_with_https_the_deploy_check_has_nothing_to_say(tmp_path: Path) -> None:
    ended = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", SITE_URL="https://example.org")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "no issues" in ended.stdout


def test_secrets_are_made_once_in_the_data_directory(read: Any, tmp_path: Path) -> None:
    first, second = read(), read()
    assert first["SECRET_KEY"] == second["SECRET_KEY"] != first["VISITOR_HASH_KEY"]
    assert {"secret_key", "visitor_hash_key"} <= {entry.name for entry in tmp_path.iterdir()}
