"""Whatever the API is sent, and by whom: it answers as it is described, and nobody changes what is another's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as site
from django.contrib.auth.models import Permission, User

from stats.services.receipts import sign_receipt
from tests.fuzz.made_up import OPERATIONS, modes, send_many
from tests.fuzz.site_data import CODE, CONVERSATION, TOOL, SiteData, changed, foreign, permission_of, row_of
from tests.security.addresses import api_addresses
from tests.security.table import BROWSER, CALLERS, ROWS, Caller, Cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EXAMPLES = 3
#: Every permission that the contract names: a service of each, and a member of staff who holds them all.
SCOPES = tuple(sorted({row.permission for row in ROWS if row.permission}))
APPS = ("stats", "usertokens", "codetags", "billing")
WHO: list[tuple[Caller, str]] = [
    *((caller, "") for caller in CALLERS if caller != "scoped service"),
    *(("scoped service", scope) for scope in SCOPES),
]
#: Addresses that describe the API and belong to no description: itself, and the pages to read and try it on.
ABOUT = {"api/schema", "api/docs", "api/docs/try"}

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(autouse=True)
def _unlimited(store: Any, shop: Any, settings: Any) -> None:
    """The store is empty, no request is one too many, and billing is switched on."""
    settings.RATE_LIMITS = None


def _user_of(cast: Cast, caller: Caller) -> User | None:
    names = {"scoped service": "scoped", "permitted staff": "permitted", "staff with other permissions": "stray"}
    return None if caller == "public" else getattr(cast, names.get(caller, caller))


def papers_of(cast: Cast, caller: Caller) -> tuple[dict[str, str], dict[str, str]]:
    """Headers and cookies of the caller's client: a session with its CSRF token, or a service's token."""
    client = cast.enter(caller)
    headers, cookies = {"User-Agent": BROWSER}, {}
    if token := client.defaults.get("HTTP_AUTHORIZATION"):
        headers["Authorization"] = token
    elif session := client.cookies.get(site.SESSION_COOKIE_NAME):
        cookies = {site.SESSION_COOKIE_NAME: session.value, site.CSRF_COOKIE_NAME: "c" * 32}
        headers["X-CSRFToken"] = cookies[site.CSRF_COOKIE_NAME]
    return headers, cookies


def known_things(data: SiteData) -> Mapping[str, Sequence[Any]]:
    owner, other = str(data.cast.owner.pk), str(data.cast.other.pk)
    return {
        "userId": [owner, other, "test-user-id"],
        "hold_id": data.holds,
        "id": [str(CONVERSATION), "planted"],
        "receipt": [sign_receipt(100)],
        "tool": [TOOL],
        "code": [CODE, "BT26"],
        "amount": [1, 2, 60],
        "cost": [1],
        "Idempotency-Key": ["a", "b"],
    }


@pytest.mark.parametrize("label", OPERATIONS)
@pytest.mark.parametrize(("caller", "scope"), WHO, ids=[scope or caller for caller, scope in WHO])
def test_is_answered_as_described_and_changes_the_callers_own(
    label: str, caller: Caller, scope: str, store: Any
) -> None:
    row = row_of(label)
    cast = Cast.engaged(scope or permission_of(row))
    cast.permitted.user_permissions.set(Permission.objects.filter(content_type__app_label__in=APPS))
    data = SiteData.with_figures(store, cast)
    headers, cookies = papers_of(cast, caller)
    user = _user_of(cast, caller)
    before = data.kept()

    sent = send_many(OPERATIONS[label], headers=headers, cookies=cookies, known=known_things(data), everyday=EXAMPLES)

    assert set(sent.answers) == set(modes(OPERATIONS[label]))
    needed = set(permission_of(row).split())
    permitted = caller == "permitted staff" or (scope != "" and bool(needed) and needed <= set(scope.split()))
    refused = row.kind == "permitted" and not permitted
    if row.kind in ("user", "own") and caller == "public":
        assert sent.statuses() == {401}
    elif refused and label != "POST /api/stats/qr":  # where a receipt will do, the body is looked at first
        # With a session, the search for a CSRF token reads the body before anything is asked about permissions.
        broken = {400} if cookies else set()
        assert sent.statuses() - broken == {401 if caller == "public" else 403}
    elif caller != "public":
        assert 401 not in sent.statuses(), "the caller was taken for a stranger"
    names = changed(before, data.kept())
    assert sorted(foreign(names, label, caller, str(user.pk) if user else "", permitted=permitted)) == []
    data.assert_whole()


def test_the_description_names_every_address_and_method() -> None:
    served = {
        (method.upper(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", f"/{path}"))
        for path, view in api_addresses().items()
        if path.startswith("api/") and path not in ABOUT
        for method in view.http_method_names
        if hasattr(view, method) and method not in ("head", "options")
    }
    described = {(label.split(" ")[0], label.split(" ")[1]) for label in OPERATIONS}
    assert described == served
    assert served, "no address was found"
