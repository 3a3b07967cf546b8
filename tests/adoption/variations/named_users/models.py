"""The name is the key."""

from django.db import models
from user_parts import Base  # type: ignore[import-not-found] # it is in the project that is made


class NamedUser(Base):  # type: ignore[misc] # their base is in the project that is made
    handle = models.CharField(primary_key=True, max_length=150)
    USERNAME_FIELD = "handle"
