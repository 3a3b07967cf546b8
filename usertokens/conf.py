"""Every setting of the app."""

import re
from collections.abc import Mapping
from fractions import Fraction

from kv.conf import Setting, Settings
from kv.mail import is_mail_set_up
from kv.web.rate_limits import RateLimit
from usertokens.types import DEFAULT_ALLOWANCES, LARGEST_PRICE, MOST_UNITS, Price


class UserTokensSettings(Settings):
    """What the app reads from Django's settings."""

    #: Put before every key.
    KV_PREFIX = Setting("")
    #: Tokens of one month by plan; the first plan is the free one.
    PLAN_ALLOWANCES: Setting[dict[str, int]] = Setting(lambda: dict(DEFAULT_ALLOWANCES))
    #: Tokens of one generation, by default.
    GENERATION_COST = Setting(3)
    #: What tokens are spent on, and what it costs: {"article": 3, "gpt:input": "2/1000"}, tokens a unit or for so many.
    TOKEN_ACTIONS: Setting[Mapping[str, int | str]] = Setting(dict)
    #: Tokens of an allowance that may be kept at the end of its period.
    ALLOWANCE_ROLLOVER_CAP = Setting(0)
    #: When a balance falls to this, the user gets a note.
    LOW_BALANCE = Setting(10)
    #: Whether users get mails, where Django's settings name a mail server. They come from DEFAULT_FROM_EMAIL.
    TOKEN_MAILS = Setting(default=False)
    #: The site's public address, for the links in mails. Without it no mail is sent.
    SITE_URL = Setting("")
    #: While it is on, the demo account has a larger allowance.
    DEBUG = Setting(default=False)


app_settings = UserTokensSettings()


def default_plan() -> str:
    """The plan of every user who has no other: the first of PLAN_ALLOWANCES."""
    return next(iter(app_settings.PLAN_ALLOWANCES), "")


#: Characters of an action's name: the field of the account with its fraction stays under 64 bytes.
_LONGEST_NAME = 50
_ACTION = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_.:/-]{{0,{_LONGEST_NAME - 1}}}\Z")
_PRICE = re.compile(r"(\d{1,12}(?:\.\d{1,3})?)(?:/(\d{1,9}))?\Z", re.ASCII)


def parse_price(action: str, text: int | str) -> Price:
    """The price of a value of TOKEN_ACTIONS: tokens a unit, such as 3 or "0.3", or tokens for so many units: "2/1000".

    Raises ValueError for a name or a price that is none; its text says what is required.
    """
    if not _ACTION.match(action):
        raise ValueError(
            f"{action} is no name: 1 to {_LONGEST_NAME} letters, digits and _ . : / -, a letter or digit first"
        )
    found = _PRICE.match(text) if isinstance(text, str) else None
    if type(text) is int:
        found = _PRICE.match(str(text))
    if not found or not int(found[2] or 1):
        raise ValueError(f"{action} needs a price: tokens a unit such as 3, or for so many units such as 2/1000")
    price = Fraction(found[1]) / int(found[2] or 1)
    if not 0 < price.numerator <= LARGEST_PRICE or price.denominator > MOST_UNITS:
        bounds = f"at most {LARGEST_PRICE} tokens for at most {MOST_UNITS} units"
        raise ValueError(f"{action} needs a price over 0, in lowest terms {bounds}")
    return Price(price.numerator, price.denominator)


def mails_are_on() -> bool:
    """Whether users get mails at all."""
    return bool(app_settings.TOKEN_MAILS and app_settings.SITE_URL and is_mail_set_up())


#: The built-in demo account.
DEMO_USER = "test-user-id"

CHAT_LIMIT = RateLimit("chat", "120/minute")
#: By user: a conversation is up to 1 MiB of the database.
CHAT_USER_LIMIT = RateLimit("chat_user", "600/hour")
#: By user: a released hold costs no tokens, but leaves 780 bytes in the store.
HOLD_LIMIT = RateLimit("hold", "1000/day")
#: Tries to redeem a code that failed, by user and by address: whoever guesses is stopped.
REDEEM_LIMIT = RateLimit("redeem", "20/hour")
REDEEM_ADDRESS_LIMIT = RateLimit("redeem_address", "100/hour")
#: By user: setting budgets reads the journal of a month.
BUDGET_LIMIT = RateLimit("budget", "60/hour")
#: An open session must not allow guessing the user's password.
CLOSE_LIMIT = RateLimit("close", "10/minute")
