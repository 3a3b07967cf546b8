"""What the users of somebody else's kinds share."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin


class Users(BaseUserManager[Any]):
    def create_user(self, name: str, password: str, **fields: Any) -> Any:
        user = self.model(**{self.model.USERNAME_FIELD: name}, **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, name: str, password: str) -> Any:
        return self.create_user(name, password, is_superuser=True)


class Base(AbstractBaseUser, PermissionsMixin):
    objects = Users()
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        abstract = True

    @property
    def is_staff(self) -> bool:
        """Who may enter the admin: not a column."""
        return bool(self.is_superuser)
