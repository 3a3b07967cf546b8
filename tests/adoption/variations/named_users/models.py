"""The name is the key."""

from django.db import models
from user_parts import Base  # type: ignore[import-not-found]


class NamedUser(Base):  # type: ignore[misc]
    handle = models.CharField(primary_key=True, max_length=150)
    USERNAME_FIELD = "handle"
