"""The base package as a Django app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KvConfig(AppConfig):
    """Registers the system checks, and notes whether the process answers requests."""

    name = "kv"
    verbose_name = _("Store of counts")

    def ready(self) -> None:
        """Register the checks, and hear of the first request."""
        from django.core.signals import request_started

        from kv import checks  # noqa: F401
        from kv.store.factories import note_request

        request_started.connect(note_request)
