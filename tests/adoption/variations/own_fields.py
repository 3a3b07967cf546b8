"""A primary key of somebody else's kind."""

from django.db import models


class OwnAutoField(models.BigAutoField):  # type: ignore[type-arg] # generic for the type checker alone
    """As some projects have it for every model."""
