"""What the site's pages store in a browser, besides Django and codetags. Named in CODETAGS_COOKIES."""

from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from codetags.types import FOREVER, Storage, StorageItem

COOKIES = (
    StorageItem(
        "logged_in",
        _("Says that somebody is logged in, so that the header can show who. It holds nothing about you."),
        timedelta(seconds=settings.SESSION_COOKIE_AGE),
        where=_("once you log in"),
    ),
    StorageItem(
        "voucher",
        _("Keeps the code of a voucher until you have signed up or logged in. It holds the code alone."),
        timedelta(hours=1),
        where=_("when you open a link with such a code"),
    ),
    StorageItem(
        "htmx-current-path-for-history",
        _("Keeps the address of the page that is open in this tab, so that its parts can be loaded anew."),
        None,
        Storage.SESSION,
        where=_("on the dashboard"),
    ),
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
        "stats.payee",
        _("Keeps the recipient, IBAN and BIC for your next payment code. It is never sent by itself."),
        FOREVER,
        Storage.LOCAL,
        where=_("when you ask for it, in the payment form"),
    ),
    StorageItem(
        "stats.uses",
        _("Keeps the use of a tool until it is counted: the tool’s name and a number made for this one call."),
        None,
        Storage.SESSION,
    ),
)
