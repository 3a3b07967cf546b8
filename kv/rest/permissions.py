"""One question asked everywhere: does this caller hold the Django permission?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kv.labels import with_label

if TYPE_CHECKING:  # admin pages ask too, and need no REST framework
    from rest_framework.permissions import BasePermission
    from rest_framework.request import Request
    from rest_framework.views import APIView


def may(user: Any, permission: str) -> bool:
    """Whether the user holds `app.codename`; nobody does whose model has no permissions (`PermissionsMixin`).

    app: the app's package. A label that the project gave it is taken instead.
    """
    asked = getattr(user, "has_perm", None)
    return bool(asked and asked(with_label(permission)))


def is_staff(user: Any) -> bool:
    """Whether the user is of the site's own; nobody is whose model does not say so."""
    return bool(getattr(user, "is_staff", False))


def holds(permission: str) -> type[BasePermission]:
    """A DRF permission class: any signed-in caller with the Django permission `app.codename`."""
    from rest_framework.permissions import BasePermission

    class Holds(BasePermission):
        def has_permission(self, request: Request, view: APIView) -> bool:
            user: Any = request.user  # None where a project sets UNAUTHENTICATED_USER so
            return bool(user and user.is_authenticated and may(user, permission))

    return Holds
