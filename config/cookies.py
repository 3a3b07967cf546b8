"""What the site's pages store in a browser, besides Django and codetags. Named in CODETAGS_COOKIES."""

from django.utils.translation import gettext_lazy as _

from codetags.types import Storage, StorageItem

COOKIES = (
    StorageItem(
        "stats.visited",
        _("Notes that this visit has been reported, so that it is reported once."),
        None,
        Storage.SESSION,
    ),
    StorageItem(
        "stats.figures",
        _("Keeps the newest totals for two minutes, so that they don’t jump back."),
        None,
        Storage.SESSION,
    ),
    StorageItem(
        "stats.receipts",
        _("Keeps the receipts of payment codes until they are counted: a signed number and an amount, no name."),
        None,
        Storage.SESSION,
    ),
    StorageItem(
        "stats.uses",
        _("Keeps the use of a tool until it is counted: the tool’s name and a number made for this one call."),
        None,
        Storage.SESSION,
    ),
)
