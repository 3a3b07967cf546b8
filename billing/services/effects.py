"""The only calls into `usertokens`: what a user has paid for becomes a plan and tokens there.

Every call sets a state ("Plus, as of version 7"; "300 tokens of this purchase are taken back"), so it may be repeated.
"""

from __future__ import annotations

from datetime import datetime
from logging import getLogger

from billing.errors import Unresolved
from billing.types import SubscriptionState, TopUp, free_plan
from usertokens.errors import BalanceTooLarge, IdempotencyConflict, UnknownPlan
from usertokens.services import activity, plans, purchases
from usertokens.types import PaidPeriod

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
