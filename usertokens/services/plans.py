"""The plan, and the allowance that comes with it."""

from __future__ import annotations

from datetime import datetime

from kv.connection import Word
from kv.scripts import Script
from usertokens.conf import app_settings
from usertokens.errors import AccountClosed, UnknownPlan
from usertokens.services import ledger
from usertokens.services.calendar import to_ms

apply_plan_script = Script("usertokens", "apply_plan")


def set_plan(user_id: str, plan: str, *, actor: str = "", now: datetime | None = None) -> None:
    """Set the plan by hand. More tokens a month: the difference comes at once; fewer: from the next period on.

    Raises UnknownPlan or AccountClosed.
    """
    _apply(user_id, plan, ("", "", "", ""), actor=actor, now=now)


def apply_plan(
    user_id: str,
    plan: str,
    period_start: datetime | None = None,
    period_end: datetime | None = None,
    *,
    observation: int,
    now: datetime | None = None,
) -> bool:
    """Set the plan as a payment provider had it at `observation`, a number that only grows for one user.

    period_start, period_end: the subscription's own period; None: calendar months of the site. The period that runs is
    moved to it; a period that begins where the last one ended, or later, brings a whole allowance.
    Answers False, having changed nothing, when a newer observation was applied before or the account is closed.
    Raises UnknownPlan.
    """
    try:
        return _apply(user_id, plan, (observation, to_ms(period_start), to_ms(period_end), "1"), actor="", now=now)
    except AccountClosed:
        return False


def _apply(user_id: str, plan: str, own: tuple[Word, ...], *, actor: str, now: datetime | None) -> bool:
    if plan not in app_settings.PLAN_ALLOWANCES:
        raise UnknownPlan(plan)
    reply = ledger.run(apply_plan_script, user_id, (plan, *own), actor=actor, now=now)
    return bool(reply[0] != b"older")
