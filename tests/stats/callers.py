"""Requests of tests: visitors, staff and service accounts."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Permission, User
from django.core.management import call_command

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ipaddress import IPv4Address

    from django.test import Client

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
ADDRESS = "203.0.113.7"


def visit(client: Client, address: str = ADDRESS, *, agent: str = BROWSER, **headers: str) -> Any:
    """POST a visit from an address; a header `Sec_GPC="1"` is sent as Sec-GPC."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(
        "/api/stats/visit",
        data="{}",
        content_type="application/json",
        REMOTE_ADDR=address,
        headers={"User-Agent": agent, **sent},
    )


def post(client: Client, path: str, body: Any, *, token: str = "", address: str = ADDRESS, **extra: Any) -> Any:
    """POST a body as JSON, as a service when a token is given."""
    headers = {"User-Agent": BROWSER} | ({"Authorization": f"Token {token}"} if token else {})
    return client.post(path, data=body, content_type="application/json", REMOTE_ADDR=address, headers=headers, **extra)


def service_token(name: str = "shop", *permissions: str) -> str:
    """A token as the command prints it."""
    out = io.StringIO()
    call_command("service_token", name, "--perm", *(permissions or ("stats.record_qr",)), stdout=out)
    return out.getvalue().strip()


def staff(*permissions: str, name: str = "clerk") -> User:
    """A member of staff who may see the admin and holds the named permissions of `stats`."""
    user = User.objects.create_user(name, password="a long password", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions, content_type__app_label="stats"))
    return user


def addresses(count: int, network: IPv4Address) -> Iterable[str]:
    """So many different IPv4 addresses, from `network` on."""
    return (str(network + offset) for offset in range(count))


def count_keys(store: Any) -> int:
    """How many keys there are, on a cluster too, where DBSIZE asks one node."""
    return sum(1 for _ in store.scan_iter())
