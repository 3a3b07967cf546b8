"""Every setting of the app."""

from kv.conf import Setting
from kv.web.rate_limits import RateLimit
from usertokens.types import DEFAULT_ALLOWANCES


class UserTokensSettings:
    """What the app reads from Django's settings."""

    #: Put before every key.
    KV_PREFIX = Setting("")
    #: Tokens of one month by plan; the first plan is the free one.
    PLAN_ALLOWANCES: Setting[dict[str, int]] = Setting(lambda: dict(DEFAULT_ALLOWANCES))
    #: Tokens of one generation, by default.
    GENERATION_COST = Setting(3)
    #: Tokens of an allowance that may be kept at the end of its period.
    ALLOWANCE_ROLLOVER_CAP = Setting(0)
    #: When a balance falls to this, the user gets a note.
    LOW_BALANCE = Setting(10)
    #: While it is on, the demo account has a larger allowance.
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
#: By user: a released hold costs no tokens, but leaves 780 bytes in the store.
HOLD_LIMIT = RateLimit("hold", "1000/day")
#: An open session must not allow guessing the user's password.
CLOSE_LIMIT = RateLimit("close", "10/minute")
