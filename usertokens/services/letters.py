"""The app's own kinds of mail: whether their news still holds, and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from kv.times import local_from_ms, to_ms
from kv.web.formats import format_number
from usertokens.conf import app_settings, default_plan
from usertokens.errors import AccountClosed, MailNotYet
from usertokens.services.activity import get_user_stats
from usertokens.services.balances import get_balance
from usertokens.services.letter_parts import dashboard_link, format_day, format_moment, shop_link
from usertokens.types import Letter, MailKind

#: A change of the plan that has not come after so long was not made.
PATIENCE = timedelta(hours=1)
Data = Mapping[str, Any]


def _check_low(user_id: str, data: Data, now: datetime) -> Data | None:
    try:
        tokens = get_balance(user_id, now=now).tokens
    except AccountClosed:
        return None
    if tokens.balance > app_settings.LOW_BALANCE:
        return None
    return {"balance": tokens.balance, "next": to_ms(tokens.period_end) if tokens.allowance else None}


def _write_low(data: Data) -> Letter:
    balance = data["balance"]
    left = ngettext("One token left", "%(count)s tokens left", balance)
    return Letter(
        subject=left % {"count": format_number(balance)} if balance else gettext("No tokens left"),
        paragraphs=(
            gettext("When they are used up, what costs tokens is refused until new ones come.")
            if balance
            else gettext("What costs tokens is refused until new ones come."),
        ),
        facts=(
            (gettext("Balance"), format_number(balance)),
            *([(gettext("Next allowance"), format_moment(local_from_ms(data["next"])))] if data["next"] else []),
        ),
        action=shop_link(),
    )


def _check_expiring(user_id: str, data: Data, now: datetime) -> Data | None:
    try:
        balance = get_balance(user_id, now=now)
    except AccountClosed:
        return None
    expires = local_from_ms(data["expires"])
    left = sum(grant.left for grant in balance.grants if grant.expires_at == expires)
    if now >= expires or not left:
        return None
    return {"expires": data["expires"], "left": left, "balance": balance.tokens.balance}


def _write_expiring(data: Data) -> Letter:
    left, day = data["left"], format_day(local_from_ms(data["expires"]))
    subject = ngettext("One token expires on %(day)s", "%(count)s tokens expire on %(day)s", left)
    return Letter(
        subject=subject % {"count": format_number(left), "day": day},
        paragraphs=(gettext("Spend them before then: what is left of them is gone afterwards."),),
        facts=(
            (gettext("Tokens that expire"), format_number(left)),
            (gettext("They expire on"), format_moment(local_from_ms(data["expires"]))),
            (gettext("Balance"), format_number(data["balance"])),
        ),
        action=dashboard_link(),
    )


def _check_allowance(user_id: str, data: Data, now: datetime) -> Data | None:
    try:
        tokens = get_balance(user_id, now=now).tokens
    except AccountClosed:
        return None
    ends = to_ms(tokens.period_end)
    if ends != data["ends"] or not tokens.allowance:
        return None
    return {"allowance": tokens.allowance, "ends": ends, "balance": tokens.balance}


def _write_allowance(data: Data) -> Letter:
    tokens, day = data["allowance"], format_day(local_from_ms(data["ends"]))
    subject = ngettext("One new token until %(day)s", "%(count)s new tokens until %(day)s", tokens)
    return Letter(
        subject=subject % {"count": format_number(tokens), "day": day},
        paragraphs=(gettext("Your allowance has come."),),
        facts=((gettext("Allowance"), format_number(tokens)), (gettext("Balance"), format_number(data["balance"]))),
        action=dashboard_link(),
    )


def _check_plan(user_id: str, data: Data, now: datetime) -> Data | None:
    stats = get_user_stats(user_id)
    if (stats.plan if stats else default_plan()) == data["to"]:
        return {**data, "tokens": app_settings.PLAN_ALLOWANCES.get(data["to"], 0)}
    if now - local_from_ms(data["at"]) < PATIENCE:
        raise MailNotYet
    return None


def _write_plan(data: Data) -> Letter:
    names = {"new": data["to"], "old": data["from"], "plan": data["from"]}
    causes = {
        "paid": gettext("Your plan was %(old)s and is now %(new)s."),
        "ended": gettext("Your subscription to %(old)s has ended, so your plan is now %(new)s."),
        "unpaid": gettext("%(old)s was not paid for, so your plan is now %(new)s."),
        "staff": gettext("We have changed your plan from %(old)s to %(new)s."),
    }
    return Letter(
        subject=gettext("Your plan is now %(plan)s") % {"plan": data["to"]},
        paragraphs=(causes[data["cause"]] % names,),
        facts=(
            (gettext("Plan before"), data["from"]),
            (gettext("Plan now"), data["to"]),
            (gettext("Tokens a month"), format_number(data["tokens"])),
        ),
        action=dashboard_link(),
    )


LOW_BALANCE = MailKind(
    "low_balance", _("Low balance"), _("When your tokens are nearly used up."), _check_low, _write_low
)
EXPIRING = MailKind(
    "expiring", _("Tokens expire"), _("Three days before tokens of yours expire."), _check_expiring, _write_expiring
)
ALLOWANCE = MailKind(
    "allowance", _("Allowance"), _("When your allowance has come."), _check_allowance, _write_allowance,
    is_default=False,
)  # fmt: skip
PLAN_CHANGED = MailKind(
    "plan_changed", _("Change of plan"), _("When your plan has changed, and why."), _check_plan, _write_plan
)
KINDS = (LOW_BALANCE, EXPIRING, ALLOWANCE, PLAN_CHANGED)
