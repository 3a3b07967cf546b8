"""Somebody else's project that sells by tokens, without Stripe: `kv` and `usertokens`, nothing of this site."""

from startproject import *  # type: ignore[import-not-found]  # noqa: F403 (a settings module)
from startproject import OF_DJANGO

INSTALLED_APPS = ["kv", "usertokens", "rest_framework", *OF_DJANGO]
LOGIN_URL = "/admin/login/"
TOKEN_ACTIONS = {"image": 10, "gpt:output": "8/1000"}
LOW_BALANCE = 0
EVENTS_ALLOW_PRIVATE = True  # the test receives them on this machine
