"""Every Redis key this app owns. No other module spells a key.

{user_id} is the hash tag: one user's keys share a slot, so one script may touch them all.
Packed values are cmsgpack; lua/*_row.lua say what they hold, and the reasons stand in docs/decisions/0041-ledger.md.
"""

from __future__ import annotations

from kv.globs import literal
from usertokens.conf import app_settings

#: What follows KV_PREFIX in every key of a user, for backups.
OF_USERS = ("user:{", "closed:{")
#: What follows KV_PREFIX in every key of the app.
FAMILIES = (*OF_USERS, "{usertokens}:")

#: The life of a deleted account's tombstone, seconds: longer than any late event of a payment takes.
TOMBSTONE_SECONDS = 2 * 365 * 86400


def stats(user_id: str) -> str:
    """HASH conversations, generations, mood_score, days_active, recent_conversations (JSON), plan, the two streaks.

    Also days: the last 84, see record_login.lua; imported: "1" once taken over from an older site. No TTL.
    """
    return f"{_user(user_id)}:stats"


def last_login(user_id: str) -> str:
    """STRING "YYYY-MM-DD", the site's day. No TTL. Written by create_user_stats, record_login."""
    return f"{_user(user_id)}:last_login"


def account(user_id: str) -> str:
    """HASH balance, held, debt (tokens); entries, grants, archived (numbers); first, left; due, starts, ends (ms); …

    part:<action>: "rest/per", the fraction of a token that is carried on, absent for none.
    fallen: "entry ms" of the last fall to LOW_BALANCE, until its mail is queued. No TTL.
    watch: a threshold of the user's own (tokens); crossed: "entry ms" of the last fall to it, until it is dealt with.
    caps: the user's budgets, packed, see budget_row.lua; reached: lines about budgets of which 80 or 100 per cent are
    spent, until they are told. Absent without budgets. Written by every script of the ledger.
    """
    return f"{_user(user_id)}:tokens"


def ledger(user_id: str) -> list[str]:
    """The keys that every script of the ledger takes first: account, grants, burn, holds, journal, stats, tombstone.

    grants: HASH by number, packed; burn: ZSET of waiting grants in the order of spending; holds: HASH by number,
    packed; journal: LIST of packed entries, oldest first. None has a TTL.
    """
    user = _user(user_id)
    return [
        f"{user}:tokens",
        f"{user}:tokens:grants",
        f"{user}:tokens:burn",
        f"{user}:tokens:holds",
        f"{user}:tokens:journal",
        f"{user}:stats",
        tombstone(user_id),
    ]


def journal(user_id: str) -> str:
    """LIST of packed entries, oldest first. No TTL; trimmed by trim_journal."""
    return f"{_user(user_id)}:tokens:journal"


def weeks(user_id: str) -> list[str]:
    """Three HASHES of idempotency keys, one a week, in turn: 12 bytes of a digest → packed time, fingerprint, result.

    TTL two weeks from the first key.
    """
    user = _user(user_id)
    return [f"{user}:tokens:keys:0", f"{user}:tokens:keys:1", f"{user}:tokens:keys:2"]


def reversed_entries(user_id: str) -> str:
    """HASH entry → its tokens that were given back. No TTL. Written by reverse_entry."""
    return f"{_user(user_id)}:tokens:reversed"


def sources(user_id: str) -> str:
    """HASH 16 bytes of a digest → packed paid grant.

    No TTL: stored for ever. Written by the scripts of services/purchases.py.
    """
    return f"{_user(user_id)}:tokens:sources"


def moods(user_id: str) -> str:
    """LIST of "YYYY-MM-DD=score", one for each day with a mood, oldest first; the last 366. No TTL. By set_mood."""
    return f"{_user(user_id)}:moods"


def tombstone(user_id: str) -> str:
    """STRING "1" when the account was deleted. TTL two years. Written by forget_user."""
    return f"{app_settings.KV_PREFIX}closed:{{{user_id}}}"


def database() -> str:
    """STRING 32 hexadecimal digits: the id of the accounts' database. No TTL. Written by services/databases.py.

    In no backup: a store that `migrate` has just taken for a new database is empty for kv_restore.
    """
    return f"{app_settings.KV_PREFIX}{{usertokens}}:database"


def fallen() -> str:
    """SET ids of users whose balance has just fallen to LOW_BALANCE. No TTL. Written by services/ledger.py.

    In no backup: the accounts' field `fallen` says the same.
    """
    return f"{app_settings.KV_PREFIX}{{usertokens}}:fallen"


def crossed() -> str:
    """SET ids of users whose balance has just fallen to their own threshold. No TTL. Written by services/ledger.py.

    In no backup: the accounts' field `crossed` says the same.
    """
    return f"{app_settings.KV_PREFIX}{{usertokens}}:crossed"


def reached() -> str:
    """SET ids of users who have just spent 80 or 100 per cent of a budget. No TTL. Written by services/ledger.py.

    In no backup: the accounts' field `reached` says the same.
    """
    return f"{app_settings.KV_PREFIX}{{usertokens}}:reached"


def wanted_events() -> str:
    """HASH types: of events that some receiver wants, with blanks between; since (ms): from when on entries are events.

    No TTL; deleted when no receiver wants any. Written by services/event_flags.py. In no backup.
    """
    return f"{app_settings.KV_PREFIX}{{usertokens}}:events:wanted"


def news() -> str:
    """SET ids of users whose journal has new entries, while a receiver wants them. No TTL. By services/event_flags.py.

    In no backup: a walk over all accounts finds what is missing here.
    """
    return f"{app_settings.KV_PREFIX}{{usertokens}}:events:news"


def taken(noted: str) -> str:
    """SET ids of users who were taken off a list (`fallen`, `crossed`, `reached`, `news`) and are not done with.

    No TTL. Written by services/noted.py. In no backup, as the lists.
    """
    return f"{noted}:taken"


def everything(user_id: str) -> list[str]:
    """All keys of a user except the tombstone."""
    own = ledger(user_id)[:-1]
    return [*own, last_login(user_id), moods(user_id), reversed_entries(user_id), sources(user_id), *weeks(user_id)]


def accounts() -> str:
    """The glob of all accounts, for SCAN."""
    return f"{literal(app_settings.KV_PREFIX)}user:{{*}}:tokens"


def all_stats() -> str:
    """The glob of all stats, for SCAN."""
    return f"{literal(app_settings.KV_PREFIX)}user:{{*}}:stats"


def tombstones() -> str:
    """The glob of all tombstones, for SCAN."""
    return f"{literal(app_settings.KV_PREFIX)}closed:{{*}}"


def user_of(key: str) -> str:
    """The user id in a key that `accounts` or `all_stats` found."""
    return key[len(app_settings.KV_PREFIX) + len("user:{") : key.rindex("}")]


def _user(user_id: str) -> str:
    if not user_id or "{" in user_id or "}" in user_id:
        raise ValueError("a user id has no braces: it is the hash tag of the user's keys")
    return f"{app_settings.KV_PREFIX}user:{{{user_id}}}"
