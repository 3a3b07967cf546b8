"""The site itself as a Django app, for its commands."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """Connects signals between the apps."""

    name = "config"
    label = "site"
    verbose_name = "Countinghouse"

    def ready(self) -> None:
        """Connect them, register the checks, and say what the site refuses before any view."""
        from config import checks, schema, wiring  # noqa: F401 (checks register themselves)

        wiring.connect()
        schema.declare_codes()
