"""Vouchers in Django's admin: created in bulk, listed, downloaded, stopped, taken back."""

from __future__ import annotations

from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy
from django.views.decorators.http import require_safe

from kv.days import local_day
from kv.desk.parts import admin_link
from kv.process.lazy import LazyModule
from kv.times import utc_now
from kv.web.formats import format_number
from kv.web.large_lists import StoredValuesFilter
from kv.web.spreadsheets import csv_download
from usertokens.errors import BadPattern
from usertokens.models import Redemption, Voucher
from usertokens.services.voucher_codes import code_key
from usertokens.types import VoucherState
from usertokens.views.redemption_admin import TakesBack

if TYPE_CHECKING:
    from usertokens.services import voucher_lists, voucher_making
    from usertokens.views import voucher_forms
else:
    # With the first page: whoever only registers the admin, such as a command, needs none of it.
    voucher_lists = LazyModule("usertokens.services.voucher_lists")
    voucher_making = LazyModule("usertokens.services.voucher_making")
    voucher_forms = LazyModule("usertokens.views.voucher_forms")

_STATES = {
    VoucherState.OPEN: pgettext_lazy("state of a voucher", "can be redeemed"),
    VoucherState.NOT_YET: pgettext_lazy("state of a voucher", "not yet valid"),
    VoucherState.OVER: pgettext_lazy("state of a voucher", "ended"),
    VoucherState.USED_UP: pgettext_lazy("state of a voucher", "used up"),
    VoucherState.STOPPED: pgettext_lazy("state of a voucher", "stopped"),
}
#: Once codes are given out these stay as they are.
_FIXED = ("code", "tokens", "grant_days", "priority")


class StateFilter(admin.SimpleListFilter):
    """Whether they can be redeemed now."""

    title = gettext_lazy("State")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The choices."""
        return [(state.value, name) for state, name in _STATES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the choice."""
        chosen = self.value()
        return (
            queryset.filter(voucher_lists.with_state(VoucherState(chosen), utc_now()))
            if chosen in set(VoucherState)
            else queryset
        )


@admin.register(Voucher)
class VoucherAdmin(TakesBack):
    """The list of vouchers. Permissions: add_voucher, change_voucher, view_voucher; manage_tokens to take back."""

    change_list_template = "usertokens/admin/vouchers.html"
    list_display = ("code", "label", "tokens", "used", "first_day", "last_day", "state", "made_on")
    list_filter = (StateFilter, ("label", StoredValuesFilter))
    search_fields = ("key",)
    search_help_text = gettext_lazy("A code or its beginning, or a part of the name")
    ordering = ("-created_at", "-id")
    actions = ("stop", "start", "take_back")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 (Django's)
        """To make some, or to change one."""
        return super().get_form(
            request, obj, change, form=voucher_forms.VoucherForm if change else voucher_forms.MakeVouchersForm, **kwargs
        )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The pattern and the number for new ones; for one that is there, also what became of it."""
        terms = list(voucher_forms.VoucherForm.Meta.fields)
        return ["code", "link", "state", "used", *terms, "created_at"] if obj else ["count", "pattern", *terms]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """What was promised to who has the code."""
        return (*_FIXED, "link", "state", "used", "created_at") if obj else ()

    def save_model(self, request: HttpRequest, obj: Voucher, form: Any, change: bool) -> None:  # noqa: FBT001 (Django's)
        """Make them; or write what was changed, and nothing of what redemptions write meanwhile."""
        values = form.cleaned_data
        if not change:
            terms = {name: values[name] for name in voucher_forms.VoucherForm.Meta.fields if name != "tokens"}
            codes = voucher_making.make_vouchers(values["count"], values["tokens"], pattern=values["pattern"], **terms)
            obj.pk = Voucher.objects.values_list("pk", flat=True).get(key=code_key(codes[0]))
            obj.code = codes[0]
            return
        changed = {name: values[name] for name in form.changed_data}
        rows = Voucher.objects.filter(pk=obj.pk)
        if "max_uses" in changed:
            rows = rows.filter(uses__lte=changed["max_uses"])
        if changed and not rows.update(**changed):
            self.message_user(request, _("It was redeemed meanwhile: nothing was changed."), messages.ERROR)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """The form to make some; once more when another process was quicker with the same code."""
        context = {"title": _("Create vouchers"), "show_save_and_continue": False, "show_save_and_add_another": False}
        try:
            response: HttpResponse = super().add_view(request, form_url, {**context, **(extra_context or {})})
        except BadPattern as error:
            self.message_user(request, str(voucher_forms.WRONG_PATTERNS[error.reason]), messages.ERROR)
            return HttpResponseRedirect(request.path)
        return response

    def response_add(self, request: HttpRequest, obj: Voucher, post_url_continue: str | None = None) -> HttpResponse:
        """To the list of those with this name, where they can be downloaded."""
        # As the form has read it: "5.0" is five too.
        count: int = voucher_forms.MakeVouchersForm.base_fields["count"].clean(request.POST.get("count"))
        text = ngettext("%(count)s voucher was created.", "%(count)s vouchers were created.", count)
        self.message_user(request, text % {"count": format_number(count)}, messages.SUCCESS)
        page = reverse(f"admin:{self.opts.app_label}_voucher_changelist", current_app=self.admin_site.name)
        return HttpResponseRedirect(f"{page}?{urlencode({'label': obj.label})}")

    @admin.display(description=pgettext_lazy("voucher", "Used"), ordering="uses")
    def used(self, row: Voucher) -> str:
        """How often, of how often at most; with a link to who did."""
        shown = f"{format_number(row.uses)} / {format_number(row.max_uses)}"
        page = admin_link("usertokens.redemption_changelist", query=f"voucher__id__exact={row.pk}")
        return format_html('<a href="{}">{}</a>', page, shown) if row.uses and page else shown

    @admin.display(description=gettext_lazy("Valid from"), ordering="valid_from")
    def first_day(self, row: Voucher) -> str:
        """When it begins, short."""
        return _short(row.valid_from)

    @admin.display(description=gettext_lazy("Valid until"), ordering="valid_until")
    def last_day(self, row: Voucher) -> str:
        """When it ends, short."""
        return _short(row.valid_until)

    @admin.display(description=pgettext_lazy("voucher", "Made"), ordering="created_at")
    def made_on(self, row: Voucher) -> str:
        """When it was created, short."""
        return _short(row.created_at)

    @admin.display(description=gettext_lazy("State"))
    def state(self, row: Voucher) -> str:
        """Whether it can be redeemed now."""
        return str(_STATES[voucher_lists.state_of(row, utc_now())])

    @admin.display(description=gettext_lazy("Link"))
    def link(self, row: Voucher) -> str:
        """The address to give out."""
        base = voucher_lists.link_base()
        return base + row.code if base else "–"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By the code as it is compared, or by the name."""
        term = search_term.strip()
        if not term:
            return queryset, False
        key = code_key(term)
        found = Q(label__icontains=term)
        return queryset.filter(found | Q(key__startswith=key) if key else found), False

    def redemptions(self, chosen: QuerySet[Any]) -> QuerySet[Redemption]:
        """All uses of the chosen vouchers, which are stopped too: nobody redeems them while they are taken back."""
        return Redemption.objects.filter(voucher__in=chosen.order_by().values("pk"))

    def note(self, request: HttpRequest, chosen: QuerySet[Any], message: str) -> None:
        """On each voucher. They are stopped first."""
        chosen.filter(stopped_at=None).update(stopped_at=utc_now())
        self._log(request, chosen, message)

    @admin.action(description=gettext_lazy("Stop the chosen vouchers"), permissions=("change",))
    def stop(self, request: HttpRequest, queryset: QuerySet[Voucher]) -> None:
        """Nobody can redeem them any more; what was granted stays."""
        self._switch(request, queryset.filter(stopped_at=None), stops=True)

    @admin.action(description=gettext_lazy("Let the chosen vouchers be redeemed again"), permissions=("change",))
    def start(self, request: HttpRequest, queryset: QuerySet[Voucher]) -> None:
        """Take the stop back."""
        self._switch(request, queryset.exclude(stopped_at=None), stops=False)

    def _switch(self, request: HttpRequest, chosen: QuerySet[Voucher], *, stops: bool) -> None:
        keys = list(chosen.values_list("pk", flat=True))
        rows = Voucher.objects.filter(pk__in=keys)
        rows.update(stopped_at=utc_now() if stops else None)
        self._log(request, rows, _("Stopped.") if stops else _("Can be redeemed again."))
        if stops:
            text = ngettext("%(count)s voucher was stopped.", "%(count)s vouchers were stopped.", len(keys))
        else:
            text = ngettext(
                "%(count)s voucher can be redeemed again.", "%(count)s vouchers can be redeemed again.", len(keys)
            )
        self.message_user(request, text % {"count": format_number(len(keys))}, messages.SUCCESS)

    def _log(self, request: HttpRequest, rows: QuerySet[Voucher], message: str) -> None:
        LogEntry.objects.log_actions(str(request.user.pk), rows, CHANGE, message)

    def get_urls(self) -> list[URLPattern]:
        """Also the file."""
        view = self.admin_site.admin_view(require_safe(self.download_view))
        return [path("vouchers.csv", view, name="usertokens_vouchers_csv"), *super().get_urls()]

    def download_view(self, request: HttpRequest) -> StreamingHttpResponse | HttpResponseRedirect:
        """The vouchers of the list, with its filters, as CSV."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            found = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(request.path)
        names = {state: str(name) for state, name in _STATES.items()}
        rows = voucher_lists.voucher_rows(found.iterator(chunk_size=1000), utc_now(), states=names)
        name = pgettext("name of a file", "vouchers")
        return csv_download(f"{name}-{local_day().isoformat()}.csv", chain((_head(),), rows))


def _short(moment: datetime | None) -> str:
    return date_format(localtime(moment), "SHORT_DATETIME_FORMAT") if moment else "–"


def _head() -> tuple[str, ...]:
    return (
        _("Code"), pgettext("voucher", "Name"), _("Tokens"), pgettext("voucher", "Uses"), pgettext("voucher", "Used"),
        _("Valid from"), _("Valid until"), _("New users only, days"), _("Tokens expire after, days"), _("Priority"),
        _("State"), pgettext("voucher", "Made"), _("Link"),
    )  # fmt: skip
