"""How often a request goes to the store, counted between client and server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client, override_settings
from rest_framework.test import APIClient

from kv.store.caches import durable_cache
from kv.store.connection import forget_connections
from tests.faults.servers import Proxy
from usertokens.services import balances, dashboards


@pytest.fixture
def proxy(store: Any, store_server: Any, user: Any) -> Iterator[Proxy]:
    """A proxy that all commands pass, with the scripts loaded already."""
    proxy = Proxy(store_server.socket_path)
    entry = durable_cache(proxy.url, timeout_ms=5000)
    try:
        with override_settings(CACHES={**django_settings.CACHES, "kv": entry}):
            dashboards.read_dashboard(str(user.pk))
            balances.spend_tokens(str(user.pk), 1, key="warm")
            proxy.seen.clear()
            yield proxy
    finally:
        proxy.close()
        forget_connections()


def scripts(proxy: Proxy) -> int:
    return proxy.count(b"EVALSHA") + proxy.count(b"\r\nEVAL\r\n")


def test_the_dashboard_takes_one(api: APIClient, proxy: Proxy) -> None:
    assert api.get("/api/dashboard").status_code == 200
    assert scripts(proxy) == 1
    assert proxy.count(b"$5\r\nHMGET") + proxy.count(b"$3\r\nGET") == 0


def test_a_spend_takes_one(api: APIClient, proxy: Proxy) -> None:
    body = {"amount": 1, "reason": "x"}
    answer = api.post("/api/tokens/spend", body, format="json", headers={"Idempotency-Key": "k"})
    assert answer.status_code == 200
    assert scripts(proxy) == 1


@pytest.mark.parametrize("query", ["", "?days=7", "?days=90"])
def test_the_page_takes_five(user: Any, proxy: Proxy, query: str) -> None:
    client = Client()
    client.force_login(user)
    client.get("/dashboard")  # which loads its scripts
    proxy.seen.clear()
    assert client.get(f"/dashboard{query}").status_code == 200
    assert scripts(proxy) == 4
    assert proxy.count(b"LRANGE") == 1
