"""The app in Django's admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from stats.models import Adjustment, Statistics
from stats.views.admin import statistics_page


@admin.register(Statistics)
class StatisticsAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # generic for the type checker alone
    """A page of figures instead of a list of rows. Permission: `stats.view_statistics`."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> None:
        """Always None: there is no table to read a row from."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """No: there are no rows."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Statistics | None = None) -> bool:
        """No: there are no rows."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Statistics | None = None) -> bool:
        """No: there are no rows."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The page. The admin has checked the log-in; the permission is checked here."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {**self.admin_site.each_context(request), "title": self.opts.verbose_name, "opts": self.opts}
        return statistics_page(request, {**context, **(extra_context or {})})


@admin.register(Adjustment)
class AdjustmentAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # generic for the type checker alone
    """The log of changes by hand. Only `stats_adjust` writes it."""

    list_display = ("at", "figure", "delta", "total", "reason", "actor")
    list_filter = ("figure",)
    search_fields = ("reason",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """No: only the command adds rows."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Adjustment | None = None) -> bool:
        """No: the log stays as it is."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Adjustment | None = None) -> bool:
        """No: the log stays as it is."""
        return False
