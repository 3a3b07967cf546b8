"""What letters are made of: days, and links to the site's pages."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from django.utils import formats, timezone
from django.utils.translation import gettext, pgettext

from kv.web.links import app_url, app_url_or_none
from usertokens.conf import app_settings


def site_name() -> str:
    """What mails call the site: its host."""
    return urlsplit(app_settings.SITE_URL).hostname or "localhost"


def absolute(path: str) -> str:
    """The whole address of a path of this site."""
    return app_settings.SITE_URL.rstrip("/") + path


def format_day(moment: datetime) -> str:
    """The day of a moment, as the active language writes it."""
    return formats.date_format(timezone.localtime(moment, timezone.get_default_timezone()), "DATE_FORMAT")


def format_moment(moment: datetime) -> str:
    """The same with the time, where that is not midnight."""
    local = timezone.localtime(moment, timezone.get_default_timezone())
    if not (local.hour or local.minute):
        return format_day(moment)
    time = formats.time_format(local, "TIME_FORMAT")
    return pgettext("a day, and a time of it", "%(day)s, %(time)s") % {"day": format_day(moment), "time": time}


def dashboard_link() -> tuple[str, str]:
    """The link to the dashboard: its label and address."""
    return gettext("Go to the dashboard"), absolute(app_url("usertokens:dashboard"))


def shop_link() -> tuple[str, str]:
    """The link to where tokens are bought; to the dashboard where nothing is sold."""
    path = app_url_or_none("billing:pricing")
    return (gettext("Top up"), absolute(path)) if path else dashboard_link()
