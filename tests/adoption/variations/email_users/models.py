"""An e-mail is the name, a UUID the key."""

import uuid

from django.db import models
from user_parts import Base  # type: ignore[import-not-found] # it is in the project that is made


class EmailUser(Base):  # type: ignore[misc] # their base is in the project that is made
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    USERNAME_FIELD = "email"
