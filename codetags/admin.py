"""The app in Django's admin: the registry of codes, and the page with their counts."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from codetags.forms import PlacementForm
from codetags.models import CodeCount, CodeTag, Placement
from codetags.views.campaign_admin import CampaignFilter
from kv.errors import StoreUnavailable
from kv.process.lazy import LazyModule
from kv.rest.permissions import may
from kv.web.large_lists import LargeListAdmin
from kv.web.tables import FORM_BYTES, MOST_BYTES

if TYPE_CHECKING:
    from codetags.views import admin as pages
    from codetags.views import breakdowns, campaigns, code_making, comparison, downloads, lists, prints
    from codetags.views.code_files import files_admin
else:
    pages = LazyModule("codetags.views.admin")
    breakdowns = LazyModule("codetags.views.breakdowns")
    campaigns = LazyModule("codetags.views.campaigns")
    code_making = LazyModule("codetags.views.code_making")
    comparison = LazyModule("codetags.views.comparison")
    downloads = LazyModule("codetags.views.downloads")
    lists = LazyModule("codetags.views.lists")
    prints = LazyModule("codetags.views.prints")

    def files_admin(*args: Any) -> Any:
        """Import what reads and writes files with the first of them."""
        from codetags.views.code_files import files_admin as made

        return made(*args)


View = Callable[..., HttpResponseBase]
_ask_or_send = require_http_methods(["GET", "HEAD", "POST"])


def with_store(view: View) -> View:
    """The view, with a 503 in words where it can't do without the store."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except StoreUnavailable:
            text = _("The store of counts can't be reached. Nothing is lost; try again in a moment.")
            return HttpResponse(
                text, status=503, headers={"Retry-After": "1"}, content_type="text/plain; charset=utf-8"
            )

    return answered


# The addresses are built before anything is served: what they lead to is imported with the first request for it.
def _export(request: HttpRequest) -> HttpResponseBase:
    return downloads.export_csv(request)


def _images(request: HttpRequest) -> HttpResponseBase:
    return downloads.code_images_zip(request)


def _campaign_images(request: HttpRequest, pk: int) -> HttpResponseBase:
    return downloads.campaign_images_zip(request, pk)


def _image(request: HttpRequest, code: str, kind: str) -> HttpResponseBase:
    return prints.one_image(request, code, kind)


def _breakdown(request: HttpRequest, code: str) -> HttpResponseBase:
    return breakdowns.export_breakdown(request, code)


class PlacementInline(admin.StackedInline):  # type: ignore[type-arg] # generic for the type checker alone
    """The places where a code hangs. Whoever may change the code may change them.

    Stacked: Django's table of inline rows begins with a head that is empty to a screen reader.
    """

    model = Placement
    form = PlacementForm
    extra = 0
    fieldsets = ((None, {"fields": (("name", "label"),)}),)

    def has_view_permission(self, request: HttpRequest, obj: CodeTag | None = None) -> bool:
        """Whoever sees the code."""
        return may(request.user, "codetags.view_codetag") or self._may_change(request)

    def has_add_permission(self, request: HttpRequest, obj: CodeTag | None = None) -> bool:
        """Whoever adds or changes the code."""
        return self._may_change(request)

    def has_change_permission(self, request: HttpRequest, obj: CodeTag | None = None) -> bool:
        """The same."""
        return self._may_change(request)

    def has_delete_permission(self, request: HttpRequest, obj: CodeTag | None = None) -> bool:
        """The same: what was counted stays."""
        return self._may_change(request)

    def _may_change(self, request: HttpRequest) -> bool:
        return may(request.user, "codetags.change_codetag") or may(request.user, "codetags.add_codetag")


@admin.register(CodeTag)
class CodeTagAdmin(LargeListAdmin):
    """The registry: the planned codes, and when each is counted."""

    change_list_template = "codetags/admin/registry.html"
    list_display = ("code", "label", "campaign", "counts_for", "start", "end", "archived", "created_by")
    list_select_related = ("campaign", "counts_for", "created_by")
    autocomplete_fields = ("campaign", "counts_for")
    list_filter = ("archived", CampaignFilter)
    search_fields = ("code", "label", "note")
    readonly_fields = ("created_by", "created_at", "updated_at")
    date_hierarchy = "created_at"

    class Media:
        """What a phone needs."""

        css = {"all": ("codetags/admin.css",)}

    def get_readonly_fields(self, request: HttpRequest, obj: CodeTag | None = None) -> tuple[str, ...]:
        """An existing code can't be changed: it is printed on posters."""
        fixed = tuple(map(str, super().get_readonly_fields(request, obj)))
        return ("code", *fixed) if obj else fixed

    def get_inlines(self, request: HttpRequest, obj: CodeTag | None) -> list[type[PlacementInline]]:  # type: ignore[override] # narrower than Django's
        """The placements of a code that exists."""
        return [PlacementInline] if obj else []

    def get_urls(self) -> list[URLPattern]:
        """Also the pages for many codes: import, export, and new ones by a pattern."""
        stem = f"{self.opts.app_label}_{self.opts.model_name}"
        make = self._page(require_http_methods(["GET", "HEAD", "POST"])(self._make))
        return [
            path("import/", self._file_view("import_action", max_form=MOST_BYTES + FORM_BYTES), name=f"{stem}_import"),
            path("process_import/", self._file_view("process_import"), name=f"{stem}_process_import"),
            path("export/", self._file_view("export_action"), name=f"{stem}_export"),
            path("make/", make, name=f"{stem}_make"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, with links to those pages."""
        can_import = self.has_add_permission(request) and self.has_change_permission(request)
        return super().changelist_view(request, {"can_import": can_import, **(extra_context or {})})

    def _file_view(self, name: str, *, max_form: int | None = None) -> View:
        def view(request: HttpRequest) -> HttpResponseBase:
            response: HttpResponseBase = getattr(files_admin(self, request), name)(request)
            return response

        if max_form is not None:
            view.max_form = max_form  # type: ignore[attr-defined] # for middleware that bounds forms
        return self._page(view)

    def _make(self, request: HttpRequest) -> HttpResponseBase:
        if not self.has_add_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "can_view_counts": may(request.user, "codetags.view_counts"),
        }
        return code_making.make_page(request, context)

    def _page(self, view: View) -> View:
        return self.admin_site.admin_view(with_store(view))

    def save_model(self, request: HttpRequest, obj: CodeTag, form: Any, change: bool) -> None:  # noqa: FBT001 (Django's)
        """Save, and record who added the code."""
        if not change:
            obj.created_by = request.user  # type: ignore[assignment] # the admin has checked the log-in
        super().save_model(request, obj, form, change)


@admin.register(CodeCount)
class CodeCountAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # generic for the type checker alone
    """A page of counts from the store instead of a list of rows. Permission: `codetags.view_counts`."""

    def has_view_permission(self, request: HttpRequest, obj: CodeCount | None = None) -> bool:
        """By its own permission, which service accounts may also have."""
        return may(request.user, "codetags.view_counts")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """No: there are no rows."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: CodeCount | None = None) -> bool:
        """No: there are no rows."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: CodeCount | None = None) -> bool:
        """No: there are no rows."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """The list, its files, and the page of one code."""
        return [
            path("", self._page(require_safe(self._counts)), name=f"{self.opts.app_label}_codecount_changelist"),
            path("export.csv", self._page(require_safe(_export)), name="codetags_export"),
            path("qr.zip", self._page(require_POST(_images)), name="codetags_qr_zip"),
            path("qr/", self._page(_ask_or_send(self._print)), name="codetags_print"),
            path("compare/", self._page(_ask_or_send(self._compare)), name="codetags_compare"),
            path("campaigns/<int:pk>/", self._page(require_safe(self._campaign)), name="codetags_campaign"),
            path(
                "campaigns/<int:pk>/qr.zip",
                self._page(require_POST(_campaign_images)),
                name="codetags_campaign_zip",
            ),
            path("<str:code>/", self._page(require_safe(self._code)), name="codetags_code"),
            path("<str:code>/breakdown.csv", self._page(require_safe(_breakdown)), name="codetags_breakdown"),
            *(
                path(
                    f"<str:code>/qr.{kind}",
                    self._page(require_safe(_image)),
                    {"kind": kind},
                    name=f"codetags_qr_{kind}",
                )
                for kind in ("svg", "png", "pdf")
            ),
        ]

    def _page(self, view: View) -> View:
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not self.has_view_permission(request):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return self.admin_site.admin_view(with_store(guarded))

    def _counts(self, request: HttpRequest) -> HttpResponseBase:
        return lists.counts_page(request, self._context(request))

    def _compare(self, request: HttpRequest) -> HttpResponseBase:
        return comparison.comparison_page(request, self._context(request))

    def _campaign(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        return campaigns.campaign_page(request, pk, self._context(request))

    def _code(self, request: HttpRequest, code: str) -> HttpResponseBase:
        return pages.code_page(request, code, self._context(request))

    def _print(self, request: HttpRequest) -> HttpResponseBase:
        return prints.print_page(request, self._context(request))

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "title": self.opts.verbose_name_plural,
            "opts": self.opts,
            "can_add": may(request.user, "codetags.add_codetag"),
            "can_change": may(request.user, "codetags.change_codetag"),
            "can_change_campaign": may(request.user, "codetags.change_campaign"),
        }
