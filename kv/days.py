"""Which day it is, in the one time zone of the site."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone


def local_day(now: datetime | None = None) -> date:
    """The site's calendar day of `now` (an aware datetime; None: this moment)."""
    zone = timezone.get_default_timezone()
    return (datetime.now(zone) if now is None else now.astimezone(zone)).date()
