"""The app's kinds of mail: a payment that has failed, and the receipt of one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from billing.services.auto_letters import AUTOMATIC
from billing.services.stripe_api import is_on
from billing.services.subscription_states import read_state
from kv.times import local_from_ms, to_ms
from kv.web.formats import format_money, format_number
from usertokens.services.letter_parts import dashboard_link, format_day, format_moment
from usertokens.types import Letter, MailKind

Data = Mapping[str, Any]


def _check_failed(user_id: str, data: Data, now: datetime) -> Data | None:
    state = read_state(user_id)
    if state.grace_until is None or state.grace_until <= now:
        return None
    return {**data, "plan": str(state.plan), "until": to_ms(state.grace_until)}


def _write_failed(data: Data) -> Letter:
    names = {
        "plan": data["plan"],
        "day": format_day(local_from_ms(data["until"])),
        "amount": format_money(data["cents"], data["currency"]),
    }
    return Letter(
        subject=gettext("Your payment failed: %(plan)s stays until %(day)s") % names,
        paragraphs=(
            gettext(
                "Your payment of %(amount)s for %(plan)s did not go through, for example because a card has expired."
            )
            % names,
            gettext("If it is paid by %(day)s, nothing changes. If not, your plan ends then.") % names,
        ),
        facts=(
            (gettext("Amount due"), names["amount"]),
            (gettext("Plan kept until"), format_moment(local_from_ms(data["until"]))),
        ),
        action=(gettext("Pay now"), data["url"]) if data["url"] else dashboard_link(),
    )


def _check_receipt(user_id: str, data: Data, now: datetime) -> Data | None:
    return data


def _write_receipt(data: Data) -> Letter:
    amount = format_money(data["cents"], data["currency"])
    what = data["plan"]
    if data["tokens"]:
        what = ngettext("one token", "%(count)s tokens", data["tokens"]) % {"count": format_number(data["tokens"])}
    return Letter(
        subject=gettext("Receipt: %(amount)s for %(what)s") % {"amount": amount, "what": what}
        if what
        else gettext("Receipt: %(amount)s") % {"amount": amount},
        paragraphs=(
            gettext("Your balance had fallen to your threshold, so we have topped it up as you asked us to.")
            if data.get("automatic")
            else gettext("We have received your payment. Thank you."),
        ),
        facts=(
            *(((gettext("For"), what),) if what else ()),
            (gettext("Amount paid"), amount),
            (gettext("Paid on"), format_day(local_from_ms(data["at"]))),
        ),
        action=(gettext("Open the receipt"), data["url"]) if data["url"] else dashboard_link(),
    )


FAILED = MailKind(
    "payment_failed", _("Failed payment"), _("When a payment fails, and until when your plan stays."),
    _check_failed, _write_failed, is_offered=is_on,
)  # fmt: skip
RECEIPT = MailKind(
    "receipt", _("Receipt"), _("After each payment, with the link to Stripe’s receipt."),
    _check_receipt, _write_receipt, is_offered=is_on,
)  # fmt: skip
KINDS = (FAILED, RECEIPT, AUTOMATIC)
