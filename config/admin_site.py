"""Django's admin, whose log-in asks staff for their second factor like the site's own log-in."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from config.accounts.forms import AdminLogInForm
from config.second_factor import CodeRequired
from config.staff_sessions import ask_for_code, redirect_to_next_step, safe_target


class StaffSite(AdminSite):
    """The site's only admin."""

    login_form = AdminLogInForm

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Django's page, then the code. A session that lacks only the code is redirected to it."""
        wanted = request.POST.get(REDIRECT_FIELD_NAME, request.GET.get(REDIRECT_FIELD_NAME, ""))
        target = safe_target(request, wanted) or reverse("admin:index", current_app=self.name)
        if (elsewhere := redirect_to_next_step(request, target)) is not None:
            return elsewhere
        try:
            return super().login(request, extra_context)
        except CodeRequired as found:
            return ask_for_code(request, found.user, target)
