"""The app's logic. `__all__` is the public API, described in docs/tokens.md; everything else may change."""

from typing import TYPE_CHECKING

from kv.lazy import lazy_names

__all__ = [
    "add_tokens",
    "adjust_tokens",
    "apply_plan",
    "capture_hold",
    "delete_account",
    "dismiss_low_balance",
    "forget_user",
    "freeze_grant",
    "get_balance",
    "get_user_stats",
    "grant_tokens",
    "hold_tokens",
    "list_daily_balances",
    "list_transactions",
    "read_dashboard",
    "record_conversation",
    "record_generation",
    "record_login",
    "release_hold",
    "reset_user",
    "restore_grant",
    "reverse_entry",
    "reverse_grant",
    "set_mood",
    "set_plan",
    "spend_tokens",
    "unfreeze_grant",
]

if TYPE_CHECKING:
    from usertokens.services.accounts import delete_account, forget_user
    from usertokens.services.activity import get_user_stats, record_login, set_mood
    from usertokens.services.balances import (
        add_tokens,
        adjust_tokens,
        dismiss_low_balance,
        get_balance,
        record_generation,
        reverse_entry,
        spend_tokens,
    )
    from usertokens.services.conversations import record_conversation
    from usertokens.services.dashboards import read_dashboard
    from usertokens.services.holds import capture_hold, hold_tokens, release_hold
    from usertokens.services.journal import list_daily_balances, list_transactions
    from usertokens.services.plans import apply_plan, set_plan
    from usertokens.services.purchases import (
        freeze_grant,
        grant_tokens,
        restore_grant,
        reverse_grant,
        unfreeze_grant,
    )
    from usertokens.services.resets import reset_user
else:
    _MODULES = (
        "accounts", "activity", "balances", "conversations", "dashboards", "holds", "journal", "plans", "purchases",
        "resets",
    )  # fmt: skip
    __getattr__, __dir__ = lazy_names(__name__, __all__, _MODULES)
