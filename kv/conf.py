"""Every setting of the base package, and the reader that each app's own `conf.py` uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar, overload

from django.conf import settings
from django.core.signals import setting_changed

T = TypeVar("T")


class Setting(Generic[T]):
    """One Django setting, of a `Settings` class.

    default: the value, or a function without arguments that makes it.
    """

    def __init__(self, default: T | Callable[[], T]) -> None:
        self.default = default
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Setting[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> Setting[T] | T:
        if instance is None:
            return self
        try:
            value: Any = getattr(settings, self.name)
        except AttributeError:
            value = self.default
            if callable(value):  # which makes another one at each call
                made: T = value()
                return made
        # Found there at the next call, before this descriptor, which takes ten times as long.
        vars(instance)[self.name] = value
        found: T = value
        return found


class Settings:
    """What an app reads from Django's settings: each when it is asked for, and again once `override_settings` says so.

    As Django's own, a setting that is assigned to while the site runs may stay what it was.
    """

    def __init__(self) -> None:
        setting_changed.connect(self._forget, weak=False)

    def _forget(self, *, setting: str, **_: Any) -> None:
        vars(self).pop(setting, None)


class KvSettings(Settings):
    """What kv reads from Django's settings. The connection itself is `CACHES["kv"]`, made by `kv.store.caches`."""

    #: Put before every key of the project.
    KV_PREFIX = Setting("")
    #: Connect and read timeout of the store, milliseconds.
    KV_TIMEOUT_MS = Setting(250)
    #: Where the site keeps its data; kv_copy looks there for an embedded store.
    DATA_DIR: Setting[Path | str] = Setting("")
    #: A write is acknowledged only when so many replicas have it.
    KV_WAIT_REPLICAS = Setting(0)
    #: Trusted reverse proxies in front of the site.
    NUM_PROXIES = Setting(0)
    #: Origins of front ends elsewhere, such as https://app.example.org: their visits and landings are not "cross_site".
    CORS_ORIGINS: Setting[Sequence[str]] = Setting(())
    #: The key of the hash that is kept instead of an address. Without one SECRET_KEY is used (see kv.W003).
    VISITOR_HASH_KEY = Setting("")
    #: Log a line for each request: see kv.monitoring.requests.
    ACCESS_LOG = Setting(default=False)
    #: The permission that /metrics asks for, `app.codename`; "" = superusers alone.
    METRICS_PERMISSION = Setting("")
    #: Make OpenTelemetry spans, where its packages are installed.
    TRACING = Setting(default=False)
    #: Whether receivers of events may be in a private network, or on this machine.
    EVENTS_ALLOW_PRIVATE = Setting(default=False)
    #: {"visit": "30/minute", …} laid over each app's own defaults; None switches all limits off.
    RATE_LIMITS: Setting[dict[str, str] | None] = Setting(dict)


class DjangoSettings(Settings):
    """Django's own settings that calls of the fast lane ask for: read so, each takes a tenth of the time."""

    SECRET_KEY = Setting("")
    ALLOWED_HOSTS: Setting[Sequence[str]] = Setting(())
    USE_X_FORWARDED_HOST = Setting(default=False)
    SECURE_SSL_REDIRECT = Setting(default=False)
    SECURE_PROXY_SSL_HEADER: Setting[tuple[str, str] | None] = Setting(None)
    SESSION_COOKIE_SAMESITE: Setting[str | None] = Setting("Lax")


app_settings = KvSettings()
django_settings = DjangoSettings()
