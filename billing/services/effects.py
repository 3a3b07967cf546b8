"""The only calls into `usertokens`: what a user has paid for becomes a plan and tokens there, and mails tell of it.

Every call sets a state ("Plus, as of version 7"; "300 tokens of this purchase are taken back"), so it may be repeated.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from logging import getLogger
from typing import TYPE_CHECKING, Any

from billing.errors import Unresolved
from billing.services.letters import FAILED, RECEIPT
from billing.services.payment_events import emit_failed
from billing.types import Bill, SubscriptionState, TopUp, free_plan
from kv.errors import StoreUnavailable
from kv.process.lazy import LazyModule
from kv.times import to_ms
from usertokens.errors import AccountClosed, BalanceTooLarge, IdempotencyConflict, UnknownPlan
from usertokens.services import activity, mails, plans, purchases
from usertokens.types import PaidPeriod

if TYPE_CHECKING:
    from usertokens.services import balances
else:
    # It imports models, which a project that only sells plans may not have installed.
    balances = LazyModule("usertokens.services.balances")

log = getLogger(__name__)

REASON_BOUGHT = "top-up"
REASON_BACK = "top-up refunded"
REASON_AGAIN = "top-up refund failed"
REASON_DISPUTED = "top-up disputed"
REASON_SETTLED = "top-up dispute settled"


def apply_plan(user_id: str, state: SubscriptionState, version: int, *, now: datetime | None = None) -> bool:
    """Set the user's plan and allowance to what the state says.

    False when a newer version was applied before, or the account is closed.
    Raises Unresolved when usertokens has no such plan.
    """
    try:
        return plans.apply_plan(
            user_id=user_id,
            plan=state.plan,
            periods=[PaidPeriod(one.key, one.plan, one.starts, one.ends, is_paid=one.is_paid) for one in state.periods],
            by_calendar=state.plan == free_plan(),
            version=version,
            now=now,
        )
    except UnknownPlan as error:
        raise Unresolved(f"PLAN_ALLOWANCES has no plan {error}") from error


def tell_plan(user_id: str, state: SubscriptionState, before: str, *, now: datetime | None = None) -> None:
    """Queue the mail about a change of the plan, before it is applied: after a crash in between it is queued once.

    The change is named by the version that was applied last: a repeated sync finds the same one.
    """
    cause = "paid"
    if not state.plan.rank:
        cause = "unpaid" if state.status in ("past_due", "unpaid") else "ended"
    key = f"{user_id}:stripe:{plans.read_version(user_id)}"
    plans.queue_plan_mail(user_id, key, before, str(state.plan), cause=cause, now=now)


def tell_bills(user_id: str, bills: Iterable[Bill], *, now: datetime | None = None) -> None:
    """Queue a receipt for each payment, and a mail for each that has failed: once for each of Stripe's objects.

    Receivers of events are told of those that have failed.
    """
    bills = tuple(bills)
    emit_failed(user_id, bills)
    for bill in bills:
        kind = RECEIPT if bill.is_paid else FAILED
        data: dict[str, Any] = {
            "cents": bill.amount_cents,
            "currency": bill.currency,
            "at": to_ms(bill.at),
            "url": bill.url,
            "plan": bill.plan,
            "tokens": bill.tokens,
        }
        if bill.key.startswith("pi_"):  # without a checkout: an automatic top-up
            data["automatic"] = True
        mails.queue_mail(user_id, kind.name, bill.key, data, now=now)


def settle_topup(user_id: str, topup: TopUp, *, now: datetime | None = None) -> None:
    """Make the tokens of one purchase follow its money: granted once, taken back, frozen or released.

    A purchase that was never paid changes nothing.
    Raises Unresolved when usertokens refuses it; other purchases are not affected.
    """
    if not topup.paid:
        return
    try:
        _settle(user_id, topup, now)
    except IdempotencyConflict as error:
        raise Unresolved(f"{topup.session_id} was granted with another number of tokens") from error
    except BalanceTooLarge as error:
        raise Unresolved(f"the balance would be too large with {topup.session_id}") from error


def source_key(session_id: str) -> str:
    """The idempotency key under which a checkout session grants its tokens. It never changes."""
    return f"stripe:{session_id}"


def current_plan(user_id: str) -> str:
    """The user's plan in usertokens; "" when usertokens has no data of the user yet."""
    stats = activity.get_user_stats(user_id)
    return stats.plan if stats else ""


def current_tokens(user_id: str, *, now: datetime | None = None) -> int | None:
    """The tokens that a user has now; None when they can't be read."""
    try:
        return balances.get_balance(user_id, now=now).tokens.balance
    except (StoreUnavailable, AccountClosed):
        return None


def _settle(user_id: str, topup: TopUp, now: datetime | None) -> None:
    key = source_key(topup.session_id)
    state = purchases.grant_tokens(user_id=user_id, amount=topup.tokens, reason=REASON_BOUGHT, key=key, now=now)
    if state is None:
        log.info("billing: the account is closed, nothing was granted for %s", topup.session_id)
        return
    # Tokens are taken back first, from the frozen ones: those must not become spendable in between
    # (shown by tests/billing/test_guarantees.py::test_disputed_tokens_are_at_no_moment_spendable).
    if topup.taken_back > state.taken_back:
        purchases.reverse_grant(
            user_id=user_id, source_key=key, amount_total=topup.taken_back, reason=REASON_BACK, now=now
        )
    elif topup.taken_back < state.taken_back:
        purchases.restore_grant(
            user_id=user_id, source_key=key, amount_total=topup.taken_back, reason=REASON_AGAIN, now=now
        )
    if state.frozen and not topup.frozen:
        purchases.unfreeze_grant(user_id=user_id, source_key=key, reason=REASON_SETTLED, now=now)
    elif topup.frozen and not state.frozen:
        purchases.freeze_grant(user_id=user_id, source_key=key, reason=REASON_DISPUTED, now=now)
