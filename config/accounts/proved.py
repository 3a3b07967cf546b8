"""Pages of an account that ask for the password again before they change anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from config.accounts.factor_forms import PasswordForm
from config.lockout import LOGIN_LIMIT, count_try

if TYPE_CHECKING:
    # Generic to the type checker alone: Django's own class takes no brackets at run time.
    _FormView = FormView[Any]
else:
    _FormView = FormView


@method_decorator((never_cache, sensitive_post_parameters()), name="dispatch")
class PasswordFormView(LoginRequiredMixin, _FormView):
    """A form with the password of the signed-in user. Never cached. form_class: a PasswordForm."""

    form_class: type[PasswordForm] = PasswordForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The rate limit of the log-in: an open session of another user must not allow more guesses."""
        count_try(LOGIN_LIMIT, request)
        return super().post(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        """Add the user, whose password is asked for."""
        return super().get_form_kwargs() | {"user": self.request.user}
