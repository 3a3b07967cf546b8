"""Somebody else's project with tokens, and tests of its own that delete and charge user 1."""

from startproject import *  # type: ignore[import-not-found]  # noqa: F403 (a settings module)
from startproject import OF_DJANGO

INSTALLED_APPS = ["kv", "usertokens", "rest_framework", *OF_DJANGO]
LOGIN_URL = "/admin/login/"
