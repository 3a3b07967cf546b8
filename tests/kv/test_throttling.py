"""Rate limits: exactly so many, whoever asks at once, and no address in any key."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.test import RequestFactory, override_settings

from kv.errors import StoreUnavailable
from kv.store.connection import call
from kv.store.scripts import Script
from kv.web.rate_limits import RateLimit, RateLimited, Window, parse_window
from kv.web.throttling import caller_id, check_identity, check_limit
from tests.faults.servers import own_server

LIMIT = RateLimit("testing", "20/minute")


class TestRateLimit:
    def test_exactly_so_many_of_many_threads(self, store: Any) -> None:
        def passes(_: int) -> bool:
            try:
                check_identity(LIMIT, "one caller")
            except RateLimited:
                return False
            return True

        with ThreadPoolExecutor(32) as threads:
            assert sum(threads.map(passes, range(200))) == 20

    def test_says_when_the_next_is_allowed(self, store: Any) -> None:
        for _ in range(20):
            check_identity(LIMIT, "a")
        with pytest.raises(RateLimited) as refused:
            check_identity(LIMIT, "a")
        assert 55 <= refused.value.retry_after <= 60
        assert refused.value.limit is LIMIT

    def test_each_caller_and_each_limit_has_its_own(self, store: Any) -> None:
        small = RateLimit("small", "1/minute")
        check_identity(small, "a")
        check_identity(small, "b")
        check_identity(RateLimit("other", "1/minute"), "a")
        with pytest.raises(RateLimited):
            check_identity(small, "a")

    def test_settings_say_otherwise(self, store: Any) -> None:
        with override_settings(RATE_LIMITS={"testing": "1 per 50 seconds"}):
            assert LIMIT.window == Window(1, 50)
            check_identity(LIMIT, "a")
            with pytest.raises(RateLimited) as refused:
                check_identity(LIMIT, "a")
            assert 1 <= refused.value.retry_after <= 50

    def test_off_asks_the_store_nothing(self) -> None:
        with own_server() as breakable:
            call("PING")
            with breakable.frozen(), override_settings(RATE_LIMITS=None):
                assert LIMIT.window is None
                check_identity(LIMIT, "a")

    def test_a_store_that_is_away_is_the_callers_to_decide(self) -> None:
        with own_server() as breakable:
            check_identity(LIMIT, "a")
            with breakable.frozen(), pytest.raises(StoreUnavailable):
                check_identity(LIMIT, "a")
            check_identity(LIMIT, "a")

    def test_no_key_holds_an_address(self, store: Any) -> None:
        request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.77")
        check_limit(LIMIT, request, "a code")
        (key,) = list(store.scan_iter())
        assert b"203.0" not in key
        assert caller_id(request).encode() in key
        assert key.startswith(b"limits")
        assert 0 < store.ttl(key) <= 60

    def test_keys_carry_the_prefix(self, store: Any) -> None:
        with override_settings(KV_PREFIX="site:"):
            check_identity(LIMIT, "a")
        assert all(key.startswith(b"site:limits") for key in store.scan_iter())

    def test_survives_a_flushed_script_cache(self, store: Any) -> None:
        for _ in range(3):
            store.script_flush()
            check_identity(LIMIT, "a")

    def test_a_longer_window_counts_what_stands_there_already(self, store: Any) -> None:
        with override_settings(RATE_LIMITS={"testing": "2/minute"}):
            check_identity(LIMIT, "a")
            check_identity(LIMIT, "a")
        with override_settings(RATE_LIMITS={"testing": "2/hour"}), pytest.raises(RateLimited) as refused:
            check_identity(LIMIT, "a")
        assert 3500 <= refused.value.retry_after <= 3600

    def test_waits_for_no_replica(self, store: Any) -> None:
        with override_settings(KV_WAIT_REPLICAS=1):
            check_identity(LIMIT, "a")


class TestParseWindow:
    @pytest.mark.parametrize(
        ("text", "window"),
        [
            ("30/minute", Window(30, 60)),
            ("5 per 10 seconds", Window(5, 10)),
            ("1000/day", Window(1000, 86400)),
            ("1 / 2Hours", Window(1, 7200)),
            ("007PER month", Window(7, 2_592_000)),
            ("2/year", Window(2, 31_104_000)),
            (" 3 per\u00a0second\n", Window(3, 1)),
            ("5/0 minutes", Window(5, 60)),
        ],
    )
    def test_reads(self, text: str, window: Window) -> None:
        assert parse_window(text) == window

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "many",
            "30",
            "30/fortnight",
            "0/minute",
            "30/minute;5/second",
            "30/minutess",
            "-1/minute",
            "1.5/minute",
            "30/",
            "30 minute",
            "٣/minute",
            "30/ſecond",
            None,
            30,
        ],
    )
    def test_refuses(self, text: Any) -> None:
        with pytest.raises(ValueError, match=r"."):
            parse_window(text)


class TestMovingWindow:
    """The same window inside a script: kv/lua/moving_window.lua."""

    @pytest.fixture
    def script(self, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Script:
        folder = tmp_path / "windowed" / "lua"
        folder.mkdir(parents=True)
        (folder.parent / "__init__.py").touch()
        (folder / "hit.lua").write_text(
            "-- uses kv.moving_window\n"
            "local amount, window, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])\n"
            "local wait = window_wait(KEYS[1], amount, window, now)\n"
            "if wait > 0 then return wait end\n"
            "window_hit(KEYS[1], amount, window, now)\n"
            "return 0"
        )
        monkeypatch.syspath_prepend(tmp_path)
        return Script("windowed", "hit")

    def hits(self, script: Script, *times: int, amount: int = 3, window: int = 1_000_000) -> list[int]:
        return [script.run(["{t}:window"], [amount, window, 1_700_000_000_000_000 + time]) for time in times]

    def test_moves_with_the_hits(self, store: Any, script: Script) -> None:
        assert self.hits(script, 0, 100, 200, 300) == [0, 0, 0, 999_700]
        # The first hit leaves the window, and one place is free again.
        assert self.hits(script, 1_000_000, 1_000_050) == [0, 50]

    def test_forgets_what_it_needs_no_more(self, store: Any, script: Script) -> None:
        self.hits(script, *range(0, 10_000_000, 500_000))
        assert call("LLEN", "{t}:window") == 3
        assert 0 < call("PTTL", "{t}:window") <= 1000

    def test_a_clock_set_back_locks_nobody_out(self, store: Any, script: Script) -> None:
        hour = 3_600_000_000
        assert self.hits(script, hour, hour + 1, hour + 2, hour + 3) == [0, 0, 0, 999_997]
        assert self.hits(script, 0, 1, 2) == [0, 0, 0]
        assert self.hits(script, 3) == [999_997]

    def test_nothing_is_no_limit(self, store: Any, script: Script) -> None:
        assert self.hits(script, *range(50), amount=0) == [0] * 50
        assert call("EXISTS", "{t}:window") == 0
