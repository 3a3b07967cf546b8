"""The app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from codetags.keys import BACKED_UP, DERIVED


class CodeTagsConfig(AppConfig):
    """Registers the system checks, and the signal handlers that mirror the registry of codes to the store."""

    name = "codetags"
    verbose_name = _("Campaign codes")
    default_auto_field = "django.db.models.BigAutoField"
    kv_families = BACKED_UP
    event_types = "codetags.services.event_types.TYPES"
    kv_derived = DERIVED

    def ready(self) -> None:
        """Import the checks and the signal handlers, which registers them."""
        from codetags import checks, signals  # noqa: F401 (they register themselves)
