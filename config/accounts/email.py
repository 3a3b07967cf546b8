"""Pages of the user's e-mail address: enter, confirm by the link of the mail, send again, remove. Never cached."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import TemplateView

from config import verification
from config.accounts.email_forms import AddressForm
from config.accounts.factor_forms import PasswordForm
from config.accounts.proved import PasswordFormView
from config.lockout import count_mail
from config.mail_queue import CONFIRM, is_delayed
from kv.mail import is_mail_set_up


class EmailView(PasswordFormView):
    """POST {email, password}: send a link to the address. POST {action}: `again` sends it again, `drop` forgets it."""

    form_class = AddressForm
    template_name = "accounts/email.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Without mail there is nothing to do here."""
        if request.user.is_authenticated and not is_mail_set_up():
            return HttpResponseRedirect(resolve_url("accounts:overview"))
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What needs no password, or the form."""
        action = request.POST.get("action", "")
        if action == "drop":
            verification.drop_claim(request.user)
            messages.success(request, _("The address is forgotten. Nothing else has changed."))
            return HttpResponseRedirect(request.path)
        if action == "again":
            row = verification.waiting_address(request.user)
            return self._claim(row.address) if row else HttpResponseRedirect(request.path)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AddressForm) -> HttpResponse:
        """Send the link, unless it is the address that the user has."""
        user: Any = self.request.user
        address = form.cleaned_data["email"]
        if address == user.email:
            messages.info(self.request, _("This is your address already."))
            return HttpResponseRedirect(resolve_url("accounts:overview"))
        return self._claim(address)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the address that waits for its link, and whether the mail server could not be reached."""
        waiting = verification.waiting_address(self.request.user)
        delayed = waiting is not None and is_delayed(CONFIRM, self.request.user)
        return super().get_context_data(**kwargs) | {"waiting": waiting, "is_delayed": delayed}

    def _claim(self, address: str) -> HttpResponse:
        count_mail(address)
        verification.claim_address(self.request.user, address, language=get_language() or "en")
        messages.success(self.request, _("A mail with a link is on its way. Open the link to confirm the address."))
        return HttpResponseRedirect(self.request.path)


@method_decorator((never_cache, sensitive_post_parameters()), name="dispatch")
class ConfirmEmailView(LoginRequiredMixin, TemplateView):
    """The page of the link. GET changes nothing, since programs open links too; POST verifies the address."""

    template_name = "accounts/email_confirm.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The link's secret goes to no other site."""
        response = super().dispatch(request, *args, **kwargs)
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the address; None for a link that is not, or no longer, this user's."""
        try:
            waiting = verification.find_claim(self.request.user, kwargs["secret"])
        except verification.InvalidLink:
            waiting = None
        return super().get_context_data(**kwargs) | {"waiting": waiting}

    def post(self, request: HttpRequest, secret: str) -> HttpResponse:
        """Verify the address."""
        try:
            verification.confirm_address(request.user, secret, language=get_language() or "en")
        except verification.InvalidLink:
            return self.render_to_response(self.get_context_data(secret=secret))
        except verification.AddressTaken:
            messages.error(request, _("Another account has this address by now, so it was not added to this one."))
            return HttpResponseRedirect(resolve_url("accounts:email"))
        messages.success(request, _("Your e-mail address is confirmed."))
        return HttpResponseRedirect(resolve_url("accounts:overview"))


class RemoveEmailView(PasswordFormView):
    """POST {password}: delete the address."""

    template_name = "accounts/email_remove.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Without an address there is nothing to remove."""
        user: Any = request.user
        if user.is_authenticated and not user.email:
            return HttpResponseRedirect(resolve_url("accounts:overview"))
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: PasswordForm) -> HttpResponse:
        """Delete it."""
        verification.remove_address(self.request.user, language=get_language() or "en")
        messages.success(self.request, _("Your e-mail address is deleted."))
        return HttpResponseRedirect(resolve_url("accounts:overview"))
