"""The plan, and the allowance that comes with it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from kv.store.connection import Arg
from kv.store.scripts import Script
from kv.times import to_ms
from usertokens.conf import app_settings
from usertokens.errors import AccountClosed, UnknownPlan
from usertokens.services import ledger
from usertokens.types import PaidPeriod

apply_plan_script = Script("usertokens", "apply_plan")


def set_plan(user_id: str, plan: str, *, actor: str = "", now: datetime | None = None) -> None:
    """Set the plan by hand. More tokens a month: the difference comes at once; fewer: from the next period on.

    Raises UnknownPlan or AccountClosed.
    """
    _apply(user_id, plan, ("", ""), actor=actor, now=now)


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

    periods: every period that the provider knows and that is not over, whatever the plan is now; the first is the
             plan's own. Each brings its tokens once for its key, a month's each month, whatever else runs beside it. A
             key that is known keeps what it has brought: more tokens a month bring the difference, another end moves
             the end of what came. One that is not named any more brings nothing more.
    by_calendar: nobody pays for the plan: its allowance comes each calendar month of the site, once no paid period's
             runs. The month in which a paid period begins goes on behind it with what was left.
    Answers False, having changed nothing, when a newer version was applied before or the account is closed.
    Raises UnknownPlan, for any of the periods too.
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


def _require(plan: str) -> None:
    if plan not in app_settings.PLAN_ALLOWANCES:
        raise UnknownPlan(plan)


def _apply(user_id: str, plan: str, own: Sequence[Arg], *, actor: str, now: datetime | None) -> bool:
    _require(plan)
    reply = ledger.run(apply_plan_script, user_id, (plan, *own), actor=actor, now=now)
    return bool(reply[0] != b"older")
