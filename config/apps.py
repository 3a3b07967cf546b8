"""The site itself as a Django app, for its commands."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """Connects signals between the apps."""

    name = "config"
    label = "site"
    verbose_name = "Countinghouse"

    def ready(self) -> None:
        """Connect them, register the checks, say what the site refuses before any view, and send traces."""
        from django.conf import settings

        from config.optional_packages import import_rest_framework

        import_rest_framework()  # before the apps' admin pages and views do
        from config import checks, schema, tracing, wiring  # noqa: F401 (checks register themselves)

        if settings.TRACING:
            tracing.send_traces()
        wiring.connect()
        schema.declare_codes()
