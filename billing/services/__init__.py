"""The app's logic. `__all__` is the public API, described in docs/billing.md; everything else may change."""

from typing import TYPE_CHECKING

from kv.lazy import lazy_names

__all__ = [
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
    from billing.services.catalogue import read_catalogue
    from billing.services.checkout import (
        finish_checkout,
        open_plan_checkout,
        open_portal,
        open_topup_checkout,
        refresh_user,
    )
    from billing.services.subscription_states import read_state
    from billing.services.sync import sync_customer
else:
    _MODULES = ("catalogue", "checkout", "subscription_states", "sync")
    __getattr__, __dir__ = lazy_names(__name__, __all__, _MODULES)
