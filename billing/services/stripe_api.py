"""All requests to Stripe: by its own library, with a pinned API version and a timeout.

Answers are plain dicts, and lists are read to their end. Errors become the app's own, without secrets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec
from logging import getLogger
from typing import TYPE_CHECKING, Any

from billing.conf import app_settings
from billing.errors import BillingOff, StripeRefused, StripeUnavailable
from kv.process.lazy import LazyModule

#: Whether Stripe's library is installed: the extra `billing`. Without it billing is off, and a check says so.
HAS_LIBRARY = find_spec("stripe") is not None
if TYPE_CHECKING:
    import stripe
else:
    stripe = LazyModule("stripe")

log = getLogger(__name__)

#: Objects have the shape of this version, whatever the version of the account or of a webhook endpoint.
API_VERSION = "2026-10-28.endive"
PAGE = 100


#: Stripe's error codes, or parts of its English message where it gives no code.
_SIGNS = {
    "portal": ("portal settings", "default configuration has not been created", "the configuration is not active"),
    "currency": ("combine currencies",),
    "archived": ("product_inactive", "price_inactive", "is inactive", "is not active", "only accepts active"),
}


def is_on() -> bool:
    """Whether anything can be sold: both the key and a webhook secret are set, and Stripe's library is installed."""
    return HAS_LIBRARY and bool(app_settings.STRIPE_SECRET_KEY and app_settings.STRIPE_WEBHOOK_SECRET)


def require_on() -> None:
    """Raise BillingOff when nothing can be sold."""
    if not is_on():
        raise BillingOff


def is_live() -> bool:
    """Whether the key is a live one: payments are real."""
    return app_settings.STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_"))


def client() -> stripe.StripeClient:
    """Stripe's client. Raises BillingOff."""
    require_on()
    return _client(app_settings.STRIPE_SECRET_KEY, app_settings.STRIPE_API_BASE, app_settings.STRIPE_TIMEOUT)


def fetch(call: Callable[[], Any]) -> dict[str, Any]:
    """One object as a dict. Raises StripeUnavailable or StripeRefused."""
    with stripe_errors():
        found: dict[str, Any] = call().to_dict()
        return found


def fetch_all(call: Callable[[], Any]) -> list[dict[str, Any]]:
    """Every object of a list, all its pages. Raises as `fetch`."""
    with stripe_errors():
        return [found.to_dict() for found in call().auto_paging_iter()]


@contextmanager
def stripe_errors() -> Iterator[None]:
    """Turn the library's errors into the app's. Their texts are dropped: some quote keys, e-mail addresses or cards."""
    try:
        yield
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        # The site's owner can fix the key, and then a repeated request works.
        log.error("Stripe refuses the key: look at STRIPE_SECRET_KEY (%s)", _reason(error))  # noqa: TRY400 (a wrong setting, no fault of the code)
        raise StripeUnavailable(_reason(error), "key") from None
    except (stripe.APIConnectionError, stripe.APIError) as error:
        raise _unavailable(error) from None
    except stripe.StripeError as error:
        status = error.http_status or 0
        if isinstance(error, stripe.RateLimitError) or status >= 500 or status in (409, 429):  # noqa: PLR2004 (HTTP)
            raise _unavailable(error) from None
        raise _refused(error) from None


def _unavailable(error: stripe.StripeError) -> StripeUnavailable:
    log.warning("Stripe can't be used now: %s, request %s", _reason(error), error.request_id)
    is_busy = isinstance(error, stripe.RateLimitError) or error.http_status == 429  # noqa: PLR2004 (HTTP)
    is_replayed = str((error.headers or {}).get("Idempotent-Replayed", "")).lower() == "true"
    return StripeUnavailable(
        _reason(error),
        "busy" if is_busy else "away",
        is_replayed=is_replayed,
        # The library's error for a 409 has no code, but its body has one.
        is_in_use=getattr(error.error, "code", None) == "idempotency_key_in_use",
    )


def _refused(error: stripe.StripeError) -> StripeRefused:
    kind = _kind(error)
    if error.code != "resource_missing":  # callers ask for objects that may be missing
        log.warning("Stripe refuses (%s): %s, request %s", kind, _reason(error), error.request_id)
    return StripeRefused(_reason(error), kind)


def _kind(error: stripe.StripeError) -> str:
    """The kind of a refusal that has a message of its own. Without a code Stripe's text is searched, never shown."""
    if isinstance(error, stripe.CardError):
        return "card"
    if isinstance(error, stripe.IdempotencyError):
        return "idempotency"
    text = str(error.user_message or "").lower()
    for kind, signs in _SIGNS.items():
        if error.code in signs or any(sign in text for sign in signs):
            return kind
    return "refused"


def _reason(error: stripe.StripeError) -> str:
    code = error.code or (f"http_{error.http_status}" if error.http_status else type(error).__name__)
    return f"{code} ({error.request_id})" if error.request_id and not error.code else code


@lru_cache(maxsize=8)
def _client(key: str, base: str, timeout: float) -> stripe.StripeClient:
    # No retries by the library: the inbox retries, where they are counted and visible.
    transport = stripe.RequestsClient(timeout=timeout)
    return stripe.StripeClient(
        key,
        stripe_version=API_VERSION,
        base_addresses={"api": base} if base else {},
        max_network_retries=0,
        http_client=transport,
    )
