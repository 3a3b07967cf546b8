"""The page that redeems a code, also for who comes by a link with one and has no account yet.

A link's code goes from the address into a cookie at once, so that no later page, no log and no Referer has it. It stays
there through sign-up and log-in, and is redeemed only by the reader's own POST.
"""

from __future__ import annotations

from logging import getLogger
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from kv.errors import StoreUnavailable
from kv.web.formats import format_number
from kv.web.links import app_url, app_url_or_none
from kv.web.rate_limits import RateLimited
from kv.web.unavailable import refuse_while_away
from usertokens.errors import (
    AccountClosed,
    BalanceTooLarge,
    VoucherForNewUsers,
    VoucherNotYet,
    VoucherOver,
    VoucherRefused,
    VoucherUnknown,
    VoucherUsed,
)
from usertokens.services.voucher_codes import code_key
from usertokens.views.redeeming import redeem_for

log = getLogger(__name__)

#: The cookie that keeps a link's code: for an hour, through sign-up and log-in.
COOKIE = "voucher"
COOKIE_SECONDS = 3600
_LONGEST = 200


@login_not_required
@never_cache
@sensitive_post_parameters("code")
@sensitive_variables("code")
@require_http_methods(["GET", "HEAD", "POST"])
@refuse_while_away
def redeem(request: HttpRequest) -> HttpResponse:
    """GET: the form, or for who is not logged in the ways to an account. POST {code}: redeem it."""
    if request.method == "POST":
        response = _redeem(request, request.POST.get("code", "")[:_LONGEST])
    elif "code" in request.GET:
        response = _keep(request, request.GET["code"])
    else:
        response = _page(request, request.COOKIES.get(COOKIE, ""))
    # The address of a link has the code, and the reader's next request must not tell it.
    response.headers["Referrer-Policy"] = "no-referrer" if "code" in request.GET else "same-origin"
    return response


def _keep(request: HttpRequest, code: str) -> HttpResponse:
    """Put the code into the cookie, and lead to the page without it; the rest of the query stays."""
    query = request.GET.copy()
    del query["code"]
    response = HttpResponseRedirect(f"{request.path}?{query.urlencode()}" if query else request.path)
    return _with_cookie(request, response, code)


def _with_cookie(request: HttpRequest, response: HttpResponse, code: str) -> HttpResponse:
    shown = _plain(code)
    if shown:
        response.set_cookie(
            COOKIE, shown, max_age=COOKIE_SECONDS, httponly=True, samesite="Lax", secure=request.is_secure()
        )
    return response


def _plain(code: str) -> str:
    """A code as a cookie may hold it: letters, digits and hyphens; "" for what can be none."""
    text = "-".join(code.replace("-", " ").split()).upper()
    return text if code_key(text) and text.replace("-", "") == code_key(text) else code_key(code)


def _page(request: HttpRequest, code: str, errors: tuple[str, ...] = (), *, status: int = 200) -> HttpResponse:
    here = app_url("usertokens:redeem")
    sign_up = app_url_or_none("accounts:signup")
    context: dict[str, Any] = {
        "code": _plain(code),
        "errors": errors,
        "is_known": request.user.is_authenticated,
        "login_url": redirect_to_login(here).url,
        "sign_up_url": sign_up and f"{sign_up}?{urlencode({'next': here})}",
    }
    return render(request, "usertokens/redeem.html", context, status=status)


def _redeem(request: HttpRequest, code: str) -> HttpResponse:
    if not request.user.is_authenticated:
        # The session has ended meanwhile: the code is kept until the reader has logged in again.
        return _with_cookie(request, HttpResponseRedirect(app_url("usertokens:redeem")), code)
    if not code_key(code):
        return _page(request, code, (_("Enter the code as you got it: letters and digits."),), status=400)
    try:
        moved = redeem_for(request, code)
    except RateLimited as error:
        wait = -(-error.retry_after // 60)
        text = ngettext(
            "Too many attempts in a short time. Try again in a minute.",
            "Too many attempts in a short time. Try again in %(minutes)s minutes.",
            wait,
        )
        response = _page(request, code, (text % {"minutes": format_number(wait)},), status=429)
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    except StoreUnavailable as error:
        # The use may be counted: the same code again grants the tokens, or the worker does.
        log.warning("store unavailable: %s", error)
        text = _("The code can’t be redeemed just now. It is kept, and nothing is lost: try again in a minute.")
        response = _page(request, code, (text,), status=503)
        response.headers["Retry-After"] = "1"
        return _with_cookie(request, response, code)
    except (VoucherRefused, BalanceTooLarge, AccountClosed) as error:
        response = _page(request, code, (_why(error),), status=400)
        if not isinstance(error, VoucherNotYet):
            response.delete_cookie(COOKIE, samesite="Lax")
        return response
    text = ngettext("%(amount)s token was added.", "%(amount)s tokens were added.", moved.amount)
    messages.success(request, text % {"amount": format_number(moved.amount)}, fail_silently=True)
    response = HttpResponseRedirect(app_url("usertokens:dashboard"))
    response.delete_cookie(COOKIE, samesite="Lax")
    return response


def _why(error: Exception) -> str:
    """What the reader is told, and what to do."""
    text = _("This account was closed.")
    match error:
        case VoucherUnknown():
            text = _("This code is not known. Check that it is entered as you got it.")
        case VoucherNotYet():
            at = date_format(localtime(error.valid_from), "DATETIME_FORMAT")
            text = _("This code can be redeemed from %(at)s on.") % {"at": at}
        case VoucherOver():
            text = _("This code has ended and can no longer be redeemed.")
        case VoucherUsed():
            text = _("You have redeemed this code already.") if error.by_you else _("This code is used up.")
        case VoucherForNewUsers():
            text = ngettext(
                "This code is for users who signed up in the last day.",
                "This code is for users who signed up in the last %(days)s days.",
                error.days,
            ) % {"days": format_number(error.days)}
        case BalanceTooLarge():
            text = _("The balance would become too large.")
    return text
