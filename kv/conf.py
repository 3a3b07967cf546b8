"""Every setting of the base package, and the reader that each app's own `conf.py` uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar, cast, overload

from django.conf import settings

T = TypeVar("T")


class Setting(Generic[T]):
    """One Django setting, read when it is asked for, so that `override_settings` just works.

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
            return cast("T", getattr(settings, self.name))
        except AttributeError:
            default: Any = self.default
            return cast("T", default() if callable(default) else default)


class Settings:
    """What an app reads from Django's settings: a class of `Setting`."""

    def __init__(self) -> None:
        # The very dict in which Django keeps what was read of them, until it is changed. What stands in it is found
        # before the descriptor is, in a tenth of the time.
        self.__dict__ = vars(settings)


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
