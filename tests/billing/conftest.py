"""Fixtures of every test of billing."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.billing.fixtures import browser_client, buyer, scenario, shop, stripe

__all__ = ["browser_client", "buyer", "scenario", "shop", "stripe"]


@pytest.fixture(autouse=True)
def _nothing_leaves_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anywhere but this machine is a failure."""
    connect = socket.socket.connect

    def local_only(self: socket.socket, address: Any) -> None:
        assert self.family == socket.AF_UNIX or address[0] in ("127.0.0.1", "::1", "localhost"), address
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", local_only)
