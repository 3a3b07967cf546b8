"""Whether the project sends mail. The apps ask here, and their pages hide what needs mail."""

from __future__ import annotations

from typing import Any

from django.conf import settings

#: The backend that sends nothing: what the site has without EMAIL_URL.
NO_MAIL = "django.core.mail.backends.dummy.EmailBackend"


def is_mail_set_up() -> bool:
    """Whether Django's settings name a backend that sends: MAILERS (from Django 6.1 on) or EMAIL_BACKEND."""
    mailers: Any = getattr(settings, "MAILERS", None)
    if mailers is None:
        return settings.EMAIL_BACKEND != NO_MAIL
    return "default" in mailers and mailers["default"].get("BACKEND") != NO_MAIL
