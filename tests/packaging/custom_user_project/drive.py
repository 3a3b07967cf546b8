"""Walks through every address of the four apps as a user of somebody else's kind; prints what it saw as JSON."""

from __future__ import annotations

import json
import os
import sys
import uuid
from io import StringIO
from typing import Any

import django

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def main() -> dict[str, Any]:
    """Set the project up, ask every address signed in and not, by GET and POST, then leave."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    django.setup()

    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.test import Client
    from django.urls import get_resolver

    import billing
    import codetags
    import kv
    import stats
    import usertokens

    apps = (kv, stats, usertokens, codetags, billing)
    # The model has no migrations, and the apps' point to it.
    call_command("makemigrations", "accounts_of_ours", verbosity=0)
    call_command("migrate", verbosity=0)
    call_command("check", fail_level="WARNING", stdout=sys.stderr)
    call_command("kv_check", stdout=sys.stderr)  # and waits for the store, which a busy machine starts slowly
    model: Any = get_user_model()
    user, other = (model.objects.create_user(f"{name}@example.org", "a long secret") for name in ("ada", "bob"))
    seen: dict[str, Any] = {"from": [app.__file__ for app in apps], "statuses": {}, "key": str(user.pk)}
    signed_in = Client(headers={"user-agent": AGENT}, raise_request_exception=False)
    seen["log_in"] = signed_in.login(email="ada@example.org", password="a long secret")
    stranger = Client(headers={"user-agent": AGENT}, raise_request_exception=False)

    seen["visit"] = signed_in.post("/api/stats/visit", "{}", content_type="application/json").json()
    seen["hit"] = signed_in.get("/api/analytics/qr?code=DEMO").json()
    body: dict[str, Any] = {"amount": 3, "reason": "article"}
    seen["spent"] = signed_in.post("/api/tokens/spend", body, content_type="application/json").json()
    seen["dashboard"] = signed_in.get("/api/dashboard").json()
    seen["export"] = json.loads(b"".join(signed_in.get("/accounts/data").streaming_content))  # type: ignore[attr-defined] # a stream
    for name, subject in (("another", str(other.pk)), ("nobody", str(uuid.uuid4())), ("no_key", "7")):
        seen[name] = signed_in.get(f"/api/dashboard?userId={subject}").status_code

    for path in _paths(get_resolver()):
        if path == "accounts/delete":
            continue
        for who, client in (("user", signed_in), ("stranger", stranger)):
            for method in ("get", "post", "patch"):
                asked = getattr(client, method)(f"/{path}", {}, content_type="application/json")
                seen["statuses"][f"{who} {method} /{path}"] = asked.status_code
    seen["commands"] = {}
    for command in ("usertokens_check", "codetags_rollup", "billing_work"):
        said = StringIO()
        call_command(command, stdout=said, stderr=said)
        seen["commands"][command] = said.getvalue()
    seen["page"] = signed_in.get("/dashboard").text
    seen["deleted"] = signed_in.post("/accounts/delete", {"proof": "a long secret"}).status_code
    seen["left"] = [one.get_username() for one in model.objects.all()]
    return seen


def _paths(resolver: Any, before: str = "") -> list[str]:
    """Every address, with some value where one has a part that varies."""
    found = []
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        found += _paths(pattern, route) if hasattr(pattern, "url_patterns") else [route.replace("<str:hold_id>", "h")]
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()))
