"""Somebody else's project with every app and no extra of the package, in a language that Babel would not know."""

from startproject import *  # type: ignore[import-not-found]  # noqa: F403 (a settings module)
from startproject import OF_DJANGO

INSTALLED_APPS = ["kv", "stats", "usertokens", "codetags", "billing", "rest_framework", *OF_DJANGO]
LOGIN_URL = "/admin/login/"
LANGUAGE_CODE, LANGUAGES = "eo-xx", [("eo-xx", "Esperanto"), ("de", "Deutsch")]
STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET = "sk_test_somebody", ("whsec_somebody",)
