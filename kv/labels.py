"""Labels of apps. A project may give an app another one, by an AppConfig of its own:

    class OurStats(StatsConfig):
        label = "visits"

Permissions, tables and names of admin pages begin with the label. So it is asked for, never spelled.
"""

from __future__ import annotations

from django.apps import apps


def label_of(package: str) -> str:
    """The label of the app in this package, as the project has it; the package's name where it is not installed."""
    return next((config.label for config in apps.get_app_configs() if config.name == package), package)


def with_label(name: str) -> str:
    """`package.rest` as `label.rest`: a permission or a model by its package. What names no app's package stays."""
    package, point, rest = name.partition(".")
    return f"{label_of(package)}{point}{rest}"


def admin_page(name: str) -> str:
    """The name that reverses to an admin page, such as "codetags.codetag_add"."""
    return "admin:" + with_label(name).replace(".", "_", 1)
