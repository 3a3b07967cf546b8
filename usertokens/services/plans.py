"""A user's plan and its allowance."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from kv.store.connection import Arg
from kv.store.scripts import Script
from kv.threads import async_twin
from kv.times import to_ms
from usertokens.conf import app_settings
from usertokens.errors import AccountClosed, UnknownPlan
from usertokens.services import ledger
from usertokens.types import PaidPeriod

apply_plan_script = Script("usertokens", "apply_plan")


def set_plan(user_id: str, plan: str, *, actor: str = "", now: datetime | None = None) -> None:
    """Set the plan by hand. Of a larger allowance the difference comes at once; a smaller one waits for the period.

    Raises UnknownPlan or AccountClosed.
    """
    _apply(user_id, plan, ("", ""), actor=actor, now=now)


aset_plan = async_twin(set_plan)


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
        return _apply(user_id, plan, own, actor="", now=now)
    except AccountClosed:
        return False


aapply_plan = async_twin(apply_plan)


def _require(plan: str) -> None:
    if plan not in app_settings.PLAN_ALLOWANCES:
        raise UnknownPlan(plan)


def _apply(user_id: str, plan: str, own: Sequence[Arg], *, actor: str, now: datetime | None) -> bool:
    _require(plan)
    reply = ledger.run(apply_plan_script, user_id, (plan, *own), actor=actor, now=now)
    return bool(reply[0] != b"older")
