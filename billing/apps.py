"""The app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from billing.keys import FAMILIES


class BillingConfig(AppConfig):
    """Registers the system checks and the listeners for deleted accounts."""

    name = "billing"
    verbose_name = _("Billing")
    default_auto_field = "django.db.models.BigAutoField"
    kv_families = FAMILIES
    mail_kinds = "billing.services.letters.KINDS"
    event_types = "billing.services.event_types.TYPES"

    def ready(self) -> None:
        """Register the checks and the listeners."""
        from billing import checks  # noqa: F401 (it registers them)
        from billing.signals import connect

        connect()
