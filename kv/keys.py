"""Every Redis key that the base package owns. No other module of it spells a key.

{kv} is the hash tag: a duty's keys share a slot, so one script may touch them all. None of them is a figure, and
none is backed up: a restored lease would only keep a duty waiting for a worker that is gone.
"""

from __future__ import annotations

from django.apps import apps

from kv.conf import app_settings
from kv.globs import literal

#: What follows KV_PREFIX in every key of the base package. `KvConfig` names no `kv_families`: none is backed up.
FAMILIES = ("{kv}:", "kv:{", "limits:")


def lease(duty: str) -> str:
    """STRING the random token of the worker that runs the duty now. TTL: the duty's lease. Written by take_lease."""
    return f"{app_settings.KV_PREFIX}{{kv}}:lease:{duty}"


def due(duty: str) -> str:
    """HASH ended: when the last run ended, ms since 1970, 0 = run again at once; failures: runs that failed in a row.

    last: when the last step ended, ms; runs, failed: how many ended, and how many of them failed. No TTL: there are as
    many as there are duties. Written by end_lease.
    """
    return f"{app_settings.KV_PREFIX}{{kv}}:due:{duty}"


def workers() -> str:
    """ZSET token of a background worker by when it was last alive, ms since 1970. No TTL; a day of them is kept.

    Written by note_worker.
    """
    return f"{app_settings.KV_PREFIX}{{kv}}:workers"


def backed_up() -> str:
    """STRING when the last backup was complete, ms since 1970. No TTL. Written by kv_backup."""
    return f"{app_settings.KV_PREFIX}{{kv}}:backed_up"


def metrics_caller(digest: str) -> str:
    """STRING "1": whoever sends this token was permitted to read /metrics. TTL one hour. Written by remember_caller."""
    return f"{app_settings.KV_PREFIX}{{kv}}:metrics:{digest}"


def wake(duty: str) -> str:
    """STRING "1" while somebody waits for the duty to run. TTL one day. Written by wake_duty, taken by take_lease."""
    return f"{app_settings.KV_PREFIX}{{kv}}:wake:{duty}"


def writable() -> str:
    """Never set. check_store runs a write that changes nothing on it, and learns whether a write would be accepted."""
    return f"{app_settings.KV_PREFIX}{{kv}}:writable"


def probe() -> str:
    """Any type; TTL one second.

    Written by restore_backup, which sees so whether this server understands the DUMP of another.
    """
    return f"{app_settings.KV_PREFIX}{{kv}}:probe"


def copying() -> str:
    """STRING which source is being copied into this store, hex. No TTL: deleted when the copy is complete.

    Written by kv_copy, which goes on without asking where it finds its own.
    """
    return f"{app_settings.KV_PREFIX}{{kv}}:copying"


def mark(name: str) -> str:
    """STRING "1". TTL ten seconds, deleted at once. Written by share_a_database, which looks for it elsewhere."""
    return f"{app_settings.KV_PREFIX}{{kv}}:mark:{name}"


def waited(key: str) -> str:
    """STRING "" of the slot of `key`. TTL one second. Written by call_write with KV_WAIT_REPLICAS.

    An extra write before WAIT: see kv.store.client.wait_commands.
    """
    begin = key.find("{") + 1
    end = key.find("}", begin)
    return f"{app_settings.KV_PREFIX}kv:{{{key[begin:end] if 0 < begin < end else key}}}:waited"


def limit(name: str, caller: str, slot: str = "") -> str:
    """LIST the times of the last requests, microseconds since 1970, newest first. TTL the window.

    Written by count_request. `caller` holds no address. A key each, of any slot: nothing is touched beside it.
    slot: that of an app's family, whose scripts count the request beside their own work.
    """
    stem = f"{{{slot}}}:~limits" if slot else "limits"
    return f"{app_settings.KV_PREFIX}{stem}:{name}:{caller}"


def families() -> tuple[str, ...]:
    """How the keys of every installed app begin, KV_PREFIX left out: each AppConfig's own `kv_families`."""
    return tuple(family for config in apps.get_app_configs() for family in getattr(config, "kv_families", ()))


def derived() -> tuple[str, ...]:
    """How those keys of every installed app begin that it makes anew from others: each AppConfig's own `kv_derived`.

    No backup or copy has them; both delete those that they find where they have written the others.
    """
    return tuple(family for config in apps.get_app_configs() for family in getattr(config, "kv_derived", ()))


def everything(prefix: str) -> str:
    """The glob that finds every key under a prefix, and on a shared server without one others' too, for SCAN."""
    return literal(prefix) + "*"
