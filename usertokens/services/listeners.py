"""Receivers of Django's signals: sign-ups, log-ins, deletions and migrations."""

from __future__ import annotations

import sys
from functools import partial
from logging import getLogger
from typing import Any

from django.core.management.color import color_style
from django.db import DatabaseError, router, transaction

from kv.errors import StoreUnavailable
from kv.store.guard import is_test_run
from usertokens.checks import foreign_database
from usertokens.errors import AccountClosed, AccountNotClosed
from usertokens.models import DatabaseId
from usertokens.services.accounts import forget_user
from usertokens.services.activity import create_user_stats, record_login
from usertokens.services.databases import claim_store

log = getLogger(__name__)
#: A ValueError is for an id that no key can carry, such as one with braces: that user has no ledger, but can log in.
_NO_LEDGER = (StoreUnavailable, AccountClosed, ValueError)


def on_user_saved(
    sender: Any, instance: Any, *, created: bool, raw: bool = False, using: str | None = None, **_: Any
) -> None:
    """A user signed up: create their activity after the commit.

    A sign-up succeeds even when the store can't be reached.
    """
    if created and not raw:
        transaction.on_commit(partial(_create, str(instance.pk)), using=using)


def on_logged_in(sender: Any, user: Any, **_: Any) -> None:
    """A user logged in. The log-in succeeds even when the store can't be reached; the next one is counted then."""
    try:
        record_login(str(user.pk))
    except _NO_LEDGER as error:
        log.warning("a log-in was not counted: %s", type(error).__name__)


def on_user_deleted(sender: Any, instance: Any, using: str | None = None, **_: Any) -> None:
    """A user was deleted, by any code: delete their keys and rows after the commit."""
    transaction.on_commit(partial(_forget, str(instance.pk)), using=using)


def on_migrated(sender: Any, using: str, **_: Any) -> None:
    """The tables are there: take the store for this database, and say on stderr when it belongs to another.

    Migrating succeeds even when the store can't be reached. A test run's database is none of a site's.
    """
    if is_test_run() or using != router.db_for_write(DatabaseId):
        return
    try:
        with transaction.atomic(using=using):
            foreign = claim_store(using)
    except (DatabaseError, StoreUnavailable) as error:
        log.info("the store was not compared with the database: %s", type(error).__name__)
        return
    if foreign:
        sys.stderr.write(f"{color_style().WARNING(str(foreign_database(foreign)))}\n")


def _create(user_id: str) -> None:
    try:
        create_user_stats(user_id)
    except _NO_LEDGER as error:
        log.warning("a new user's activity was not made: %s", type(error).__name__)


def _forget(user_id: str) -> None:
    try:
        forget_user(user_id)
    except ValueError:
        log.warning("nothing is kept about user %r: no key can carry that id", user_id)
    except (StoreUnavailable, AccountNotClosed):
        log.exception(
            "user %s was deleted, what is kept about them was not: run `manage.py usertokens_forget %s`",
            user_id,
            user_id,
        )
