"""The admin's list of service tokens: of whom, how they end, when they were last used, and a way to revoke them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.actions import delete_selected
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy, pgettext_lazy
from knox.admin import AuthTokenAdmin
from knox.models import get_token_model

from config.models import TokenNote
from config.token_notes import note_made


class StateFilter(admin.SimpleListFilter):
    """Valid or expired."""

    title = gettext_lazy("State")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The choices."""
        return [("valid", pgettext_lazy("token", "valid")), ("expired", pgettext_lazy("token", "expired"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the choice."""
        expired = queryset.filter(expiry__lt=timezone.now())
        if self.value() == "expired":
            return expired
        return queryset.exclude(pk__in=expired.values("pk")) if self.value() == "valid" else queryset


class ServiceTokenAdmin(AuthTokenAdmin):  # type: ignore[misc]  # knox has no types
    """knox's, with what a member of staff can recognise a token by. A deleted token is revoked at once."""

    list_display = ("service", "ends_with", "made_on", "used", "valid_until", "revoke")
    list_display_links = ("service",)
    list_filter = (StateFilter,)
    list_select_related = ("user",)
    ordering = ("-created", "pk")
    date_hierarchy = None
    actions = ("delete_selected",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Each with its note."""
        notes = TokenNote.objects.filter(digest=OuterRef("digest"))
        rows: Any = super().get_queryset(request)
        found: QuerySet[Any] = rows.annotate(
            ending=Subquery(notes.values("ending")), used_at=Subquery(notes.values("used_at"))
        )
        return found

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By the service's name, or by a token's last characters."""
        found, may_have_duplicates = super().get_search_results(request, queryset, search_term)
        if search_term:
            found |= queryset.filter(ending__endswith=search_term.strip().lstrip("…"))
        return found, may_have_duplicates

    @admin.display(description=gettext_lazy("Service"), ordering="user")
    def service(self, row: Any) -> str:
        """The account's name."""
        return str(row.user.get_username())

    @admin.display(description=gettext_lazy("Ends with"))
    def ends_with(self, row: Any) -> str:
        """The last characters; a dash until a token that was made before is used."""
        return format_html('<code class="nowrap">…{}</code>', row.ending) if row.ending else "–"

    @admin.display(description=pgettext_lazy("token", "Created"), ordering="created")
    def made_on(self, row: Any) -> str:
        """The day on which it was made."""
        return date_format(timezone.localtime(row.created), "SHORT_DATE_FORMAT")

    @admin.display(description=gettext_lazy("Last used"), ordering="used_at")
    def used(self, row: Any) -> str:
        """When it was last used, to the minute."""
        at = row.used_at
        return date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT") if at else gettext("not yet")

    @admin.display(description=gettext_lazy("Valid until"), ordering="expiry")
    def valid_until(self, row: Any) -> str:
        """The day of its end."""
        at = row.expiry
        return date_format(timezone.localtime(at), "SHORT_DATE_FORMAT") if at else gettext("no end")

    @admin.display(description=gettext_lazy("Revoke"))
    def revoke(self, row: Any) -> str:
        """A link to the page that asks."""
        options = self.opts
        address = reverse(f"admin:{options.app_label}_{options.model_name}_delete", args=[row.pk])
        name = gettext("Revoke the token of %(service)s") % {"service": row.user.get_username()}
        return format_html('<a href="{}" aria-label="{}">{}</a>', address, name, gettext("Revoke"))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The list, under a name that says what it is."""
        return super().changelist_view(request, {"title": gettext("Service tokens"), **(extra_context or {})})

    def get_list_display(self, request: HttpRequest) -> Any:
        """Without the link for whoever may not."""
        shown = self.list_display
        return shown if self.has_delete_permission(request) else shown[:-1]

    @admin.action(description=gettext_lazy("Revoke the chosen tokens"), permissions=("delete",))
    def delete_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Django's own deletion under another label. It asks first and is logged."""
        return delete_selected(self, request, queryset)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001 (Django's)
        """knox's; it shows the token once. Its last characters are kept."""
        super().save_model(request, obj, form, change)
        if not change:
            note_made(obj.digest, form.token)


def register() -> None:
    """Put it in the place of knox's own, once every app has registered, under names that say what it is.

    knox has no translations of its own. Migrations read the names that its model was written with.
    """
    model = get_token_model()
    options = model._meta  # noqa: SLF001 (Django's public name for it)
    options.verbose_name = gettext_lazy("service token")
    options.verbose_name_plural = gettext_lazy("service tokens")
    options.app_config.verbose_name = gettext_lazy("Programs")
    for name, label in {"user": gettext_lazy("Service"), "expiry": gettext_lazy("Valid until")}.items():
        options.get_field(name).verbose_name = label
    if admin.site.is_registered(model):
        admin.site.unregister(model)
    admin.site.register(model, ServiceTokenAdmin)
