"""The site's settings for tests: a data directory of its own, quick passwords, static files from the sources."""

import atexit
import os
import shutil
import tempfile

os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="ch-test-")
atexit.register(shutil.rmtree, os.environ["DATA_DIR"], ignore_errors=True)
for _name in ("REDIS_URL", "KV_URL", "SITE_URL", "RATE_LIMITS", "DEBUG", "KV_PREFIX"):
    os.environ.pop(_name, None)
# Empty, not absent: a developer's own .env must neither sell for real nor reach the network from a test.
for _name in (
    "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRET",
    "STRIPE_API_BASE",
    "STRIPE_PRODUCT_PLUS",
    "STRIPE_PRODUCT_PREMIUM",
    "STRIPE_PRODUCTS",
    "CORS_ORIGINS",
    "EMAIL_URL",
    "DEFAULT_FROM_EMAIL",
):
    os.environ[_name] = ""

from config.settings import *  # noqa: E402, F403 (a settings module)
from config.settings import DATABASES, STORAGES  # noqa: E402 (after the settings are named)

STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
# Tests of mails switch them on: Django's test runner has a mail server of its own for all others.
TOKEN_MAILS = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# A file, as on a site: each thread has a connection of its own and waits for its turn to write. What lies in memory is
# one connection for all threads, or refuses at once ("table is locked") where the site would wait.
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["TEST"] = {"NAME": f"{os.environ['DATA_DIR']}/test.sqlite3"}
    DATABASES["default"]["OPTIONS"] |= {
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;",
    }
