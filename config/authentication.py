"""Service tokens and permissions, in one query each.

A service authenticates with every call, so each query counts. Nothing is cached between calls: a revoked token, a
disabled account or a removed permission is effective from the next call on.
"""

from __future__ import annotations

from functools import lru_cache
from hmac import compare_digest
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from knox.models import get_token_model
from knox.settings import CONSTANTS


class ServiceTokens(TokenAuthentication):  # type: ignore[misc]
    """knox's tokens, without its check of all the account's tokens. An expired one is deleted when it is sent."""

    def authenticate_credentials(self, token: bytes) -> tuple[Any, Any]:
        """The user and the token. Raises AuthenticationFailed with knox's message."""
        text = token.decode()
        digest, now = hash_token(text), timezone.now()
        begin = text[: CONSTANTS.TOKEN_KEY_LENGTH]
        for kept in get_token_model().objects.filter(token_key=begin).select_related("user"):
            if not compare_digest(digest, kept.digest):
                continue
            if kept.expiry is not None and kept.expiry < now:
                break
            return self.validate_user(kept)  # type: ignore[no-any-return]
        return super().authenticate_credentials(token)  # type: ignore[no-any-return]


class OwnAndGroups:
    """A user's own permissions and those of their groups in one query; Django's backend needs two.

    It authenticates nobody. Django's backend is asked after it, so a False here is not final.
    """

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        """None, always: Django asks every backend."""

    def has_perm(self, user: Any, permission: str, obj: object = None) -> bool:
        """Whether the user has `app.codename`. As in Django's backend, queried once for each user object."""
        if not user.is_active or user.is_anonymous or obj is not None:
            return False
        held: set[str] | None = getattr(user, "_own_and_groups", None)
        if held is None:
            with connection.cursor() as cursor:
                cursor.execute(_statement(), [user.pk, user.pk])
                held = {f"{app}.{codename}" for app, codename in cursor.fetchall()}
            user._own_and_groups = held  # noqa: SLF001 (Django caches its own there too)
        return permission in held


@lru_cache(maxsize=1)
def _statement() -> str:
    """The SQL with two placeholders for the user's id. Building it takes the ORM longer than the query."""
    own = get_user_model().user_permissions.through.objects.filter(user_id=0).values("permission_id")
    groups = Group.permissions.through.objects.filter(group__user=0).values("permission_id")
    held = Permission.objects.filter(Q(pk__in=own) | Q(pk__in=groups)).order_by()
    sql: str = held.values_list("content_type__app_label", "codename").query.sql_with_params()[0]
    return sql
