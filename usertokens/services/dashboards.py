"""The data of a user's dashboard in one round trip."""

from __future__ import annotations

from datetime import datetime

from kv.days import local_day
from kv.process.threads import async_twin
from kv.store.scripts import Script
from usertokens import keys
from usertokens.conf import default_plan
from usertokens.services import ledger
from usertokens.services.activity import read_stats
from usertokens.services.balances import read_tokens
from usertokens.services.budgets import read_budgets
from usertokens.types import Dashboard

read_dashboard_script = Script("usertokens", "read_dashboard")


def read_dashboard(user_id: str, *, now: datetime | None = None) -> Dashboard:
    """The user's activity and tokens. Creates those of a new user and grants what is due. Raises AccountClosed."""
    names = [*keys.ledger(user_id), keys.last_login(user_id)]
    args = [*ledger.common_args(user_id, now), local_day(now).isoformat(), default_plan()]
    reply = ledger.check_reply(user_id, read_dashboard_script.run(names, args))
    return Dashboard(
        user_id=user_id,
        stats=read_stats(reply[10:], reply[9]),
        tokens=read_tokens(reply[1:7]),
        low_balance=reply[7] == b"1",
        budgets=read_budgets(reply[8]),
    )


aread_dashboard = async_twin(read_dashboard)
