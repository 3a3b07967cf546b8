"""Reads settings from environment variables. Every wrong value raises an error of one line that names its variable."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

import environ
from django.core.exceptions import ImproperlyConfigured

from kv.conf import Setting
from kv.web.origins import clean_host

T = TypeVar("T")
_SHORTEST_SECRET = 50


def default_of(setting: Setting[T]) -> T:
    """The default that an app's `conf` gives a setting; it is said nowhere else."""
    default: Any = setting.default
    return cast("T", default() if callable(default) else default)


class Environment:
    """The environment and an optional `.env` file, which never overrides a variable that is set."""

    def __init__(self, dotenv: Path) -> None:
        self._env = environ.Env()
        if dotenv.is_file():
            environ.Env.read_env(dotenv)

    def text(self, name: str, default: str = "") -> str:
        """The value, stripped; the default for an empty one."""
        return str(self._env.str(name, default="")).strip() or default

    def read(self, name: str, default: T, parse: Callable[[str], T]) -> T:
        """The value, parsed. Raises ImproperlyConfigured with the variable's name and the message of `parse`."""
        text = self.text(name)
        if not text:
            return default
        try:
            return parse(text)
        except (ValueError, KeyError, OSError) as error:
            raise ImproperlyConfigured(f"{name}: {error.args[0] if error.args else 'can not be read'}") from None

    def integer(self, setting: str | Setting[int], default: int = 0, *, minimum: int = 0, maximum: int = 10**15) -> int:
        """A whole number within bounds. setting: the variable's name, or an app's setting with its name and default."""
        name = setting if isinstance(setting, str) else setting.name
        default = default if isinstance(setting, str) else default_of(setting)

        def parse(text: str) -> int:
            if not text.lstrip("-").isdecimal() or not minimum <= int(text) <= maximum:
                raise ValueError(f"a whole number from {minimum} to {maximum} is required")
            return int(text)

        return self.read(name, default, parse)

    def boolean(self, name: str, *, default: bool) -> bool:
        """true/false, yes/no, on/off, 1/0."""
        values = {
            "true": True,
            "yes": True,
            "on": True,
            "1": True,
            "false": False,
            "no": False,
            "off": False,
            "0": False,
        }

        def parse(text: str) -> bool:
            if text.lower() not in values:
                raise ValueError("true or false is required")
            return values[text.lower()]

        return self.read(name, default, parse)

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        """One of a few values."""

        def parse(text: str) -> str:
            if text not in choices:
                raise ValueError(f"one of {', '.join(choices)} is required")
            return text

        return self.read(name, default, parse)

    def strings(self, name: str, default: str = "") -> tuple[str, ...]:
        """A comma-separated list, without empty entries."""
        return tuple(entry.strip() for entry in self.text(name, default).split(",") if entry.strip())

    def pairs(self, name: str, default: str = "") -> dict[str, str]:
        """`a=1,b=2` as a dict."""

        def parse(text: str) -> dict[str, str]:
            parted = [entry.partition("=") for entry in text.split(",") if entry.strip()]
            if any(not sign or not key.strip() or not value.strip() for key, sign, value in parted):
                raise ValueError("name=value,name=value is required")
            found = {key.strip(): value.strip() for key, _, value in parted}
            if len(found) < len(parted):
                raise ValueError("each name once is required")
            return found

        return self.read(name, parse(default), parse)

    def string_lists(self, name: str) -> dict[str, tuple[str, ...]]:
        """`a=x|y,b=z` as a dict of lists."""
        found = {key: tuple(value.strip() for value in text.split("|")) for key, text in self.pairs(name).items()}
        if not all(all(values) for values in found.values()):
            raise ImproperlyConfigured(f"{name}: name=value|value,name=value is required")
        return found

    def amounts(self, name: str) -> dict[int, str]:
        """`1000=price_a,5000=price_b` as a dict: tokens (at least 1) and the price of so many."""

        def parse(text: str) -> dict[int, str]:
            pairs = [entry.partition("=") for entry in text.split(",") if entry.strip()]
            found = {key.strip(): value.strip() for key, _, value in pairs}
            if not all(key.isdecimal() and 1 <= int(key) <= 10**12 and value for key, value in found.items()):
                raise ValueError("tokens=price,tokens=price is required, such as 1000=price_…")
            return {int(key): value for key, value in found.items()}

        return self.read(name, {}, parse)

    def days(self, name: str) -> dict[str, int]:
        """`a=14,b=30` as a dict: days, 1 to 730 (as long as Stripe lets a trial be)."""

        def parse(text: str) -> int:
            if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 730:  # noqa: PLR2004 (Stripe's bound)
                raise ImproperlyConfigured(f"{name}: name=days,name=days is required, of 1 to 730 days")
            return int(text)

        return {key: parse(value) for key, value in self.pairs(name).items()}

    def time_zone(self, name: str, default: str) -> str:
        """A name of the IANA time zone database."""

        def parse(text: str) -> str:
            try:
                return ZoneInfo(text).key
            except (ValueError, KeyError, OSError):
                raise ValueError(f"{text} is no time zone of the IANA database") from None

        return self.read(name, default, parse)

    def site_url(self, name: str, default: str) -> SplitResult:
        """`http(s)://host[:port]` without a path."""

        def parse(text: str) -> SplitResult:
            parts = urlsplit(text.rstrip("/"))
            beside = parts.path or parts.query or parts.fragment or parts.username is not None
            if parts.scheme not in ("http", "https") or not parts.hostname or beside:
                raise ValueError("an address such as https://example.org is required, without a path")
            host = clean_host(parts.hostname)
            return parts._replace(netloc=host if parts.port is None else f"{host}:{parts.port}")

        return self.read(name, parse(default), parse)

    def address(self, name: str) -> str:
        """`http(s)://host…`, or ""."""

        def parse(text: str) -> str:
            parts = urlsplit(text)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0 or " " in text:
                raise ValueError("an address such as https://api.example.org is required")
            return text

        return self.read(name, "", parse)

    def database(self, name: str, sqlite: Path) -> dict[str, Any]:
        """The DATABASES entry of a URL; SQLite in the data directory by default."""
        if not self.text(name):
            return {"ENGINE": "django.db.backends.sqlite3", "NAME": sqlite}

        def parse(text: str) -> dict[str, Any]:
            if urlsplit(text).scheme not in ("sqlite", "postgres", "postgresql"):
                raise ValueError("a postgres:// or sqlite:// address is required")
            found = dict(environ.Env.db_url_config(text))
            if not found["NAME"]:
                raise ValueError("an address that ends in the database's name is required: postgres://user@host/name")
            return found

        return self.read(name, {}, parse)

    def secret(self, name: str, directory: Path) -> str:
        """The value; without one, a random key, created once in a private file in the directory."""
        return self.text(name) or _stored_secret(name, directory / name.lower())


def _stored_secret(name: str, path: Path) -> str:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            # Written to a draft, then linked: processes that start at the same time all read the first complete key.
            draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(64))
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                path.hardlink_to(draft)
            draft.unlink()
        text = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"DATA_DIR: {name} can't be kept in {path.parent}: {error}") from None
    if len(text) < _SHORTEST_SECRET:
        raise ImproperlyConfigured(f"DATA_DIR: {path} holds no usable {name}; remove it, or set {name}")
    return text
