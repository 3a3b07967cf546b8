"""Somebody else's project that sells: `kv`, `usertokens` and `billing`, the plain admin, nothing of this site."""

import os

from startproject import *  # type: ignore[import-not-found]  # noqa: F403 (a settings module)
from startproject import OF_DJANGO

INSTALLED_APPS = ["kv", "usertokens", "billing", "rest_framework", *OF_DJANGO]
LOGIN_URL = "/admin/login/"
STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET = "sk_test_somebody", ("whsec_somebody",)
STRIPE_API_BASE, STRIPE_PRODUCT_PLUS = os.environ["STRIPE_URL"], os.environ["STRIPE_PLUS"]
