"""Every Redis key this app owns. No other module spells a key.

{user_id} is the hash tag: one user's keys share a slot, so one script may touch them all.
"""

from __future__ import annotations

from billing.conf import app_settings

#: What follows KV_PREFIX in every key of the app, for backups.
FAMILIES = ("billing:",)

#: TTL of the lock of one user's sync, ms: longer than a sync may take.
LOCK_MS = 120_000
#: TTL of the cached prices, seconds.
CATALOGUE_SECONDS = 86400


def version(user_id: str) -> str:
    """STRING the last version given out. No TTL. Written by take_version."""
    return f"{app_settings.KV_PREFIX}billing:{{{user_id}}}:observation"


def subscription_state(user_id: str) -> str:
    """HASH observation: the version it was read under; applied: the same once it took effect.

    standing: the state as JSON (times in s since 1970); topups: JSON of every purchase that was not refused.
    No TTL. Written by write_state, mark_applied.
    """
    return f"{app_settings.KV_PREFIX}billing:{{{user_id}}}:standing"


def lock(user_id: str) -> str:
    """STRING the random token of the process that syncs this user. TTL LOCK_MS.

    Written by user_lock, extend_user_lock, release_user_lock.
    """
    return f"{app_settings.KV_PREFIX}billing:{{{user_id}}}:lock"


def catalogue() -> str:
    """STRING JSON of what is for sale, and when it was read (s since 1970). TTL one day."""
    return f"{app_settings.KV_PREFIX}billing:catalogue"
