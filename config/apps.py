"""The site itself as a Django app, for its commands."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """Joins the apps' signals."""

    name = "config"
    label = "site"
    verbose_name = "Countinghouse"

    def ready(self) -> None:
        """Join them, and give the admin's log-in the limit of the site's own."""
        from django.contrib import admin

        from config import wiring
        from config.lockout import AdminLogInForm

        wiring.connect()
        admin.site.login_form = AdminLogInForm
