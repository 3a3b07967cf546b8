"""Scripts: one round trip, by hash, loaded again when the server has forgotten them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import redis

from kv.store.connection import call, call_many
from kv.store.health import installed_scripts
from kv.store.scripts import USES, Script, read_lua
from tests.faults.servers import proxied

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package with scripts of its own."""
    folder = tmp_path / "someapp"
    (folder / "lua").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "lua" / "double.lua").write_text("local function double(n) return n * 2 end")
    (folder / "lua" / "count.lua").write_text(
        "-- uses someapp.double\nreturn double(redis.call('INCRBY', KEYS[1], ARGV[1]))"
    )
    (folder / "lua" / "seldom.lua").write_text(
        "local function seldom()\n  -- uses someapp.double\n  return double(4)\nend"
    )
    (folder / "lua" / "nested.lua").write_text("-- uses someapp.seldom\nreturn {seldom(), tostring(double == nil)}")
    (folder / "lua" / "fail.lua").write_text("return redis.error_reply('REFUSED by the script')")
    monkeypatch.syspath_prepend(tmp_path)
    return "someapp"


class TestScript:
    def test_runs_with_what_it_uses(self, store: Any, package: str) -> None:
        assert Script(package, "count").run(["{t}:n"], [21]) == 42

    def test_uses_within_a_function_what_is_known_there_alone(self, store: Any, package: str) -> None:
        source = Script(package, "nested").source
        assert source.index("local function seldom") < source.index("local function double") < source.index("return {")
        with pytest.raises(redis.ResponseError, match="double"):
            Script(package, "nested").run([])
        assert call("EVAL", source.replace(", tostring(double == nil)", ""), 0) == [8]

    def test_reads(self, store: Any, package: str) -> None:
        assert Script(package, "count").read(["{t}:n"], [1]) == 2

    def test_is_loaded_again_after_the_server_forgot_it(self, store: Any, package: str) -> None:
        script = Script(package, "count")
        assert script.run(["{t}:n"], [1]) == 2
        store.script_flush()
        assert script.run(["{t}:n"], [1]) == 4
        assert call("GET", "{t}:n") == b"2"

    def test_is_sent_by_its_hash_after_the_first_time(self, package: str) -> None:
        with proxied() as proxy:
            script = Script(package, "count")
            for _ in range(5):
                script.run(["{t}:n"], [1])
            assert proxy.count(b"EVALSHA") == 5
            assert proxy.count(b"function double") == 1

    def test_in_a_pipeline(self, store: Any, package: str) -> None:
        script = Script(package, "count")
        script.load()
        assert call_many([script.command(["{t}:n"], [1]), script.command(["{t}:n"], [2])]) == [2, 6]
        pipeline = store.pipeline(transaction=False)
        pipeline.execute_command(*script.command(["{t}:n"], [1]))
        assert pipeline.execute() == [8]

    def test_its_refusals_are_the_callers(self, store: Any, package: str) -> None:
        with pytest.raises(redis.ResponseError, match="REFUSED"):
            Script(package, "fail").run(["{t}:n"])


def test_every_installed_script_loads_and_names_what_it_uses(store: Any) -> None:
    scripts = installed_scripts()
    assert {(script.package, script.name) for script in scripts} >= {("kv", "take_lease"), ("stats", "record_visit")}
    for script in scripts:
        script.load()
        assert not USES.search(script.source)
        text = USES.sub("\0", read_lua(script.package, script.name))
        assert all(part in script.source for part in text.split("\0"))
