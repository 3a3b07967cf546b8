"""What the app hears: sign-ups, log-ins and deletions, all by Django's own signals."""

from __future__ import annotations

from functools import partial
from logging import getLogger
from typing import Any

from django.db import transaction

from kv.errors import StoreUnavailable
from usertokens.errors import AccountClosed, AccountNotClosed
from usertokens.services.accounts import forget_user
from usertokens.services.activity import create_user_stats, record_login

log = getLogger(__name__)


def on_user_saved(sender: Any, instance: Any, *, created: bool, raw: bool = False, **_: Any) -> None:
    """Somebody signed up: once the row is there for good, their activity is made.

    Nobody is kept out by a store that is away.
    """
    if created and not raw:
        transaction.on_commit(partial(_create, str(instance.pk)))


def on_logged_in(sender: Any, user: Any, **_: Any) -> None:
    """Somebody logged in. Nobody is kept out by a store that is away: the next log-in counts."""
    try:
        record_login(str(user.pk))
    except (StoreUnavailable, AccountClosed) as error:
        log.warning("a log-in was not counted: %s", type(error).__name__)


def on_user_deleted(sender: Any, instance: Any, origin: Any = None, **_: Any) -> None:
    """A user was deleted, from wherever: their keys and rows go, too, once the deletion is for good."""
    transaction.on_commit(partial(_forget, str(instance.pk)))


def _create(user_id: str) -> None:
    try:
        create_user_stats(user_id)
    except (StoreUnavailable, AccountClosed) as error:
        log.warning("a new user's activity was not made: %s", type(error).__name__)


def _forget(user_id: str) -> None:
    try:
        forget_user(user_id)
    except (StoreUnavailable, AccountNotClosed):
        log.exception(
            "user %s was deleted, what is kept about them was not: run `manage.py usertokens_forget %s`",
            user_id,
            user_id,
        )
