"""One site for each peer (PEER names it): no middleware but what the package itself needs, on PostgreSQL."""

from __future__ import annotations

import os

import django
import environ
from django.conf import settings
from django.core.wsgi import get_wsgi_application

PEER = os.environ["PEER"]
STRIPE_KEY = "sk_test_" + "peer" * 6
_SESSIONS = ["django.contrib.sessions.middleware.SessionMiddleware"]
_MIDDLEWARE = {"hitcount": [*_SESSIONS, "django.contrib.auth.middleware.AuthenticationMiddleware"]}
_APPS = {
    "hitcount": ["django.contrib.sessions", "hitcount"],
    "webhook": ["djstripe"],
    "ledger": ["rest_framework", "knox"],
    "throttle": ["rest_framework"],
    "ratelimit": [],
    "ours_limit": ["rest_framework", "kv"],
}

if not settings.configured:
    _store = {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": f"unix://{os.environ['PEER_SOCKET']}?db=1",
    }
    settings.configure(
        SECRET_KEY="peer" * 20,
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="benchmarks.peers.views",
        USE_TZ=True,
        # Common says how long an answer is: the load reads by that.
        MIDDLEWARE=[*_MIDDLEWARE.get(PEER, []), "django.middleware.common.CommonMiddleware"],
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "benchmarks.peers", *_APPS[PEER]],
        DATABASES={"default": {**environ.Env.db_url_config(os.environ["DATABASE_URL"]), "CONN_MAX_AGE": 60}},
        CACHES={"default": _store, "kv": {**_store, "LOCATION": f"unix://{os.environ['PEER_SOCKET']}?db=0"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        REST_FRAMEWORK={"NUM_PROXIES": 1, "UNAUTHENTICATED_USER": None},
        NUM_PROXIES=1,
        HITCOUNT_HITS_PER_IP_LIMIT=0,
        STRIPE_LIVE_MODE=False,
        STRIPE_TEST_SECRET_KEY=STRIPE_KEY,
        DJSTRIPE_FOREIGN_KEY_TO_FIELD="id",
        DJSTRIPE_USE_NATIVE_JSONFIELD=True,
        RATELIMIT_IP_META_KEY="HTTP_X_FORWARDED_FOR",
    )
    django.setup()

application = get_wsgi_application()
