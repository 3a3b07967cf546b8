"""Somebody else's project: all it takes to count campaign codes with `kv` and `codetags`."""

from startproject import *  # type: ignore[import-not-found]  # noqa: F403 (a settings module)
from startproject import OF_DJANGO

INSTALLED_APPS = ["kv", "codetags", "rest_framework", *OF_DJANGO]
