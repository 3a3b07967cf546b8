"""For a developer's machine."""

from config.settings.base import *  # noqa: F403 (a settings module)

DEBUG = True
SECRET_KEY = "local"
ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
