"""How they know their callers; nothing describes it."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request


class BearerAuthentication(BaseAuthentication):
    """No extension describes it."""

    def authenticate(self, request: Request) -> None:
        """Nobody."""

    def authenticate_header(self, request: Request) -> str:
        """As DRF asks."""
        return "Bearer"


class LaxSession(SessionAuthentication):
    """Neither this one."""
