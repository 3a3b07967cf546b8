"""The app in a project that sells, and has not installed the app of tokens."""

from __future__ import annotations

import subprocess
import sys

from tests.house.tree import ROOT

_CODE = """
import django
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["kv", "billing", "django.contrib.auth", "django.contrib.contenttypes"], SECRET_KEY="x" * 50,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
django.setup()
from billing.duties import DUTIES
found = {duty.name: duty for duty in DUTIES}
assert found["billing_directory"].run() is False
"""


def test_its_duties_run() -> None:
    done = subprocess.run([sys.executable, "-c", _CODE], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
