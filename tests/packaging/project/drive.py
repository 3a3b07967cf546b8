"""Uses somebody else's project as its visitor and its owner would; prints what it saw as one line of JSON."""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Any

import django

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def main() -> dict[str, Any]:
    """Set the project up, visit it, open its admin."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    django.setup()

    from django.apps import apps
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client
    from django.utils import translation

    import kv
    import stats

    call_command("migrate", verbosity=0)
    call_command("check", fail_level="WARNING", stdout=sys.stderr)
    call_command("kv_check", stdout=sys.stderr)  # and waits for the store, which a busy machine starts slowly
    public, owner = Client(headers={"user-agent": AGENT}), Client(headers={"user-agent": AGENT})
    owner.force_login(User.objects.create_superuser("owner", password="x"))

    seen: dict[str, Any] = {"from": [kv.__file__, stats.__file__], "said": {}}
    for name in ("visit", "again"):
        seen[name] = public.post("/api/stats/visit", data="{}", content_type="application/json").json()
    seen["figures"] = public.get("/api/stats").json()
    seen["days"] = public.get("/api/stats/history?days=2").json()["days"]
    seen["badge"] = public.get("/badge/visitors.json?lang=de").json()["message"]
    card = public.get("/embed")
    seen["card"] = [card.headers.get(name, "") for name in ("Content-Security-Policy", "X-Frame-Options", "Set-Cookie")]
    seen["pages"] = {
        path: public.get(path).status_code for path in ("/pay", "/statistics", "/embed", "/badge/visitors.svg")
    }
    links = sorted(set(re.findall(r'href="(/admin/stats/\w+/)"', owner.get("/admin/").text)))
    seen["admin"] = {link: owner.get(link, follow=True).status_code for link in links}
    for language in ("en", "fr", "de", "es"):
        with translation.override(language):
            seen["said"][language] = str(apps.get_app_config("stats").verbose_name)
    return seen


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()))
