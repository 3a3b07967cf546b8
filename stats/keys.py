"""Every Redis key this app owns. No other module spells a key.

`{stats}` and `{usage}` are hash tags: each family shares a slot, so one script may touch all its keys.
"""

from __future__ import annotations

from datetime import date

from kv.globs import literal
from stats.conf import app_settings

#: What follows KV_PREFIX in every key of the app, for backups.
FAMILIES = ("{stats}:", "{usage}:")

#: How long a receipt or id is remembered, seconds.
PAYMENT_CODE_SEEN_SECONDS = 30 * 86400
#: How long the id of a tool's use is remembered, seconds.
USE_SEEN_SECONDS = 86400
#: How long the id of an adjustment is remembered, seconds.
ADJUSTED_SECONDS = 30 * 86400


def visitors() -> str:
    """STRING unique visitors, total. No TTL. Written by record_visit, adjust_figure, import_figure, import_visitors."""
    return f"{app_settings.KV_PREFIX}{{stats}}:visitors"


def visitors_shard(shard: int) -> str:
    """SET of 32-bit integers: visitors whose hash begins with the shard's 15 bits. No TTL.

    Written by record_visit, import_visitors.
    """
    return f"{app_settings.KV_PREFIX}{{stats}}:visitors:{shard:04x}"


def qr_total() -> str:
    """STRING payment codes counted. No TTL. Written by record_payment_code, adjust_figure, import_figure."""
    return f"{app_settings.KV_PREFIX}{{stats}}:qr_total"


def revenue() -> str:
    """STRING EUR cents on payment codes. No TTL. Written by record_payment_code, adjust_figure, import_figure."""
    return f"{app_settings.KV_PREFIX}{{stats}}:revenue"


def payment_code_seen(digest: str) -> str:
    """STRING "1": this receipt or id was counted. TTL 30 days. Written by record_payment_code."""
    return f"{app_settings.KV_PREFIX}{{stats}}:qr:{digest}"


def day(when: date) -> str:
    """HASH of one day: visits, visitors, qr (payment codes), revenue (EUR cents), out:<reason>. No TTL.

    Also top and lead, the day's majority vote: see record_visit.lua.
    """
    return f"{app_settings.KV_PREFIX}{{stats}}:days:{when.isoformat()}"


def day_uniques(when: date) -> str:
    """HYPERLOGLOG of the day's visitors, new or not. TTL 400 days. Written by record_visit."""
    return f"{app_settings.KV_PREFIX}{{stats}}:days:{when.isoformat()}:uniques"


def imported() -> str:
    """HASH source and figure → what was imported from there, so that the backfill may run again. No TTL."""
    return f"{app_settings.KV_PREFIX}{{stats}}:imported"


def adjusted(digest: str) -> str:
    """STRING the total after this adjustment, and the change: it was made. TTL 30 days. Written by adjust_figure."""
    return f"{app_settings.KV_PREFIX}{{stats}}:adjusted:{digest}"


def adjustments() -> str:
    """HASH `visitors`, `qr_total`, `revenue_cents` → the sum of all changes by hand; a reset is one. No TTL.

    A counter is the total less this sum. Written by adjust_figure and reset_total; a reset leaves it.
    """
    return f"{app_settings.KV_PREFIX}{{stats}}:adjustments"


def visit_window(caller: str) -> str:
    """LIST of times (µs) of one caller's visits. TTL one window. Written by record_visit, exclude_visit."""
    return f"{app_settings.KV_PREFIX}{{stats}}:rate:visit:{caller}"


def visit(shard: int, when: date, caller: str) -> list[str]:
    """The keys of record_visit in its order. Built at once, since this is the script that runs most often."""
    stem, today = f"{app_settings.KV_PREFIX}{{stats}}:", when.isoformat()
    return [
        f"{stem}visitors:{shard:04x}",
        f"{stem}visitors",
        f"{stem}days:{today}",
        f"{stem}days:{today}:uniques",
        f"{stem}rate:visit:{caller}",
    ]


def family() -> str:
    """The glob of every key under {stats}, for SCAN."""
    return f"{literal(app_settings.KV_PREFIX)}{{stats}}:*"


def usage(tool: str) -> str:
    """STRING uses of a tool. No TTL. Written by record_usage, adjust_figure, import_figure."""
    return f"{app_settings.KV_PREFIX}{{usage}}:{tool}"


def usage_seen(digest: str) -> str:
    """STRING "1": this use was counted. TTL one day. Written by record_usage."""
    return f"{app_settings.KV_PREFIX}{{usage}}:~seen:{digest}"


def usage_day(when: date) -> str:
    """HASH uses on one day by tool. No TTL. Written by record_usage."""
    return f"{app_settings.KV_PREFIX}{{usage}}:~days:{when.isoformat()}"


def usage_adjusted(digest: str) -> str:
    """STRING as `adjusted`, for uses of tools, which are in another slot. TTL 30 days. Written by adjust_figure."""
    return f"{app_settings.KV_PREFIX}{{usage}}:~adjusted:{digest}"


def usage_adjustments() -> str:
    """HASH tool → as `adjustments`, for uses of tools, which are in another slot. No TTL."""
    return f"{app_settings.KV_PREFIX}{{usage}}:~adjustments"


def usage_imported() -> str:
    """HASH as `imported`, for uses of tools, which are in another slot. No TTL."""
    return f"{app_settings.KV_PREFIX}{{usage}}:~imported"


def usage_family() -> str:
    """The glob of every key under {usage}, for SCAN."""
    return f"{literal(app_settings.KV_PREFIX)}{{usage}}:*"
