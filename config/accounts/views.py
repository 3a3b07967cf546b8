"""The account pages: sign up, log in and out, change the password. Never cached."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import login
from django.contrib.auth import views as auth_views
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import resolve_url
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView, TemplateView

from config.account_codes import count_account_codes
from config.accounts.answers import AnswersScripts
from config.accounts.carried import CONTEXT, carried_form
from config.accounts.forms import ChangePasswordForm, LogInForm, SignUpForm
from config.error_responses import wants_json
from config.lockout import LOGIN_LIMIT, SIGNUP_LIMIT, count_mail, count_try
from config.mail_queue import PASSWORD, queue_mail
from config.open_sessions import end_other_sessions, list_sessions
from config.second_factor import CodeRequired, factor_id, is_staff
from config.staff_sessions import ask_for_code, redirect_to_next_step, safe_target
from config.verification import claim_address, waiting_address
from kv.mail import is_mail_set_up
from kv.web.rate_limits import RateLimited

if TYPE_CHECKING:
    # Generic to the type checker alone: Django's own classes take no brackets at run time.
    _SignUpView = FormView[SignUpForm]
else:
    _SignUpView = FormView


@method_decorator((never_cache, sensitive_post_parameters()), name="dispatch")
class SignUpView(AnswersScripts, _SignUpView):
    """POST {username, password1, password2, email?}: make the account, sign in, go to the dashboard or a safe `next`.

    email: optional; a link is sent to it. It changes nothing else.
    """

    form_class = SignUpForm
    template_name = "accounts/signup.html"
    extra_context = CONTEXT

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Redirect a user who is logged in, perhaps in another tab."""
        if request.user.is_authenticated:
            return HttpResponseRedirect(self._next() or resolve_url("accounts:overview"))
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The rate limit also slows down guessing which names are taken."""
        if carried := carried_form(self):
            return carried
        count_try(SIGNUP_LIMIT, request)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: SignUpForm) -> HttpResponse:
        """Log the new user in with Django's backend: the backend of axes knows no users."""
        try:
            with transaction.atomic():
                user = form.save()
                self._claim(user, form.cleaned_data.get("email", ""))
        except IntegrityError:
            # The name was taken between the form's check and its write, for example by a double click.
            form.add_error("username", form.instance.unique_error_message(type(form.instance), ["username"]))
            return self.form_invalid(form)
        login(self.request, user, backend="django.contrib.auth.backends.ModelBackend")
        return HttpResponseRedirect(self._next() or resolve_url(settings.LOGIN_REDIRECT_URL))

    def _claim(self, user: Any, address: str) -> None:
        """Send a link to the address; to one that many mails went to just now, the user asks for it again later."""
        if not address:
            return
        try:
            count_mail(address)
        except RateLimited:
            messages.warning(self.request, _("No mail could be sent to your address just now. Enter it again later."))
            return
        claim_address(user, address, language=get_language() or "en")
        messages.info(self.request, _("A mail with a link is on its way. Open the link to confirm the address."))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add `next`, a hidden field of the form."""
        return super().get_context_data(**kwargs) | {"next": self._next()}

    def _next(self) -> str:
        target = self.request.POST.get("next", self.request.GET.get("next", ""))
        return safe_target(self.request, target)


class LogInView(AnswersScripts, auth_views.LoginView):
    """POST {username, password}: sign in and go to a safe `next`, or the dashboard."""

    authentication_form = LogInForm
    template_name = "accounts/login.html"
    extra_context = CONTEXT
    redirect_authenticated_user = True

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """The safe `next`, which may be on a front end of our own; "" without one."""
        return safe_target(self.request, self.request.POST.get("next", self.request.GET.get("next", "")))

    def get_default_redirect_url(self) -> str:
        """For a GET by a user who is logged in: their account. After a log-in: LOGIN_REDIRECT_URL."""
        if self.request.method == "GET":
            return resolve_url("accounts:overview")
        return super().get_default_redirect_url()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Redirect a session that lacks only the second factor to it."""
        return redirect_to_next_step(request, self.get_redirect_url()) or super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Log in, or redirect staff with a second factor to the code."""
        if carried := carried_form(self):
            return carried
        try:
            return super().post(request, *args, **kwargs)
        except CodeRequired as found:
            return ask_for_code(request, found.user, self.get_redirect_url())


@method_decorator(never_cache, name="dispatch")
class OverviewView(LoginRequiredMixin, TemplateView):
    """The user's account: who is logged in, and what can be changed."""

    template_name = "accounts/overview.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the e-mail address, the recovery codes left, and the state of the second factor."""
        user: Any = self.request.user
        codes = count_account_codes(user)
        return super().get_context_data(**kwargs) | {
            "is_mail_set_up": is_mail_set_up(),
            "waiting": waiting_address(user),
            "codes_left": codes,
            "has_no_way_back": not codes and not (user.email and is_mail_set_up()),
            "is_staff": is_staff(user),
            "has_factor": factor_id(user) is not None,
        }


@method_decorator(never_cache, name="dispatch")
class SessionsView(LoginRequiredMixin, TemplateView):
    """The user's open sessions. POST: end all but this one."""

    template_name = "accounts/sessions.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the sessions, this one first."""
        sessions = list_sessions(self.request.user, self.request.session.session_key)
        return super().get_context_data(**kwargs) | {"sessions": sessions}

    def post(self, request: HttpRequest) -> HttpResponse:
        """End the others."""
        end_other_sessions(request.user, request.session.session_key)
        messages.success(request, _("You are logged out everywhere else."))
        return HttpResponseRedirect(request.path)


class LogOutView(auth_views.LogoutView):
    """POST: log out and confirm it; for scripts {"csrfToken"}, a new one."""

    template_name = "accounts/logged_out.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Log out."""
        response = super().post(request, *args, **kwargs)
        return JsonResponse({"csrfToken": get_token(request)}) if wants_json(request) else response

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """The safe `next`, which may be on a front end of our own; "" without one."""
        return safe_target(self.request, self.request.POST.get("next", self.request.GET.get("next", "")))

    def get_default_redirect_url(self) -> str:
        """This page, not LOGOUT_REDIRECT_URL: the home page is the same for all and can't show a confirmation."""
        return self.request.path


@method_decorator(never_cache, name="dispatch")
class ChangePasswordView(auth_views.PasswordChangeView):
    """POST {old_password, new_password1, new_password2}: change it and end all other sessions."""

    form_class = ChangePasswordForm
    template_name = "accounts/password_change.html"
    success_url = reverse_lazy("accounts:password_change_done")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The rate limit of the log-in: an open session of another user must not allow more guesses."""
        count_try(LOGIN_LIMIT, request)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: ChangePasswordForm) -> HttpResponse:  # type: ignore[override] # the form of this view
        """Change it, and tell the user by mail."""
        response = super().form_valid(form)
        queue_mail(PASSWORD, self.request.user, language=get_language() or "en")
        return response


def change_admin_password(request: HttpRequest) -> HttpResponse:
    """The admin's own page, with the rate limit of the log-in; the user is told by mail."""
    if request.method != "POST":
        return admin.site.password_change(request)
    count_try(LOGIN_LIMIT, request)
    before = getattr(request.user, "password", None)
    answer = admin.site.password_change(request)
    # Who is no staff is redirected too, and a new cost of hashes changes the column at a refused try.
    if answer.status_code == HTTPStatus.FOUND and getattr(request.user, "password", None) != before:
        queue_mail(PASSWORD, request.user, language=get_language() or "en")
    return answer


@method_decorator(never_cache, name="dispatch")
class PasswordChangedView(auth_views.PasswordChangeDoneView):
    """Confirms that the password is changed."""

    template_name = "accounts/password_change_done.html"
