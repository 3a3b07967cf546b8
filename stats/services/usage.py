"""Count uses of tools."""

from __future__ import annotations

import hashlib
from datetime import datetime

from kv.days import local_day
from kv.process.threads import async_twin
from kv.store.connection import call
from kv.store.scripts import Script
from kv.store.steps import Step, Steps, drive
from kv.web.throttling import window_of
from stats import keys
from stats.conf import TRACK_LIMIT, app_settings
from stats.errors import UnknownTool
from stats.types import ToolUsage

record_usage_script = Script("stats", "record_usage")


def record_usage(*, tool: str, id: str | None = None, now: datetime | None = None) -> ToolUsage:  # noqa: A002 (the field's word)
    """Count one use of `tool`; the same id within a day counts once. One round trip.

    Raises UnknownTool or StoreUnavailable, and then has counted nothing.
    """
    return drive(record_usage_steps(tool, id, now))


def record_usage_steps(
    tool: str, use_id: str | None, now: datetime | None = None, *, caller: str = ""
) -> Steps[ToolUsage]:
    """The work of `record_usage`. caller: hex, as of `kv.web.throttling.caller_in`, to count against the limit too.

    Raises RateLimited then, and has counted nothing.
    """
    if tool not in app_settings.STATS_TOOLS:
        raise UnknownTool(tool)
    counter = keys.usage(tool)
    mark = counter if use_id is None else keys.usage_seen(hashlib.sha256(f"{tool}\n{use_id}".encode()).hexdigest()[:32])
    ttl = 0 if use_id is None else keys.USE_SEEN_SECONDS
    window, limit = window_of(TRACK_LIMIT, caller) if caller else (counter, (0, 0))
    reply = yield Step(
        record_usage_script, [counter, keys.usage_day(local_day(now)), mark, window], [tool, ttl, *limit]
    )
    if isinstance(reply, list):
        raise TRACK_LIMIT.exceeded(reply[1])
    return ToolUsage(tool, int(reply))


arecord_usage = async_twin(record_usage)


def list_usage() -> tuple[ToolUsage, ...]:
    """Uses of every tool in STATS_TOOLS, most used first, then by name. One round trip. Raises StoreUnavailable."""
    tools = app_settings.STATS_TOOLS
    if not tools:
        return ()
    counts = call("MGET", *(keys.usage(tool) for tool in tools))
    usages = [ToolUsage(tool, int(count or 0)) for tool, count in zip(tools, counts, strict=True)]
    return tuple(sorted(usages, key=lambda usage: (-usage.count, usage.tool)))


alist_usage = async_twin(list_usage)
