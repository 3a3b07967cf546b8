"""For models without a table, which carry permissions and an entry in the admin."""

from __future__ import annotations

from typing import Any

from django.db import models


class TablelessManager(models.Manager[Any]):
    """Finds no rows and asks no database, so that what visits every model, such as `dumpdata`, passes this one."""

    def get_queryset(self) -> models.QuerySet[Any]:
        """No rows."""
        return super().get_queryset().none()
