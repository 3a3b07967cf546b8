"""A user's plan and its allowance."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from kv.events import emit, is_wanted, take_back
from kv.process.threads import async_twin
from kv.store.connection import Arg, call
from kv.store.scripts import Script
from kv.times import to_ms, utc_now
from usertokens import keys
from usertokens.conf import app_settings, default_plan
from usertokens.errors import AccountClosed, UnknownPlan
from usertokens.services import ledger
from usertokens.services.mails import queue_mail
from usertokens.types import PaidPeriod

PLAN_CHANGED = "plan.changed"

apply_plan_script = Script("usertokens", "apply_plan")


def set_plan(user_id: str, plan: str, *, actor: str = "", now: datetime | None = None) -> None:
    """Set the plan by hand. Of a larger allowance the difference comes at once; a smaller one waits for the period.

    Raises UnknownPlan or AccountClosed.
    """
    _apply(user_id, plan, ("", ""), actor=actor, now=now, change=f"staff:{to_ms(now or utc_now())}")


aset_plan = async_twin(set_plan, uses_database=True)


def change_plan(user_id: str, plan: str, *, actor: str = "", now: datetime | None = None) -> None:
    """`set_plan` by somebody else: the user is told by mail. Raises UnknownPlan or AccountClosed."""
    _require(plan)
    before = _plan_now(user_id)
    if before != plan:
        moment = to_ms(now or utc_now())
        # First the mail, then the plan: until the plan is changed the mail waits, and without a change none is sent.
        queue_plan_mail(user_id, f"{user_id}:{moment}", before, plan, cause="staff", now=now)
    set_plan(user_id, plan, actor=actor, now=now)


def queue_plan_mail(user_id: str, key: str, before: str, plan: str, *, cause: str, now: datetime | None = None) -> None:
    """Queue the mail about a change of the plan that is about to be made.

    key:   names the change. cause: "paid", "ended", "unpaid" (of a subscription) or "staff".
    """
    data = {"from": before, "to": plan, "cause": cause, "at": to_ms(now or utc_now())}
    queue_mail(user_id, "plan_changed", key, data, now=now)


def read_version(user_id: str) -> int:
    """The version of the payment provider's state that was applied last; 0 for none."""
    return int(call("HGET", keys.account(user_id), "observation") or 0)


def apply_plan(
    user_id: str,
    plan: str,
    periods: Sequence[PaidPeriod] = (),
    *,
    by_calendar: bool = False,
    version: int,
    now: datetime | None = None,
) -> bool:
    """Set the plan as a payment provider had it at `version`, a number that only grows for one user.

    periods: all periods of the provider that are not over, whatever the plan is now; the first is the plan's own. Each
             grants a month's tokens each month, once for its key, also beside other periods. A known key keeps what it
             has granted: a larger allowance grants the difference, another end moves the expiry. A period that is
             missing here grants nothing more.
    by_calendar: the plan is not paid for. Its allowance is granted each calendar month of the site in which no paid
             period runs. A month that a paid period interrupts continues after it, with the rest of its tokens.
    Returns False, and changes nothing, when a newer version was applied or the account is closed.
    Raises UnknownPlan, also for the plan of a period.
    """
    own: list[Arg] = [version, "1" if by_calendar else ""]
    for period in periods:
        _require(period.plan)
        digest = hashlib.sha256(period.key.encode()).digest()[:8]
        own += [digest, period.plan if period.is_paid else "", to_ms(period.starts), to_ms(period.ends)]
    try:
        return _apply(
            user_id, plan, own, actor="", now=now, change=f"from {read_version(user_id)}" if _is_observed() else ""
        )
    except AccountClosed:
        return False


aapply_plan = async_twin(apply_plan, uses_database=True)


def _require(plan: str) -> None:
    if plan not in app_settings.PLAN_ALLOWANCES:
        raise UnknownPlan(plan)


def _plan_now(user_id: str) -> str:
    found = call("HGET", keys.stats(user_id), "plan")
    return found.decode() if found else default_plan()


def _is_observed() -> bool:
    return is_wanted(PLAN_CHANGED)


def _apply(user_id: str, plan: str, own: Sequence[Arg], *, actor: str, now: datetime | None, change: str) -> bool:
    """change: names this change among those of the user, and is the same when it is repeated after a crash."""
    _require(plan)
    before = _plan_now(user_id) if _is_observed() else plan
    key = f"{user_id}:{change}"
    if before != plan:
        # First the event, then the plan: so none is lost. If the plan is refused, the event is taken back.
        emit(PLAN_CHANGED, {"user_id": user_id, "from": before, "to": plan}, key=key, at=now)
    try:
        reply = ledger.run(apply_plan_script, user_id, (plan, *own), actor=actor, now=now)
    except AccountClosed:
        _take_back(before, plan, key)
        raise
    is_applied = bool(reply[0] != b"older")
    if not is_applied:
        _take_back(before, plan, key)
    return is_applied


def _take_back(before: str, plan: str, key: str) -> None:
    if before != plan:
        take_back(PLAN_CHANGED, key)
