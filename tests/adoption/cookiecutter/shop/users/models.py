"""Users with an e-mail address for a name and a UUID for a key."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoManager
from django.db import models


class UserManager(DjangoManager[Any]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Any:  # type: ignore[override] # by an address instead of a name
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> Any:  # type: ignore[override] # by an address instead of a name
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=255, blank=True)
    first_name = None  # type: ignore[assignment] # Django's way to leave out a field
    last_name = None  # type: ignore[assignment] # Django's way to leave out a field
    username = None  # type: ignore[assignment] # Django's way to leave out a field
    email = models.EmailField(unique=True)
    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
