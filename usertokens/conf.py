"""Every setting of the app."""

from kv.conf import Setting
from kv.web.rate_limits import RateLimit
from usertokens.types import DEFAULT_ALLOWANCES


class UserTokensSettings:
    """What the app reads from Django's settings."""

    #: Put before every key.
    KV_PREFIX = Setting("")
    #: Tokens of one month by plan; its names are the plans there are.
    PLAN_ALLOWANCES: Setting[dict[str, int]] = Setting(lambda: dict(DEFAULT_ALLOWANCES))
    #: Tokens of one generation.
    GENERATION_COST = Setting(3)
    #: Tokens of an allowance that may be kept at its period's end.
    ALLOWANCE_ROLLOVER_CAP = Setting(0)
    #: A balance that falls to this is noted.
    LOW_BALANCE = Setting(10)
    #: On a developer's machine the demo account has more to spend.
    DEBUG = Setting(default=False)


app_settings = UserTokensSettings()


def default_plan() -> str:
    """The plan of every user who has no other: the first of PLAN_ALLOWANCES."""
    return next(iter(app_settings.PLAN_ALLOWANCES), "")


#: The built-in demo account.
DEMO_USER = "test-user-id"

CHAT_LIMIT = RateLimit("chat", "120/minute")
#: By user: a conversation is up to 1 MiB of the database.
CHAT_USER_LIMIT = RateLimit("chat_user", "600/hour")
#: By user: a hold that is released costs no tokens, and leaves some 780 bytes in the store.
HOLD_LIMIT = RateLimit("hold", "1000/day")
#: Whoever sits at somebody's open session does not guess the password here either.
CLOSE_LIMIT = RateLimit("close", "10/minute")
