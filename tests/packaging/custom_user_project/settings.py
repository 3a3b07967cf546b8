"""Somebody else's project with users of its own kind: all four apps, no admin, keys that are UUIDs, e-mails for names.

USER_KIND in the environment: `bare` has no permissions at all, `permitted` has Django's mixin for them.
"""

import os

from startproject import *  # type: ignore[import-not-found]  # noqa: F403 (a settings module)
from startproject import OF_DJANGO

APPS = ("kv", "stats", "usertokens", "codetags", "billing")
INSTALLED_APPS = [*APPS, "accounts_of_ours", "rest_framework", *(app for app in OF_DJANGO if not app.endswith("admin"))]
LOGIN_URL = "/dashboard"
AUTH_USER_MODEL = f"accounts_of_ours.{os.environ['USER_KIND'].capitalize()}User"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
