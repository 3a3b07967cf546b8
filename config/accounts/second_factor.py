"""Pages of the second factor: the code at the log-in, the set-up, turning it off. Never cached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import segno
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from config import second_factor, staff_sessions
from config.accounts.answers import AnswersScripts
from config.accounts.factor_forms import CodeForm, FirstCodeForm, PasswordAndCodeForm, PasswordForm
from config.lockout import LOGIN_LIMIT, count_try
from config.open_sessions import end_other_sessions
from config.recovery_codes import count_recovery_codes, renew_recovery_codes
from kv.web.qr_codes import inline_svg

if TYPE_CHECKING:
    # Generic to the type checker alone: Django's own classes take no brackets at run time.
    _CodeView = FormView[CodeForm]
    _SettingsView = FormView[Any]
else:
    _CodeView = _SettingsView = FormView


@method_decorator((never_cache, sensitive_post_parameters()), name="dispatch")
class CodeView(AnswersScripts, _CodeView):
    """POST {code}: log in the user whose password was right, and redirect to the page that they asked for."""

    form_class = CodeForm
    template_name = "accounts/second_factor.html"
    waiting: Any = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Redirect to the log-in when no user's code is pending."""
        self.waiting = staff_sessions.pending_user(request)
        if self.waiting is None or second_factor.factor_id(self.waiting) is None:
            if staff_sessions.forget_pending(request):
                messages.warning(request, _("That took too long. Log in again."))
            return HttpResponseRedirect(resolve_url("accounts:login"))
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Codes have the same rate limit as passwords."""
        count_try(LOGIN_LIMIT, request)
        return super().post(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        """Add the check of the code."""
        return super().get_form_kwargs() | {"check": lambda code: second_factor.check_code(self.waiting, code)}

    def form_valid(self, form: CodeForm) -> HttpResponse:
        """Log in."""
        return HttpResponseRedirect(staff_sessions.log_in(self.request, self.waiting, form.result))


@method_decorator((never_cache, sensitive_post_parameters()), name="dispatch")
class SettingsView(LoginRequiredMixin, _SettingsView):
    """For staff. Off: POST {password}, then {code}: turns it on, and shows the recovery codes once.

    On: POST {password, code, action}: the action `off` turns it off, any other makes new recovery codes.
    """

    template_name = "accounts/second_factor_settings.html"
    is_on = False
    device: Any = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Find out the state of the user's second factor. Users who are not staff are redirected."""
        if request.user.is_authenticated:
            if not second_factor.is_staff(request.user):
                return HttpResponseRedirect(resolve_url("accounts:overview"))
            self.is_on = second_factor.factor_id(request.user) is not None
            device_id = None if self.is_on else staff_sessions.setup_device(request)
            self.device = None if device_id is None else second_factor.unconfirmed_device(request.user, device_id)
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The rate limit of the log-in: an open session of another user must not allow more guesses."""
        count_try(LOGIN_LIMIT, request)
        return super().post(request, *args, **kwargs)

    def get_form(self, form_class: Any = None) -> Any:
        """The form of the next step."""
        user, options = self.request.user, self.get_form_kwargs()
        if self.is_on:
            return PasswordAndCodeForm(user=user, check=lambda code: second_factor.check_code(user, code), **options)
        if self.device is not None:
            device = self.device
            return FirstCodeForm(check=lambda code: second_factor.confirm_device(user, device.pk, code), **options)
        return PasswordForm(user=user, **options)

    def form_valid(self, form: Any) -> HttpResponse:
        """Do the step."""
        user = self.request.user
        if self.is_on:
            if self.request.POST.get("action") != "off":
                return self._show_codes(renew_recovery_codes(user))
            second_factor.turn_off(user)
            messages.success(self.request, _("Two-factor authentication is off."))
            return HttpResponseRedirect(resolve_url("accounts:overview"))
        if self.device is None:
            staff_sessions.begin_setup(self.request, second_factor.create_device(user))
            return HttpResponseRedirect(self.request.get_full_path())
        staff_sessions.mark_verified(self.request, self.device.pk)
        end_other_sessions(user, self.request.session.session_key)
        return self._show_codes(form.result)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the state, and the key until its first code is confirmed."""
        context = super().get_context_data(**kwargs) | {
            "is_on": self.is_on,
            "is_required": second_factor.is_required(),
            "left": count_recovery_codes(self.request.user),
        }
        if self.device is not None:
            context["svg"] = inline_svg(segno.make_qr(self.device.config_url, error="m"))
            context["secret"] = second_factor.secret_of(self.device)
        return context

    def _show_codes(self, codes: list[str]) -> HttpResponse:
        target = staff_sessions.safe_target(self.request, self.request.GET.get("next", ""))
        return render(self.request, "accounts/recovery_codes.html", {"codes": codes, "target": target})
