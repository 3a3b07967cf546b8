"""Service tokens and permissions, in one query each; both and another user in one, where a view asks for all at once.

A service authenticates with every call, so each query counts. Nothing is cached between calls: a revoked token, a
disabled account or a removed permission is effective from the next call on, whoever changed the database and how.
"""

from __future__ import annotations

from collections.abc import Mapping
from hmac import compare_digest
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission, User
from django.db import router
from django.db.models import CharField, DateTimeField, Exists, IntegerField, OuterRef, Q
from django.http import HttpRequest
from django.utils import timezone
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from knox.models import get_token_model
from knox.settings import CONSTANTS

from config.token_notes import note_use
from kv.labels import with_label
from kv.rest.callers import Caller
from kv.sql.statements import Later, Statement

#: Backends that give a user's own permissions and those of their groups, and beside them what gives none.
_GIVING = {"config.authentication.OwnAndGroups", "django.contrib.auth.backends.ModelBackend"}
_PLAIN = {*_GIVING, "axes.backends.AxesStandaloneBackend", "config.address_log_in.ByAddress"}
# An id of more digits may be none that the database's column can hold.
_MOST_DIGITS = 9


class ServiceTokens(TokenAuthentication):  # type: ignore[misc] # knox has no types
    """knox's tokens, without its check of all the account's tokens. An expired one is deleted when it is sent."""

    def authenticate_credentials(self, token: bytes) -> tuple[Any, Any]:
        """The user and the token. Raises AuthenticationFailed with knox's message."""
        text = token.decode()
        digest, now = hash_token(text), timezone.now()
        for row in _TOKEN.fetch(begin=text[: CONSTANTS.TOKEN_KEY_LENGTH]):
            kept = _instances(row)
            if not compare_digest(digest, kept.digest):
                continue
            if kept.expiry is not None and kept.expiry < now:
                break
            found = self.validate_user(kept)
            note_use(kept.digest, text)
            return found  # type: ignore[no-any-return] # knox has no types
        return super().authenticate_credentials(token)  # type: ignore[no-any-return] # knox has no types

    def find_caller(self, meta: Mapping[str, Any], permission: str, other: str | None) -> Caller | None:
        """The account of the token, in one query: see `kv.rest.callers`. None is no refusal: DRF's way finds out."""
        parts = str(meta.get("HTTP_AUTHORIZATION", "")).encode("latin-1").split()  # as DRF reads it
        if len(parts) != 2 or parts[0].lower() != self.authenticate_header(None).lower().encode():  # noqa: PLR2004 (a name and a token)
            return None
        if other is not None and not _is_plain_id(other):
            return None
        backends = set(settings.AUTHENTICATION_BACKENDS)
        if get_user_model() is not User or not backends <= _PLAIN or not backends & _GIVING:
            return None
        token = parts[1].decode()
        app, _, codename = with_label(permission).partition(".")
        digest, begin = hash_token(token), token[: CONSTANTS.TOKEN_KEY_LENGTH]
        ask = {"begin": begin, "now": timezone.now(), "app": app, "codename": codename, "other": int(other or 0)}
        for kept, user, is_superuser, own, by_group, has_other in _CALLER.fetch(**ask):
            if compare_digest(digest, kept):
                note_use(digest, token)
                return Caller(str(user), bool(is_superuser or own or by_group), bool(has_other))
        return None


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
            held = {f"{app}.{codename}" for app, codename in _HELD.fetch(user=user.pk)}
            user._own_and_groups = held  # noqa: SLF001 (Django caches its own there too)
        return permission in held


def _is_plain_id(text: str) -> bool:
    """Whether it is a number as `str` writes it, and not a large one."""
    return len(text) <= _MOST_DIGITS and text.isascii() and text.isdecimal() and text[0] != "0"


def _token(tokens: Any) -> Any:
    known = tokens.filter(token_key=Later("begin", CharField()))
    users = [f"user__{name}" for name in _columns(get_user_model())]
    return known.values_list(*_columns(get_token_model()), *users)


def _instances(row: tuple[Any, ...]) -> Any:
    """The token of a row of `_TOKEN`, with its user."""
    tokens = get_token_model()
    names = _columns(tokens)
    alias = router.db_for_read(tokens)
    token = tokens.from_db(alias, names, row[: len(names)])
    users = get_user_model()
    token.user = users.from_db(alias, _columns(users), row[len(names) :])
    return token


def _columns(model: Any) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]  # noqa: SLF001 (Django's public name for it)


def _held(permissions: Any) -> Any:
    user = Later("user", IntegerField())
    own = get_user_model().user_permissions.through.objects.filter(user_id=user).values("permission_id")
    groups = Group.permissions.through.objects.filter(group__user=user).values("permission_id")
    held = permissions.filter(Q(pk__in=own) | Q(pk__in=groups)).order_by()
    return held.values_list("content_type__app_label", "codename")


def _caller(tokens: Any) -> Any:
    wanted = {
        "permission__codename": Later("codename", CharField()),
        "permission__content_type__app_label": Later("app", CharField()),
    }
    own = User.user_permissions.through.objects.filter(user_id=OuterRef("user_id"), **wanted)
    groups = Group.permissions.through.objects.filter(group__user=OuterRef("user_id"), **wanted)
    other = User._default_manager.filter(pk=Later("other", IntegerField()))  # noqa: SLF001 (Django's public name for it)
    valid = tokens.filter(
        Q(expiry__isnull=True) | Q(expiry__gte=Later("now", DateTimeField())),
        token_key=Later("begin", CharField()),
        user__is_active=True,
    )
    return valid.values_list("digest", "user_id", "user__is_superuser", Exists(own), Exists(groups), Exists(other))


def _token_model() -> Any:
    return get_token_model()


_TOKEN = Statement(_token_model, _token)
_HELD = Statement(lambda: Permission, _held)
_CALLER = Statement(_token_model, _caller)
