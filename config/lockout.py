"""Limits of log-ins and sign-ups, and what django-axes is told: hashes instead of addresses and names."""

from __future__ import annotations

import unicodedata
from contextlib import suppress
from ipaddress import IPv6Address
from typing import Any

from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.crypto import salted_hmac
from django.utils.translation import ngettext

from config.addresses import address_key, find_by_address
from config.error_responses import json_error, wants_json
from kv.errors import StoreUnavailable
from kv.web.addresses import address_hash, client_address
from kv.web.rate_limits import RateLimit
from kv.web.throttling import check_identity, check_limit, network_id

# axes locks one name; these stop who tries one password on every name, or has the site hash passwords all day.
LOGIN_LIMIT = RateLimit("login", "60/minute")
SIGNUP_LIMIT = RateLimit("signup", "60/minute")
RESET_LIMIT = RateLimit("password_reset", "20/hour")
# Mails to one address, whoever asks for them.
MAIL_LIMIT = RateLimit("account_mail", "5/hour")
# For everything that hashes a password: log-in, sign-up, change of password. The network, since an IPv6 /56 holds 256
# addresses of the limits above. The site's limit is more than two processes hash in a minute, so it refuses nobody whom
# they could serve.
NETWORK_LIMIT = RateLimit("password_network", "300/minute")
SITE_LIMIT = RateLimit("password_site", "1200/minute")
# Part of every name's hash that axes has stored.
_NAME_SALT = "config.lockout"
_MAIL_SALT = "config.lockout.mail"


def count_try(limit: RateLimit, request: HttpRequest) -> None:
    """Count one try of this address, of its network and of the site. Raises RateLimited.

    While the store can't be reached, nothing is counted and nobody is refused.
    """
    with suppress(StoreUnavailable):
        check_limit(limit, request)
        check_identity(NETWORK_LIMIT, network_id(request))
        check_identity(SITE_LIMIT, "all")


def count_mail(address: str) -> None:
    """Count a mail to the address, which need not be anybody's. Raises RateLimited.

    While the store can't be reached, nothing is counted and nobody is refused; no mail is sent either.
    """
    with suppress(StoreUnavailable):
        check_identity(MAIL_LIMIT, salted_hmac(_MAIL_SALT, address.lower(), algorithm="sha256").hexdigest()[:32])


def hashed_address(request: HttpRequest) -> str:
    """The hash of the caller's address, as a unique local IPv6 address (fd00::/8, RFC 4193). AXES_CLIENT_IP_CALLABLE.

    axes keeps it in a column for addresses, which is `inet` in PostgreSQL.
    """
    return str(IPv6Address(b"\xfd" + address_hash(client_address(request))[:15]))


def hashed_name(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str | None:
    """The typed name's hash under SECRET_KEY, None without a name: some type their password there.

    AXES_USERNAME_CALLABLE.
    """
    name = (credentials or request.POST).get("username")
    return None if name is None else _hash_name(name)


def forget_failures(user: Any) -> None:
    """Forget the failed log-ins with the user's name and address, from everywhere: their password is a new one."""
    names = [_hash_name(name) for name in (user.get_username(), user.email) if name]
    AccessAttempt.objects.filter(username__in=names).delete()


def forget_typed(request: HttpRequest, user: Any, name: str) -> None:
    """Forget the failed log-ins with this name from the caller's address, since the user has logged in.

    Not with a name that is another user's e-mail address: those were guesses at that user's password too.
    """
    owner = find_by_address(name) if "@" in name else None
    if owner is not None and owner.pk != user.pk:
        return
    AccessAttempt.objects.filter(username=_hash_name(name), ip_address=hashed_address(request)).delete()


def _hash_name(name: str) -> str:
    """One hash for all spellings that log in the same user: of an address, whatever `find_by_address` takes alike."""
    name = unicodedata.normalize("NFKC", name).strip()
    if "@" in name:
        name = address_key(name) or name.lower()
    return salted_hmac(_NAME_SALT, name, algorithm="sha256").hexdigest()


def locked_out(request: HttpRequest, original_response: Any = None, credentials: Any = None) -> HttpResponse:
    """429 with the page that says when to come back. AXES_LOCKOUT_CALLABLE.

    original_response, credentials: what axes passes. Neither is shown, so the page says nothing about any account.
    """
    del original_response, credentials
    cooloff = get_cool_off()
    seconds = int(cooloff.total_seconds()) if cooloff else 0
    minutes = -(-seconds // 60)
    if wants_json(request):
        sentence = ngettext(
            "Logging in is blocked for a while, so that nobody can guess a password. Wait one minute, then try again.",
            "Logging in is blocked for a while, so that nobody can guess a password. Wait %(minutes)s minutes, "
            "then try again.",
            minutes,
        )
        response: HttpResponse = json_error(429, "rate_limited", sentence % {"minutes": minutes})
    else:
        response = render(request, "accounts/locked.html", {"minutes": minutes}, status=429)
    response["Cache-Control"] = "no-store"
    if seconds:
        response["Retry-After"] = str(seconds)
    return response
