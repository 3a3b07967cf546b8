"""What `django-admin startproject` writes, with the four apps added as their pages say; variants.py changes it."""

from pathlib import Path
from typing import Any

from kv.store.caches import durable_cache

BASE_DIR = Path(__file__).resolve().parent


def startproject() -> dict[str, Any]:
    """The settings by name."""
    context = ("django.template.context_processors.request", "django.contrib.auth.context_processors.auth")
    return {
        "SECRET_KEY": "k" * 60,
        "VISITOR_HASH_KEY": "v" * 60,
        "DEBUG": False,
        "ALLOWED_HOSTS": ["testserver"],
        "INSTALLED_APPS": [
            "kv",
            "stats",
            "usertokens",
            "codetags",
            "billing",
            "rest_framework",
            *(
                f"django.contrib.{name}"
                for name in ("admin", "auth", "contenttypes", "sessions", "messages", "staticfiles")
            ),
        ],
        "MIDDLEWARE": [
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
        "ROOT_URLCONF": "urls",
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [BASE_DIR / "templates"],
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [*context, "django.contrib.messages.context_processors.messages"],
                },
            },
        ],
        "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}},
        # 5 s instead of 250 ms: a test's processor may be busy elsewhere.
        "CACHES": {
            "kv": durable_cache(directory=BASE_DIR / "var", timeout_ms=5000),
            "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
        },
        "LANGUAGE_CODE": "en-us",
        "TIME_ZONE": "UTC",
        "USE_I18N": True,
        "USE_TZ": True,
        "STATIC_URL": "static/",
        "LOGIN_URL": "/admin/login/",
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
        "SILENCED_SYSTEM_CHECKS": [],
    }
