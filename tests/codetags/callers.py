"""Requests of tests: visitors, staff and addresses."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from django.contrib.auth.models import Permission, User

from kv.errors import StoreUnavailable
from kv.store.connection import LeanClient

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from ipaddress import IPv4Address

    from django.test import Client

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
ADDRESS = "203.0.113.7"
URL = "/api/analytics/qr"


def hit(
    client: Client,
    code: str = "DEMO",
    *,
    method: str = "get",
    address: str = ADDRESS,
    id: str | None = None,  # noqa: A002 (the API's name)
    **headers: str,
) -> Any:
    """Call the API with a code in the query; a header `Sec_Purpose="prefetch"` is sent as Sec-Purpose."""
    sent = {"User-Agent": BROWSER} | {name.replace("_", "-"): value for name, value in headers.items()}
    return getattr(client, method)(
        URL, query_params={"code": code} | ({} if id is None else {"id": id}), REMOTE_ADDR=address, headers=sent
    )


@contextmanager
def store_away() -> Iterator[None]:
    """The store can't be reached for a while."""
    with patch.object(LeanClient, "_take", side_effect=StoreUnavailable("away")):
        yield


def staff(*permissions: str, name: str = "clerk") -> User:
    """A member of staff who holds the named permissions of `codetags`."""
    user = User.objects.create_user(name, password="a long password", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions, content_type__app_label="codetags"))
    return user


def addresses(count: int, network: IPv4Address) -> Iterable[str]:
    """So many different IPv4 addresses, from `network` on."""
    return (str(network + offset) for offset in range(count))
