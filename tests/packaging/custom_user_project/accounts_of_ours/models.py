"""Users of somebody else's kind."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models


class Users(BaseUserManager[Any]):
    """Makes them."""

    def create_user(self, email: str, password: str) -> Any:
        """One with an e-mail and a password, and nothing else."""
        user = self.model(email=email)
        user.set_password(password)
        user.save()
        return user


class _Named(AbstractBaseUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    last_login = None
    objects = Users()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        abstract = True


class BareUser(_Named):
    """Without permissions, groups, names and dates."""


class PermittedUser(_Named, PermissionsMixin):
    """With permissions and groups, and still without `is_staff`."""
