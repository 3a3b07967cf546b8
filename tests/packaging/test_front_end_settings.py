"""docs/frontend.md, "In your own Django project": its two blocks in a project that has only kv and stats."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kv.store.embedded import EmbeddedServer
from tests.house.tree import ROOT

pytestmark = pytest.mark.slow

SETTINGS = """
from startproject import *
INSTALLED_APPS = [*OF_DJANGO, "kv", "stats", "rest_framework"]
MIDDLEWARE = [*MIDDLEWARE, "django.middleware.csrf.CsrfViewMiddleware"]
"""
URLS = """
from django.urls import include, path
urlpatterns = [path("", include("stats.urls"))]
"""
TRIED = """
import django
django.setup()
from django.core.management import call_command
from django.test import Client
call_command("check", fail_level="ERROR")
call_command("migrate", verbosity=0)
call_command("kv_check")  # and waits for the store, which a busy machine starts slowly
OWN, STRANGER = "https://app.example.org", "https://stranger.example"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
client = Client(headers={"User-Agent": AGENT, "Sec-Fetch-Site": "cross-site"}, enforce_csrf_checks=True)
allowed = lambda answer: (answer.get("Access-Control-Allow-Origin"), answer.get("Access-Control-Allow-Credentials"))

given = client.get("/api/csrf", headers={"Origin": OWN})
assert given.json()["csrfToken"] and "csrftoken" in given.cookies and allowed(given) == (OWN, "true")
assert allowed(client.get("/api/csrf", headers={"Origin": STRANGER})) == (None, None)
asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "idempotency-key"}
asked = client.options("/api/stats/qr", headers={"Origin": OWN, **asks})
assert "idempotency-key" in asked["Access-Control-Allow-Headers"]
visit = lambda origin: client.post("/api/stats/visit", "{}", content_type="text/plain", headers={"Origin": origin})
assert visit(STRANGER).json()["reason"] == "cross_site"
assert visit(OWN).json() == {"counted": True, "visitors": 1, "reason": None}
assert allowed(client.get("/api/stats", headers={"Origin": STRANGER})) == ("*", None)
assert allowed(client.get("/api/stats", headers={"Origin": OWN})) == (OWN, "true")
"""


def test_works_as_it_stands(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "frontend.md").read_text().partition("## In your own Django project")[2]
    blocks = re.findall(r"```python\n# (settings|urls)\.py\n(.*?)```", text, flags=re.DOTALL)
    assert [name for name, _ in blocks] == ["settings", "urls"]
    shutil.copy(ROOT / "tests" / "packaging" / "startproject.py", tmp_path)
    for (name, block), before in zip(blocks, (SETTINGS, URLS), strict=True):
        (tmp_path / f"{name}.py").write_text(before + block)
    (tmp_path / "tried.py").write_text(TRIED)
    environment = {"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": f"{tmp_path}:{ROOT}", "PATH": "/usr/bin:/bin"}
    try:
        done = subprocess.run(
            [sys.executable, "-W", "error::RuntimeWarning", "tried.py"],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    finally:
        server = EmbeddedServer(tmp_path / "var" / "valkey")
        if server.is_alive():
            server.stop()
    assert done.returncode == 0, done.stdout + done.stderr
