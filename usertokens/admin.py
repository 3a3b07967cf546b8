"""The app's pages in Django's admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy, ngettext
from django.utils.translation import gettext_lazy as _

from kv.desk.parts import find_users
from kv.process.lazy import LazyModule
from kv.rest.permissions import may
from kv.web.large_lists import LargeChangeList, LargeListAdmin, StoredValuesFilter
from usertokens.conf import DEMO_USER
from usertokens.models import OutgoingMail, TokenLedger, Usage
from usertokens.permissions import MANAGE_TOKENS, RETRY_MAIL, VIEW_ANY, may_view_accounts
from usertokens.services import users
from usertokens.services.mails import retry_mails
from usertokens.templatetags.usertokens import tokens
from usertokens.views import voucher_admin  # noqa: F401 (registers its own)
from usertokens.views.user_filters import BalanceFilter, SeenFilter

if TYPE_CHECKING:
    from usertokens.views import admin as pages
    from usertokens.views import explanations, usage_report
else:
    # With the first page: whoever only registers the admin, such as a command, needs none of it.
    pages = LazyModule("usertokens.views.admin")
    explanations = LazyModule("usertokens.views.explanations")
    usage_report = LazyModule("usertokens.views.usage_report")


class UsersList(LargeChangeList):
    """Shows the balances of its page as they are now."""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """The first of Django's, then the key in the same direction: what an index has in this order."""
        first = super().get_ordering(request, queryset)[0]
        return [first, "-pk" if str(first).startswith("-") else "pk"]

    def get_results(self, request: HttpRequest) -> None:
        """The rows of the page, with what the store has of them."""
        super().get_results(request)
        self.is_away = pages.show_live(self.result_list)

    def url_for_result(self, result: Any) -> str:
        """The page of the user."""
        return reverse("admin:usertokens_user", args=[result.pk], current_app=self.model_admin.admin_site.name)


@admin.register(TokenLedger)
class TokenLedgerAdmin(LargeListAdmin):
    """The list of users, and a page for each. Permissions: view_any, or manage_tokens to change."""

    change_list_template = "usertokens/admin/users.html"
    list_display = ("name", "plan_now", "balance_now", "debt_now", "seen_on", "subscribed", "joined_on")
    list_filter = (
        ("plan", StoredValuesFilter),
        "subscription",
        BalanceFilter,
        SeenFilter,
    )
    # What is asked for is in get_search_results; without any there is no search form.
    search_fields = ("name",)
    search_help_text = _("A username, an ID, an e-mail address or a customer of the payment provider")
    ordering = ("-joined", "-pk")
    # Two keys of each are read.
    list_per_page = 50
    list_max_show_all = 0
    actions = None
    empty_value_display = "–"

    @admin.display(description=_("Plan"), ordering="plan")
    def plan_now(self, row: Any) -> str:
        """The plan as it is now."""
        return str(row.live.plan if row.live else row.plan)

    @admin.display(description=_("Balance"), ordering="balance")
    def balance_now(self, row: Any) -> str:
        """The balance as it is now."""
        return tokens(row.live.balance if row.live else row.balance)

    @admin.display(description=_("Debt"), ordering="debt")
    def debt_now(self, row: Any) -> str:
        """The debt as it is now."""
        debt = row.live.debt if row.live else row.debt
        return tokens(debt) if debt else ""

    @admin.display(description=_("Last log-in"), ordering="seen")
    def seen_on(self, row: Any) -> str:
        """The day of the last log-in."""
        return date_format(row.seen, "SHORT_DATE_FORMAT") if row.seen else ""

    @admin.display(description=_("Subscription"), ordering="subscription")
    def subscribed(self, row: Any) -> str:
        """Its state; nothing without one."""
        return str(row.get_subscription_display()) if row.subscription else ""

    @admin.display(description=_("Signed up"), ordering="joined")
    def joined_on(self, row: Any) -> str:
        """The day."""
        return date_format(localtime(row.joined), "SHORT_DATE_FORMAT") if row.joined else ""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """No: nothing is added here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: TokenLedger | None = None) -> bool:
        """No: nothing is deleted here."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: TokenLedger | None = None) -> bool:
        """Whether the user may see or manage any user's tokens."""
        return may(request.user, VIEW_ANY) or may(request.user, MANAGE_TOKENS)

    def has_change_permission(self, request: HttpRequest, obj: TokenLedger | None = None) -> bool:
        """Whether the user may manage tokens."""
        return may(request.user, MANAGE_TOKENS)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the index shows the app."""
        return self.has_view_permission(request)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list that shows live balances."""
        return UsersList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """The user of this id, and those whose name has the text in it, or whom an app knows by it."""
        term = search_term.strip()
        if not term:
            return queryset, False
        by_email = users.find_by_email(term) if may_view_accounts(request.user) else []
        known = [*by_email, *find_users(request.user, term)]
        return queryset.filter(Q(pk__in=[term, *known]) | Q(name__icontains=term)), False

    def get_urls(self) -> list[URLPattern]:
        """The list, and the page of a user."""
        wrap, name = self.admin_site.admin_view, f"{self.opts.app_label}_tokenledger"
        return [
            path("", wrap(self.changelist_view), name=f"{name}_changelist"),
            path("<path:object_id>/change/", wrap(self.change_redirect), name=f"{name}_change"),
            path("<str:user_id>/explain/", wrap(self.explain_view), name="usertokens_explain"),
            path("<str:user_id>/", wrap(self.user_view), name="usertokens_user"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list."""
        context: dict[str, Any] = {
            "title": capfirst(self.opts.verbose_name_plural),
            "subtitle": None,
            "demo": DEMO_USER,
        }
        context["copied_at"] = pages.copied_at()
        response: HttpResponse = super().changelist_view(request, {**context, **(extra_context or {})})
        response.headers["Cache-Control"] = "no-store"
        return response

    def change_redirect(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Where the admin's log links to."""
        user_id = unquote(object_id)
        page = reverse("admin:usertokens_user", args=[user_id], current_app=self.admin_site.name)
        return HttpResponseRedirect(page)

    def user_view(self, request: HttpRequest, user_id: str) -> HttpResponse:
        """One user: account, activity, tokens, what other apps know, and the form of actions."""
        return pages.user_page(request, user_id, self._context(request))

    def explain_view(self, request: HttpRequest, user_id: str) -> HttpResponse:
        """What makes up a user's balance at a moment."""
        return explanations.explain_page(request, user_id, self._context(request))

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        """Of the pages about a user. Raises PermissionDenied."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        title = capfirst(self.opts.verbose_name_plural)
        return {**self.admin_site.each_context(request), "title": title, "opts": self.opts}


@admin.register(Usage)
class UsageAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # generic for the type checker alone
    """A page of figures instead of a list of rows. Permission: `usertokens.view_usage`."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> None:
        """Always None: no row has a page."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """No: rows follow from the journals."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Usage | None = None) -> bool:
        """No: rows follow from the journals."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Usage | None = None) -> bool:
        """No: the sums stay."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The page."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {**self.admin_site.each_context(request), "opts": self.opts}
        context["title"] = capfirst(self.opts.verbose_name)
        return usage_report.usage_page(request, {**context, **(extra_context or {})})


#: Why a mail was not to be sent: see services/mail_sending.py.
_REASONS = {
    "inactive": gettext_lazy("The account is not active."),
    "no_address": gettext_lazy("The account has no e-mail address."),
    "switched_off": gettext_lazy("The user has switched these e-mails off."),
    "stale": gettext_lazy("No longer true when it could be sent."),
    "old": gettext_lazy("Too old when it could be sent."),
    "unknown_kind": gettext_lazy("No installed app has this kind of e-mail."),
}


@admin.register(OutgoingMail)
class OutgoingMailAdmin(LargeListAdmin):
    """The outbox of mails, without what they say: that may be a link that opens a receipt."""

    list_display = ("created_at", "kind", "user_id", "state", "attempts", "due_at", "sent_at", "reason")
    list_filter = ("state", ("kind", StoredValuesFilter))
    search_fields = ("user_id__exact", "key__exact")
    date_hierarchy = "created_at"
    ordering = ("-created_at", "-id")
    fields = ("kind", "key", "user_id", "language", "state", "attempts", "reason", "created_at", "due_at", "sent_at")
    actions = ("retry",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """No: mails come from events."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: OutgoingMail | None = None) -> bool:
        """No: rows say what was sent."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: OutgoingMail | None = None) -> bool:
        """No: the same event would be told again."""
        return False

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Who may have failed mails sent again."""
        return may(request.user, RETRY_MAIL)

    @admin.display(description=gettext_lazy("reason"))
    def reason(self, row: OutgoingMail) -> str:
        """Why it was not sent, or not yet."""
        return str(_REASONS.get(row.note, row.note)) or "–"

    @admin.action(description=gettext_lazy("Send the chosen failed e-mails again"), permissions=("retry",))
    def retry(self, request: HttpRequest, queryset: QuerySet[OutgoingMail]) -> None:
        """Put those that have failed into the queue again. The worker sends them within seconds."""
        count = retry_mails(queryset)
        text = ngettext("%(count)d e-mail is in the queue again.", "%(count)d e-mails are in the queue again.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS if count else messages.WARNING)
