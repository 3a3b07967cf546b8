"""Which mails a user gets: the page of the choices, and the link in each mail that stops its kind."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, login_required
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from kv.web.links import app_url, app_url_or_none
from usertokens.conf import mails_are_on
from usertokens.errors import UnknownMailKind, UnknownUser
from usertokens.forms import MailsForm
from usertokens.services.mail_choices import (
    choose_language,
    choose_mails,
    known_language,
    read_choices,
    read_token,
    switch_mail,
)
from usertokens.services.mail_kinds import find_kind, mail_kinds


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def choices(request: HttpRequest) -> HttpResponse:
    """POST {kinds: names, language}: the kinds that are named are on, all others off."""
    user = cast("AbstractBaseUser", request.user)
    user_id = str(user.pk)
    kinds = {name: kind for name, kind in mail_kinds().items() if kind.is_offered()}
    form = MailsForm(kinds, request.POST if request.method == "POST" else None)
    if form.is_valid():
        choose_mails(user_id, form.cleaned_data["kinds"], kinds)
        choose_language(user_id, form.cleaned_data["language"])
        messages.success(request, _("Your choice of e-mails is saved."), fail_silently=True)
        return HttpResponseRedirect(app_url("usertokens:mails"))
    chosen = read_choices(user_id)
    language = known_language(user_id) or get_language()
    context: dict[str, Any] = {
        "form": form,
        "rows": [(kind, chosen[name]) for name, kind in kinds.items()],
        "languages": [(code, name, code == language) for code, name in form.fields["language"].choices],  # type: ignore[attr-defined] # of a field with choices
        "is_on": mails_are_on(),
        "address": getattr(user, user.get_email_field_name(), ""),
        "account_url": app_url_or_none("accounts:overview"),
    }
    return render(request, "usertokens/mails/choices.html", context, status=400 if form.is_bound else 200)


@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """The link in a mail. GET asks, since programs open links too; POST, also by a mail program, stops the mails.

    No log-in is needed: the token is signed, and names the user and the kind.
    """
    try:
        user_id, kind = read_token(token)
    except (ValueError, UnknownUser, UnknownMailKind):
        return render(request, "usertokens/mails/stop.html", {}, status=404)
    if request.method == "POST":
        switch_mail(user_id, kind, is_on=False)
    context = {"kind": find_kind(kind), "is_done": request.method == "POST"}
    return render(request, "usertokens/mails/stop.html", context)
