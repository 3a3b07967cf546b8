"""Django settings, read from the environment (docs/settings.md has the table)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from corsheaders.defaults import default_headers
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from billing.conf import BillingSettings
from billing.services.products import merge_products
from codetags.conf import CodeTagsSettings
from config import logs
from config.api_description import spectacular_settings
from config.environment import Environment, default_of
from config.hosts import allowed_hosts, is_of_the_same_site, trusted_origins
from config.mail import mail_settings
from config.private_files import keep_private
from config.stores import make_caches, make_database
from config.values import (
    code_pattern,
    cors_origins,
    header_name,
    placement_param,
    plan_allowances,
    rate_limits,
    token_actions,
    tool_labels,
    tool_names,
)
from kv.conf import KvSettings
from stats.conf import DEFAULT_TOOLS, StatsSettings
from usertokens.conf import UserTokensSettings
from usertokens.types import DEFAULT_ALLOWANCES, LARGEST_AMOUNT

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(BASE_DIR / ".env")

# --- address and keys
HOST = env.text("HOST", "127.0.0.1")
PORT = env.integer("PORT", 8000, minimum=1, maximum=65535)
WORKERS = env.integer("WORKERS", 2, minimum=1, maximum=256)
DATA_DIR = Path(env.text("DATA_DIR", "var")).expanduser()
DATA_DIR = DATA_DIR if DATA_DIR.is_absolute() else BASE_DIR / DATA_DIR
DEBUG = env.boolean("DEBUG", default=False)
keep_private(DATA_DIR)
SECRET_KEY = env.secret("SECRET_KEY", DATA_DIR)
VISITOR_HASH_KEY = env.secret("VISITOR_HASH_KEY", DATA_DIR)
NUM_PROXIES = env.integer(KvSettings.NUM_PROXIES, maximum=20)
_site = env.site_url("SITE_URL", f"http://127.0.0.1:{PORT}")
SITE_URL = _site.geturl()
_host = _site.hostname or ""
ALLOWED_HOSTS = allowed_hosts(_site)
# --- front ends elsewhere: docs/frontend.md
CORS_ORIGINS = cors_origins(env, _site)
CSRF_TRUSTED_ORIGINS = [*trusted_origins(_site), *CORS_ORIGINS]
CSRF_FAILURE_VIEW = "config.error_responses.csrf_failure"
CORS_ALLOWED_ORIGINS = list(CORS_ORIGINS)
CORS_URLS_REGEX = r"^/api(?:/|$)|^/(?:[a-z]{2}/)?accounts/(?:login|signup|logout|second-factor)$"
CORS_ALLOW_CREDENTIALS = True
CORS_ALLOW_HEADERS = [*default_headers, "idempotency-key", "if-none-match", "x-request-id"]
CORS_EXPOSE_HEADERS = ["Age", "ETag", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID"]
CORS_PREFLIGHT_MAX_AGE = 600  # seconds; so long a browser keeps an answer of before a change

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
    "django.contrib.sitemaps",
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
    "corsheaders",
    "django_htmx",
]
MIDDLEWARE = [
    "kv.monitoring.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.cors.FrontEnds",
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
# For API calls without a session (config/wsgi.py).
API_MIDDLEWARE = [
    "kv.monitoring.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.cors.FrontEnds",
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
# Widgets' templates are found like all others, so that templates/ can override the admin's.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- stores
REDIS_URL = env.text("REDIS_URL") or env.text("KV_URL", "embedded")
KV_PREFIX = env.text("KV_PREFIX")
KV_TIMEOUT_MS = env.integer(KvSettings.KV_TIMEOUT_MS, minimum=10, maximum=60_000)
KV_WAIT_REPLICAS = env.integer(KvSettings.KV_WAIT_REPLICAS, maximum=10)
EMBEDDED_FSYNC = env.choice("EMBEDDED_FSYNC", "always", ("always", "everysec"))
CACHES = make_caches(env, REDIS_URL, directory=DATA_DIR, timeout_ms=KV_TIMEOUT_MS, fsync=EMBEDDED_FSYNC)
DATABASES = {"default": make_database(env, DATA_DIR)}
# Bytes of a form, files included; API views have limits of their own.
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- what is counted
STATS_TOOLS = tool_names(env, ",".join(DEFAULT_TOOLS))
STATS_TOOL_NAMES = tool_labels(env)
STATS_MAX_QR_CENTS = env.integer(StatsSettings.STATS_MAX_QR_CENTS, minimum=1, maximum=99_999_999_999)
STATS_PUBLIC_HISTORY = env.boolean("STATS_PUBLIC_HISTORY", default=True)
STATS_BADGES, STATS_EMBED = env.boolean("STATS_BADGES", default=True), env.boolean("STATS_EMBED", default=True)

# --- campaign codes
CODETAGS_PATTERN = code_pattern(env, default_of(CodeTagsSettings.CODETAGS_PATTERN))
CODETAGS_MAX_UNKNOWN = env.integer(CodeTagsSettings.CODETAGS_MAX_UNKNOWN, maximum=1_000_000)
CODETAGS_BACKSTOP_SECONDS = env.integer(CodeTagsSettings.CODETAGS_BACKSTOP_SECONDS, maximum=86_400)
CODETAGS_PLACEMENT_PARAM = placement_param(env, default_of(CodeTagsSettings.CODETAGS_PLACEMENT_PARAM))
CODETAGS_BREAKDOWNS = env.boolean("CODETAGS_BREAKDOWNS", default=True)
CODETAGS_COUNTRY_HEADER = header_name(env, "CODETAGS_COUNTRY_HEADER")
# The variable separates lines by "|", since an .env file has no line breaks in values.
CODETAGS_CONTACT = "\n".join(line.strip() for line in env.text("CODETAGS_CONTACT").split("|"))
CODETAGS_COOKIES = "config.cookies.COOKIES"
EVENTS_ALLOW_PRIVATE = env.boolean("EVENTS_ALLOW_PRIVATE", default=False)
QR_ANALYTICS_EXTERNAL_URL = env.text("QR_ANALYTICS_EXTERNAL_URL")
QR_ANALYTICS_EXTERNAL_SECRET = env.text("QR_ANALYTICS_EXTERNAL_SECRET")
QR_ANALYTICS_EXTERNAL_ALLOW_PRIVATE = env.boolean("QR_ANALYTICS_EXTERNAL_ALLOW_PRIVATE", default=False)
if QR_ANALYTICS_EXTERNAL_URL and not QR_ANALYTICS_EXTERNAL_SECRET:
    raise ImproperlyConfigured(
        "QR_ANALYTICS_EXTERNAL_SECRET: needed with QR_ANALYTICS_EXTERNAL_URL, to sign what is sent"
    )

# --- billing
STRIPE_SECRET_KEY = env.text("STRIPE_SECRET_KEY")
STRIPE_WEBHOOK_SECRET = env.strings("STRIPE_WEBHOOK_SECRET")
STRIPE_PRODUCT_PLUS = env.strings("STRIPE_PRODUCT_PLUS")
STRIPE_PRODUCT_PREMIUM = env.strings("STRIPE_PRODUCT_PREMIUM")
STRIPE_PRODUCTS = env.string_lists("STRIPE_PRODUCTS")
STRIPE_API_BASE = env.address("STRIPE_API_BASE")
BILLING_GRACE_DAYS = env.integer(BillingSettings.BILLING_GRACE_DAYS, maximum=365)
BILLING_TOPUPS = env.amounts("BILLING_TOPUPS")
BILLING_TRIAL_DAYS, BILLING_FEATURES = env.days("BILLING_TRIAL_DAYS"), env.string_lists("BILLING_FEATURES")
BILLING_PROMOTION_CODES = env.boolean("BILLING_PROMOTION_CODES", default=False)
BILLING_TAX_NOTE, BILLING_SIGNUP = env.text("BILLING_TAX_NOTE"), "accounts:signup"
RATE_LIMITS = rate_limits(env)

# --- what users do and have
PLAN_ALLOWANCES = plan_allowances(env, ",".join(f"{plan}={tokens}" for plan, tokens in DEFAULT_ALLOWANCES.items()))
try:
    merge_products(PLAN_ALLOWANCES, plus=STRIPE_PRODUCT_PLUS, premium=STRIPE_PRODUCT_PREMIUM, products=STRIPE_PRODUCTS)
except ValueError as _error:
    raise ImproperlyConfigured(str(_error)) from None
GENERATION_COST = env.integer(UserTokensSettings.GENERATION_COST, minimum=1, maximum=LARGEST_AMOUNT)
TOKEN_ACTIONS = token_actions(env)
ALLOWANCE_ROLLOVER_CAP = env.integer(UserTokensSettings.ALLOWANCE_ROLLOVER_CAP, maximum=LARGEST_AMOUNT)
LOW_BALANCE = env.integer(UserTokensSettings.LOW_BALANCE, maximum=LARGEST_AMOUNT)

# --- mail: EMAIL_URL, DEFAULT_FROM_EMAIL. The settings' names depend on Django's version.
globals().update(mail_settings(env, _site))
TOKEN_MAILS = True  # where EMAIL_URL is set

# --- languages and time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French")), ("de", _("German")), ("es", _("Spanish"))]
FORMAT_MODULE_PATH = ["config.formats"]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.time_zone("TIME_ZONE", "UTC")
USE_TZ = True

# --- static files: hashed names, served by WhiteNoise
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT") or DATA_DIR / "static")
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

# --- log-in and permissions
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "config.authentication.OwnAndGroups",
    "config.address_log_in.ByAddress",
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
PASSWORD_RESET_TIMEOUT = 3600  # seconds; the mail says so
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "usertokens:dashboard"
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
AXES_RESET_ON_SUCCESS = False  # `config.lockout.forget_typed` does, and not for names that are other users' addresses

STAFF_SECOND_FACTOR = env.choice("STAFF_SECOND_FACTOR", "optional", ("optional", "required"))
OTP_TOTP_ISSUER = _host  # the site's name in the user's app

# --- https and headers
_https = _site.scheme == "https"
SECURE_SSL_REDIRECT = _https
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _https
# Without https browsers refuse "None": then a front end of another site has no log-in (site.W001).
_is_none_elsewhere = all(is_of_the_same_site(_site, origin) for origin in CORS_ORIGINS)
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax" if _is_none_elsewhere or not _https else "None"
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
X_FRAME_OPTIONS = "DENY"
if NUM_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# W005, W021: the owner decides whether HSTS holds for sub-domains and for the preload list of browsers.
# mail.E001 (Django 6.1): a site may send no mail, and then its pages say so.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021", "mail.E001"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        # A log-in leads back to the front end that linked to it; Chromium checks redirects of forms too.
        "form-action": [SELF, *CORS_ORIGINS],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
SPECTACULAR_SETTINGS = spectacular_settings(site_url=SITE_URL)

# --- logs: JSON lines without addresses or secrets
LOGGING = logs.CONFIGURATION
ACCESS_LOG = env.boolean("ACCESS_LOG", default=False)
METRICS_PERMISSION = "stats.view_statistics"
TRACING = bool(env.address("OTEL_EXPORTER_OTLP_ENDPOINT"))
SENTRY_DSN = env.text("SENTRY_DSN")
if SENTRY_DSN:
    import sentry_sdk

    try:
        # By default reports contain no users and no addresses.
        sentry_sdk.init(dsn=SENTRY_DSN, max_request_body_size="never", include_local_variables=False)
    except ValueError as _error:
        raise ImproperlyConfigured(f"SENTRY_DSN: {_error}") from None
