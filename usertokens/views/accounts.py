"""A user's account: download all data, delete the account."""

from __future__ import annotations

from logging import getLogger
from typing import cast

from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from kv.days import local_day
from kv.errors import StoreUnavailable
from kv.web.rate_limits import RateLimited
from kv.web.throttling import check_limit
from kv.web.unavailable import refuse_while_away
from usertokens.conf import CLOSE_LIMIT
from usertokens.errors import AccountNotClosed
from usertokens.forms import DeleteAccountForm
from usertokens.services.accounts import delete_account
from usertokens.services.exports import export_user, stream_json

log = getLogger(__name__)


@login_required
@never_cache
@require_safe
def download(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """All data about the user, as JSON. While the store is away a page says so: a part would be taken for all."""
    try:
        data = export_user(str(request.user.pk))
    except StoreUnavailable as error:
        log.warning("store unavailable: %s", error)
        page = render(request, "usertokens/data_away.html", status=503)
        page.headers["Retry-After"] = "1"
        return page
    response = StreamingHttpResponse(stream_json(data), content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="account-{local_day().isoformat()}.json"'
    return response


@sensitive_post_parameters()
@login_required
@never_cache
@require_http_methods(["GET", "POST"])
@refuse_while_away
def delete(request: HttpRequest) -> HttpResponse:
    """GET: what will be deleted. POST {proof}: delete it and log out."""
    user = cast("AbstractBaseUser", request.user)
    if request.method == "POST" and not _may_try(request):
        form = DeleteAccountForm(user, {})
        form.errors.clear()  # it must not tell whether the proof was right
        form.add_error(None, _("Too many attempts. Nothing was deleted: wait a minute, then try again."))
        return render(request, "usertokens/delete.html", {"form": form})
    form = DeleteAccountForm(user, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            delete_account(user)
        except AccountNotClosed:
            form.add_error(
                None, _("The account can't be closed just now. Nothing was deleted: try again in a few minutes.")
            )
        else:
            logout(request)
            return render(request, "usertokens/deleted.html")
    return render(request, "usertokens/delete.html", {"form": form})


def _may_try(request: HttpRequest) -> bool:
    """Whether the rate limit allows a try. While the store can't be reached, it does."""
    try:
        check_limit(CLOSE_LIMIT, request)
    except RateLimited:
        return False
    except StoreUnavailable:
        return True
    return True
