"""The site itself as a Django app, for its commands."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """Joins the apps' signals."""

    name = "config"
    label = "site"
    verbose_name = "Countinghouse"

    def ready(self) -> None:
        """Join them."""
        from config import wiring

        wiring.connect()
