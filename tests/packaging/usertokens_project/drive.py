"""Spends tokens in somebody else's project; prints what it saw as one line of JSON."""

from __future__ import annotations

import json
import os
import sys
from io import StringIO
from typing import Any

import django


def main() -> dict[str, Any]:
    """Set the project up, use the API and the pages, look into the admin, leave."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    django.setup()

    from django.apps import apps
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client
    from django.utils import translation

    import kv
    import usertokens

    call_command("migrate", verbosity=0)
    call_command("check", fail_level="WARNING", stdout=sys.stderr)
    call_command("kv_check", stdout=sys.stderr)  # and waits for the store, which a busy machine starts slowly
    user = User.objects.create_superuser("owner", password="x")
    client = Client()
    client.force_login(user)

    seen: dict[str, Any] = {"from": [kv.__file__, usertokens.__file__], "said": {}}
    body = {"amount": 3, "reason": "article"}
    for name in ("spent", "again"):
        answer = client.post(
            "/api/tokens/spend", body, content_type="application/json", headers={"Idempotency-Key": "k"}
        )
        seen[name] = answer.json()
    seen["conversations"] = client.post("/api/chat/save", {"summary": "hi"}, content_type="application/json").json()
    seen["dashboard"] = client.get("/api/dashboard").json()
    pages = ("/dashboard", "/dashboard/history", "/dashboard/history.csv", "/accounts/data", "/accounts/delete")
    seen["pages"] = {page: client.get(page).status_code for page in pages}
    links = ("/admin/", "/admin/usertokens/tokenledger/", f"/admin/usertokens/tokenledger/{user.pk}/")
    seen["admin"] = {link: client.get(link).status_code for link in links}
    checked = StringIO()
    call_command("usertokens_check", verbosity=0, stdout=checked)
    seen["check"] = checked.getvalue().strip()
    seen["deleted"] = client.post("/accounts/delete", {"proof": "x"}).status_code
    seen["left"] = User.objects.count()
    for language in ("en", "fr", "de", "es"):
        with translation.override(language):
            seen["said"][language] = str(apps.get_app_config("usertokens").verbose_name)
    return seen


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()))
