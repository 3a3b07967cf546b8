"""Reading the environment: right values as they are meant, wrong ones in one line that names the variable."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.environment import Environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAME = "COUNTINGHOUSE_TEST"


@pytest.fixture
def env(tmp_path: Path) -> Environment:
    return Environment(tmp_path / "no.env")


READERS: dict[str, Callable[[Environment], Any]] = {
    "integer": lambda env: env.integer(NAME, 7, minimum=1, maximum=100),
    "boolean": lambda env: env.boolean(NAME, default=True),
    "choice": lambda env: env.choice(NAME, "always", ("always", "everysec")),
    "strings": lambda env: env.strings(NAME, "a,b"),
    "pairs": lambda env: env.pairs(NAME, "a=1"),
    "time_zone": lambda env: env.time_zone(NAME, "UTC"),
    "site_url": lambda env: env.site_url(NAME, "http://127.0.0.1:8000").geturl(),
}


@pytest.mark.parametrize(
    ("reader", "text", "value"),
    [
        ("integer", "1", 1),
        ("integer", " 100 ", 100),
        ("boolean", "Off", False),
        ("boolean", "YES", True),
        ("choice", "everysec", "everysec"),
        ("strings", "x, y ,,z", ("x", "y", "z")),
        ("pairs", "visit=5/minute, qr = 3/hour", {"visit": "5/minute", "qr": "3/hour"}),
        ("time_zone", "Europe/Berlin", "Europe/Berlin"),
        ("site_url", "https://example.org/", "https://example.org"),
        ("site_url", "http://[::1]:8000", "http://[::1]:8000"),
        ("site_url", "https://Bücher.example:8443", "https://xn--bcher-kva.example:8443"),
    ],
)
def test_right_values(reader: str, text: str, value: Any, env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, text)
    assert READERS[reader](env) == value


@pytest.mark.parametrize("text", [None, "", "  "])
@pytest.mark.parametrize(
    ("reader", "default"),
    [
        ("integer", 7),
        ("boolean", True),
        ("choice", "always"),
        ("strings", ("a", "b")),
        ("pairs", {"a": "1"}),
        ("time_zone", "UTC"),
        ("site_url", "http://127.0.0.1:8000"),
    ],
)
def test_nothing_is_the_default(
    reader: str, default: Any, text: str | None, env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(NAME, raising=False)
    if text is not None:
        monkeypatch.setenv(NAME, text)
    assert READERS[reader](env) == default


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        *(("integer", text) for text in ("0", "101", "-1", "1.5", "ten", "1e2", "--1", "²", "٣٣٣٣")),
        *(("boolean", text) for text in ("maybe", "2", "truee")),
        ("choice", "never"),
        *(("pairs", text) for text in ("visit", "visit=", "=5", "a=1,b")),
        *(("time_zone", text) for text in ("Mars/Olympus", "../etc/passwd", "/etc/passwd", "CEST+1:")),
        *(
            ("site_url", text)
            for text in (
                *("example.org", "ftp://example.org", "https://", "https://example.org/path", "https://e.org?x=1"),
                *("https://user:secret@example.org", "https://example.org:port", "http://[", "https://e.org:99999"),
                *(
                    "https://*",
                    "https://.example.org",
                    "https://a b",
                    "https://e.org#top",
                    "https://@e.org",
                    "https://a,b",
                ),
            )
        ),
    ],
)
def test_wrong_values_are_one_line_that_names_the_variable(
    reader: str, text: str, env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAME, text)
    with pytest.raises(ImproperlyConfigured, match=f"^{NAME}: ") as refused:
        READERS[reader](env)
    assert "\n" not in str(refused.value)
    assert "secret" not in str(refused.value)


class TestDotenv:
    def test_is_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(NAME, "")
        monkeypatch.delenv(NAME)
        (tmp_path / ".env").write_text(f"{NAME}=12\n")
        assert Environment(tmp_path / ".env").integer(NAME, 7) == 12

    def test_never_overrides_what_is_set(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(NAME, "3")
        (tmp_path / ".env").write_text(f"{NAME}=12\n")
        assert Environment(tmp_path / ".env").integer(NAME, 7) == 3


class TestSecret:
    def test_is_made_once_and_kept_for_its_owner_alone(self, env: Environment, tmp_path: Path) -> None:
        secret = env.secret(NAME, tmp_path / "data")
        path = tmp_path / "data" / NAME.lower()
        assert len(secret) >= 50
        assert env.secret(NAME, tmp_path / "data") == secret
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [entry.name for entry in path.parent.iterdir()] == [path.name]

    def test_of_many_that_start_together_is_one(self, env: Environment, tmp_path: Path) -> None:
        with ThreadPoolExecutor(16) as threads:
            assert len(set(threads.map(lambda _: env.secret(NAME, tmp_path), range(16)))) == 1

    def test_in_the_environment_comes_first(
        self, env: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(NAME, "from outside")
        assert env.secret(NAME, tmp_path) == "from outside"
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("content", [b"", b"too short", b"\xff" * 60])
    def test_that_was_cut_short_is_refused(self, content: bytes, env: Environment, tmp_path: Path) -> None:
        (tmp_path / NAME.lower()).write_bytes(content)
        with pytest.raises(ImproperlyConfigured, match=r"^DATA_DIR: "):
            env.secret(NAME, tmp_path)

    def test_in_a_place_that_is_no_directory_is_refused(self, env: Environment, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(ImproperlyConfigured, match=r"^DATA_DIR: "):
            env.secret(NAME, tmp_path / "file")


class TestDatabase:
    def test_is_sqlite_without_a_word(self, env: Environment, tmp_path: Path) -> None:
        entry = env.database(NAME, tmp_path / "x.sqlite3")
        assert entry == {"ENGINE": "django.db.backends.sqlite3", "NAME": tmp_path / "x.sqlite3"}

    def test_may_be_postgresql(self, env: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(NAME, "postgres://ada:secret@db.example:5433/site")
        entry = env.database(NAME, tmp_path / "x.sqlite3")
        assert (entry["ENGINE"], entry["HOST"], entry["PORT"]) == ("django.db.backends.postgresql", "db.example", 5433)

    @pytest.mark.parametrize("text", ["mysql://ada:secret@db/site", "site.sqlite3", "://"])
    def test_of_another_kind_is_refused(
        self, text: str, env: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(NAME, text)
        with pytest.raises(ImproperlyConfigured, match=f"^{NAME}: ") as refused:
            env.database(NAME, tmp_path / "x.sqlite3")
        assert "secret" not in str(refused.value)


def test_trials_and_promotion_codes_as_the_contract_has_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env = Environment(tmp_path / "no.env")
    names = ("BILLING_TRIAL_DAYS", "BILLING_PROMOTION_CODES")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    assert (env.days(names[0]), env.boolean(names[1], default=False)) == ({}, False)
    monkeypatch.setenv(names[0], "Plus=14")
    monkeypatch.setenv(names[1], "true")
    assert (env.days(names[0]), env.boolean(names[1], default=False)) == ({"Plus": 14}, True)
