"""Filters for the texts and numbers of the app's pages."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kv.web.formats import format_number
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
    "refund": _("Taken back after a refund"),
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
}


@register.filter
def tokens(number: int | None) -> str:
    """A whole number in the digits and groups of the active language; a dash for None."""
    return "–" if number is None else format_number(number)


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
