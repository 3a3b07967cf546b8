"""Somebody else's project in which each app has another label."""

from startproject import *  # type: ignore[import-not-found]  # noqa: F403 (a settings module)
from startproject import OF_DJANGO

OURS = [f"labels.{name}" for name in ("OurStats", "OurUsertokens", "OurCodetags", "OurBilling")]
INSTALLED_APPS = ["kv", *OURS, "rest_framework", *OF_DJANGO]
LOGIN_URL = "/admin/login/"
METRICS_PERMISSION = "visits.view_statistics"
