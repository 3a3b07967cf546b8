"""The one way to Stripe: its own library, a pinned version, bounded times, and refusals of ours that carry no secret.

What comes back is plain dicts. Lists are read to their end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from logging import getLogger
from typing import Any

import stripe

from billing.conf import app_settings
from billing.errors import BillingOff, StripeRefused, StripeUnavailable

log = getLogger(__name__)

#: Shapes are read as this version has them, whatever version the account or a webhook is on.
API_VERSION = "2026-10-28.endive"
PAGE = 100


def is_on() -> bool:
    """Whether anything can be sold: both the key and a webhook secret are set."""
    return bool(app_settings.STRIPE_SECRET_KEY and app_settings.STRIPE_WEBHOOK_SECRET)


def require_on() -> None:
    """Raise BillingOff where nothing can be sold."""
    if not is_on():
        raise BillingOff


def is_live() -> bool:
    """Whether the key moves real money."""
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
    """Turn the library's errors into ours. Their own texts stay out: some quote keys, e-mail addresses or cards."""
    try:
        yield
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise _unavailable(error) from None
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        # Ours to mend, and mended it works: so it is worth another try.
        log.error("Stripe refuses the key: look at STRIPE_SECRET_KEY (%s)", _reason(error))  # noqa: TRY400
        raise _unavailable(error) from None
    except stripe.APIError as error:
        raise _unavailable(error) from None
    except stripe.StripeError as error:
        if error.http_status is not None and (error.http_status >= 500 or error.http_status in (409, 429)):  # noqa: PLR2004
            raise _unavailable(error) from None
        raise StripeRefused(_reason(error)) from None


def _unavailable(error: stripe.StripeError) -> StripeUnavailable:
    log.warning("Stripe can't be used now: %s", _reason(error))
    return StripeUnavailable(_reason(error))


def _reason(error: stripe.StripeError) -> str:
    word = error.code or (f"http_{error.http_status}" if error.http_status else type(error).__name__)
    return f"{word} ({error.request_id})" if error.request_id and not error.code else word


@lru_cache(maxsize=8)
def _client(key: str, base: str, timeout: float) -> stripe.StripeClient:
    # Retries are ours, counted and visible in the inbox. The library's own would keep a worker busy unseen.
    transport = stripe.RequestsClient(timeout=timeout)
    return stripe.StripeClient(
        key,
        stripe_version=API_VERSION,
        base_addresses={"api": base} if base else {},
        max_network_retries=0,
        http_client=transport,
    )
