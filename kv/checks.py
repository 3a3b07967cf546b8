"""Django system checks of the base package."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution
from django.utils.module_loading import module_has_submodule

from kv.conf import app_settings
from kv.errors import StoreUnavailable
from kv.store.address import StoreAddress
from kv.store.caches import ALIAS
from kv.store.guard import is_test_run
from kv.store.places import places
from kv.store.sharing import caches_in_store
from kv.web.origins import parse_origin
from kv.web.rate_limits import known_limits, parse_window
from kv.work.duties import installed_duties
from kv.work.idle import find_idle

# Packages of the wheel beside this one.
_SIBLINGS = ("stats", "usertokens", "codetags", "billing")


@register()
def check_shadowed(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """No package of the project hides an app of ours of the same name."""
    here = Path(__file__).resolve().parents[1]
    return [
        Caution(
            f'INSTALLED_APPS: "{config.name}" is {config.path}, which hides the app of that name in {here}.',
            hint="Rename your package, or move it into another; or silence this check if you want yours alone.",
            id="kv.W010",
        )
        for config in apps.get_app_configs()
        if config.name in _SIBLINGS and Path(config.path).resolve().parent != here
    ]


@register(Tags.caches)
def check_store(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """The store has an alias of its own, in a database that no cache may clear."""
    caches = settings.CACHES
    if ALIAS not in caches:
        hint = 'CACHES["kv"] = kv.store.caches.durable_cache("embedded", directory=BASE_DIR / "var")'
        return [Error(f'CACHES has no "{ALIAS}".', hint=hint, id="kv.E001")]
    if wrong := _wrong_address(caches[ALIAS]):
        return [
            Error(f'CACHES["{ALIAS}"]: {wrong}', hint="Make it with kv.store.caches.durable_cache(url).", id="kv.E006")
        ]
    store = places(ALIAS)
    return [_shares(alias) for alias in caches if alias != ALIAS and places(alias) & store]


@register(Tags.caches, deploy=True)
def check_shared_caches(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """No cache lies in the store's database under another name: a mark in the one is not seen in the other."""
    if check_store(app_configs):
        return []
    try:
        return [_shares(alias) for alias in caches_in_store()]
    except StoreUnavailable:
        return []


def _shares(alias: str) -> Error:
    return Error(
        f'The cache "{alias}" shares the store\'s database; clearing it would erase every count.',
        hint="Give it a database of its own: kv.store.caches.clearable_cache(url).",
        id="kv.E002",
    )


def _wrong_address(entry: dict[str, Any]) -> str:
    """What is wrong with the store's entry, "" when nothing is."""
    location = entry.get("LOCATION")
    if not isinstance(location, str):
        return "LOCATION is one address, as text; the store of counts is one"
    try:
        StoreAddress.parse(location)
    except ValueError as error:
        return f"LOCATION: {error}"
    options = entry.get("OPTIONS") or {}
    for name in ("CONNECTION_POOL_KWARGS", "REDIS_CLIENT_KWARGS"):
        for option in ("protocol", "decode_responses"):
            if options.get(name, {}).get(option):
                return f"OPTIONS: remove {option} from {name}: kv sets it itself"
    return ""


@register("kv", deploy=True)
def check_worker(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """A worker runs where there is work for one. Only with --deploy: it asks the store and the database."""
    if is_test_run() or check_store(app_configs):
        return []
    try:
        idle = find_idle(installed_duties())
    except StoreUnavailable:
        return []
    if idle is None:
        return []
    hint = (
        "Run `manage.py work` beside the site, under the same supervisor; or `manage.py work --once` from cron, hourly."
    )
    return [Caution(str(idle), hint=hint, id="kv.W008")]


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


@register(Tags.security)
def check_front_ends(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Every origin in CORS_ORIGINS is spelled as browsers send it."""
    errors: list[CheckMessage] = []
    if isinstance(app_settings.CORS_ORIGINS, str):
        return [Error("CORS_ORIGINS is a list of origins, not one text.", id="kv.E007")]
    for text in app_settings.CORS_ORIGINS:
        try:
            origin = parse_origin(text)
        except ValueError as error:
            errors.append(Error(f"CORS_ORIGINS: {error}", id="kv.E007"))
        else:
            if origin != text:
                errors.append(Error(f"CORS_ORIGINS: browsers send {text} as {origin}.", id="kv.E007"))
    return errors
