"""One example of each call, for the API's description."""

from typing import Any

from kv.rest.schema import answered, sent

_CONVERSATION = "1f0c8a52-7d0e-4f6a-9b57-2f4f0d1c9e11"
_HOLD = "12-Nw"
_TOKENS = {
    "balance": 97,
    "held": 0,
    "debt": 0,
    "allowance": 100,
    "period_start": "2026-11-01T00:00:00+00:00",
    "period_end": "2026-12-01T00:00:00+00:00",
}
_DASHBOARD = answered(
    {
        "user_id": "7",
        "conversations": 1,
        "generations": 2,
        "mood_score": 8.5,
        "days_active": 5,
        "login_streak": 2,
        "longest_streak": 4,
        "recent_conversations": [{"id": _CONVERSATION, "summary": "A poster", "at": "2026-11-28T18:30:00+00:00"}],
        "plan": "Free",
        "tokens": _TOKENS,
    }
)
_MOVED = {"success": True, "transaction_id": "14", "balance": 97}

DASHBOARD = [_DASHBOARD]
MOOD = [sent({"score": 8.5}), _DASHBOARD]
PLAN = [sent({"plan": "Free"}), _DASHBOARD]
CONVERSATION = [
    sent({"id": _CONVERSATION, "summary": "A poster", "messages": [{"role": "user", "content": "Draw a poster"}]}),
    answered({"id": _CONVERSATION, "conversations": 1}),
]
GENERATION = [sent({"cost": 3}), answered({**_MOVED, "spent": 3, "generations": 2})]
_BUDGETS: dict[str, Any] = {"day": None, "month": 500, "actions": {}}
_NO_BUDGETS: dict[str, Any] = {"day": None, "month": None, "actions": {}}
_BUDGET = answered(
    {
        **_BUDGETS,
        "own": _BUDGETS,
        "staff": _NO_BUDGETS,
        "in_force": [
            {
                "budget": "month",
                "action": None,
                "period": "month",
                "limit": 500,
                "used": 120,
                "left": 380,
                "opens_at": "2026-12-01T00:00:00+00:00",
                "set_by": "user",
            }
        ],
    }
)
BUDGET = [_BUDGET]
SET_BUDGET = [sent({"month": 500}), _BUDGET]
BALANCE = [
    answered(
        {
            "user_id": "7",
            **_TOKENS,
            "grants": [
                {
                    "id": "1",
                    "left": 97,
                    "amount": 100,
                    "priority": 10,
                    "expires_at": "2026-12-01T00:00:00+00:00",
                    "source": "allowance",
                }
            ],
        }
    )
]
SPEND = [
    sent({"action": "image", "quantity": 2}),
    answered({**_MOVED, "balance": 80, "spent": 20, "action": "image", "quantity": 2}),
]
REDEEM = [sent({"code": "HJ3K-T9WP-4CRX"}), answered({**_MOVED, "added": 500, "balance": 597})]
ADD = [sent({"userId": "7", "amount": 50, "reason": "gift"}), answered({**_MOVED, "balance": 147, "added": 50})]
RESET = [sent({"userId": "7"}), _DASHBOARD]
TRANSACTIONS = [
    answered(
        {
            "results": [
                {
                    "id": "14",
                    "at": "2026-11-28T18:30:00+00:00",
                    "type": "spend",
                    "amount": -3,
                    "balance_after": 97,
                    "reason": "article",
                }
            ],
            "next": None,
        }
    )
]
USAGE = [
    answered(
        {
            "from": "2026-11-27",
            "to": "2026-11-28",
            "total": 33,
            "actions": [
                {"action": "image", "count": 3, "quantity": 3, "spent": 30, "days": [20, 10]},
                {"action": "", "count": 1, "quantity": 1, "spent": 3, "days": [0, 3]},
            ],
        }
    )
]
HOLD = [
    sent({"amount": 50, "ttl_seconds": 600, "reason": "image"}),
    answered({"id": _HOLD, "amount": 50, "expires_at": "2026-11-28T18:40:00+00:00", "balance": 47}),
]
CAPTURE = [sent({"amount": 32}), answered({**_MOVED, "balance": 65, "captured": 32})]
RELEASE = [sent({}), answered({**_MOVED, "released": 50})]
