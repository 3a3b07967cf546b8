"""Probes, metrics and the middleware in a project that has nothing of the site, and none of the apps but the base."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.house.tree import ROOT

PROJECT = """
import sys, types, logging
from pathlib import Path
import django
from django.conf import settings
from django.urls import include, path

from kv.store.caches import durable_cache
data = Path(sys.argv[1])
settings.configure(
    SECRET_KEY="x" * 50, ROOT_URLCONF="urls", DATA_DIR=data, ALLOWED_HOSTS=["testserver"], USE_TZ=True,
    INSTALLED_APPS=[
        "django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "rest_framework", "kv",
    ],
    MIDDLEWARE=[
        "kv.monitoring.middleware.RequestMiddleware", "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": data / "db.sqlite3"}},
    CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
            "kv": durable_cache("embedded", directory=data, timeout_ms=5000)},
)
django.setup()
urls = types.ModuleType("urls")
urls.urlpatterns = [path("", include("kv.monitoring.urls"))]
sys.modules["urls"] = urls
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from kv.store.factories import configured_server

call_command("migrate", verbosity=0)
configured_server().ensure(60)
client = Client()
probes = [client.get(address) for address in ("/healthz", "/readyz", "/metrics")]
assert [probe.status_code for probe in probes] == [200, 200, 403], probes
assert all(probe["X-Request-ID"] for probe in probes)
client.force_login(User.objects.create_user("ada"))
assert client.get("/metrics").status_code == 403
client.force_login(User.objects.create_superuser("root"))
text = client.get("/metrics").content.decode()
assert 'countinghouse_http_requests_total{method="GET",route="healthz",status="200"} 1.0' in text, text
assert "countinghouse_store_up" in text and "countinghouse_visitors_total" not in text
try:
    call_command("service_token", "shop", "--perm", "auth.view_user")
except CommandError as error:
    print(error)
assert "config" not in sys.modules
configured_server().leave()
"""


def test_a_project_with_the_base_package_alone(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "DATABASE_URL"))}
    command = [sys.executable, "-c", PROJECT, str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, env=kept, capture_output=True, text=True, timeout=180, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "Tokens are django-rest-knox's: install it, and add knox to INSTALLED_APPS.\n"
