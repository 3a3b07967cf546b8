"""Sessions of staff and the second factor: which session is verified, and which waits for a code."""

from __future__ import annotations

import re
from time import time
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, get_user, get_user_model, login
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme

from config.second_factor import factor_id, is_required, is_staff
from kv.web.origins import is_own_front_end

#: Seconds from the password to the code.
PENDING_SECONDS = 300
#: Seconds from the password to the first code while it is set up.
SETUP_SECONDS = 900
_PASSED = "second_factor"
_PENDING = "second_factor_pending"
_SETUP = "second_factor_setup"


def verified_user(request: HttpRequest, user: Any) -> Any:
    """The session's user, or AnonymousUser while the second factor is missing.

    It is missing for staff who have set it up and entered no code, and, where it is required, for staff who have not
    set it up. The latter are known on the account pages only, where they set it up.
    """
    if not user.is_authenticated or not is_staff(user):
        return user
    device = factor_id(user)
    if device is not None:
        return user if request.session.get(_PASSED) == device else AnonymousUser()
    match = request.resolver_match
    if is_required() and not (match and match.namespace == "accounts"):
        return AnonymousUser()
    return user


def redirect_to_next_step(request: HttpRequest, target: str) -> HttpResponseRedirect | None:
    """The redirect of a log-in page for a session that lacks only the second factor: to the code or the set-up."""
    if _PENDING in request.session and request.method != "GET":
        return None  # the form was sent again, perhaps for another account
    user: Any = get_user(request)
    if not user.is_authenticated or not is_staff(user):
        return None
    device = factor_id(user)
    if device is None:
        query = f"?{urlencode({'next': target})}" if target else ""
        return HttpResponseRedirect(reverse("accounts:second_factor_settings") + query) if is_required() else None
    if request.session.get(_PASSED) == device:
        return None
    user.backend = request.session[BACKEND_SESSION_KEY]
    return ask_for_code(request, user, target)


def ask_for_code(request: HttpRequest, user: Any, target: str) -> HttpResponseRedirect:
    """Remember, under a new session key, whose password was right, and redirect to the code. Logs nobody in."""
    request.session.cycle_key()
    request.session[_PENDING] = {
        "user": str(user.pk),
        "backend": user.backend,
        "hash": user.get_session_auth_hash(),
        "next": target,
        "at": int(time()),
    }
    return HttpResponseRedirect(reverse("accounts:second_factor"))


def pending_user(request: HttpRequest) -> Any:
    """The user whose code is missing. None without one, after PENDING_SECONDS, or when the account has changed."""
    pending = request.session.get(_PENDING)
    if not pending or not 0 <= time() - pending["at"] < PENDING_SECONDS:
        return None
    user: Any = get_user_model().objects.filter(pk=pending["user"], is_active=True).first()
    if user is None or not constant_time_compare(user.get_session_auth_hash(), pending["hash"]):
        return None
    user.backend = pending["backend"]
    return user


def forget_pending(request: HttpRequest) -> bool:
    """Forget the pending user; return whether there was one."""
    return request.session.pop(_PENDING, None) is not None


def log_in(request: HttpRequest, user: Any, device: int) -> str:
    """Log the pending user in, under a new session key; return the safe URL that they asked for first."""
    target = request.session[_PENDING]["next"]
    login(request, user)
    forget_pending(request)
    mark_verified(request, device)
    return safe_target(request, target) or resolve_url(settings.LOGIN_REDIRECT_URL)


def mark_verified(request: HttpRequest, device: int) -> None:
    """Mark the session as verified by the device."""
    request.session.pop(_SETUP, None)
    request.session[_PASSED] = device


def begin_setup(request: HttpRequest, device: int) -> None:
    """Remember which device is being set up, and that the password was right."""
    request.session[_SETUP] = {"device": device, "at": int(time())}


def setup_device(request: HttpRequest) -> int | None:
    """The id of the device that is being set up; None when the password must be asked for."""
    kept = request.session.get(_SETUP)
    return kept["device"] if kept and 0 <= time() - kept["at"] < SETUP_SECONDS else None


def safe_target(request: HttpRequest, target: str) -> str:
    """The URL if it is on this site or on a front end of its own (CORS_ORIGINS), else ""."""
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        return target
    # The whole origin counts, as it stands: https://app.example@evil.example and https:/\\evil.example are none.
    scheme, separator, rest = target.partition("://")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    is_own = is_own_front_end(f"{scheme}{separator}{host}") and url_has_allowed_host_and_scheme(target, {host})
    return target if is_own else ""
