"""What every command that stands on StoreCommand can rely on, and kv_stop."""

from __future__ import annotations

import sys
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command

from kv.errors import DamagedBackup, StoreUnavailable
from kv.management.base import StoreCommand
from kv.store.caches import durable_cache
from kv.store.connection import call
from tests.faults.servers import own_server

if TYPE_CHECKING:
    from collections.abc import Callable


class Terminal(StringIO):
    """Standard input or error as a terminal has it."""

    def isatty(self) -> bool:
        return True


def command(work: Callable[[StoreCommand], Any], **attributes: Any) -> StoreCommand:
    """A command whose `handle` does `work`."""

    def handle(self: StoreCommand, *args: Any, **options: Any) -> None:
        work(self)

    made = type("Command", (StoreCommand,), {"handle": handle, **attributes})()
    assert isinstance(made, StoreCommand)
    return made


def run(work: Callable[[StoreCommand], Any], *args: str, **attributes: Any) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command(command(work, **attributes), *args, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


class TestWaiting:
    def test_starts_the_embedded_server_first(self) -> None:
        with own_server(join=False) as breakable:
            assert not breakable.server.is_alive()
            run(lambda command: call("PING"))

    def test_a_command_without_need_starts_none(self) -> None:
        with own_server(join=False) as breakable:
            run(lambda command: None, needs_store=False)
            assert not breakable.server.is_alive()

    def test_somebody_elses_server_is_not_waited_for(self, settings: Any) -> None:
        settings.CACHES = {**settings.CACHES, "kv": durable_cache("redis://127.0.0.1:1/0")}
        run(lambda command: None)
        with pytest.raises(CommandError, match="The store of counts can't be used: refused \\(ConnectionError\\)"):
            run(lambda command: call("PING"))


class TestErrors:
    @pytest.mark.parametrize(
        ("error", "line"),
        [
            (StoreUnavailable("gone"), "The store of counts can't be used: gone"),
            (DamagedBackup("cut short"), "nothing was restored: cut short"),
        ],
    )
    def test_are_one_line(self, store: Any, error: Exception, line: str) -> None:
        def fail(command: StoreCommand) -> None:
            raise error

        with pytest.raises(CommandError, match=line):
            run(fail)

    def test_ctrl_c_is_one_line_too(self, store: Any) -> None:
        def interrupt(command: StoreCommand) -> None:
            raise KeyboardInterrupt

        with pytest.raises(CommandError, match="Stopped before its end") as error:
            run(interrupt)
        assert error.value.returncode == 130

    def test_of_files_are_not_taken_for_the_stores(self, store: Any) -> None:
        with pytest.raises(FileNotFoundError):
            run(lambda command: open("/nowhere"))  # noqa: PTH123, SIM115 (it fails)


class TestConfirm:
    def test_yes_and_dry_run_need_no_answer(self, store: Any) -> None:
        seen: list[bool] = []

        def ask(command: StoreCommand) -> None:
            command.confirm("Erase?")
            seen.append(command.dry_run)

        run(ask, "--yes", destroys=True, writes_bulk=True)
        run(ask, "--dry-run", destroys=True, writes_bulk=True)
        assert seen == [False, True]

    def test_nobody_to_ask(self, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", StringIO("y\n"))
        with pytest.raises(CommandError, match="Erase\\? There is nobody to ask: say --yes"):
            run(lambda command: command.confirm("Erase?"), destroys=True)

    @pytest.mark.parametrize(("answer", "agreed"), [("y", True), ("YES", True), ("", False), ("no", False)])
    def test_asks(self, store: Any, monkeypatch: pytest.MonkeyPatch, answer: str, agreed: bool) -> None:
        monkeypatch.setattr(sys, "stdin", Terminal(f"{answer}\n"))
        if agreed:
            _, err = run(lambda command: command.confirm("Erase?"), destroys=True)
            assert "Erase? [y/N]" in err
        else:
            with pytest.raises(CommandError, match="nothing was changed"):
                run(lambda command: command.confirm("Erase?"), destroys=True)

    def test_options_are_offered_only_where_they_mean_something(self, store: Any) -> None:
        with pytest.raises(CommandError, match="unrecognized arguments: --yes"):
            run(lambda command: None, "--yes")


class TestProgress:
    def test_lines_elsewhere(self, store: Any) -> None:
        done: list[int] = []
        out, err = run(lambda command: done.extend(command.progress(range(3), 3, "Counting", "users")))
        assert done == [0, 1, 2]
        assert err.splitlines() == ["Counting: 0 of 3 users", "Counting: 3 of 3 users, done"]
        assert out == ""

    def test_a_line_every_five_seconds(self, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = iter(range(0, 1000, 3))
        monkeypatch.setattr("kv.management.base.time.monotonic", lambda: next(clock))
        _, err = run(lambda command: list(command.progress(range(6), None, "Counting")))
        assert [line.split()[1] for line in err.splitlines()] == ["0", "2", "4", "6", "6,"]

    def test_a_bar_on_a_terminal(self, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        screen = Terminal()
        monkeypatch.setattr(sys, "stderr", screen)
        made = command(lambda command: list(command.progress(range(3), 3, "Counting", "users")))
        call_command(made, stderr=screen)
        assert "Counting: 100%" in screen.getvalue()
        assert "3/3" in screen.getvalue()

    def test_a_job_that_fails_is_not_called_done(self, store: Any) -> None:
        err = StringIO()

        def fail(command: StoreCommand) -> None:
            with command.meter(3, "Counting"):
                raise StoreUnavailable("gone")

        with pytest.raises(CommandError):
            call_command(command(fail), stderr=err)
        assert "done" not in err.getvalue()

    def test_silence_is_possible(self, store: Any) -> None:
        _, err = run(lambda command: list(command.progress(range(3), 3, "Counting")), "--verbosity", "0")
        assert err == ""


class TestKvStop:
    def stop(self, *args: str) -> str:
        out = StringIO()
        call_command("kv_stop", *args, stdout=out)
        return out.getvalue()

    def test_asks_then_stops_then_has_nothing_to_do(self) -> None:
        with own_server(timeout_ms=5000) as breakable:
            call("SET", "{t}:a", 1)
            with pytest.raises(CommandError, match="say --yes"):
                self.stop()
            assert breakable.server.is_alive()
            assert "has stopped" in self.stop("--yes")
            assert not breakable.server.is_alive()
            assert "is not running" in self.stop("--yes")
            assert not breakable.server.is_alive()

    def test_a_server_that_is_not_ours(self, settings: Any) -> None:
        settings.CACHES = {**settings.CACHES, "kv": durable_cache("redis://127.0.0.1:1/0")}
        with pytest.raises(CommandError, match="not ours to stop"):
            self.stop("--yes")
