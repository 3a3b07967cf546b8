"""Somebody else's project: all it takes to count with `kv` and `stats`."""

from startproject import *  # type: ignore[import-not-found]  # noqa: F403 (a settings module)
from startproject import OF_DJANGO

INSTALLED_APPS = ["kv", "stats", "rest_framework", *OF_DJANGO]
