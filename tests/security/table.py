"""Every address of the API, who may call it, and with what: docs/api.md as a table that tests walk through."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from django.contrib.auth.models import Permission, User
from knox.models import AuthToken

from tests.site_client import SiteClient

if TYPE_CHECKING:
    from collections.abc import Iterator

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
OWNER = "the owner's id"
HOLD = "00000000-0000-4000-8000-000000000000"
MIB = 1024 * 1024

Caller = Literal[
    "public", "owner", "other", "service", "scoped service", "staff", "permitted staff", "staff with other permissions"
]
CALLERS: tuple[Caller, ...] = get_args(Caller)
#: public: anybody. user: the signed-in, for themselves. own: also another's, with the permission. permitted: with it.
Kind = Literal["public", "user", "own", "permitted"]


@dataclass(frozen=True)
class Row:
    """good: what a caller who may is answered. limit: the largest body, bytes; 0 where none is read.

    permission: several with a space between them, where all are needed. text: a body in CSV.
    """

    method: str
    path: str
    kind: Kind
    good: tuple[int, ...] = (200,)
    permission: str = ""
    body: dict[str, Any] | None = None
    limit: int = 64 * 1024
    names_in_query: bool = False
    text: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def expected(self, caller: Caller) -> tuple[int, ...]:
        """The statuses that this caller may see."""
        if self.kind == "public":
            return self.good
        if caller == "public":
            return (401,)
        if self.kind == "user" or caller in ("scoped service", "permitted staff"):
            return self.good
        if self.kind == "own" and caller == "owner":
            return self.good
        return (403,)


ROWS = (
    Row("GET", "/api/csrf", "public"),
    Row("GET", "/api/stats", "public"),
    Row("POST", "/api/stats/visit", "public", limit=0),
    Row("POST", "/api/stats/qr", "permitted", (200, 201), "stats.record_qr", {"amount_cents": 5, "id": "a"}),
    Row("POST", "/api/payment-codes", "public", body={"beneficiary": "A", "iban": "DE89370400440532013000"}),
    Row("POST", "/api/track-usage", "public", body={"tool": "payment-qr"}),
    Row("GET", "/api/usage", "public"),
    Row("GET", "/api/stats/history", "public"),
    Row("GET", "/badge/visitors.svg", "public"),
    Row("GET", "/badge/visitors.json", "public"),
    Row("GET", "/api/analytics/qr?code=DEMO", "public"),
    Row("POST", "/api/analytics/qr?code=DEMO", "public", limit=0),
    Row("GET", "/api/dashboard/code-tags", "permitted", permission="codetags.view_counts"),
    Row("GET", "/api/dashboard/code-tags/NONE", "permitted", (404,), "codetags.view_counts"),
    Row("GET", "/api/code-tags", "permitted", permission="codetags.view_codetag"),
    Row("POST", "/api/code-tags", "permitted", (201,), "codetags.add_codetag", {"label": "Poster"}),
    Row("POST", "/api/code-tags/import", "permitted", (200,), "codetags.add_codetag codetags.change_codetag",
        limit=4 * MIB, text="code,label\nBT26,Poster\n"),
    # No code that is there: who may is told so.
    Row("GET", "/api/code-tags/NONE", "permitted", (404,), permission="codetags.view_codetag"),
    Row("PATCH", "/api/code-tags/NONE", "permitted", (404,), "codetags.change_codetag", {"label": "Poster"}),
    Row("GET", "/api/dashboard", "own", permission="usertokens.view_any", names_in_query=True),
    Row("PATCH", "/api/mood", "own", (200,), "usertokens.act_for_any", {"score": 8.5}, names_in_query=True),
    Row("PATCH", "/api/plan", "permitted", (200,), "usertokens.manage_tokens", {"plan": "Plus"}, names_in_query=True),
    Row("POST", "/api/chat/save", "own", (201,), "usertokens.act_for_any", {"summary": "A talk"}, MIB),
    Row("POST", "/api/generations", "own", (200,), "usertokens.act_for_any", {}),
    Row("GET", "/api/tokens", "own", permission="usertokens.view_any", names_in_query=True),
    Row("POST", "/api/tokens/spend", "own", (200,), "usertokens.act_for_any", {"amount": 1, "reason": "article"}),
    Row("POST", "/api/tokens/add", "permitted", (200,), "usertokens.manage_tokens",
        {"userId": OWNER, "amount": 5, "reason": "gift"}),
    Row("POST", "/api/tokens/redeem", "user", (400,), body={"code": "NO-SUCH-CODE"}),
    Row("POST", "/api/tokens/reset", "permitted", (200,), "usertokens.manage_tokens", {"userId": OWNER}),
    Row("GET", "/api/tokens/budget", "own", permission="usertokens.manage_tokens", names_in_query=True),
    Row("PUT", "/api/tokens/budget", "own", (200,), "usertokens.manage_tokens", {"day": 10}, names_in_query=True),
    Row("GET", "/api/tokens/transactions", "own", permission="usertokens.view_any", names_in_query=True),
    Row("GET", "/api/tokens/usage", "own", permission="usertokens.view_any", names_in_query=True),
    Row("POST", "/api/tokens/holds", "own", (201,), "usertokens.act_for_any",
        {"amount": 1, "ttl_seconds": 60, "reason": "article"}),
    # A hold that is nobody's: who may not see it and who may are told the same.
    Row("POST", f"/api/tokens/holds/{HOLD}/capture", "user", (404,), body={}),
    Row("POST", f"/api/tokens/holds/{HOLD}/release", "user", (404,), body={}),
    Row("POST", "/api/webhooks/stripe", "public", (503,), body={}, limit=MIB),
    Row("POST", "/api/billing/checkout", "user", (400, 503), body={"plan": "Plus"}),
    Row("POST", "/api/billing/portal", "user", (503,), body={}),
    Row("GET", "/api/billing/subscription", "user", (200, 503)),
    Row("GET", "/api/billing/auto-topup", "user", (200, 503)),
    Row("PUT", "/api/billing/auto-topup", "user", (200, 503), body={"enabled": False}),
    Row("GET", "/metrics", "permitted", permission="stats.view_statistics"),
)  # fmt: skip


@dataclass
class Cast:
    """The users that callers are; each call is about the owner's things."""

    owner: User
    other: User
    service: User
    scoped: User
    staff: User
    permitted: User
    stray: User

    @classmethod
    def engaged(cls, permission: str) -> Cast:
        """All of them, the scoped service and the permitted member of staff with the permission, and the stray one
        with every permission of ours but that.
        """
        staff = ("staff", "permitted", "stray")
        users = {
            name: User.objects.create_user(name, password="a long password", is_staff=name in staff)
            for name in ("owner", "other", "service", "scoped", *staff)
        }
        ours = Permission.objects.filter(content_type__app_label__in=("stats", "usertokens", "codetags", "billing"))
        names = [name.split(".") for name in permission.split()]
        users["stray"].user_permissions.set(ours.exclude(codename__in=[codename for _, codename in names]))
        for app, codename in names:
            held = Permission.objects.get(codename=codename, content_type__app_label=app)
            for name in ("scoped", "permitted"):
                users[name].user_permissions.add(held)
        return cls(**users)

    def enter(self, caller: Caller, *, csrf: bool = False) -> SiteClient:
        """A client that is this caller; to sign in is an act of its own, which the store remembers."""
        client = SiteClient(enforce_csrf_checks=csrf)
        match caller:
            case "owner" | "other" | "staff":
                client.force_login(getattr(self, caller))
            case "permitted staff":
                client.force_login(self.permitted)
            case "staff with other permissions":
                client.force_login(self.stray)
            case "service" | "scoped service":
                user = self.service if caller == "service" else self.scoped
                client.defaults["HTTP_AUTHORIZATION"] = f"Token {AuthToken.objects.create(user)[1]}"
        return client

    def send(self, client: SiteClient, row: Row, caller: Caller, raw: bytes = b"") -> Any:
        """The row's call about the owner, as this caller. raw: a body instead of the row's own."""
        path, body = self._about_owner(row, caller)
        data = raw or row.text.encode() or (b"" if body is None else json.dumps(body).encode())
        kind = "text/csv" if row.text else "application/json"
        return client.generic(row.method, path, data, content_type=kind, headers={"User-Agent": BROWSER})

    def _about_owner(self, row: Row, caller: Caller) -> tuple[str, dict[str, Any] | None]:
        owner = str(self.owner.pk)
        body = row.body and {name: owner if value == OWNER else value for name, value in row.body.items()}
        if row.body is not None and body is None:
            body = {}
        names = row.kind in ("own", "permitted") and caller not in ("public", "owner")
        if row.names_in_query and (names or row.kind == "permitted"):
            return f"{row.path}{'&' if '?' in row.path else '?'}userId={owner}", body
        if names and row.kind == "own" and body is not None:
            body = {**body, "userId": owner}
        return row.path, body


def methods_of(path: str) -> Iterator[str]:
    """The methods that the table names for an address."""
    return (row.method for row in ROWS if row.path.partition("?")[0] == path)
