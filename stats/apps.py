"""The app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from stats.keys import FAMILIES


class StatsConfig(AppConfig):
    """Registers the system checks."""

    name = "stats"
    verbose_name = _("Statistics")
    default_auto_field = "django.db.models.BigAutoField"
    kv_families = FAMILIES
    event_types = "stats.services.event_types.TYPES"

    def ready(self) -> None:
        """Import the checks, which registers them."""
        from stats import checks  # noqa: F401 (it registers them)
