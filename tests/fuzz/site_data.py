"""A site with data of every kind, and a list of all of it: what changed, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.apps import apps

from codetags.services.counts import get_code
from codetags.services.hits import record_hit
from stats.services.figures import forget_figures, read_figures
from stats.services.payment_code_counts import record_payment_code
from stats.services.usage import list_usage, record_usage
from stats.services.visits import record_visit
from tests.security.table import BROWSER, ROWS, Caller, Cast, Row
from usertokens.services.audits import check_ledgers
from usertokens.services.balances import add_tokens
from usertokens.services.conversations import record_conversation
from usertokens.services.holds import hold_tokens
from usertokens.services.user_ids import iterate_users

if TYPE_CHECKING:
    from collections.abc import Iterator

CODE, TOOL, CONVERSATION = "DEMO", "payment-qr", UUID("0f6f5a1e-58d5-4d8c-9f0e-6c6d1d7a2b11")
#: Keys that anybody's call may add to, by operation.
OPEN = {
    "POST /api/stats/visit": ("{stats}:",),
    "POST /api/stats/qr": ("{stats}:",),
    "POST /api/track-usage": ("{usage}:",),
    "GET /api/analytics/qr": ("{qr}:", "{qr}columns:"),
    "POST /api/analytics/qr": ("{qr}:", "{qr}columns:"),
}
# Tables of the framework that no call of the API is about.
_FOREIGN = frozenset({"sessions", "admin", "contenttypes"})


@dataclass(frozen=True)
class SiteData:
    """holds: open holds of the owner, the first one the owner's own, the second one a service's."""

    store: Any
    cast: Cast
    holds: tuple[str, str]
    totals: dict[str, int] = field(default_factory=dict)

    @classmethod
    def with_figures(cls, store: Any, cast: Cast) -> SiteData:
        """Every figure is above zero, the owner's and the other user's too."""
        for number in range(3):
            record_visit(address=f"203.0.113.{number}")
        record_payment_code(id="planted", amount_cents=1250)
        record_usage(tool=TOOL, id="planted")
        record_hit(code=CODE, address="203.0.113.1", agent=BROWSER)
        for user in (cast.owner, cast.other):
            add_tokens(str(user.pk), 50, reason="planted", key="planted")
            record_conversation(str(user.pk), summary="Planted", conversation_id=CONVERSATION)
        owner = str(cast.owner.pk)
        held = [hold_tokens(owner, 5, ttl_seconds=86400, reason="planted", by_service=by) for by in (False, True)]
        return cls(store, cast, (held[0].id, held[1].id), figures())

    def kept(self) -> dict[str, Any]:
        """Everything in the store, key by key, and every row of the project's tables."""
        found: dict[str, Any] = {bytes(key).decode("latin-1"): self.store.dump(key) for key in self.store.keys("*")}
        for model in apps.get_models():
            if model._meta.app_label not in _FOREIGN and model._meta.managed:
                for row in model._default_manager.values():
                    found[f"sql:{model._meta.label}:{row[model._meta.pk.attname]}"] = row
        return found

    def assert_whole(self) -> None:
        """What was counted is still counted, and every ledger adds up."""
        now = figures()
        lost = {name: (before, now.get(name, 0)) for name, before in self.totals.items() if now.get(name, 0) < before}
        assert not lost, "counts have been lost"
        broken = [report for report in check_ledgers(sorted(set(iterate_users()))) if report.problems]
        assert not broken


def figures() -> dict[str, int]:
    """Every figure that only grows."""
    forget_figures()
    known = read_figures()
    code = get_code(CODE)
    return {
        "visitors": known.visitors,
        "qr_total": known.qr_total,
        "revenue_cents": known.revenue_cents,
        CODE: code.count if code else 0,
        **{used.tool: used.count for used in list_usage()},
    }


def row_of(label: str) -> Row:
    """The line of the table of callers for an operation of the description."""
    method, path = label.split(" ")
    parts = path.split("/")
    return next(row for row in ROWS if row.method == method and _fits(row.path.partition("?")[0].split("/"), parts))


def permission_of(row: Row) -> str:
    """What lets a caller act for another. The table's holds are nobody's, so it names none for them."""
    return row.permission or ("usertokens.act_for_any" if "/holds/" in row.path else "")


def _fits(given: list[str], described: list[str]) -> bool:
    same = (part.startswith("{") or part == other for part, other in zip(described, given, strict=False))
    return len(given) == len(described) and all(same)


def changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """The names of what is new, gone or different."""
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def foreign(names: set[str], label: str, caller: Caller, user_id: str, *, permitted: bool) -> Iterator[str]:
    """Of what changed: that which this caller's call of this operation had no right to change.

    user_id: the caller's own, "" for the public. permitted: the caller holds the permission that the operation names.
    """
    row = row_of(label)
    permission = permission_of(row)
    keys = list(OPEN.get(label, ()))
    rows: list[str] = []
    if row.kind != "public" and permission.startswith("usertokens.") and permitted:
        keys, rows = ["user:{"], ["sql:usertokens."]
    elif row.path.startswith("/api/code-tags") and row.method != "GET" and permitted:
        keys, rows = ["{qr}:", "{qr}columns:"], ["sql:codetags."]
    elif row.kind in ("own", "user") and caller != "public":
        # Stripe's prices are kept for everybody by whoever asks first.
        keys, rows = [f"user:{{{user_id}}}:", "billing:catalogue"], ["sql:billing."]
        if row.kind == "own":
            keys, rows = keys[:1], ["sql:usertokens."]
    # A session that is used is noted as used, whatever it is used for.
    allowed = (*keys, *rows, "sql:site.OpenSession:")
    return (name for name in names if not (allowed and name.startswith(allowed)))
