"""The app's logic. `__all__` is the public API, described in docs/stats.md; everything else may change."""

from typing import TYPE_CHECKING

from kv.lazy import lazy_names

__all__ = [
    "PaymentOrder",
    "adjust_figure",
    "count_uniques",
    "exclude_visit",
    "list_days",
    "list_usage",
    "make_payment_code",
    "read_figures",
    "read_receipt",
    "record_payment_code",
    "record_usage",
    "record_visit",
    "sign_receipt",
]

if TYPE_CHECKING:
    from stats.services.figures import read_figures
    from stats.services.payment_code_counts import record_payment_code
    from stats.services.payment_codes import PaymentOrder, make_payment_code
    from stats.services.receipts import read_receipt, sign_receipt
    from stats.services.series import count_uniques, list_days
    from stats.services.totals import adjust_figure
    from stats.services.usage import list_usage, record_usage
    from stats.services.visits import exclude_visit, record_visit
else:
    _MODULES = ("figures", "payment_code_counts", "payment_codes", "receipts", "series", "totals", "usage", "visits")
    __getattr__, __dir__ = lazy_names(__name__, __all__, _MODULES)
