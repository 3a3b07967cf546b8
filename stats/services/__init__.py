"""The app's logic. `__all__` is the public API, described in docs/stats.md; everything else may change."""

from typing import TYPE_CHECKING

from kv.process.lazy import lazy_names

__all__ = [
    "PaymentOrder",
    "aadjust_figure",
    "acount_uniques",
    "adjust_figure",
    "aexclude_visit",
    "alist_days",
    "alist_usage",
    "aread_figures",
    "arecord_payment_code",
    "arecord_usage",
    "arecord_visit",
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
    from stats.services.figures import aread_figures, read_figures
    from stats.services.payment_code_counts import arecord_payment_code, record_payment_code
    from stats.services.payment_codes import PaymentOrder, make_payment_code
    from stats.services.receipts import read_receipt, sign_receipt
    from stats.services.series import acount_uniques, alist_days, count_uniques, list_days
    from stats.services.totals import aadjust_figure, adjust_figure
    from stats.services.usage import alist_usage, arecord_usage, list_usage, record_usage
    from stats.services.visits import aexclude_visit, arecord_visit, exclude_visit, record_visit
else:
    _PLACES = {
        "figures": ("read_figures",),
        "payment_code_counts": ("record_payment_code",),
        "payment_codes": ("PaymentOrder", "make_payment_code"),
        "receipts": ("read_receipt", "sign_receipt"),
        "series": ("count_uniques", "list_days"),
        "totals": ("adjust_figure",),
        "usage": ("list_usage", "record_usage"),
        "visits": ("exclude_visit", "record_visit"),
    }
    __getattr__, __dir__ = lazy_names(__name__, __all__, _PLACES)
