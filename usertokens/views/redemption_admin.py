"""Who has redeemed which voucher, in the admin; and how tokens are taken back, of one user or of whole vouchers."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kv.desk.parts import admin_link
from kv.errors import StoreUnavailable
from kv.process.lazy import LazyModule
from kv.rest.permissions import may
from kv.web.formats import format_number
from kv.web.large_lists import LargeListAdmin
from kv.work.duties import wake_duty
from usertokens.models import Redemption, TokenLedger
from usertokens.permissions import MANAGE_TOKENS
from usertokens.types import RedemptionState

if TYPE_CHECKING:
    from usertokens.services import voucher_codes, vouchers
    from usertokens.views import voucher_forms
else:
    # With the first page, as in voucher_admin.
    voucher_codes = LazyModule("usertokens.services.voucher_codes")
    vouchers = LazyModule("usertokens.services.vouchers")
    voucher_forms = LazyModule("usertokens.views.voucher_forms")


class TakesBack(LargeListAdmin):
    """An action that takes tokens back, asked first, with a reason."""

    def has_take_back_permission(self, request: HttpRequest) -> bool:
        """Who may manage tokens."""
        return may(request.user, MANAGE_TOKENS)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """No: a code that was given out is not made again, and who has used it is known."""
        return False

    def redemptions(self, chosen: QuerySet[Any]) -> QuerySet[Redemption]:
        """Those of the chosen rows."""
        raise NotImplementedError

    def note(self, request: HttpRequest, chosen: QuerySet[Any], message: str) -> None:
        """Write it into the admin's log."""
        raise NotImplementedError

    @admin.action(description=gettext_lazy("Take the tokens of the chosen ones back"), permissions=("take_back",))
    def take_back(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Ask for the reason; then mark, and take back at once what can be: the worker does the rest."""
        # By their keys: the list's own filters may fit a row no more once it is stopped or marked.
        chosen = self.get_queryset(request).filter(pk__in=list(queryset.values_list("pk", flat=True)))
        rows = self.redemptions(chosen)
        waiting = rows.filter(state__in=(RedemptionState.OPEN, RedemptionState.GRANTED))
        form = voucher_forms.TakeBackForm(request.POST if "apply" in request.POST else None)
        if not form.is_valid():
            return self._ask(request, queryset, waiting.count(), form)
        reason = form.cleaned_data["reason"]
        self.note(request, chosen, _("Taken back: %(reason)s") % {"reason": reason})
        count = vouchers.take_back(rows, staff=str(request.user.pk), note=reason)
        with suppress(StoreUnavailable):  # the duty does it
            if vouchers.revoke_some(rows):
                wake_duty(vouchers.DUTY)
        text = ngettext(
            "%(count)s redemption is taken back.", "%(count)s redemptions are taken back.", count
        ) % {"count": format_number(count)}  # fmt: skip
        self.message_user(request, text, messages.SUCCESS if count else messages.WARNING)
        return None

    def _ask(self, request: HttpRequest, chosen: QuerySet[Any], count: int, form: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Are you sure?"),
            "opts": self.opts,
            "form": form,
            "sentence": ngettext(
                "Take back %(count)s redemption?", "Take back %(count)s redemptions?", count
            ) % {"count": format_number(count)},
            "are_vouchers": self.model is not Redemption,
            "chosen": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "select_across": request.POST.get("select_across", "0"),
        }  # fmt: skip
        return TemplateResponse(request, "usertokens/admin/take_back.html", context)


@admin.register(Redemption)
class RedemptionAdmin(TakesBack):
    """Who has redeemed which voucher. Permissions: view_redemption, and manage_tokens to take back."""

    list_display = ("redeemed_at", "voucher", "whose", "tokens", "expires_at", "state", "note")
    list_display_links = None
    list_select_related = ("voucher",)
    list_filter = ("state",)
    search_fields = ("user_id",)
    search_help_text = gettext_lazy("A user’s ID, or a code")
    date_hierarchy = "redeemed_at"
    ordering = ("-redeemed_at", "-id")
    actions = ("take_back",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """No: users redeem."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """No: rows say what was done."""
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Also those of one voucher, to which its list links."""
        return lookup == "voucher__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description=gettext_lazy("user"), ordering="user_id")
    def whose(self, row: Redemption) -> str:
        """The user, with a link to the page about them."""
        page = admin_link("usertokens_user", row.user_id)
        return format_html('<a href="{}">{}</a>', page, row.user_id) if page else row.user_id

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By the user's id, or by the whole code."""
        term = search_term.strip()
        return (
            (queryset.filter(Q(user_id=term) | Q(voucher__key=voucher_codes.code_key(term))), False)
            if term
            else (queryset, False)
        )

    def redemptions(self, chosen: QuerySet[Any]) -> QuerySet[Redemption]:
        """The chosen ones themselves."""
        return chosen

    def note(self, request: HttpRequest, chosen: QuerySet[Any], message: str) -> None:
        """On the page of each user, beside what else was done by hand."""
        rows = chosen.filter(state__in=(RedemptionState.OPEN, RedemptionState.GRANTED)).select_related("voucher")
        ledgers = [TokenLedger(user_id=row.user_id, name=f"{row.user_id}: {row.voucher.code}") for row in rows]
        LogEntry.objects.log_actions(str(request.user.pk), ledgers, CHANGE, message)
