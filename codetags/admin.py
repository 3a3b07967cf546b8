"""The app in Django's admin: the registry of codes, and the page with their counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from codetags.models import CodeCount, CodeTag
from codetags.views import admin as pages
from codetags.views import downloads
from kv.errors import StoreUnavailable
from kv.rest.permissions import may
from kv.web.large_lists import LargeListAdmin

View = Callable[..., HttpResponseBase]


@admin.register(CodeTag)
class CodeTagAdmin(LargeListAdmin):
    """The registry: the planned codes, and when each is counted."""

    list_display = ("code", "label", "counts_for", "start", "end", "archived", "created_by")
    list_select_related = ("counts_for", "created_by")
    autocomplete_fields = ("counts_for",)
    list_filter = ("archived",)
    search_fields = ("code", "label", "note")
    readonly_fields = ("created_by", "created_at", "updated_at")
    date_hierarchy = "created_at"

    def get_readonly_fields(self, request: HttpRequest, obj: CodeTag | None = None) -> tuple[str, ...]:
        """An existing code can't be changed: it is printed on posters."""
        fixed = tuple(map(str, super().get_readonly_fields(request, obj)))
        return ("code", *fixed) if obj else fixed

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
            path("export.csv", self._page(require_safe(downloads.export_csv)), name="codetags_export"),
            path("qr.zip", self._page(require_POST(downloads.code_images_zip)), name="codetags_qr_zip"),
            path("<str:code>/", self._page(require_safe(self._code)), name="codetags_code"),
            *(
                path(
                    f"<str:code>/qr.{kind}",
                    self._page(require_safe(downloads.code_image)),
                    {"kind": kind},
                    name=f"codetags_qr_{kind}",
                )
                for kind in ("svg", "png")
            ),
        ]

    def _page(self, view: View) -> View:
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not self.has_view_permission(request):
                raise PermissionDenied
            try:
                return view(request, *args, **kwargs)
            except StoreUnavailable:
                text = _("The store of counts can't be reached. Nothing is lost; try again in a moment.")
                return HttpResponse(
                    text, status=503, headers={"Retry-After": "1"}, content_type="text/plain; charset=utf-8"
                )

        return self.admin_site.admin_view(guarded)

    def _counts(self, request: HttpRequest) -> HttpResponseBase:
        return pages.counts_page(request, self._context(request))

    def _code(self, request: HttpRequest, code: str) -> HttpResponseBase:
        return pages.code_page(request, code, self._context(request))

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "title": self.opts.verbose_name_plural,
            "opts": self.opts,
            "can_add": may(request.user, "codetags.add_codetag"),
            "can_change": may(request.user, "codetags.change_codetag"),
        }
