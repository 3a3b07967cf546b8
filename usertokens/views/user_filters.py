"""The filters of the admin's list of users."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from kv.days import local_day
from usertokens.conf import app_settings

_DAYS = {"today": 0, "week": 6, "month": 29}


class BalanceFilter(admin.SimpleListFilter):
    """By what is left, as the copy has it."""

    title = _("Balance")
    parameter_name = "left"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The choices."""
        return [("debt", _("in debt")), ("low", _("low")), ("enough", _("enough")), ("new", _("no visit yet"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the choice."""
        low = app_settings.LOW_BALANCE
        chosen = {
            "debt": Q(debt__gt=0),
            "low": Q(balance__lte=low),
            "enough": Q(balance__gt=low),
            "new": Q(balance__isnull=True),
        }
        return queryset.filter(chosen.get(self.value() or "", Q()))


class SeenFilter(admin.SimpleListFilter):
    """By the day of the last log-in."""

    title = _("Last log-in")
    parameter_name = "since"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The choices."""
        return [
            ("today", _("today")),
            ("week", _("in 7 days")),
            ("month", _("in 30 days")),
            ("longer", _("longer ago")),
            ("never", _("never")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the choice."""
        chosen, today = self.value(), local_day()
        if chosen in _DAYS:
            return queryset.filter(seen__gte=today - timedelta(days=_DAYS[chosen]))
        if chosen == "longer":
            return queryset.filter(seen__lt=today - timedelta(days=_DAYS["month"]))
        return queryset.filter(seen__isnull=True) if chosen == "never" else queryset
