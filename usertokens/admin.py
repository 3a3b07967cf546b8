"""The app's pages in Django's admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.text import capfirst

from kv.rest.permissions import may
from usertokens.models import TokenLedger
from usertokens.permissions import MANAGE_TOKENS, VIEW_ANY
from usertokens.views.admin import user_page, users_page


@admin.register(TokenLedger)
class TokenLedgerAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # generic for the type checker alone
    """A search for users instead of a list, and a page for each. Permissions: view_any, or manage_tokens to change."""

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

    def get_urls(self) -> list[URLPattern]:
        """The search, and the page of a user."""
        return [
            path(
                "",
                self.admin_site.admin_view(self.changelist_view),
                name=f"{self.opts.app_label}_tokenledger_changelist",
            ),
            path("<str:user_id>/", self.admin_site.admin_view(self.user_view), name="usertokens_user"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Find a user."""
        return users_page(request, {**self._context(request), **(extra_context or {})})

    def user_view(self, request: HttpRequest, user_id: str) -> HttpResponse:
        """One user's activity, grants and journal, with the form of corrections."""
        return user_page(request, user_id, self._context(request), may_change=self.has_change_permission(request))

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return {
            **self.admin_site.each_context(request),
            "title": capfirst(self.opts.verbose_name_plural),
            "opts": self.opts,
        }
