"""Django settings, read from the environment (docs/settings.md has the table)."""

from __future__ import annotations

import ipaddress
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from billing.services.products import merge_products
from codetags.services.patterns import check_pattern
from config.environment import Environment
from config.private_files import keep_private
from kv.store.address import StoreAddress
from kv.store.caches import clearable_cache, durable_cache
from kv.web.rate_limits import parse_window
from stats.conf import DEFAULT_TOOLS

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(BASE_DIR / ".env")

# --- where it listens and who it is
HOST = env.text("HOST", "127.0.0.1")
PORT = env.integer("PORT", 8000, minimum=1, maximum=65535)
WORKERS = env.integer("WORKERS", 2, minimum=1, maximum=256)
DATA_DIR = Path(env.text("DATA_DIR", "var")).expanduser()
DATA_DIR = DATA_DIR if DATA_DIR.is_absolute() else BASE_DIR / DATA_DIR
DEBUG = env.boolean("DEBUG", default=False)
keep_private(DATA_DIR)
SECRET_KEY = env.secret("SECRET_KEY", DATA_DIR)
VISITOR_HASH_KEY = env.secret("VISITOR_HASH_KEY", DATA_DIR)
NUM_PROXIES = env.integer("NUM_PROXIES", 0, maximum=20)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


_site = env.site_url("SITE_URL", f"http://127.0.0.1:{PORT}")
SITE_URL = _site.geturl()
_host = _site.hostname or ""
_hosts = {f"[{_host}]" if ":" in _host else _host}
if _is_loopback(_host):
    _hosts |= {"localhost", "127.0.0.1", "[::1]"}
_port = f":{_site.port}" if _site.port else ""
ALLOWED_HOSTS = sorted(_hosts)
CSRF_TRUSTED_ORIGINS = [f"{_site.scheme}://{host}{_port}" for host in ALLOWED_HOSTS]

# --- apps
INSTALLED_APPS = [
    "config",
    "kv",
    "stats",
    "usertokens",
    "codetags",
    "billing",
    "config.admin_app.StaffAdminConfig",  # django.contrib.admin
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "csp",
    "django_htmx",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.headers.HeaderHygiene",
    "config.middleware.form_size.FormSizeLimit",
    "config.middleware.error_pages.ErrorPages",
    "csp.middleware.CSPMiddleware",
    "config.middleware.sessions.KeptSessions",
    "kv.web.fragments.FragmentMiddleware",
    "config.middleware.language.LanguageOfAddress",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "config.middleware.sessions.StaffAuthentication",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
# API calls without a session take this shorter lane (config/wsgi.py).
API_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.api.ApiMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
# Templates of widgets are looked for where all others are, so that the admin's can be mended.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- stores
REDIS_URL = env.text("REDIS_URL") or env.text("KV_URL", "embedded")
_REDIS_URL_IS = "REDIS_URL" if env.text("REDIS_URL") else "KV_URL"
KV_PREFIX = env.text("KV_PREFIX")
KV_TIMEOUT_MS = env.integer("KV_TIMEOUT_MS", 250, minimum=10, maximum=60_000)
KV_WAIT_REPLICAS = env.integer("KV_WAIT_REPLICAS", 0, maximum=10)
EMBEDDED_FSYNC = env.choice("EMBEDDED_FSYNC", "always", ("always", "everysec"))


def _caches() -> dict[str, Any]:
    common: dict[str, Any] = {"directory": DATA_DIR, "timeout_ms": KV_TIMEOUT_MS, "fsync": EMBEDDED_FSYNC}
    try:
        store = durable_cache(REDIS_URL, **common)
    except ValueError as error:
        raise ImproperlyConfigured(f"{_REDIS_URL_IS}: {error}") from None
    chosen = env.text("CACHE_URL")
    if not chosen:
        return {"default": clearable_cache(REDIS_URL, **common), "kv": store}
    if chosen in ("locmem", "locmem://"):
        return {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}, "kv": store}
    try:
        address = StoreAddress.parse(chosen)
        cache = clearable_cache(address, database=address.database, **common)
    except ValueError as error:
        raise ImproperlyConfigured(f"CACHE_URL: {error}") from None
    if StoreAddress.parse(cache["LOCATION"]).is_same_database(StoreAddress.parse(store["LOCATION"])):
        raise ImproperlyConfigured(
            "CACHE_URL: this is the database of the counts, which clearing the cache would erase"
        )
    return {"default": cache, "kv": store}


CACHES = _caches()
_database = env.database("DATABASE_URL", DATA_DIR / "countinghouse.sqlite3")
if _database["ENGINE"] == "django.db.backends.sqlite3":
    keep_private(DATA_DIR, Path(_database["NAME"]))
    # FULL: what was acknowledged is on the disk. IMMEDIATE: a writer waits for its turn instead of failing half-way.
    _database["OPTIONS"] = {
        "timeout": 5,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    _database |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    # Seconds to connect, milliseconds for a lock: without it, a row that somebody holds keeps a thread for good.
    _database["OPTIONS"] = {"connect_timeout": 3, "options": "-c lock_timeout=5000", **_database.get("OPTIONS", {})}
DATABASES = {"default": _database}
# Bytes of a form; the API's views say their own. Files are taken nowhere.
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- what is counted
STATS_TOOLS = env.words("STATS_TOOLS", ",".join(DEFAULT_TOOLS))
for _tool in STATS_TOOLS:
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", _tool):
        raise ImproperlyConfigured(f"STATS_TOOLS: {_tool} is no name: lower-case letters, digits, dots and hyphens")
STATS_MAX_QR_CENTS = env.integer("STATS_MAX_QR_CENTS", 1_000_000, minimum=1, maximum=99_999_999_999)


# --- campaign codes
CODETAGS_PATTERN = env.text("CODETAGS_PATTERN", "[A-Z0-9]{4}")
CODETAGS_MAX_UNKNOWN = env.integer("CODETAGS_MAX_UNKNOWN", 10_000, maximum=1_000_000)
CODETAGS_BACKSTOP_SECONDS = env.integer("CODETAGS_BACKSTOP_SECONDS", 600, maximum=86_400)
# Lines in the variable are parted by a bar: an .env file has no other way to say them.
CODETAGS_CONTACT = "\n".join(line.strip() for line in env.text("CODETAGS_CONTACT").split("|"))
CODETAGS_COOKIES = "config.cookies.COOKIES"
QR_ANALYTICS_EXTERNAL_URL = env.text("QR_ANALYTICS_EXTERNAL_URL")
QR_ANALYTICS_EXTERNAL_SECRET = env.text("QR_ANALYTICS_EXTERNAL_SECRET")
QR_ANALYTICS_EXTERNAL_ALLOW_PRIVATE = env.boolean("QR_ANALYTICS_EXTERNAL_ALLOW_PRIVATE", default=False)
try:
    check_pattern(CODETAGS_PATTERN)
except ValueError as _error:
    raise ImproperlyConfigured(f"CODETAGS_PATTERN: {_error}") from None
if QR_ANALYTICS_EXTERNAL_URL and not QR_ANALYTICS_EXTERNAL_SECRET:
    raise ImproperlyConfigured(
        "QR_ANALYTICS_EXTERNAL_SECRET: needed with QR_ANALYTICS_EXTERNAL_URL, to sign what is sent"
    )

# --- billing
STRIPE_SECRET_KEY = env.text("STRIPE_SECRET_KEY")
STRIPE_WEBHOOK_SECRET = env.words("STRIPE_WEBHOOK_SECRET")
STRIPE_PRODUCT_PLUS = env.words("STRIPE_PRODUCT_PLUS")
STRIPE_PRODUCT_PREMIUM = env.words("STRIPE_PRODUCT_PREMIUM")
STRIPE_PRODUCTS = env.lists("STRIPE_PRODUCTS")
STRIPE_API_BASE = env.address("STRIPE_API_BASE")
BILLING_GRACE_DAYS = env.integer("BILLING_GRACE_DAYS", 7, maximum=365)
BILLING_TOPUPS = env.amounts("BILLING_TOPUPS")


def _rate_limits() -> dict[str, str] | None:
    if env.text("RATE_LIMITS").lower() == "off":
        return None
    limits = env.pairs("RATE_LIMITS")
    for name, text in limits.items():
        try:
            parse_window(text)
        except ValueError:
            raise ImproperlyConfigured(f"RATE_LIMITS: {name}={text} is no limit, such as {name}=30/minute") from None
    return limits


RATE_LIMITS = _rate_limits()


# --- what users do and have
_LONGEST_PLAN = 64  # as the API takes it


def _allowances() -> dict[str, int]:
    pairs = env.pairs("PLAN_ALLOWANCES", "Free=100,Plus=1000,Premium=5000")
    wrong = [name for name, text in pairs.items() if not text.isdecimal() or int(text) > 10**12]
    if wrong:
        raise ImproperlyConfigured(f"PLAN_ALLOWANCES: {wrong[0]} needs a whole number of tokens")
    if not pairs:
        raise ImproperlyConfigured("PLAN_ALLOWANCES: a plan is required; the first is the one that every new user has")
    if (long := next((name for name in pairs if len(name) > _LONGEST_PLAN), None)) is not None:
        raise ImproperlyConfigured(f"PLAN_ALLOWANCES: {long} is longer than {_LONGEST_PLAN} characters")
    return {name: int(text) for name, text in pairs.items()}


PLAN_ALLOWANCES = _allowances()
try:
    merge_products(PLAN_ALLOWANCES, plus=STRIPE_PRODUCT_PLUS, premium=STRIPE_PRODUCT_PREMIUM, products=STRIPE_PRODUCTS)
except ValueError as _error:
    raise ImproperlyConfigured(str(_error)) from None
GENERATION_COST = env.integer("GENERATION_COST", 3, minimum=1, maximum=10**12)
ALLOWANCE_ROLLOVER_CAP = env.integer("ALLOWANCE_ROLLOVER_CAP", 0, maximum=10**12)
LOW_BALANCE = env.integer("LOW_BALANCE", 10, maximum=10**12)

# --- languages and time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French")), ("de", _("German")), ("es", _("Spanish"))]
FORMAT_MODULE_PATH = ["config.formats"]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.time_zone("TIME_ZONE", "UTC")
USE_TZ = True

# --- static files: hashed names, served by WhiteNoise
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG

# --- who gets in
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "config.authentication.OwnAndGroups",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = [f"config.hashing.{name}" for name in ("BoundedPBKDF2", "BoundedPBKDF2SHA1", "BoundedScrypt")]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "config.authentication.ServiceTokens",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "kv.rest.schema.ApiSchema",
    "EXCEPTION_HANDLER": "kv.rest.errors.handle_exception",
    "DEFAULT_RENDERER_CLASSES": ["kv.rest.negotiation.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["kv.rest.negotiation.JsonParser"],
}
REST_KNOX = {"TOKEN_TTL": timedelta(days=365), "AUTH_HEADER_PREFIX": "Token"}
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "config.lockout.hashed_address"
AXES_USERNAME_CALLABLE = "config.lockout.hashed_name"
AXES_LOCKOUT_CALLABLE = "config.lockout.locked_out"
AXES_HTTP_RESPONSE_CODE = 429
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_VERBOSE = False
AXES_RESET_ON_SUCCESS = True

STAFF_SECOND_FACTOR = env.choice("STAFF_SECOND_FACTOR", "optional", ("optional", "required"))
OTP_TOTP_ISSUER = _host  # what the app on the telephone calls the site

# --- https and headers
_https = _site.scheme == "https"
SECURE_SSL_REDIRECT = _https
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _https
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
X_FRAME_OPTIONS = "DENY"
if NUM_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# W005 and W021: whether sub-domains and the browsers' preload list are part of the promise is the owner's to decide.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Countinghouse",
    "DESCRIPTION": "Counts and balances of one site.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api",
    # Two fields of one name and different choices: without names of their own they are called by a hash.
    "ENUM_NAME_OVERRIDES": {"PlanEnum": list(PLAN_ALLOWANCES), "PaidPlanEnum": list(PLAN_ALLOWANCES)[1:]},
}

# --- logs: JSON lines without addresses or secrets
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
            "rename_fields": {"asctime": "at", "levelname": "level", "name": "logger"},
        }
    },
    "filters": {"plain": {"()": "config.logs.LeaveOutRequest"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["plain"]}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # Strangers choose the Host header and the size of a form; a traceback for each would let them fill the disk.
        "django.security": {"level": "CRITICAL"},
        # Refused requests (4xx) are everyday life on the net; what failed here (5xx) is an error.
        "django.request": {"level": "ERROR"},
        "axes": {"level": "WARNING"},
        # Two lines for each request, with the ids of customers.
        "stripe": {"level": "WARNING"},
    },
}
SENTRY_DSN = env.text("SENTRY_DSN")
if SENTRY_DSN:
    import sentry_sdk

    try:
        # Users and their addresses are left out of reports by default.
        sentry_sdk.init(dsn=SENTRY_DSN, max_request_body_size="never", include_local_variables=False)
    except ValueError as _error:
        raise ImproperlyConfigured(f"SENTRY_DSN: {_error}") from None
