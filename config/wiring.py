"""Connects signals between apps. Besides it, only `billing` calls `usertokens`."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in

from billing.signals import end_before_closing, export_settings
from kv.signals import service_token_made
from usertokens.signals import account_closing, account_exported


def connect() -> None:
    """End a subscription before its account is deleted. While Stripe can't be reached, no account is deleted.

    Put the e-mail addresses of an account, its recovery codes, and its automatic top-up into the user's download.
    Keep the last characters of a service's token that is made.
    Forget the failed log-ins of who has logged in.
    """
    account_closing.connect(end_before_closing, dispatch_uid="config.end_before_closing")
    account_exported.connect(_export_account, dispatch_uid="config.export_account")
    account_exported.connect(export_settings, dispatch_uid="config.export_auto_topup")
    service_token_made.connect(_note_token, dispatch_uid="config.note_token")
    user_logged_in.connect(_forget_failures, dispatch_uid="config.forget_failures")


def _export_account(sender: Any, user: Any, **more: Any) -> dict[str, Any]:
    from config.verification import export_addresses  # when first needed: the start is quicker

    return export_addresses(user)


def _note_token(sender: Any, token: Any, text: str, **more: Any) -> None:
    from config.token_notes import note_made

    note_made(token.digest, text)


def _forget_failures(sender: Any, request: Any, user: Any, **more: Any) -> None:
    from config.lockout import forget_typed

    forget_typed(request, user, user.get_username())
