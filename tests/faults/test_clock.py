"""The server's clock is set ahead and back while the site runs."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command

from kv.store.connection import call
from kv.store.health import inspect_store
from tests.engines import Server, servers, wait_until
from tests.faults.test_store import _unlimited, client, count, use
from tests.stats.callers import visit
from usertokens.services import balances, plans
from usertokens.types import PaidPeriod

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.site_client import SiteClient

__all__ = ["_unlimited", "client"]

pytestmark = pytest.mark.slow

FAKETIME = Path("/usr/lib") / f"{os.uname().machine}-linux-gnu" / "faketime" / "libfaketime.so.1"


@pytest.mark.skipif(
    not FAKETIME.exists() and not os.environ.get("REQUIRE_SERVERS"), reason="needs Debian's libfaketime"
)
class TestClock:
    """The server's clock is set while the site runs: days and months are ours, windows and expiry the server's."""

    @pytest.fixture
    def server(self, settings: Any, tmp_path: Path) -> Iterator[Server]:
        self.file = tmp_path / "now"
        self.set_clock(0)
        environment = {
            "LD_PRELOAD": os.fspath(FAKETIME), "FAKETIME_TIMESTAMP_FILE": os.fspath(self.file),
            "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }  # fmt: skip
        with servers(1, lambda _: ("--appendfsync", "always"), environment=environment) as (server,):
            server.start()
            use(server, settings)
            yield server

    def set_clock(self, seconds: int) -> None:
        self.file.write_text(f"{seconds:+d}")

    @pytest.mark.parametrize("seconds", [3600, -3600, 40 * 86400, -40 * 86400])
    def test_set_counts_go_on_and_nobody_counts_twice(self, seconds: int, server: Server, client: SiteClient) -> None:
        assert visit(client, "203.0.113.1").json()["counted"]
        assert count(0)
        self.set_clock(seconds)
        wait_until(lambda: abs(int(call("TIME")[0]) - time.time() - seconds) < 60)
        assert not visit(client, "203.0.113.1").json()["counted"]
        assert visit(client, "203.0.113.2").json()["counted"]
        assert count(1)
        # Ids are remembered for 30 days by the server's clock: only a leap beyond that forgets them.
        assert count(0) is (seconds > 30 * 86400)
        assert any("clock" in finding.text for finding in inspect_store() if finding.level == "error")

    @pytest.mark.parametrize("seconds", [3600, -3600])
    def test_set_closes_no_rate_limit_for_good(
        self, seconds: int, server: Server, settings: Any, client: SiteClient
    ) -> None:
        settings.RATE_LIMITS = {"visit": "2/minute"}
        assert [visit(client).status_code for _ in range(3)] == [200, 200, 429]
        self.set_clock(seconds)
        wait_until(lambda: abs(int(call("TIME")[0]) - time.time() - seconds) < 60)
        answer = visit(client)
        assert answer.status_code in (200, 429)
        assert int(answer.headers.get("Retry-After", "0")) <= 60

    @pytest.mark.django_db
    def test_set_ahead_and_back_nobody_waits_for_an_allowance(self, server: Server) -> None:
        now = datetime.now(UTC)
        starts = now - timedelta(days=3)
        plans.apply_plan("6", "Plus", [PaidPeriod("sub", "Plus", starts, starts + timedelta(days=30))], version=1)
        balances.add_tokens("5", 50, reason="gift", expires_at=now + timedelta(days=90))
        for user in ("5", "6"):
            balances.spend_tokens(user, 30)
        before = [balances.get_balance(user).tokens for user in ("5", "6")]
        assert [one.balance for one in before] == [120, 970]

        self.set_clock(400 * 86400)
        wait_until(lambda: int(call("TIME")[0]) > time.time() + 399 * 86400)
        ahead = [balances.get_balance(user).tokens for user in ("5", "6")]
        assert [one.balance for one in ahead] == [100, 0]
        balances.spend_tokens("5", 10)

        self.set_clock(0)
        wait_until(lambda: int(call("TIME")[0]) < time.time() + 60)
        with pytest.raises(CommandError):
            call_command("usertokens_check", stdout=StringIO())
        call_command("usertokens_recharge", stdout=StringIO())
        call_command("usertokens_check", stdout=StringIO())
        # What came before its time is gone, with what was spent of it; what expired too early comes by the command.
        assert balances.get_balance("6").tokens == before[1]
        assert balances.get_balance("5").tokens.balance == 70
        call_command("usertokens_recharge", "--restore-expired", stdout=StringIO())
        assert [balances.get_balance(user).tokens for user in ("5", "6")] == before
        call_command("usertokens_check", stdout=StringIO())
