"""The list of what the site stores in a browser. The cookie policy, the privacy page and the notice use it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.apps import apps
from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from codetags.conf import app_settings
from codetags.types import FOREVER, NECESSARY, Storage, StorageItem

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

#: The cookie that remembers which codes have been counted.
COUNTED_COOKIE = "qr_counted"
COUNTED_SECONDS = 86400
#: Where landing.js keeps a landing until the server has answered.
LANDINGS_ITEM = "codetags.landings"
#: The cookie that remembers what a visitor chose: six months.
CHOICE_COOKIE = "cookie_choice"
CHOICE_SECONDS = 182 * 86400

_OWN = (
    StorageItem(
        COUNTED_COOKIE,
        gettext_lazy(
            "Remembers the last ten campaign codes that brought you here, so that each is counted once. It holds the "
            "codes alone, nothing about you."
        ),
        timedelta(seconds=COUNTED_SECONDS),
    ),
    StorageItem(
        LANDINGS_ITEM,
        gettext_lazy(
            "Keeps the campaign code that brought you here until it is counted, with a number made for this one call."
        ),
        None,
        Storage.SESSION,
    ),
    StorageItem(
        CHOICE_COOKIE,
        gettext_lazy("Remembers that you have seen the notice about cookies, and what you chose."),
        timedelta(seconds=CHOICE_SECONDS),
    ),
)


@dataclass(frozen=True, slots=True)
class Category:
    """Items of one purpose, which are switched on or off together. Necessary ones are always on."""

    name: str
    title: _StrOrPromise
    explanation: _StrOrPromise
    items: tuple[StorageItem, ...]

    @property
    def is_necessary(self) -> bool:
        """Whether it needs no consent."""
        return self.name == NECESSARY


def list_items() -> tuple[StorageItem, ...]:
    """Everything the site stores in a browser: items of this app, of Django's active apps, and of CODETAGS_COOKIES."""
    extra = app_settings.CODETAGS_COOKIES
    more = import_string(extra) if isinstance(extra, str) else extra
    return (*_OWN, *_of_django(), *more)


def list_categories() -> tuple[Category, ...]:
    """The categories that have items, necessary first."""
    items = list_items()
    names = sorted({item.category for item in items}, key=lambda name: (name != NECESSARY, name))
    return tuple(
        Category(name, *_texts(name), tuple(item for item in items if item.category == name)) for name in names
    )


def optional_categories() -> frozenset[str]:
    """The categories that are off until a visitor agrees."""
    return frozenset(item.category for item in list_items() if item.category != NECESSARY)


def policy_version() -> str:
    """Changes with the items, their durations and categories. All visitors are then asked again."""
    facts = sorted(f"{item.storage}\t{item.name}\t{item.duration}\t{item.category}" for item in list_items())
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:8]


def _of_django() -> Iterator[StorageItem]:
    if apps.is_installed("django.contrib.sessions"):
        closes = settings.SESSION_EXPIRE_AT_BROWSER_CLOSE
        yield StorageItem(
            settings.SESSION_COOKIE_NAME,
            gettext_lazy("Keeps you logged in."),
            None if closes else timedelta(seconds=settings.SESSION_COOKIE_AGE),
            where=gettext_lazy("once you log in"),
        )
    if "django.middleware.csrf.CsrfViewMiddleware" in settings.MIDDLEWARE and not settings.CSRF_USE_SESSIONS:
        age = settings.CSRF_COOKIE_AGE
        yield StorageItem(
            settings.CSRF_COOKIE_NAME,
            gettext_lazy("Makes sure that a form was sent by you and not by another site."),
            timedelta(seconds=age) if age else None,
            where=gettext_lazy("where you log in or are logged in"),
        )
    if apps.is_installed("django.contrib.messages") and "Session" not in settings.MESSAGE_STORAGE:
        yield StorageItem(
            "messages",
            gettext_lazy("Carries a message such as “saved” to the next page, and is then deleted."),
            None,
            where=gettext_lazy("once you log in"),
        )
    if apps.is_installed("django.contrib.admin"):
        yield from _of_admin()


def _of_admin() -> Iterator[StorageItem]:
    where = gettext_lazy("administration, for staff only")
    yield StorageItem("theme", gettext_lazy("Remembers light or dark colours."), FOREVER, Storage.LOCAL, where=where)
    yield StorageItem(
        "django.admin.navSidebarIsOpen",
        gettext_lazy("Remembers whether the menu at the side is open."),
        FOREVER,
        Storage.LOCAL,
        where=where,
    )
    yield StorageItem(
        "django.admin.navSidebarFilterValue",
        gettext_lazy("Remembers what was searched for in the menu at the side."),
        None,
        Storage.SESSION,
        where=where,
    )
    yield StorageItem(
        "django.admin.filtersState",
        gettext_lazy("Remembers which filters beside a list are folded."),
        None,
        Storage.SESSION,
        where=where,
    )


def _texts(name: str) -> tuple[str, str]:
    known = {
        NECESSARY: (
            _("Necessary"),
            _("Without these the site would not work, or could not count its campaign codes honestly. Always on."),
        ),
        "preferences": (_("Preferences"), _("Remember how you like the site. Off until you agree.")),
        "statistics": (_("Statistics"), _("Tell how the site is used. Off until you agree.")),
        "marketing": (_("Marketing"), _("Show what may interest you, here or elsewhere. Off until you agree.")),
    }
    return known.get(name, (name.replace("_", " ").capitalize(), _("Off until you agree.")))
