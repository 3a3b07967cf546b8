"""Somebody else's project with one of the apps, and what they say of their own API: by the environment."""

import os

from startproject import *  # type: ignore[import-not-found]  # noqa: F403 (a settings module)
from startproject import OF_DJANGO

APPS = os.environ["APPS"].split(",")
INSTALLED_APPS = ["kv", *APPS, "rest_framework", "drf_spectacular", *OF_DJANGO]
THEIRS = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["their_callers.BearerAuthentication", "their_callers.LaxSession"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.AcceptHeaderVersioning",
    "DEFAULT_VERSION": "2",
    "ALLOWED_VERSIONS": ["2"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.BrowsableAPIRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.MultiPartParser"],
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.AnonRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"anon": "1/day"},
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.CursorPagination",
    "PAGE_SIZE": 5,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DATETIME_FORMAT": "%d.%m.%Y",
}
REST_FRAMEWORK = THEIRS if os.environ["DEFAULTS"] == "theirs" else {}
SPECTACULAR_SETTINGS = {"OAS_VERSION": os.environ["OAS"], "COMPONENT_SPLIT_REQUEST": os.environ["OAS"] == "3.1.1"}
