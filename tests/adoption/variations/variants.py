"""How projects differ: each function changes the settings of a fresh project as one of them has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from base import BASE_DIR  # type: ignore[import-not-found] # it is in the project that is made

Settings = dict[str, Any]
VARIANTS: dict[str, Callable[[Settings], None]] = {}


def variant(change: Callable[[Settings], None]) -> Callable[[Settings], None]:
    VARIANTS[change.__name__] = change
    return change


def _set(name: str, **changed: Any) -> None:
    VARIANTS[name] = lambda settings: settings.update(changed)


def _without(settings: Settings, *apps: str) -> None:
    settings["INSTALLED_APPS"] = [one for one in settings["INSTALLED_APPS"] if not one.endswith(apps)]
    settings["MIDDLEWARE"] = [one for one in settings["MIDDLEWARE"] if not any(f".{app}." in one for app in apps)]
    options = settings["TEMPLATES"][0]["OPTIONS"]
    options["context_processors"] = [
        one for one in options["context_processors"] if not any(f".{app}." in one for app in apps)
    ]


_set("plain")
_set("no_time_zones", USE_TZ=False, TIME_ZONE="America/New_York")
_set("no_translations", USE_I18N=False)
_set("grouped_numbers", USE_THOUSAND_SEPARATOR=True, LANGUAGE_CODE="de")
_set("language_of_a_region", LANGUAGE_CODE="pt-br")
_set("language_with_a_script", LANGUAGE_CODE="zh-hant")
_set("language_that_babel_does_not_know", LANGUAGE_CODE="udm")
_set("slashes_off", APPEND_SLASH=False)
_set("tokens_in_sessions", CSRF_USE_SESSIONS=True)
_set("log_in_by_name", LOGIN_URL="somewhere:log_in")
_set("mounted_by_script_name", FORCE_SCRIPT_NAME="/shop")
_set("mounted_by_include", ROOT_URLCONF="urls_under_a_prefix")
_set("urls_in_a_namespace", ROOT_URLCONF="urls_in_a_namespace")
_set("urls_of_the_api", ROOT_URLCONF="urls_of_the_api")
_set("urls_of_the_pages", ROOT_URLCONF="urls_of_the_pages")
_set("urls_in_languages", ROOT_URLCONF="urls_in_languages", LANGUAGE_CODE="fr")
_set("small_keys", DEFAULT_AUTO_FIELD="django.db.models.SmallAutoField")
_set("keys_of_its_own", DEFAULT_AUTO_FIELD="own_fields.OwnAutoField")
_set("named_permissions", AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.AllowAllUsersModelBackend"])
_set("sessions_in_the_cache", SESSION_ENGINE="django.contrib.sessions.backends.cache")
_set("sessions_in_cookies", SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies")
_set("secure", SECURE_SSL_REDIRECT=False, SESSION_COOKIE_SECURE=True, CSRF_COOKIE_SECURE=True, SECURE_HSTS_SECONDS=3600)
_set("own_prefix", KV_PREFIX="shop:")
_set("nothing_limited", RATE_LIMITS=None)


@variant
def no_admin(settings: Settings) -> None:
    _without(settings, "admin")
    settings["LOGIN_URL"] = "/log-in"


@variant
def no_messages(settings: Settings) -> None:
    _without(settings, "admin", "messages")


@variant
def no_sessions(settings: Settings) -> None:
    _without(settings, "admin", "messages", "sessions")
    settings["MIDDLEWARE"] = [one for one in settings["MIDDLEWARE"] if "auth" not in one]
    settings["ROOT_URLCONF"] = "urls_without_log_in"


@variant
def no_staticfiles(settings: Settings) -> None:
    _without(settings, "staticfiles")


@variant
def media_only(settings: Settings) -> None:
    _without(settings, "staticfiles")
    settings.update(STATIC_URL=None, MEDIA_URL="/media/")


@variant
def no_middleware(settings: Settings) -> None:
    _without(settings, "admin", "messages", "sessions")
    settings["MIDDLEWARE"] = []
    settings["ROOT_URLCONF"] = "urls_without_log_in"


@variant
def no_context_processors(settings: Settings) -> None:
    settings["TEMPLATES"][0]["OPTIONS"]["context_processors"] = [
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]


@variant
def no_context_processors_at_all(settings: Settings) -> None:
    _without(settings, "admin")
    settings["TEMPLATES"][0]["OPTIONS"]["context_processors"] = []


@variant
def missing_names_are_shown(settings: Settings) -> None:
    settings["TEMPLATES"][0]["OPTIONS"]["string_if_invalid"] = "MISSING<%s>"


@variant
def jinja_first(settings: Settings) -> None:
    jinja = {"BACKEND": "django.template.backends.jinja2.Jinja2", "APP_DIRS": True, "DIRS": [BASE_DIR / "jinja"]}
    settings["TEMPLATES"].insert(0, jinja)


@variant
def templates_in_a_cache(settings: Settings) -> None:
    del settings["TEMPLATES"][0]["APP_DIRS"]
    loaders = ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"]
    settings["TEMPLATES"][0]["OPTIONS"]["loaders"] = [("django.template.loaders.cached.Loader", loaders)]


@variant
def log_in_for_everything(settings: Settings) -> None:
    settings["MIDDLEWARE"].append("django.contrib.auth.middleware.LoginRequiredMiddleware")


@variant
def sites_and_fallbacks(settings: Settings) -> None:
    settings["INSTALLED_APPS"] += [f"django.contrib.{name}" for name in ("sites", "flatpages", "redirects", "humanize")]
    settings["MIDDLEWARE"] += [
        "django.contrib.sites.middleware.CurrentSiteMiddleware",
        "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
        "django.contrib.redirects.middleware.RedirectFallbackMiddleware",
    ]
    settings["SITE_ID"] = 1


@variant
def languages_by_middleware(settings: Settings) -> None:
    settings["MIDDLEWARE"].insert(2, "django.middleware.locale.LocaleMiddleware")
    settings["LANGUAGES"] = [("fr", "Français"), ("nl", "Nederlands")]
    settings["LANGUAGE_CODE"] = "nl"


@variant
def whole_site_cached(settings: Settings) -> None:
    settings["MIDDLEWARE"].insert(0, "django.middleware.cache.UpdateCacheMiddleware")
    settings["MIDDLEWARE"].append("django.middleware.cache.FetchFromCacheMiddleware")


@variant
def packed_and_conditional(settings: Settings) -> None:
    settings["MIDDLEWARE"][:0] = [
        "django.middleware.gzip.GZipMiddleware",
        "django.middleware.http.ConditionalGetMiddleware",
    ]


@variant
def other_admin_site(settings: Settings) -> None:
    """An admin of the project's own kind, under another name."""
    apps = settings["INSTALLED_APPS"]
    apps[apps.index("django.contrib.admin")] = "own_admin.OwnAdminConfig"


@variant
def requests_are_transactions(settings: Settings) -> None:
    settings["DATABASES"]["default"]["ATOMIC_REQUESTS"] = True


@variant
def a_replica(settings: Settings) -> None:
    settings["DATABASES"]["replica"] = {**settings["DATABASES"]["default"], "TEST": {"MIRROR": "default"}}
    settings["DATABASE_ROUTERS"] = ["routers.ReplicaRouter"]


@variant
def a_database_for_tokens(settings: Settings) -> None:
    """The tables of `usertokens` apart. Those of the other apps point to users, so they stay beside them."""
    path = BASE_DIR / "counts.sqlite3"
    settings["DATABASES"]["counts"] = {**settings["DATABASES"]["default"], "NAME": path}
    settings["DATABASE_ROUTERS"] = ["routers.CountsRouter"]


@variant
def no_default_database(settings: Settings) -> None:
    settings["DATABASES"] = {"default": {}, "main": settings["DATABASES"]["default"]}
    settings["DATABASE_ROUTERS"] = ["routers.MainRouter"]


@variant
def rest_defaults(settings: Settings) -> None:
    settings["INSTALLED_APPS"] += ["rest_framework.authtoken"]
    settings["REST_FRAMEWORK"] = {
        "DEFAULT_AUTHENTICATION_CLASSES": [
            "rest_framework.authentication.TokenAuthentication",
            "rest_framework.authentication.SessionAuthentication",
        ],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
        "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
        "PAGE_SIZE": 20,
        "EXCEPTION_HANDLER": "rest_parts.own_errors",
        "DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.AcceptHeaderVersioning",
        "DEFAULT_THROTTLE_CLASSES": [
            "rest_framework.throttling.AnonRateThrottle",
            "rest_framework.throttling.UserRateThrottle",
        ],
        "DEFAULT_THROTTLE_RATES": {"anon": "2/day", "user": "2/day"},
        "NON_FIELD_ERRORS_KEY": "errors",
        "TEST_REQUEST_DEFAULT_FORMAT": "json",
        "UPLOADED_FILES_USE_URL": False,
        "DATETIME_FORMAT": "%s",
        "COERCE_DECIMAL_TO_STRING": False,
    }


@variant
def rest_without_users(settings: Settings) -> None:
    settings["REST_FRAMEWORK"] = {"UNAUTHENTICATED_USER": None, "UNAUTHENTICATED_TOKEN": None}


@variant
def rest_by_token_alone(settings: Settings) -> None:
    settings["INSTALLED_APPS"] += ["rest_framework.authtoken"]
    settings["REST_FRAMEWORK"] = {
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
    }


@variant
def rest_is_not_installed(settings: Settings) -> None:
    settings["INSTALLED_APPS"].remove("rest_framework")


@variant
def users_by_email(settings: Settings) -> None:
    settings["INSTALLED_APPS"].append("email_users")
    settings["AUTH_USER_MODEL"] = "email_users.EmailUser"


@variant
def users_with_a_text_for_a_key(settings: Settings) -> None:
    settings["INSTALLED_APPS"].append("named_users")
    settings["AUTH_USER_MODEL"] = "named_users.NamedUser"


@variant
def static_files_by_hash(settings: Settings) -> None:
    settings["STATIC_ROOT"] = BASE_DIR / "static_root"
    manifest = {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    settings["STORAGES"] = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": manifest,
    }


@variant
def apps_after_the_admin(settings: Settings) -> None:
    settings["INSTALLED_APPS"] = [*settings["INSTALLED_APPS"][5:], *settings["INSTALLED_APPS"][:5]]


@variant
def apps_by_their_configuration(settings: Settings) -> None:
    names = {
        "kv": "kv.apps.KvConfig", "stats": "stats.apps.StatsConfig", "usertokens": "usertokens.apps.UserTokensConfig",
        "codetags": "codetags.apps.CodeTagsConfig", "billing": "billing.apps.BillingConfig",
    }  # fmt: skip
    settings["INSTALLED_APPS"] = [names.get(one, one) for one in settings["INSTALLED_APPS"]]


@variant
def no_counts_while_away(settings: Settings) -> None:
    from kv.store.caches import durable_cache

    settings["CACHES"]["kv"] = durable_cache("redis://127.0.0.1:9/0")


@variant
def debug(settings: Settings) -> None:
    settings["DEBUG"] = True
    settings["INTERNAL_IPS"] = ["127.0.0.1"]
