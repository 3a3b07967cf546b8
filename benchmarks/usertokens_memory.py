"""Bytes that everything of one user costs, at 1 and at 10 journal entries, and the commands over all of them.

BENCH_USERS=1000000 is the full size; 100,000 without, which tells the same bytes in a tenth of the time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from io import StringIO
from typing import Any

from django.core.management import call_command

from benchmarks.measure import Row, peak_memory, reset_peak
from benchmarks.store import fresh_store, used_memory
from kv.store.connection import call_many, connection
from usertokens import keys
from usertokens.services.activity import create_user_stats
from usertokens.services.balances import add_tokens, get_balance, spend_tokens

_BATCH = 2_000
_BARS = {1: 700, 10: 1200}


def run() -> Iterator[Row]:
    """One user made by the services themselves, then copied under other ids as the store keeps it."""
    call_command("migrate", verbosity=0)  # the commands look into the archive as well
    users = int(os.environ.get("BENCH_USERS", "100000"))
    for entries, bar in _BARS.items():
        with fresh_store():
            client = connection()
            # The hash table's first growth is not a user's.
            copy_users(user_template(client, entries), 1, start=999_999_000)
            before = used_memory()
            copy_users(user_template(client, entries), users, start=1_000_000)
            each = (used_memory() - before) / users
            yield Row(
                f"memory: a user of {users:,}, {_words(entries)}",
                f"{each:.0f} B",
                "allowed",
                f"{bar} B",
                each / bar,
                "≤1.0",
            )
            yield from _commands(users, entries)


def _words(entries: int) -> str:
    return f"{entries} {'entry' if entries == 1 else 'entries'}"


def user_template(client: Any, entries: int, *, bought: int = 0) -> dict[str, bytes]:
    """Every key of a user with so many entries: the allowance and spends under a key of 12 characters.

    bought: tokens of a grant beside it.
    """
    user_id = "template"
    client.delete(*keys.everything(user_id))
    create_user_stats(user_id)
    get_balance(user_id)
    if bought:
        add_tokens(user_id, bought, reason="bought")
    for number in range(entries - 1):
        spend_tokens(user_id, 3, reason="article", key=f"order-{number:06}")
    # Idempotency keys are gone after a week or two; the account is measured as it rests.
    client.delete(*keys.weeks(user_id))
    found = {key: client.dump(key) for key in keys.everything(user_id) if client.exists(key)}
    client.delete(*keys.everything(user_id))
    return found


def copy_users(template: dict[str, bytes], users: int, *, start: int) -> None:
    for first in range(start, start + users, _BATCH):
        call_many(
            [
                ("RESTORE", key.replace("{template}", f"{{{user_id}}}"), 0, value)
                for user_id in range(first, min(first + _BATCH, start + users))
                for key, value in template.items()
            ]
        )


def _commands(users: int, entries: int) -> Iterator[Row]:
    for name in ("usertokens_recharge", "usertokens_check"):
        before = reset_peak()
        start = time.perf_counter()
        call_command(name, stdout=StringIO(), stderr=StringIO(), verbosity=0)
        seconds = time.perf_counter() - start
        grown = (peak_memory() - before) / 1024
        yield Row(
            f"{name}, {users:,} users, {_words(entries)}",
            f"{users / seconds:,.0f}/s",
            "memory it took, MB allowed",
            f"{grown:.0f} of 64",
            grown / 64,
            "≤1.0",
        )
