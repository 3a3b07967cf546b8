"""Receivers of Django's signals: sign-ups, log-ins and deletions."""

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
    """A user signed up: create their activity after the commit.

    A sign-up succeeds even when the store can't be reached.
    """
    if created and not raw:
        transaction.on_commit(partial(_create, str(instance.pk)))


def on_logged_in(sender: Any, user: Any, **_: Any) -> None:
    """A user logged in. The log-in succeeds even when the store can't be reached; the next one is counted then."""
    try:
        record_login(str(user.pk))
    except (StoreUnavailable, AccountClosed) as error:
        log.warning("a log-in was not counted: %s", type(error).__name__)


def on_user_deleted(sender: Any, instance: Any, origin: Any = None, **_: Any) -> None:
    """A user was deleted, by any code: delete their keys and rows after the commit."""
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
