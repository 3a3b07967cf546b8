"""The base package as a Django app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KvConfig(AppConfig):
    """Registers the system checks, and listens to the beginning and the end of requests."""

    name = "kv"
    verbose_name = _("Store of counts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks and the listeners; begin to trace with TRACING."""
        from django.core.signals import request_finished, request_started
        from django.db.models.signals import post_delete, post_save

        from kv import checks  # noqa: F401 (it registers them)
        from kv.conf import app_settings
        from kv.events import wanted
        from kv.models import EventReceiver
        from kv.process import request_ids, tracing
        from kv.store.factories import note_request

        for changed in (post_save, post_delete):
            changed.connect(wanted.on_receiver_changed, sender=EventReceiver, dispatch_uid="kv.receiver_changed")

        request_started.connect(note_request)
        request_finished.connect(request_ids.forget)
        if app_settings.TRACING:
            tracing.start_tracing()
