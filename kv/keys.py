"""Every Redis key that the floor owns. No other module of it spells a key.

{kv} is the hash tag: a duty's keys share a slot, so one script may touch them all. None of them is a figure, and
none is backed up: a restored lease would only keep a duty waiting for a worker that is gone.
"""

from __future__ import annotations

from kv.conf import app_settings


def lease(duty: str) -> str:
    """STRING the random token of the worker that runs the duty now. TTL: the duty's lease. Written by take_lease."""
    return f"{app_settings.KV_PREFIX}{{kv}}:lease:{duty}"


def due(duty: str) -> str:
    """HASH ended: when the last run ended, ms since 1970, 0 = run again at once; failures: runs that failed in a row.

    No TTL: there are as many as there are duties. Written by end_lease.
    """
    return f"{app_settings.KV_PREFIX}{{kv}}:due:{duty}"


def wake(duty: str) -> str:
    """STRING "1" while somebody waits for the duty to run. TTL one day. Written by wake_duty, taken by take_lease."""
    return f"{app_settings.KV_PREFIX}{{kv}}:wake:{duty}"
