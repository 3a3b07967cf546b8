"""Opens every page of the apps where neither Stripe's library nor Babel is installed; prints what it saw as JSON."""

from __future__ import annotations

import json
import os
import sys
from importlib.util import find_spec
from typing import Any

import django


def main() -> dict[str, Any]:
    """Set the project up, look at what the checks say, open the pages."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    django.setup()

    from django.contrib.auth.models import User
    from django.core.checks import run_checks
    from django.core.management import call_command
    from django.test import Client

    import billing
    import codetags
    import kv
    import stats
    import usertokens

    apps = (kv, stats, usertokens, codetags, billing)
    call_command("migrate", verbosity=0, skip_checks=True)
    call_command("kv_check", stdout=sys.stderr, skip_checks=True)  # waits for the store
    owner = Client(headers={"Sec-Fetch-Site": "same-origin"})
    owner.force_login(User.objects.create_superuser("owner", password="x"))
    pages = ("/pay", "/statistics", "/dashboard", "/cookies", "/pricing", "/admin/", "/admin/stats/statistics/")
    return {
        "from": [str(app.__file__) for app in apps],
        "installed": [name for name in ("stripe", "babel", "drf_spectacular_sidecar", "granian") if find_spec(name)],
        "checks": {str(message.id): message.hint for message in run_checks()},
        "pages": {page: owner.get(page, follow=True).status_code for page in pages},
        "card": owner.get("/api/stats").json()["qr_total"],
        "plan": owner.get("/api/billing/subscription").json(),
        "checkout": owner.post("/api/billing/checkout", {"plan": "Plus"}, content_type="application/json").json()[
            "code"
        ],
        "hook": owner.post("/api/webhooks/stripe", {}, content_type="application/json").status_code,
        "imported": sorted({"stripe", "babel"} & set(sys.modules)),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()))
