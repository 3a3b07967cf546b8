"""One question asked everywhere: does this caller hold the Django permission?"""

from __future__ import annotations

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


def holds(permission: str) -> type[BasePermission]:
    """A DRF permission class: any signed-in caller with the Django permission `app.codename`."""

    class Holds(BasePermission):
        def has_permission(self, request: Request, view: APIView) -> bool:
            return bool(request.user and request.user.is_authenticated and request.user.has_perm(permission))

    return Holds
