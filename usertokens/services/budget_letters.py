"""The mail about a budget: whether most of it is still spent, and what the mail says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kv.times import local_from_ms
from kv.web.formats import format_number
from usertokens.errors import AccountClosed
from usertokens.services.budgets import get_budget
from usertokens.services.letter_parts import dashboard_link, format_moment
from usertokens.types import Letter, MailKind
from usertokens.types.budgets import DAY

Data = Mapping[str, Any]
_ALL = 100


def _check_reached(user_id: str, data: Data, now: datetime) -> Data | None:
    """Nothing when the period is over, when the budget is another one, or when tokens were given back meanwhile."""
    try:
        found = get_budget(user_id, now=now).in_force
    except AccountClosed:
        return None
    ends = local_from_ms(data["ends"])
    for one in found:
        if (one.action, one.period, one.limit, one.opens_at) == (data["action"], data["period"], data["limit"], ends):
            is_so = now < ends and one.used * _ALL >= one.limit * data["percent"]
            return {**data, "used": one.used} if is_so else None
    return None


def _write_reached(data: Data) -> Letter:
    is_daily, is_over, action = data["period"] == DAY, data["percent"] == _ALL, data["action"]
    if is_over and is_daily:
        subject = gettext("Your daily budget is used up")
    elif is_over:
        subject = gettext("Your monthly budget is used up")
    elif is_daily:
        subject = gettext("80 percent of your daily budget is spent")
    else:
        subject = gettext("80 percent of your monthly budget is spent")
    moment = {"moment": format_moment(local_from_ms(data["ends"]))}
    paragraph = (
        gettext("What goes over it is refused until %(moment)s.")
        if is_over
        else gettext("When it is used up, what goes over it is refused until %(moment)s.")
    )
    return Letter(
        subject=f"{subject}: {action}" if action else subject,
        paragraphs=(paragraph % moment,),
        facts=(
            (gettext("Budget"), format_number(data["limit"])),
            (gettext("Used or on hold"), format_number(data["used"])),
        ),
        action=dashboard_link(),
    )


REACHED = MailKind(
    "budget", _("Budget"), _("When 80 or 100 percent of a budget are spent."), _check_reached, _write_reached
)
