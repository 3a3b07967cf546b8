"""The permissions to see other users' data and to act for them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model

from kv.rest.permissions import may

VIEW_ANY = "usertokens.view_any"
ACT_FOR_ANY = "usertokens.act_for_any"
MANAGE_TOKENS = "usertokens.manage_tokens"
VIEW_USAGE = "usertokens.view_usage"
RETRY_MAIL = "usertokens.retry_mail"


def may_view_accounts(user: Any) -> bool:
    """Whether this member of staff may see the accounts themselves, with their e-mail addresses."""
    options = get_user_model()._meta  # noqa: SLF001 (Django documents it)
    return may(user, f"{options.app_label}.view_{options.model_name}")
