"""The app in Django's admin: customers, and the inbox with its replay. Read-only except for two buttons."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.errors import BillingOff, CustomerBusy, StripeRefused, StripeUnavailable, Unresolved
from billing.models import GuestCheckout, StripeCustomer, StripeEvent
from billing.services import inbox
from billing.services.sync import sync_customer
from billing.types import SyncResult
from kv.errors import StoreUnavailable
from kv.labels import admin_page
from kv.rest.permissions import may
from kv.web.large_lists import LargeListAdmin, StoredValuesFilter

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


@admin.register(GuestCheckout)
class GuestCheckoutAdmin(_ReadOnly):
    """Which user a checkout without a customer belongs to."""

    list_display = ("session_id", "user", "livemode", "created_at")
    list_select_related = ("user",)
    search_fields = ("session_id", f"user__{_USERNAME}")


@admin.register(StripeEvent)
class StripeEventAdmin(_ReadOnly, LargeListAdmin):
    """The inbox."""

    list_display = ("event_id", "type", "state", "customer_id", "attempts", "received_at", "done_at", "error")
    list_filter = ("state", "livemode", ("type", StoredValuesFilter))
    search_fields = ("event_id", "customer_id", "object_id")
    date_hierarchy = "received_at"
    ordering = ("-received_at", "-id")
    actions = ("replay",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[StripeEvent], search_term: str
    ) -> tuple[QuerySet[StripeEvent], bool]:
        """The events with this id, which indexes find at once; where there is none, those with the text in an id."""
        whole = Q(event_id=search_term) | Q(customer_id=search_term) | Q(object_id=search_term)
        if search_term and self.model.objects.filter(whole).exists():
            return queryset.filter(whole), False
        found, may_have_duplicates = super().get_search_results(request, queryset, search_term)
        # In the order of the table, which is the quickest to read through; few are then put into the list's.
        few = list(found.order_by().values_list("pk", flat=True)[: _FEW + 1]) if search_term else []
        if search_term and len(few) <= _FEW:
            return queryset.filter(pk__in=few), False
        return found, may_have_duplicates

    @admin.action(description=gettext_lazy("Replay the chosen events"), permissions=("replay",))
    def replay(self, request: HttpRequest, queryset: QuerySet[StripeEvent]) -> None:
        """Put them in the queue again. The worker applies them within a second."""
        count = inbox.replay_events(queryset)
        text = ngettext("%(count)d event is in the queue again.", "%(count)d events are in the queue again.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS if count else messages.WARNING)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Who may put events in the queue again."""
        return may(request.user, "billing.replay_event")


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
