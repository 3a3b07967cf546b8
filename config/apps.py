"""The site itself as a Django app, for its commands."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """Connects signals between the apps."""

    name = "config"
    label = "site"
    verbose_name = "Countinghouse"

    def ready(self) -> None:
        """Connect them, and register the checks."""
        from config import checks, wiring  # noqa: F401 (checks register themselves)

        wiring.connect()
