"""Redeems vouchers: the database counts the use, the ledger grants the tokens, each once.

The use comes first. What a crash leaves between the two is finished by the user's next try, or by the duty.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.db.models import F, Q

from kv.process.threads import async_twin
from kv.sql.transactions import atomic_for
from kv.store.numbers import LARGEST_WHOLE
from kv.times import aware, to_ms, utc_now
from usertokens.errors import (
    AccountClosed,
    BalanceTooLarge,
    IdempotencyConflict,
    UnknownSource,
    UnknownUser,
    VoucherForNewUsers,
    VoucherNotYet,
    VoucherOver,
    VoucherUnknown,
    VoucherUsed,
)
from usertokens.models import Redemption, Voucher
from usertokens.services import ledger, purchases
from usertokens.services.users import find_user
from usertokens.services.voucher_codes import code_key
from usertokens.types import Movement, RedemptionState, SourceState

#: The name of the duty that finishes what was left behind.
DUTY = "usertokens_vouchers"
#: The journal's reasons.
REDEEMED, TAKEN_BACK = "voucher", "voucher taken back"
#: Whoever redeems finishes it within this time, or does not finish it.
_UNDER_WAY = timedelta(seconds=60)
_STEP = 100
_REFUSED = (AccountClosed, BalanceTooLarge, IdempotencyConflict)


class _Gone(Exception):
    """Another process has given the use back, or the account's rows are deleted."""


def redeem_voucher(user_id: str, code: str, *, key: str = "", now: datetime | None = None) -> Movement:
    """Grant the user the tokens of a voucher, and count one use of it. A user redeems each voucher once.

    code: compared without case, spaces and hyphens. key: as in `balances.spend_tokens`.
    Raises VoucherUnknown, VoucherNotYet, VoucherOver, VoucherUsed, VoucherForNewUsers, IdempotencyConflict,
    BalanceTooLarge or AccountClosed; then nothing was granted and no use was counted. After StoreUnavailable the use
    may be counted: the same call grants the tokens, or the worker does.
    """
    name = code_key(code)
    digest = ledger.digest_of(key) if key else b""
    if digest and (known := _recall(user_id, name, digest, now)) is not None:
        return known
    voucher = Voucher.objects.filter(key=name).first() if name else None
    if voucher is None:
        raise VoucherUnknown(name)
    row = _find(voucher, user_id) or _count_use(voucher, user_id, digest, now or utc_now())
    is_same_key = bool(digest) and row.request_key == digest.hex()
    if row.state != RedemptionState.OPEN and not (is_same_key and row.state == RedemptionState.GRANTED):
        raise VoucherUsed(by_you=True)
    state, is_first = _finish(row, now)
    if not is_first and not is_same_key:
        # Another request has finished it meanwhile, and was answered with the tokens.
        raise VoucherUsed(by_you=True)
    return _movement(state, is_repeat=not state.applied)


aredeem_voucher = async_twin(redeem_voucher, uses_database=True)


def has_vouchers(*, now: datetime | None = None) -> bool:
    """Whether there is a voucher that may still be redeemed, now or later."""
    over = Q(valid_until__isnull=True) | Q(valid_until__gt=now or utc_now())
    return Voucher.objects.filter(over, stopped_at__isnull=True, uses__lt=F("max_uses")).exists()


def grant_redemption(row: Redemption, *, now: datetime | None = None) -> SourceState:
    """Grant what a counted use is for, once. Raises AccountClosed, BalanceTooLarge or IdempotencyConflict.

    When it is refused, the use is given back.
    """
    return _finish(row, now)[0]


def _finish(row: Redemption, now: datetime | None) -> tuple[SourceState, bool]:
    """Grant as `grant_redemption`. Also whether this call is the one that finished it: of several at once one is."""
    moment = now or utc_now()
    is_late = row.entry is None and row.voucher.grant_days and row.expires_at and row.expires_at <= moment
    if is_late:
        # The store was away for longer than the tokens last: they last as long from now on.
        row.expires_at = moment + timedelta(days=row.voucher.grant_days or 0)
    try:
        state = _grant(row, now)
    except _REFUSED:
        _uncount(row)
        raise
    changes: dict[str, Any] = {"state": RedemptionState.GRANTED.value, "entry": int(state.transaction_id)}
    if is_late and state.applied:
        changes["expires_at"] = row.expires_at
    finished = Redemption.objects.filter(pk=row.pk, state=RedemptionState.OPEN).update(**changes)
    return state, bool(finished)


def finish_redemptions(*, now: datetime | None = None) -> bool:
    """Finish what was left behind: grant what a use was counted for, and take back what is to be. True: more is left.

    Raises StoreUnavailable; what was finished before stays so.
    """
    late = (now or utc_now()) - _UNDER_WAY
    left = list(
        Redemption.objects.filter(state=RedemptionState.OPEN, redeemed_at__lt=late)
        .select_related("voucher").order_by("redeemed_at", "id")[:_STEP]
    )  # fmt: skip
    for row in left:
        with suppress(*_REFUSED):
            grant_redemption(row, now=now)
    return len(left) == _STEP or revoke_some(Redemption.objects.all(), now=now)


def take_back(rows: Any, *, staff: str, note: str) -> int:
    """Mark redemptions (a queryset) for taking back; return how many. `revoke_some` does it, or the duty.

    staff: the id of who does it. note: the reason, for staff.
    """
    waiting = (RedemptionState.OPEN, RedemptionState.GRANTED)
    return int(
        rows.filter(state__in=waiting).update(state=RedemptionState.REVOKING.value, staff=staff[:150], note=note[:200])
    )


def revoke_some(rows: Any, *, now: datetime | None = None) -> bool:
    """Take back some of those that are marked for it. True: more is left. Raises StoreUnavailable."""
    some = list(
        rows.filter(state=RedemptionState.REVOKING).select_related("voucher").order_by("redeemed_at", "id")[:_STEP]
    )
    for row in some:
        _revoke(row, now)
        Redemption.objects.filter(pk=row.pk).update(state=RedemptionState.REVOKED.value)
    return len(some) == _STEP


def _recall(user_id: str, name: str, digest: bytes, now: datetime | None) -> Movement | None:
    """The first answer under the idempotency key; None without one. Raises IdempotencyConflict."""
    reply = ledger.read_answer(user_id, digest=digest, fingerprint=_fingerprint(name), now=now)
    return None if reply[0] == b"none" else _movement(purchases.source_state(reply), is_repeat=True)


def _find(voucher: Voucher, user_id: str) -> Redemption | None:
    return Redemption.objects.filter(voucher=voucher, user_id=user_id).select_related("voucher").first()


def _count_use(voucher: Voucher, user_id: str, digest: bytes, now: datetime) -> Redemption:
    """Count a use and write down whose it is, both or neither. Raises VoucherRefused."""
    _require_open(voucher, user_id, now)
    expires = now + timedelta(days=voucher.grant_days) if voucher.grant_days else None
    row = Redemption(
        voucher=voucher, user_id=user_id, tokens=voucher.tokens, expires_at=expires, redeemed_at=now,
        request_key=digest.hex(),
    )  # fmt: skip
    try:
        with atomic_for(Redemption):
            # It locks the voucher's row, and is the transaction's first statement: others wait, and read what it wrote.
            free = Voucher.objects.filter(pk=voucher.pk, uses__lt=F("max_uses"), stopped_at=None)
            if not free.update(uses=F("uses") + 1):
                voucher.refresh_from_db()
                raise VoucherOver(voucher.key) if voucher.stopped_at else VoucherUsed(by_you=False)
            row.save(force_insert=True)
    except IntegrityError:
        # The same user at the same moment: the other request has the use.
        if (theirs := _find(voucher, user_id)) is None:
            raise
        return theirs
    except VoucherUsed:
        if (theirs := _find(voucher, user_id)) is None:
            raise
        return theirs
    return row


def _require_open(voucher: Voucher, user_id: str, now: datetime) -> None:
    if voucher.stopped_at or (voucher.valid_until and now >= voucher.valid_until):
        raise VoucherOver(voucher.key)
    if voucher.valid_from and now < voucher.valid_from:
        raise VoucherNotYet(voucher.valid_from)
    if voucher.uses >= voucher.max_uses:
        raise VoucherUsed(by_you=False)
    if voucher.account_days is not None and not _is_new(user_id, now - timedelta(days=voucher.account_days)):
        raise VoucherForNewUsers(voucher.account_days)


def _is_new(user_id: str, since: datetime) -> bool:
    """Whether the user signed up since then; False where the project's users have no `date_joined`."""
    try:
        joined = getattr(find_user(user_id), "date_joined", None)
    except UnknownUser:
        return False
    return isinstance(joined, datetime) and aware(joined) >= since


def _grant(row: Redemption, now: datetime | None) -> SourceState:
    own = (row.tokens, row.voucher.priority, to_ms(row.expires_at), LARGEST_WHOLE, "voucher")
    state = purchases.run_source(
        purchases.grant_tokens_script, row.user_id, _source(row), own, reason=REDEEMED, key=f"voucher {row.voucher_id}",
        digest=bytes.fromhex(row.request_key), fingerprint=_fingerprint(row.voucher.key), now=now,
    )  # fmt: skip
    if state is None:
        raise AccountClosed
    return state


def _revoke(row: Redemption, now: datetime | None) -> None:
    """Take the grant back. One that is not made yet is made first: whoever is about to make it then finds it made."""
    try:
        if row.entry is None:
            _grant(row, now)
        purchases.run_source(
            purchases.reverse_grant_script, row.user_id, _source(row), (row.tokens, to_ms(row.expires_at)),
            reason=TAKEN_BACK, key=f"voucher {row.voucher_id}", actor=row.staff, now=now,
        )  # fmt: skip
    except (*_REFUSED, UnknownSource):
        return  # there is nothing to take back


def _uncount(row: Redemption) -> None:
    """Give back the use of a redemption that was refused."""
    with suppress(_Gone), atomic_for(Redemption):
        # The voucher's row first, as where a use is counted: so no two wait for each other.
        Voucher.objects.filter(pk=row.voucher_id).update(uses=F("uses") - 1)
        if not Redemption.objects.filter(pk=row.pk, state=RedemptionState.OPEN).delete()[0]:
            raise _Gone


def _source(row: Redemption) -> str:
    """The ledger's key of the grant: the code, of which there is one for ever, whatever becomes of the database."""
    return f"voucher:{row.voucher.key}"


def _fingerprint(name: str) -> bytes:
    return ledger.fingerprint_of("redeem_voucher", name)


def _movement(state: SourceState, *, is_repeat: bool) -> Movement:
    return Movement(state.transaction_id, state.amount, state.balance, repeated=is_repeat)
