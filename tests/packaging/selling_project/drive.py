"""Sells by tokens in somebody else's project; prints what it saw as one line of JSON."""

from __future__ import annotations

import csv
import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from typing import Any

import django

JSON = "application/json"


@contextmanager
def shop() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Another system that is told of events: its address, and what it was told."""
    told: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/", told
    finally:
        server.shutdown()
        server.server_close()


def main() -> dict[str, Any]:
    """Set the project up; prices, holds, usage, budgets, vouchers, events, and the balance explained."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    django.setup()

    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client

    import kv
    import usertokens
    from kv.events.duties import DUTIES as KV
    from kv.work.duties import run_duty
    from usertokens.duties import DUTIES as USERTOKENS

    call_command("migrate", verbosity=0)
    call_command("check", fail_level="WARNING", stdout=sys.stderr)
    call_command("kv_check", stdout=sys.stderr)
    user = User.objects.create_superuser("owner", password="x")
    client = Client()
    client.force_login(user)
    seen: dict[str, Any] = {"from": [kv.__file__, usertokens.__file__]}

    def ask(name: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = getattr(client, method)(path, body, content_type=JSON) if body is not None else client.get(path)
        seen[name] = [answer.status_code, answer.json()]
        return answer.json()

    def run(command: str, *args: str) -> str:
        out = StringIO()
        call_command(command, *args, stdout=out, stderr=sys.stderr)
        return out.getvalue()

    with shop() as (address, told):
        _receive(address)
        run("work", "--once")  # from here on it is told
        ask("image", "post", "/api/tokens/spend", {"action": "image", "quantity": 2, "reason": "poster"})
        ask("unknown", "post", "/api/tokens/spend", {"action": "video"})
        held = ask("hold", "post", "/api/tokens/holds", {"action": "gpt:output", "quantity": 1000, "ttl_seconds": 60})
        ask("capture", "post", f"/api/tokens/holds/{held['id']}/capture", {"quantity": 500})
        ask("usage", "get", "/api/tokens/usage?days=1")
        ask("budget", "put", "/api/tokens/budget", {"day": 40, "month": None, "actions": {}})
        ask("over", "post", "/api/tokens/spend", {"action": "image", "quantity": 2})
        made = list(csv.DictReader(StringIO(run("usertokens_vouchers", "1", "--tokens", "50"))))
        ask("redeemed", "post", "/api/tokens/redeem", {"code": made[0]["code"]})
        ask("again", "post", "/api/tokens/redeem", {"code": made[0]["code"]})
        # `work` does them every two seconds.
        for duty in (*USERTOKENS, *KV):
            if duty.name in ("usertokens_events", "kv_events"):
                run_duty(duty)
        seen["told"] = sorted({event["type"] for event in told})
    seen["explained"] = json.loads(run("usertokens_explain", str(user.pk), "--json"))
    seen["check"] = run("usertokens_check", "--verbosity", "0").strip()
    page = f"/admin/usertokens/tokenledger/{user.pk}/explain/"
    seen["pages"] = {path: client.get(path).status_code for path in ("/dashboard", page)}
    return seen


def _receive(address: str) -> None:
    """Be told of what happens, as by the form in the admin."""
    from kv.events.signing import new_secret
    from kv.models import EventReceiver

    types = ["tokens.spent", "tokens.granted", "budget.reached"]
    EventReceiver.objects.create(name="shop", url=address, types=types, secret=new_secret())


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()))
