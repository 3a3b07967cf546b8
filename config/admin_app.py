"""Django's admin as an app of this site. Not in `config.apps`, where Django would find two apps."""

from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy


class StaffAdminConfig(AdminConfig):
    """Django's admin with the site's own log-in."""

    default_site = "config.admin_site.StaffSite"

    def ready(self) -> None:
        """Find every app's pages; remove those that would show the keys of second factors; list service tokens."""
        super().ready()
        from django.apps import apps
        from django.contrib import admin
        from django.contrib.auth.models import User
        from django_otp.plugins.otp_static.models import StaticDevice
        from django_otp.plugins.otp_totp.models import TOTPDevice

        from config import token_admin
        from config.user_admin import AccountAdmin

        admin.site.unregister((StaticDevice, TOTPDevice, User))
        admin.site.register(User, AccountAdmin)
        token_admin.register()
        apps.get_app_config("axes").verbose_name = gettext_lazy("Log-in attempts")
