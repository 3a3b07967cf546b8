"""An admin site of somebody else's kind."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig


class BackOffice(AdminSite):
    site_header = "Back office"

    def __init__(self, name: str = "back_office") -> None:
        super().__init__(name)


class OwnAdminConfig(AdminConfig):
    default_site: Any = "own_admin.BackOffice"
