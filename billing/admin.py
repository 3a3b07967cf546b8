"""The app in Django's admin: customers, and the inbox with its replay. Read-only except for two buttons."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.errors import BillingOff, CustomerBusy, StripeRefused, StripeUnavailable, Unresolved
from billing.models import AutomaticCharge, AutoTopUp, GuestCheckout, RevenueMonth, StripeCustomer, StripeEvent
from billing.services import inbox
from billing.services.auto_settings import state_of
from billing.services.auto_switch import allow_again, stop_by_staff
from billing.services.stripe_api import is_on
from billing.services.sync import sync_customer
from billing.types import SyncResult
from billing.views.admin import revenue_page
from billing.views.stripe_links import auto_status_name, money_of_package, stripe_link
from kv.desk.parts import admin_link
from kv.errors import StoreUnavailable
from kv.labels import admin_page
from kv.rest.permissions import may
from kv.web.formats import format_money
from kv.web.large_lists import LargeListAdmin, StoredValuesFilter, begins_with

#: The project's users may be named by something else, such as an e-mail address.
_USERNAME = get_user_model().USERNAME_FIELD
#: Keys that one query names.
_FEW = 500


class _ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]  # generic to the type checker alone
    def has_add_permission(self, request: HttpRequest) -> bool:
        """Rows come from Stripe alone."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows say what Stripe sent, so nobody edits them."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A deleted event would come back with the next replay."""
        return False


@admin.register(StripeCustomer)
class StripeCustomerAdmin(_ReadOnly):
    """Which Stripe customer is which user, and a button that reads one from Stripe again."""

    list_display = ("customer_id", "user", "livemode", "is_own", "synced_at", "next_sync_at", "closed_at")
    list_filter = ("livemode", "is_own", ("closed_at", admin.EmptyFieldListFilter))
    list_select_related = ("user",)
    search_fields = ("customer_id", f"user__{_USERNAME}")
    change_form_template = "admin/billing/customer.html"

    def get_urls(self) -> list[Any]:
        """The admin's own URLs, and the button's."""
        view = self.admin_site.admin_view(self.sync_view)
        return [
            path("<path:object_id>/sync/", view, name=f"{self.opts.app_label}_stripecustomer_sync"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The admin's page of one row; says whether the button is shown."""
        context = {**(extra_context or {}), "may_sync": may(request.user, "billing.sync_customer")}
        if (row := self.get_object(request, object_id)) is not None:
            context["stripe_link"] = stripe_link("customers", row.customer_id, livemode=row.livemode)
            if row.user_id and may(request.user, "usertokens.view_any"):
                context["user_link"] = admin_link("usertokens_user", row.user_id, site=self.admin_site.name)
        return super().change_view(request, object_id, form_url, context)

    def sync_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """POST: read the customer from Stripe now."""
        row = self.get_object(request, object_id)
        if (
            request.method == "POST"
            and row is not None
            and row.customer_id
            and may(request.user, "billing.sync_customer")
        ):
            level, text = _sync(row.customer_id)
            self.message_user(request, text, level)
        return HttpResponseRedirect(reverse(admin_page("billing.stripecustomer_change"), args=[object_id]))


@admin.register(RevenueMonth)
class RevenueAdmin(_ReadOnly):
    """A page of revenue by month instead of a list of rows, while billing is on. Permission: `billing.view_revenue`."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """By a permission of its own: not everybody who sees customers sees the revenue."""
        return is_on() and may(request.user, "billing.view_revenue")

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the index shows it."""
        return self.has_view_permission(request)

    def get_urls(self) -> list[Any]:
        """The page in the place of a list."""
        view = self.admin_site.admin_view(self.changelist_view)
        return [path("", view, name=f"{self.opts.app_label}_revenuemonth_changelist"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The page."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {**self.admin_site.each_context(request), "title": _("Revenue"), "opts": self.opts}
        return revenue_page(request, {**context, **(extra_context or {})})


@admin.register(GuestCheckout)
class GuestCheckoutAdmin(_ReadOnly):
    """Which user a checkout without a customer belongs to."""

    list_display = ("session_id", "user", "livemode", "created_at")
    list_select_related = ("user",)
    search_fields = ("session_id", f"user__{_USERNAME}")


@admin.register(AutoTopUp)
class AutoTopUpAdmin(_ReadOnly):
    """Who has automatic top-up, and what it does; with the permission `billing.stop_autotopup` a way to stop it."""

    list_display = (
        *("user", "does", "threshold", "tokens", "cap", "card", "declines"),
        *("paused_at", "off_reason", "changed_at"),
    )
    list_filter = ("is_on", ("paused_at", admin.EmptyFieldListFilter), "off_reason")
    list_select_related = ("user",)
    show_full_result_count = False
    search_fields = (f"user__{_USERNAME}", "customer_id")
    exclude = ("payment_method", "card_session", "action_intent")
    actions = ("stop", "allow")
    change_form_template = "admin/billing/autotopup.html"

    def get_urls(self) -> list[Any]:
        """The admin's own URLs, and that of the buttons."""
        view = self.admin_site.admin_view(self.stop_view)
        return [path("<path:object_id>/stop/", view, name=f"{self.opts.app_label}_autotopup_stop"), *super().get_urls()]

    @admin.display(description=gettext_lazy("now"))
    def does(self, row: AutoTopUp) -> str:
        """What it does now."""
        return auto_status_name(state_of(row).status)

    @admin.display(description=gettext_lazy("cap a month"), ordering="monthly_cap")
    def cap(self, row: AutoTopUp) -> str:
        """As money, in the currency of the package."""
        return money_of_package(row)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The admin's page of one row; says whether the button is shown."""
        context = {**(extra_context or {}), "may_stop": self.has_stop_permission(request)}
        if (row := self.get_object(request, object_id)) is not None and may(request.user, "usertokens.view_any"):
            context["user_link"] = admin_link("usertokens_user", row.user_id, site=self.admin_site.name)
        return super().change_view(request, object_id, form_url, context)

    def stop_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """POST: stop it for this user, or with `allow` let the user switch it on again; then back to where it was.

        of_user: the id of a user, on whose page the button was; also of one who has not set it up.
        """
        row = self.get_object(request, object_id) or _unset_row_of(request.POST.get("of_user", ""))
        if request.method == "POST" and row is not None and self.has_stop_permission(request):
            self._stop(request, row, is_allowed="allow" in request.POST)
        target = reverse(admin_page("billing.autotopup_change"), args=[object_id])
        if "of_user" in request.POST and row is not None:
            target = admin_link("usertokens_user", row.user_id, site=self.admin_site.name) or target
        return HttpResponseRedirect(target)

    @admin.action(description=gettext_lazy("Stop for the chosen users"), permissions=("stop",))
    def stop(self, request: HttpRequest, queryset: QuerySet[AutoTopUp]) -> None:
        """Switch it off; these users can't switch it on."""
        for row in queryset:
            self._stop(request, row, is_allowed=False)

    @admin.action(description=gettext_lazy("Let the chosen users switch it on again"), permissions=("stop",))
    def allow(self, request: HttpRequest, queryset: QuerySet[AutoTopUp]) -> None:
        """The users may switch it on again; it stays off."""
        for row in queryset:
            self._stop(request, row, is_allowed=True)

    def has_stop_permission(self, request: HttpRequest) -> bool:
        """Who may stop it."""
        return may(request.user, "billing.stop_autotopup")

    def _stop(self, request: HttpRequest, row: AutoTopUp, *, is_allowed: bool) -> None:
        if is_allowed:
            allow_again(str(row.user_id))
            text = _("%(user)s may switch on automatic top-up again.")
        else:
            stop_by_staff(str(row.user_id))
            text = _("Automatic top-up of %(user)s is stopped.")
        kept = row if row.pk else AutoTopUp.objects.get(user_id=row.user_id)
        self.log_change(request, kept, "allowed again" if is_allowed else "stopped")
        self.message_user(request, text % {"user": row.user}, messages.SUCCESS)


@admin.register(AutomaticCharge)
class AutomaticChargeAdmin(_ReadOnly, LargeListAdmin):
    """Every fall that was charged, or was to be."""

    list_display = ("made_at", "user", "state", "tokens", "amount", "error", "intent_id", "done_at")
    list_filter = ("state",)
    list_select_related = ("user",)
    search_fields = ("intent_id", "customer_id")
    search_help_text = gettext_lazy("An id, or its beginning.")
    date_hierarchy = "made_at"
    ordering = ("-made_at", "-id")
    exclude = ("payment_method", "key_number")

    @admin.display(description=gettext_lazy("amount"), ordering="cents")
    def amount(self, row: AutomaticCharge) -> str:
        """As money."""
        return format_money(row.cents, row.currency)


@admin.register(StripeEvent)
class StripeEventAdmin(_ReadOnly, LargeListAdmin):
    """The inbox."""

    list_display = ("event_id", "type", "state", "customer_id", "attempts", "received_at", "done_at", "error")
    list_filter = ("state", "livemode", ("type", StoredValuesFilter))
    search_fields = ("event_id", "customer_id", "object_id")
    search_help_text = gettext_lazy("An id, or its beginning.")
    date_hierarchy = "received_at"
    ordering = ("-received_at", "-id")
    actions = ("replay",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[StripeEvent], search_term: str
    ) -> tuple[QuerySet[StripeEvent], bool]:
        """The events with this id, or with one that begins so: indexes find them, and no query reads every row."""
        if not search_term:
            return queryset, False
        beginning = reduce(or_, (begins_with(name, search_term, queryset.db) for name in self.search_fields))
        # By one index at a time, in any order. A database that has the list's order in mind walks along that instead.
        few = list(self.model.objects.filter(beginning).order_by().values_list("pk", flat=True)[: _FEW + 1])
        if len(few) <= _FEW:
            return queryset.filter(pk__in=few), False
        ids = self.model.objects.order_by("event_id").values_list("event_id", flat=True)
        # "evt_": when the first and the last begin so, all do, and none needs to be left out or counted.
        is_every = all(str(end).startswith(search_term) for end in (ids.first(), ids.last()))
        return (queryset if is_every else queryset.filter(beginning)), False

    @admin.action(description=gettext_lazy("Replay the chosen events"), permissions=("replay",))
    def replay(self, request: HttpRequest, queryset: QuerySet[StripeEvent]) -> None:
        """Put them in the queue again. The worker applies them within a second."""
        count = inbox.replay_events(queryset)
        text = ngettext("%(count)d event is in the queue again.", "%(count)d events are in the queue again.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS if count else messages.WARNING)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Who may put events in the queue again."""
        return may(request.user, "billing.replay_event")


def _unset_row_of(user_id: str) -> AutoTopUp | None:
    """For a user who has not set automatic top-up up; None where there is no such user."""
    try:
        user = get_user_model()._default_manager.filter(pk=user_id).first()  # noqa: SLF001 (Django's public name for it)
    except (ValidationError, ValueError):
        return None
    return AutoTopUp.objects.filter(user_id=user_id).first() or AutoTopUp(user=user) if user else None


def _sync(customer_id: str) -> tuple[int, str]:  # noqa: PLR0911 (one sentence for each outcome)
    """The level and text of the message that says what the sync came to."""
    try:
        synced = sync_customer(customer_id)
    except Unresolved as error:
        return messages.ERROR, _("It can't be applied: %(reason)s") % {"reason": error.reason}
    except (StripeUnavailable, StripeRefused) as error:
        return messages.ERROR, _("Stripe: %(reason)s") % {"reason": error.reason}
    except StoreUnavailable:
        return messages.ERROR, _("The store of counts can't be reached. Try again in a moment.")
    except CustomerBusy:
        return messages.WARNING, _("It is being read by another process right now.")
    except BillingOff:
        return messages.ERROR, _("Billing is not set up.")
    if synced.result is SyncResult.NO_ACCOUNT:
        return messages.WARNING, _("The account of this customer is gone; nothing was applied.")
    return messages.SUCCESS, _("Read from Stripe: %(plan)s.") % {"plan": synced.state.plan}
