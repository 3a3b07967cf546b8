"""Buys and sells in somebody else's project; prints what it saw as one line of JSON."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from typing import Any

import django


def main() -> dict[str, Any]:
    """Set the project up, pay for a plan, look into the admin."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    django.setup()

    from django.apps import apps
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client
    from django.utils import translation

    import billing
    import usertokens
    from usertokens.services import dashboards

    call_command("migrate", verbosity=0)
    call_command("check", fail_level="WARNING", stdout=sys.stderr)
    call_command("kv_check", stdout=sys.stderr)  # and waits for the store, which a busy machine starts slowly
    owner = Client(headers={"Sec-Fetch-Site": "same-origin"})
    user = User.objects.create_superuser("owner", password="x")
    owner.force_login(user)

    seen: dict[str, Any] = {"from": [billing.__file__, usertokens.__file__], "said": {}}
    seen["pricing"] = owner.get("/pricing").status_code
    url = owner.post("/api/billing/checkout", {"plan": "Plus"}, content_type="application/json").json()["url"]
    paid = urllib.request.Request(url, data=b"do=pay", method="POST")
    try:
        urllib.request.build_opener(_Stay()).open(paid)
    except urllib.error.HTTPError as answer:
        seen["back"] = owner.get(answer.headers["Location"].removeprefix("http://testserver")).status_code
    seen["plan"] = dashboards.read_dashboard(str(user.pk)).stats.plan
    seen["subscription"] = owner.get("/api/billing/subscription").json()["status"]
    seen["hook"] = owner.post("/api/webhooks/stripe", {}, content_type="application/json").status_code
    links = ("/admin/", "/admin/billing/stripeevent/", "/admin/billing/stripecustomer/")
    seen["admin"] = {link: owner.get(link).status_code for link in links}
    call_command("billing_work", verbosity=0, stdout=sys.stderr)
    user.delete()
    seen["left"] = User.objects.count()
    for language in ("en", "fr", "de", "es"):
        with translation.override(language):
            seen["said"][language] = str(apps.get_app_config("billing").verbose_name)
    return seen


class _Stay(urllib.request.HTTPRedirectHandler):
    """Say where it leads instead of going there."""

    def redirect_request(self, *args: Any) -> None:
        return None


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()))
