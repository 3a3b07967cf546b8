"""django-axes without addresses or names: it gets keyed hashes, the one dressed as an address of its own."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv6Address
from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from config.second_factor import require_code
from kv.errors import StoreUnavailable
from kv.web.addresses import address_hash, client_address
from kv.web.throttling import RateLimit, network_id

# axes closes one name; these stop who tries one password on every name, or has the site hash passwords all day.
LOGIN_LIMIT = RateLimit("login", "60/minute")
SIGNUP_LIMIT = RateLimit("signup", "60/minute")
# Both together, and changed passwords: whatever the site hashes a password for. An IPv6 /56 is 256 addresses of the
# limits above. The last one is more than two processes hash in a minute: it shuts out nobody whom they would serve.
NETWORK_LIMIT = RateLimit("password_network", "300/minute")
SITE_LIMIT = RateLimit("password_site", "1200/minute")


def count_try(limit: RateLimit, request: HttpRequest) -> None:
    """Count one try of this address, of its network and of the site. Raises RateLimited.

    While the store is away nobody is kept out.
    """
    with suppress(StoreUnavailable):
        limit.check(request)
        NETWORK_LIMIT.check_identity(network_id(request))
        SITE_LIMIT.check_identity("all")


class AdminLogInForm(AdminAuthenticationForm):
    """The admin's own, with the limit of the site's log-in page."""

    def clean(self) -> dict[str, Any]:
        """The user whom name and password name. Raises ValidationError or RateLimited."""
        if self.request is not None:
            count_try(LOGIN_LIMIT, self.request)
        return super().clean()

    def confirm_login_allowed(self, user: Any) -> None:
        """Staff alone, with their code. Raises ValidationError or CodeRequired."""
        super().confirm_login_allowed(user)
        require_code(user)


def hashed_address(request: HttpRequest) -> str:
    """The caller's hash as a unique local IPv6 address (fd00::/8, RFC 4193), which PostgreSQL's `inet` takes too."""
    return str(IPv6Address(b"\xfd" + address_hash(client_address(request))[:15]))


def hashed_name(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str | None:
    """The typed name under SECRET_KEY; None when there is none. Some people type their password there."""
    name = (credentials or request.POST).get("username")
    return None if name is None else salted_hmac(__name__, name, algorithm="sha256").hexdigest()
