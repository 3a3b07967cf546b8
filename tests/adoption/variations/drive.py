"""Sets one variant of a project up and walks through it; prints what it saw as one line of JSON."""

from __future__ import annotations

import html
import json
import os
import re
import sys
import traceback
from collections.abc import Callable
from io import StringIO
from typing import Any

import django

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
VARIANT = os.environ["VARIANT"]
IS_AWAY = VARIANT == "no_counts_while_away"
APPS = ("kv", "stats", "usertokens", "codetags", "billing")
OF_ADMIN = (
    "", "stats/statistics/", "stats/adjustment/", "usertokens/tokenledger/", "usertokens/tokenledger/?q=a",
    "codetags/codecount/", "codetags/codetag/", "codetags/codetag/add/", "billing/stripeevent/",
    "billing/stripecustomer/", "billing/stripecustomer/?q=a", "billing/guestcheckout/?q=a",
)  # fmt: skip
COMMANDS: dict[str, dict[str, Any]] = {
    "kv_check": {},
    "work": {"once": True},
    "usertokens_check": {},
    "usertokens_recharge": {},
    "codetags_rollup": {},
    "billing_work": {},
    "stats_reset": {"dry_run": True},
}
JSON = {"content_type": "application/json"}

failed: dict[str, Any] = {}
statuses: dict[str, int] = {}


def attempt(what: str, call: Callable[[], Any]) -> Any:
    """What the call returns; None when it fails, which is noted."""
    try:
        return call()
    except (Exception, SystemExit) as error:  # noqa: BLE001 (whatever it is, it is what is looked for)
        failed[what] = "".join(traceback.format_exception(error)[-6:])
        return None


def main() -> dict[str, Any]:
    """Check, migrate, ask every address as three callers, run every command that needs no argument."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    django.setup()
    from django.contrib.auth import get_user_model

    import kv

    attempt("check", check)
    migrate()
    model: Any = get_user_model()
    user = attempt("create", lambda: model.objects.create_user("ada@example.org", password="a long secret"))
    staff = attempt("create", lambda: model.objects.create_superuser("root@example.org", password="a long secret"))
    clients = log_in(user, staff)
    addresses = list_addresses()
    ask(clients, addresses)
    seen = use(clients, {name: f"/{path}" for path, name in addresses if name})
    if not IS_AWAY:
        seen["balance"] = attempt("balance", lambda: balance(user))
        quiet = StringIO()
        for command, arguments in COMMANDS.items():
            attempt(command, lambda c=command, a=arguments: call(c, stdout=quiet, stderr=quiet, **a))  # type: ignore[misc] # bound now, by its default
        attempt("delete", user.delete)
    return {"from": [kv.__file__], "failed": failed, "statuses": statuses, "seen": seen}


def call(*arguments: Any, **options: Any) -> None:
    from django.core.management import call_command

    call_command(*arguments, **options)


def check() -> None:
    """Nothing is said of the apps. What Django says of deployment, and DRF of paging, is not about them."""
    from django.core.checks import run_checks

    found = run_checks(include_deployment_checks=True)
    others = ("security.", "rest_framework.", "admin.")
    if ours := [str(one) for one in found if not (one.id or "").startswith(others)]:
        failed["check"] = ours


def migrate() -> None:
    """Every database, and no app wants another migration, whatever the settings are."""
    from django.apps import apps
    from django.db import connections

    for users in ("email_users", "named_users"):
        if apps.is_installed(users):
            call("makemigrations", users, verbosity=0)
    quiet = StringIO()
    attempt("makemigrations", lambda: call("makemigrations", *APPS, check=True, stdout=quiet, stderr=quiet))
    for alias in connections:
        if alias != "replica" and connections[alias].vendor == "sqlite":
            attempt("migrate", lambda alias=alias: call("migrate", database=alias, verbosity=0))  # type: ignore[misc] # bound now, by its default
    if VARIANT == "static_files_by_hash":
        attempt("collectstatic", lambda: call("collectstatic", interactive=False, verbosity=0))


def log_in(user: Any, staff: Any) -> dict[str, Any]:
    """The callers: nobody, a user, a member of staff; nobody alone without sessions."""
    from django.conf import settings
    from django.test import Client

    headers = {"user-agent": AGENT, "Sec-Fetch-Site": "same-origin"}
    clients = {"stranger": Client(headers=headers)}
    if "django.contrib.sessions" in settings.INSTALLED_APPS:
        for name, whose in (("user", user), ("staff", staff)):
            clients[name] = Client(headers=headers)
            attempt("log in", lambda name=name, whose=whose: clients[name].force_login(whose))  # type: ignore[misc] # bound now, by its default
    return clients


def ask(clients: dict[str, Any], addresses: list[tuple[str, str]]) -> None:
    """Each address by GET and POST. 503 is right where billing is not set up, and while the store is away."""
    for path, name in addresses:
        for who, client in clients.items():
            for method in ("get", "post"):
                if path.endswith("accounts/delete") or (method == "post" and "admin/" in path):
                    continue
                what = f"{who} {method} /{path}"
                kind = JSON if method == "post" else {}
                answer = attempt(what, lambda c=client, m=method, p=path, k=kind: getattr(c, m)(f"/{p}", {}, **k))  # type: ignore[misc] # bound now, by its default
                if answer is not None:
                    statuses[what] = answer.status_code
                    look_at(what, answer, may_be_away=IS_AWAY or "billing" in name)


def look_at(what: str, answer: Any, *, may_be_away: bool) -> None:
    text = "" if answer.streaming else answer.text
    if answer.status_code >= 500 and not (answer.status_code == 503 and may_be_away):
        failed[what] = [answer.status_code, text[:300]]
    if "MISSING<" in text:
        failed[what] = text[max(text.index("MISSING<") - 100, 0) :][:300]


def use(clients: dict[str, Any], paths: dict[str, str]) -> dict[str, Any]:
    """One call of each app, and what it came to."""
    seen: dict[str, Any] = {}
    stranger, user = clients["stranger"], clients.get("user")
    if "stats_api:visit" in paths:
        seen["visit"] = attempt("visit", lambda: stranger.post(paths["stats_api:visit"], {}, **JSON).json())
        seen["hit"] = attempt("hit", lambda: stranger.post(f"{paths['codetags_api:hit']}?code=BT26").json())
    if "billing_api:webhook" in paths:
        seen["hook"] = attempt("hook", lambda: stranger.post(paths["billing_api:webhook"], {}, **JSON).json())
    if user and "usertokens_api:spend" in paths:
        body = {"amount": 3, "reason": "article"}
        seen["spend"] = attempt("spend", lambda: user.post(paths["usertokens_api:spend"], body, **JSON).json())
        wrong = {"amount": "x"}
        seen["errors"] = attempt("errors", lambda: user.post(paths["usertokens_api:spend"], wrong, **JSON).json())
        seen["tokens"] = attempt("tokens", lambda: user.get(paths["usertokens_api:balance"]).json())
    if user and "usertokens:dashboard" in paths:
        page = html.unescape(user.get(paths["usertokens:dashboard"]).text)
        found = re.search(r'"X-Page-User": "([^"]*)"', page)
        part = {"HX-Request": "true", "X-Page-User": found[1] if found else "nothing"}
        live = user.get(paths["usertokens:dashboard"], headers=part)
        seen["live"] = [live.status_code, live.headers.get("HX-Redirect", "")]
    return seen


def balance(user: Any) -> int:
    from usertokens.services.balances import get_balance

    return get_balance(str(user.pk)).tokens.balance


def list_addresses() -> list[tuple[str, str]]:
    """Every address with its `namespace:name`; some value where one has a part that varies."""
    from django.urls import get_resolver

    found: list[tuple[str, str]] = []

    def walk(resolver: Any, before: str, space: str) -> None:
        for pattern in resolver.url_patterns:
            route = before + str(pattern.pattern)
            if getattr(pattern, "namespace", None) == "admin":
                found.extend((route + one, "") for one in OF_ADMIN)
            elif hasattr(pattern, "url_patterns"):
                walk(pattern, route, pattern.namespace or space)
            else:
                name = f"{space}:{pattern.name}" if pattern.name else ""
                found.append((route.replace("<str:hold_id>", "h"), name))

    walk(get_resolver(), "", "")
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()) + "\n")
