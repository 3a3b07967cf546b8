"""The ways back in without the password: a link in a mail, or a recovery code. Never cached."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth import views as auth_views
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView, TemplateView

from config.account_codes import count_account_codes, drop_account_codes, renew_account_codes, use_account_code
from config.accounts.email_forms import NewPasswordForm, RecoverForm, ResetForm
from config.accounts.factor_forms import PasswordForm
from config.accounts.proved import PasswordFormView
from config.letters import site_link, site_name
from config.lockout import LOGIN_LIMIT, RESET_LIMIT, count_try
from config.mail_queue import CODES, queue_mail
from config.password_reset import set_new_password
from kv.mail import is_mail_set_up

if TYPE_CHECKING:
    # Generic to the type checker alone: Django's own classes take no brackets at run time.
    _FormView = FormView[Any]
else:
    _FormView = FormView


@method_decorator(never_cache, name="dispatch")
class ResetView(auth_views.PasswordResetView):
    """POST {email}: mail a link to whose address it is. The answer is the same for every address."""

    form_class = ResetForm
    template_name = "accounts/password_reset.html"
    success_url = reverse_lazy("accounts:password_reset_sent")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Without mail, recovery codes are the way."""
        if not is_mail_set_up():
            return HttpResponseRedirect(resolve_url("accounts:recover"))
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A limit for the caller; the form has one for the address."""
        count_try(RESET_LIMIT, request)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: ResetForm) -> HttpResponse:  # type: ignore[override] # the form of this view
        """Queue the mail."""
        form.save(language=get_language() or "en")
        return HttpResponseRedirect(str(self.success_url))


@method_decorator(never_cache, name="dispatch")
class ResetSentView(TemplateView):
    """Says that a mail is on its way, if the address is known."""

    template_name = "accounts/password_reset_sent.html"


class ResetConfirmView(auth_views.PasswordResetConfirmView):
    """The page of the link; Django's, which moves the link's secret out of the address first. GET uses nothing up."""

    form_class = NewPasswordForm
    template_name = "accounts/password_reset_confirm.html"
    user: Any

    def dispatch(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The link's secret goes to no other site. Django's view answers any method for a link that is not valid."""
        if self.request.method not in ("GET", "HEAD", "POST", "OPTIONS"):
            return self.http_method_not_allowed(self.request)
        response = super().dispatch(*args, **kwargs)
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The rate limit of what hashes passwords."""
        count_try(LOGIN_LIMIT, request)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: NewPasswordForm) -> HttpResponse:  # type: ignore[override] # the form of this view
        """Set the password; a link that another tab has used meanwhile says so."""
        token = self.request.session.get(auth_views.INTERNAL_RESET_SESSION_TOKEN, "")
        is_set = _set_password(self.request, self.user, form, partial(self._is_valid, token))
        self.request.session.pop(auth_views.INTERNAL_RESET_SESSION_TOKEN, None)
        if not is_set:
            self.validlink = False
            return self.render_to_response(self.get_context_data(form=None))
        return HttpResponseRedirect(resolve_url("accounts:password_reset_done"))

    def _is_valid(self, token: str, user: Any) -> bool:
        if not self.token_generator.check_token(user, token):
            return False
        # Somebody else may have made them, with the password of before.
        drop_account_codes(user)
        return True


@method_decorator(never_cache, name="dispatch")
class ResetDoneView(TemplateView):
    """Confirms that the new password is set."""

    template_name = "accounts/password_reset_done.html"


@method_decorator((never_cache, sensitive_post_parameters()), name="dispatch")
class RecoverView(_FormView):
    """POST {code, new_password1, new_password2}: set the password by a recovery code, which is then used up."""

    form_class = RecoverForm
    template_name = "accounts/recover.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The rate limit of passwords."""
        count_try(LOGIN_LIMIT, request)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: RecoverForm) -> HttpResponse:
        """Set the password."""
        is_valid = partial(_use_code, form.cleaned_data["code"])
        if not _set_password(self.request, form.user, form, is_valid):
            form.add_error("code", _("This code is wrong, or was used before. Enter another one."))
            return self.form_invalid(form)
        return HttpResponseRedirect(resolve_url("accounts:password_reset_done"))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add whether a mail is another way."""
        return super().get_context_data(**kwargs) | {"is_mail_set_up": is_mail_set_up()}


class RecoveryCodesView(PasswordFormView):
    """POST {password}: show new recovery codes, once, to be printed."""

    template_name = "accounts/account_codes.html"

    def form_valid(self, form: PasswordForm) -> HttpResponse:
        """Make them, show them, and tell the user by mail."""
        with transaction.atomic():
            codes = renew_account_codes(self.request.user)
            queue_mail(CODES, self.request.user, language=get_language() or "en")
        context = {
            "codes": codes,
            "site": site_name(),
            "made_at": timezone.now(),
            "page": site_link("accounts:recover"),
        }
        return render(self.request, "accounts/account_codes_new.html", context)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add how many are left."""
        return super().get_context_data(**kwargs) | {"left": count_account_codes(self.request.user)}


def _set_password(request: HttpRequest, user: Any, form: NewPasswordForm, is_valid: Any) -> bool:
    """Set it; False when the right to it was used meanwhile. A session of the same user here ends too."""
    password = form.cleaned_data["new_password1"]
    if not set_new_password(user, password, is_valid=is_valid, language=get_language() or "en"):
        return False
    # Its row is deleted, so saving it would fail. `request.user` is nobody while the second factor is missing.
    if request.session.get(SESSION_KEY) == str(user.pk):
        logout(request)
    messages.success(request, _("The password of %(name)s is set. Log in with it.") % {"name": user.get_username()})
    return True


def _use_code(code: str, user: Any) -> bool:
    return use_account_code(user, code)
