"""Servers that several test processes start at the same time never want the same port."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from tests.ports import PORTS, free_port


def test_a_port_that_nobody_listens_on_yet_is_not_given_to_another_process() -> None:
    mine = {free_port() for _ in range(20)}
    assert len(mine) == 20

    theirs = run(f"from tests.ports import free_port\nfor _ in range(50): print(free_port({list(PORTS)}))")
    assert theirs.returncode == 0
    assert mine.isdisjoint(int(line) for line in theirs.stdout.split())

    refused = run(f"from tests.ports import free_port\nfree_port({list(mine)})")
    assert "no port is left" in refused.stderr


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)


def test_a_port_that_somebody_listens_on_is_not_given() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AssertionError, match="no port is left"):
            free_port([port])

    assert free_port([port]) == port
