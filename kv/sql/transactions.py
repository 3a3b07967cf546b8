"""Transactions in the database that a model is written to, whichever a project's routers choose."""

from __future__ import annotations

from typing import Any

from django.db import models, router, transaction


def atomic_for(model: type[models.Model]) -> Any:
    """`transaction.atomic()` for writes of this model. As a context manager."""
    return transaction.atomic(using=router.db_for_write(model))
