"""Filters for the texts and numbers of the app's pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import template
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from kv.rest.permissions import may
from kv.web.formats import format_number
from usertokens.permissions import MANAGE_TOKENS, VIEW_ANY
from usertokens.types import Grant

register = template.Library()

_KINDS = {
    "allowance": _("Allowance of the month"),
    "rollover": _("Kept from the month before"),
    "grant": _("Tokens added"),
    "spend": _("Spent"),
    "hold": _("Put on hold"),
    "capture": _("On hold, used"),
    "release": _("On hold, returned"),
    "hold_expired": _("On hold, returned unused"),
    "expire": _("Expired"),
    "reverse": _("Given back"),
    "adjust": _("Corrected by hand"),
    "refund": _("Taken back"),
    "restore": _("Restored"),
    "freeze": _("Frozen while a payment is disputed"),
    "unfreeze": _("No longer frozen"),
    "reset": _("Reset to the first day"),
}
_SOURCES = {
    "allowance": _("Allowance of the month"),
    "rollover": _("Kept from the month before"),
    "given": _("Granted"),
    "adjustment": _("Corrected by hand"),
    "purchase": _("Bought"),
    "import": _("Imported"),
    "voucher": pgettext_lazy("origin of tokens", "Voucher"),
}
#: What our own services and scripts write into the journal; every other reason is a caller's own text.
_REASONS = {
    "generation": pgettext_lazy("reason", "generation"),
    "allowance": pgettext_lazy("reason", "allowance"),
    "refund": pgettext_lazy("reason", "refund"),
    "refund failed": pgettext_lazy("reason", "refund failed"),
    "dispute": pgettext_lazy("reason", "dispute"),
    "dispute closed": pgettext_lazy("reason", "dispute closed"),
    "reset": pgettext_lazy("reason", "reset"),
    "voucher": pgettext_lazy("reason", "voucher"),
    "voucher taken back": pgettext_lazy("reason", "voucher taken back"),
    "top-up": pgettext_lazy("reason", "top-up"),
    "top-up refunded": pgettext_lazy("reason", "top-up refunded"),
    "top-up refund failed": pgettext_lazy("reason", "top-up refund failed"),
    "top-up disputed": pgettext_lazy("reason", "top-up disputed"),
    "top-up dispute settled": pgettext_lazy("reason", "top-up dispute settled"),
}


@register.filter
def tokens(number: int | None) -> str:
    """A whole number in the digits and groups of the active language; a dash for None."""
    return "–" if number is None else format_number(number)


@register.filter
def moment(at: datetime) -> str:
    """A moment of the journal as a query names it, to the millisecond."""
    return at.isoformat(timespec="milliseconds")


@register.filter
def may_see_tokens(user: Any) -> bool:
    """Whether the user may see the admin's page about any user's tokens."""
    return may(user, VIEW_ANY) or may(user, MANAGE_TOKENS)


@register.filter
def signed(number: int) -> str:
    """A change, with its sign."""
    return f"+{tokens(number)}" if number > 0 else tokens(number).replace("-", "\N{MINUS SIGN}")


@register.filter
def mood(score: float) -> str:
    """A mood with at most one decimal."""
    return format_number(score, places=1)


@register.filter
def entry_kind(kind: str) -> str:
    """The name of a journal entry's type."""
    return str(_KINDS.get(kind, kind))


@register.filter
def with_names(grants: Sequence[Grant]) -> list[tuple[Grant, str]]:
    """Each grant with a unique name.

    A second allowance in one period, after a change to a larger plan, is named by the amount that it added.
    """
    names: dict[int, str] = {}
    seen: set[object] = set()
    for grant in sorted(grants, key=lambda grant: grant.id):
        name = grant_source(grant.source)
        if grant.source == "allowance" and grant.expires_at in seen:
            name = gettext("Allowance raised by %(amount)s") % {"amount": tokens(grant.amount)}
        seen.add(grant.expires_at if grant.source == "allowance" else None)
        if name in names.values():
            name = gettext("%(name)s, no. %(number)s") % {"name": name, "number": grant.id}
        names[grant.id] = name
    return [(grant, names[grant.id]) for grant in grants]


@register.filter
def grant_source(source: str) -> str:
    """The name of a grant's source."""
    return str(_SOURCES.get(source, source))


@register.filter
def reason_name(reason: str) -> str:
    """A reason in the active language where it is one of our own, and unchanged otherwise."""
    return str(_REASONS.get(reason, reason))
