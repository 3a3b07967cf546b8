"""Django system checks of the floor."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution
from django.utils.module_loading import module_has_submodule

from kv.caches import ALIAS, database_of
from kv.conf import app_settings
from kv.throttling import known_limits, parse_window


@register(Tags.caches)
def check_store(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """The store has an alias of its own, in a database that no cache may clear."""
    caches = settings.CACHES
    if ALIAS not in caches:
        hint = 'CACHES["kv"] = kv.caches.durable_cache("embedded", directory=BASE_DIR / "var")'
        return [Error(f'CACHES has no "{ALIAS}".', hint=hint, id="kv.E001")]
    sharing = [alias for alias, entry in caches.items() if alias != ALIAS and _same_database(entry, caches[ALIAS])]
    return [
        Error(
            f'The cache "{alias}" shares the store\'s database; clearing it would erase every count.',
            hint="Give it a database of its own: kv.caches.clearable_cache(url).",
            id="kv.E002",
        )
        for alias in sharing
    ]


def _same_database(one: dict[str, Any], other: dict[str, Any]) -> bool:
    first, second = one.get("LOCATION"), other.get("LOCATION")
    if not isinstance(first, str) or not isinstance(second, str) or "redis" not in str(one.get("BACKEND")).lower():
        return False
    try:
        return database_of(first) == database_of(second)
    except ValueError:  # not an address of redis-py: another backend's own
        return first == second


@register(Tags.security)
def check_hash_key(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Addresses are hashed under a key of their own."""
    if app_settings.VISITOR_HASH_KEY:
        return []
    return [
        Caution(
            "VISITOR_HASH_KEY is not set: addresses are hashed under SECRET_KEY.",
            hint="Set one, or a change of SECRET_KEY will count every visitor again.",
            id="kv.W003",
        )
    ]


@register(Tags.security)
def check_rate_limits(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Every limit in RATE_LIMITS can be read, and there is one of that name."""
    errors: list[CheckMessage] = []
    for config in apps.get_app_configs():
        if config.module is not None and module_has_submodule(config.module, "conf"):
            import_module(f"{config.name}.conf")  # where an app's limits are made
    for name, text in (app_settings.RATE_LIMITS or {}).items():
        if name not in known_limits:
            hint = f"There are: {', '.join(sorted(known_limits))}."
            errors.append(Error(f"RATE_LIMITS: there is no limit {name}.", hint=hint, id="kv.E005"))
        try:
            parse_window(text)
        except ValueError:
            errors.append(Error(f"RATE_LIMITS: {name}={text} is no limit.", hint="Such as 30/minute.", id="kv.E004"))
    return errors
