"""`python -m tests.concurrency.task NAME`: get ready, wait for a line, do it, print the answer as JSON."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import sys
import time
from typing import Any

from config.wsgi import application

SECRET = "whsec_two_workers"
HOST = "127.0.0.1"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def deliver_hook() -> Any:
    """The same event of Stripe's, through the application as it is served."""
    now = int(time.time())
    event = {"id": "evt_same", "object": "event", "type": "customer.updated", "created": now, "livemode": False,
             "data": {"object": {"id": "cus_1", "object": "customer"}}}  # fmt: skip
    body = json.dumps(event).encode()
    signature = hmac.new(SECRET.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    return _serve("POST", "/api/webhooks/stripe", body, HTTP_STRIPE_SIGNATURE=f"t={now},v1={signature}")[0]


def roll_up() -> Any:
    """Copy the daily counts to SQL; how many rows."""
    from codetags.services.rollup import roll_up_days

    roll_up_days()
    return "done"


def sign_up() -> Any:
    """The same name; the CSRF token is fetched before, as a browser does."""
    body = f"username=ada&password1=a+long+password&password2=a+long+password&csrfmiddlewaretoken={'c' * 32}"
    return _serve(
        "POST", "/accounts/signup", body.encode(), CONTENT_TYPE="application/x-www-form-urlencoded",
        HTTP_COOKIE=f"csrftoken={'c' * 32}",
    )[0]  # fmt: skip


def spend() -> Any:
    """Three tokens of the demo account, always under the same key."""
    from usertokens.services import balances

    spent = balances.spend_tokens("test-user-id", 3, reason="article", key="the same")
    return [spent.transaction_id, spent.balance]


TASKS = {"hook": deliver_hook, "rollup": roll_up, "signup": sign_up, "spend": spend}


def _serve(method: str, path: str, body: bytes = b"", **more: str) -> tuple[int, bytes]:
    said: list[str] = []
    environ = {
        "REQUEST_METHOD": method, "PATH_INFO": path, "SERVER_NAME": HOST, "SERVER_PORT": "80", "QUERY_STRING": "",
        "HTTP_HOST": HOST, "REMOTE_ADDR": "192.0.2.1", "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body),
        "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)), "HTTP_USER_AGENT": BROWSER, **more,
    }  # fmt: skip
    answer = b"".join(application(environ, lambda status, headers: said.append(status)))
    return int(said[0].split()[0]), answer


def main(name: str) -> None:
    """Warm up, so that all processes meet at the task itself."""
    assert _serve("GET", "/readyz")[0] == 200
    _serve("GET", "/accounts/login")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    answer = TASKS[name]()
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1])
