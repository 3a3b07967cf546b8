"""The app's logic. `__all__` is the public API, described in docs/billing.md; everything else may change."""

from typing import TYPE_CHECKING

from kv.process.lazy import lazy_names

__all__ = [
    "afinish_checkout",
    "aopen_plan_checkout",
    "aopen_portal",
    "aopen_topup_checkout",
    "aread_catalogue",
    "aread_state",
    "arefresh_user",
    "async_customer",
    "finish_checkout",
    "open_plan_checkout",
    "open_portal",
    "open_topup_checkout",
    "read_catalogue",
    "read_state",
    "refresh_user",
    "sync_customer",
]

if TYPE_CHECKING:
    from billing.services.catalogue import aread_catalogue, read_catalogue
    from billing.services.checkout import (
        afinish_checkout,
        aopen_plan_checkout,
        aopen_portal,
        aopen_topup_checkout,
        arefresh_user,
        finish_checkout,
        open_plan_checkout,
        open_portal,
        open_topup_checkout,
        refresh_user,
    )
    from billing.services.subscription_states import aread_state, read_state
    from billing.services.sync import async_customer, sync_customer
else:
    _PLACES = {
        "catalogue": ("read_catalogue",),
        "checkout": ("finish_checkout", "open_plan_checkout", "open_portal", "open_topup_checkout", "refresh_user"),
        "subscription_states": ("read_state",),
        "sync": ("sync_customer",),
    }
    __getattr__, __dir__ = lazy_names(__name__, __all__, _PLACES)
