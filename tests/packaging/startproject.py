"""What the projects of somebody else share: the start of Django, SQLite, an embedded store. Copied beside them."""

from pathlib import Path

from kv.store.caches import clearable_cache, durable_cache

HERE = Path(__file__).parent
SECRET_KEY, VISITOR_HASH_KEY = "k" * 60, "v" * 60
ALLOWED_HOSTS, ROOT_URLCONF, STATIC_URL = ["testserver"], "urls", "static/"
DJANGO = ("admin", "auth", "contenttypes", "sessions", "messages", "staticfiles")
OF_DJANGO = [f"django.contrib.{name}" for name in DJANGO]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
CACHES = {
    # 5 s instead of 250 ms: a test's processor may be busy elsewhere.
    "kv": durable_cache(directory=HERE / "var", timeout_ms=5000),
    "default": clearable_cache(directory=HERE / "var"),
}
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": HERE / "db.sqlite3"}}
CONTEXT = (
    "template.context_processors.request",
    "contrib.auth.context_processors.auth",
    "contrib.messages.context_processors.messages",
)
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": [f"django.{name}" for name in CONTEXT]},
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
