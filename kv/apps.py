"""The base package as a Django app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KvConfig(AppConfig):
    """Registers the system checks."""

    name = "kv"
    verbose_name = _("Store of counts")

    def ready(self) -> None:
        """Register the checks."""
        from kv import checks  # noqa: F401
