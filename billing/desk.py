"""The app's part of the admin's index and of the page about a user: see kv.desk.parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from billing.conf import app_settings
from billing.models import AutomaticCharge, AutoTopUp, GuestCheckout, StripeCustomer, StripeEvent
from billing.services.auto_settings import state_of
from billing.services.inbox import count_stuck
from billing.services.revenue import list_months, month_of
from billing.services.stripe_api import is_live, is_on
from billing.services.subscription_states import read_state
from billing.types import EventState
from billing.views.stripe_links import auto_status_name, money, money_of_package, status_name, stripe_link
from kv.desk.parts import Figure, Finder, Panel, Section, admin_link
from kv.errors import StoreUnavailable
from kv.times import utc_now
from kv.web.formats import format_number

#: The newest events of a user that are shown.
_EVENTS = 10
_CHARGES = 5


def _read(replies: Sequence[Any] | None) -> Iterator[Figure]:
    counts = count_stuck()
    failed, parked = counts.get(EventState.FAILED.value, 0), counts.get(EventState.PARKED.value, 0)
    if not (is_on() or failed or parked):
        return
    state = EventState.PARKED if parked and not failed else EventState.FAILED
    page = admin_link("billing.stripeevent_changelist", query=f"state__exact={state.value}")
    note = _("%(failed)s failed, %(parked)s parked") % {
        "failed": format_number(failed),
        "parked": format_number(parked),
    }
    level = "error" if failed else "warning" if parked else ""
    yield Figure(_("Stripe events to check"), format_number(failed + parked), note if level else "", page, level)


def _revenue(replies: Sequence[Any] | None) -> Iterator[Figure]:
    if not is_on():
        return
    month = month_of(utc_now())
    page = admin_link("billing.revenuemonth_changelist")
    rows = [row for row in list_months(limit=1) if row.month == month]
    for row in rows:
        note = _("gross %(amount)s") % {"amount": money(row.gross, row.currency)}
        yield Figure(_("Revenue this month, net"), money(row.net, row.currency), note, page)
    if not rows:
        yield Figure(_("Revenue this month, net"), note=_("no payment yet"), url=page)


def _section(user_id: str) -> dict[str, Any] | None:
    customers = list(StripeCustomer.objects.filter(user_id=user_id).order_by("pk")) if _is_key(user_id) else []
    guests = list(GuestCheckout.objects.filter(user_id=user_id).order_by("pk")) if customers or _is_key(user_id) else []
    if not (customers or guests):
        return None
    try:
        state, is_away = read_state(user_id), False
    except StoreUnavailable:
        state, is_away = None, True
    return {
        "customers": [(one, stripe_link("customers", one.customer_id, livemode=one.livemode)) for one in customers],
        "guests": guests,
        "state": state,
        "status": status_name(state.status) if state else "",
        "subscription_link": stripe_link("subscriptions", state.subscription_id, livemode=is_live()) if state else "",
        "is_away": is_away,
    }


def _events_section(user_id: str) -> dict[str, Any] | None:
    if not _is_key(user_id):
        return None
    known = StripeCustomer.objects.filter(user_id=user_id).exclude(customer_id=None).exclude(customer_id="")
    ids = list(known.order_by("pk").values_list("customer_id", flat=True))
    events = list(StripeEvent.objects.filter(customer_id__in=ids).order_by("-received_at", "-id")[:_EVENTS])
    return {"events": events, "events_of": ids[-1]} if events else None


def _auto_section(user_id: str) -> dict[str, Any] | None:
    if not _is_key(user_id):
        return None
    row = AutoTopUp.objects.filter(user_id=user_id).first()
    if row is None:
        if not (is_on() and app_settings.BILLING_TOPUPS):
            return None
        row = AutoTopUp(user_id=user_id)  # not set up: staff may stop it all the same
    return {
        "row": row,
        "status": auto_status_name(state_of(row).status),
        "cap": money_of_package(row),
        "charges": AutomaticCharge.objects.filter(user_id=user_id).order_by("-pk")[:_CHARGES],
        "user_id": user_id,
        "stop": admin_link("billing.autotopup_stop", row.pk or 0),
    }


def _find(text: str) -> list[str]:
    found = StripeCustomer.objects.filter(customer_id=text, user__isnull=False)
    guests = GuestCheckout.objects.filter(session_id=text, user__isnull=False)
    return [str(key) for rows in (found, guests) for key in rows.values_list("user_id", flat=True)]


def _is_key(user_id: str) -> bool:
    try:
        get_user_model()._meta.pk.to_python(user_id)  # noqa: SLF001 (Django documents it)
    except ValidationError:
        return False
    return True


SECTIONS = (
    Section("billing.view_stripecustomer", order=40, template="billing/admin/user.html", read=_section),
    Section("billing.view_stripeevent", order=41, template="billing/admin/user_events.html", read=_events_section),
    Section("billing.view_autotopup", order=42, template="billing/admin/user_auto_topup.html", read=_auto_section),
)
FINDERS = (Finder("billing.view_stripecustomer", find=_find),)
PANELS = (
    Panel("billing.view_revenue", order=35, read=_revenue),
    Panel("billing.view_stripeevent", order=40, read=_read),
)
