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
    """A page in the list's place: there are no rows, only figures. Permission: `stats.view_statistics`."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> None:
        """None: without a table, to look for a row would be an error of the database."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nothing is added here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Statistics | None = None) -> bool:
        """Nothing is changed here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Statistics | None = None) -> bool:
        """Nothing is deleted here."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The figures; the admin has checked that somebody is signed in, the permission is checked here."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {**self.admin_site.each_context(request), "title": self.opts.verbose_name, "opts": self.opts}
        return statistics_page(request, {**context, **(extra_context or {})})


@admin.register(Adjustment)
class AdjustmentAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # generic for the type checker alone
    """What was changed by hand, and why; written by `stats_adjust` alone."""

    list_display = ("at", "figure", "delta", "total", "reason", "actor")
    list_filter = ("figure",)
    search_fields = ("reason",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """By the command alone."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Adjustment | None = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Adjustment | None = None) -> bool:
        """Never."""
        return False
