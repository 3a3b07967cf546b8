"""Paid grants: granted once for ever, and taken back, restored or frozen when the payment is refunded or disputed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from kv.process.threads import async_twin
from kv.store.connection import Arg
from kv.store.numbers import LARGEST_WHOLE
from kv.store.scripts import Script
from kv.times import to_ms
from usertokens import keys
from usertokens.errors import AccountClosed, UnknownSource
from usertokens.services import ledger
from usertokens.types import BOUGHT, SourceState

grant_tokens_script = Script("usertokens", "grant_tokens")
reverse_grant_script = Script("usertokens", "reverse_grant")
restore_grant_script = Script("usertokens", "restore_grant")
freeze_grant_script = Script("usertokens", "freeze_grant")
unfreeze_grant_script = Script("usertokens", "unfreeze_grant")


def grant_tokens(
    user_id: str,
    amount: int,
    *,
    reason: str,
    key: str,
    expires_at: datetime | None = None,
    priority: int = BOUGHT,
    source: str = "purchase",
    actor: str = "",
    now: datetime | None = None,
) -> SourceState | None:
    """Grant tokens once for ever under `key`; the same key again changes nothing. Debt is paid first.

    source: the kind of the grant, shown to the user.
    None: the account is closed. Raises IdempotencyConflict when the key granted another amount, BalanceTooLarge, or
    ValueError for an amount below 1.
    """
    ledger.require_whole(1, amount=amount)
    ledger.require_whole(0, ledger.LAST_PRIORITY, priority=priority)
    own = (amount, priority, to_ms(expires_at), LARGEST_WHOLE, source)
    fingerprint = ledger.fingerprint_of("grant_tokens", amount)
    return run_source(
        grant_tokens_script, user_id, key, own, reason=reason, key=key, actor=actor, fingerprint=fingerprint, now=now
    )


agrant_tokens = async_twin(grant_tokens)


def reverse_grant(
    user_id: str,
    source_key: str,
    amount_total: int,
    *,
    key: str = "",
    reason: str = "refund",
    now: datetime | None = None,
) -> SourceState | None:
    """Set the total that is taken back of the grant under `source_key`. It only grows, up to the whole grant.

    Tokens come from the frozen part of the grant, then from the grant, then from the rest of the balance; what is
    missing becomes debt.
    None: the account is closed. Raises UnknownSource, or ValueError for a total below 0.
    """
    ledger.require_whole(0, amount_total=amount_total)
    return run_source(reverse_grant_script, user_id, source_key, (amount_total, ""), reason=reason, key=key, now=now)


areverse_grant = async_twin(reverse_grant)


def restore_grant(
    user_id: str,
    source_key: str,
    amount_total: int,
    *,
    key: str = "",
    reason: str = "refund failed",
    now: datetime | None = None,
) -> SourceState | None:
    """Lower the same total: debt is paid first, the rest returns to the grant.

    None: the account is closed. Raises UnknownSource, or ValueError for a total below 0.
    """
    ledger.require_whole(0, amount_total=amount_total)
    return run_source(restore_grant_script, user_id, source_key, (amount_total,), reason=reason, key=key, now=now)


arestore_grant = async_twin(restore_grant)


def freeze_grant(
    user_id: str, source_key: str, *, reason: str = "dispute", now: datetime | None = None
) -> SourceState | None:
    """Take the rest of the grant out of the balance. None: the account is closed. Raises UnknownSource."""
    return run_source(freeze_grant_script, user_id, source_key, (), reason=reason, now=now)


afreeze_grant = async_twin(freeze_grant)


def unfreeze_grant(
    user_id: str, source_key: str, *, reason: str = "dispute closed", now: datetime | None = None
) -> SourceState | None:
    """Put the frozen part of the grant back. None: the account is closed. Raises UnknownSource."""
    return run_source(unfreeze_grant_script, user_id, source_key, (), reason=reason, now=now)


aunfreeze_grant = async_twin(unfreeze_grant)


def run_source(
    script: Script,
    user_id: str,
    source_key: str,
    own: Sequence[Arg],
    *,
    reason: str,
    key: str = "",
    actor: str = "",
    digest: bytes = b"",
    fingerprint: bytes = b"",
    now: datetime | None,
) -> SourceState | None:
    """Run a script that works on the grant under `source_key`.

    own: the script's own ARGV, from the tenth on. digest: of an idempotency key, b"" for none.
    None: the account is closed. Raises UnknownSource, and the errors of `ledger.check_reply`.
    """
    source = hashlib.sha256(source_key.encode()).digest()[:16]
    common = ledger.common_args(
        user_id, now, digest=digest, fingerprint=fingerprint, reason=reason, key=key, actor=actor
    )
    names = [*keys.ledger(user_id), *keys.weeks(user_id), keys.sources(user_id)]
    try:
        reply = ledger.check_reply(user_id, script.run(names, [*common, source, *own]))
    except AccountClosed:
        return None
    if reply[0] == b"unknown":
        raise UnknownSource(source_key)
    return source_state(reply)


def source_state(reply: Sequence[Any]) -> SourceState:
    """Parse {"ok", status, amount, taken back, frozen, balance, debt, entry}."""
    amount, taken_back, frozen, balance, debt = map(int, reply[2:7])
    return SourceState(reply[1] == b"new", amount, taken_back, frozen, balance, debt, reply[7].decode())
