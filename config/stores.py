"""CACHES and DATABASES from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config.environment import Environment
from config.private_files import keep_private
from kv.store.address import StoreAddress
from kv.store.caches import clearable_cache, durable_cache


def make_caches(env: Environment, url: str, **common: Any) -> dict[str, Any]:
    """CACHES: `kv`, the store of the counts at `url`, and `default`, the cache at CACHE_URL.

    common: what every entry of `kv.store.caches` takes. Raises ImproperlyConfigured.
    """
    try:
        store = durable_cache(url, **common)
    except ValueError as error:
        name = "REDIS_URL" if env.text("REDIS_URL") else "KV_URL"
        raise ImproperlyConfigured(f"{name}: {error}") from None
    chosen = env.text("CACHE_URL")
    if not chosen:
        return {"default": clearable_cache(url, **common), "kv": store}
    if chosen in ("locmem", "locmem://"):
        return {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}, "kv": store}
    try:
        address = StoreAddress.parse(chosen)
        cache = clearable_cache(address, database=address.database, **common)
    except ValueError as error:
        raise ImproperlyConfigured(f"CACHE_URL: {error}") from None
    if StoreAddress.parse(cache["LOCATION"]).is_same_database(StoreAddress.parse(store["LOCATION"])):
        raise ImproperlyConfigured(
            "CACHE_URL: this is the database of the counts, which clearing the cache would erase"
        )
    return {"default": cache, "kv": store}


def make_database(env: Environment, directory: Path) -> dict[str, Any]:
    """The entry of DATABASES: SQLite in `directory`, made private, or what DATABASE_URL names."""
    database = env.database("DATABASE_URL", directory / "countinghouse.sqlite3")
    if database["ENGINE"] == "django.db.backends.sqlite3":
        keep_private(directory, Path(database["NAME"]))
        # FULL: a committed transaction is on the disk. IMMEDIATE: a writer waits for its turn at the start of its
        # transaction, instead of failing in the middle of it.
        database["OPTIONS"] = {
            "timeout": 5,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        }
        return database
    database |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    # Seconds to connect, milliseconds for a lock: without a limit, a row that another transaction has locked blocks a
    # thread for good.
    database["OPTIONS"] = {"connect_timeout": 3, "options": "-c lock_timeout=5000", **database.get("OPTIONS", {})}
    return database
