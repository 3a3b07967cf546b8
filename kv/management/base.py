"""The base of every command that touches the store of counts."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from kv.backup.progress import Meter
from kv.errors import DamagedBackup, StoreUnavailable, UnusableBackup, store_errors
from kv.store.factories import configured_server
from kv.work.shutdown import Shutdown

T = TypeVar("T")
# A large append-only file takes its time to load; a command, unlike a page, can wait for it.
_START_SECONDS = 30.0
_LINE_SECONDS = 5.0
_INTERRUPTED = 130  # what a shell says of a program that Ctrl-C ended


class StoreCommand(BaseCommand):
    """Waits for the embedded server, asks before it destroys, shows how far it is, and fails with one line.

    needs_store: wait up to 30 s for the embedded server before `handle`; nothing to wait for with any other REDIS_URL.
    destroys:    adds `--yes`; `self.confirm(…)` asks unless it is given.
    writes_bulk: adds `--dry-run`; `self.dry_run` says whether it is given, and then `confirm` has nothing to ask.
    interruptible: a signal interrupts whatever runs; False for a command whose own Shutdown is told.

    StoreUnavailable and UnusableBackup, whoever raises them, and Ctrl-C become a CommandError.
    """

    needs_store = True
    destroys = False
    writes_bulk = False
    interruptible = True

    yes = False
    dry_run = False
    verbosity = 1

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Django's parser with the options that the class attributes ask for."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        if self.destroys:
            parser.add_argument("--yes", action="store_true", help="Don't ask.")
        if self.writes_bulk:
            parser.add_argument("--dry-run", action="store_true", help="Say what would be done, and change nothing.")
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Django's own, with the store ready before it and its errors in one line."""
        self.yes = bool(options.get("yes"))
        self.dry_run = bool(options.get("dry_run"))
        self.verbosity = int(options.get("verbosity", 1))
        exits = bool(getattr(self, "_called_from_command_line", False))  # an attribute that Django does not declare
        try:
            with _ended_in_order(raises=self.interruptible, exits=exits), store_errors():
                if self.needs_store and (server := configured_server()) is not None:
                    server.ensure(_START_SECONDS)
                return super().execute(*args, **options)
        except KeyboardInterrupt:
            raise CommandError("Stopped before its end.", returncode=_INTERRUPTED) from None
        except StoreUnavailable as error:
            raise CommandError(f"The store of counts can't be used: {error}") from error
        except DamagedBackup as error:
            raise CommandError(f"The backup is damaged, nothing was restored: {error}") from error
        except UnusableBackup as error:
            raise CommandError(f"This backup can't be used, nothing was restored: {error}") from error

    def confirm(self, question: str) -> None:
        """Return when the user agrees, or has by `--yes`, or nothing will happen by `--dry-run`.

        Raises CommandError when the answer is no, or when there is nobody to ask.
        """
        if self.yes or self.dry_run:
            return
        if not sys.stdin.isatty():
            raise CommandError(f"{question} There is nobody to ask: say --yes.")
        self._note(f"{question} [y/N]", ending=" ")
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise CommandError("Stopped; nothing was changed.")

    def progress(self, items: Iterable[T], total: int | None = None, label: str = "", unit: str = "") -> Iterator[T]:
        """The items, one by one, while the user sees how many are done. total: None when unknown."""
        with self.meter(total, label, unit) as meter:
            for item in items:
                yield item
                meter.advance()

    @contextmanager
    def meter(self, total: int | None = None, label: str = "", unit: str = "") -> Iterator[Meter]:
        """For work that does not go one by one: `with self.meter(total, "Restoring") as meter: meter.advance(500)`.

        On a terminal a bar; elsewhere a line at the start, one every five seconds and one at the end. All of it goes to
        the standard error, since the standard output is for the result; nothing at `--verbosity 0`.
        """
        label = label or "Working"
        if self.verbosity == 0:
            yield Meter()
        elif self.stderr.isatty():
            with tqdm(total=total, desc=label, unit=f" {unit}" if unit else "it", file=sys.stderr) as bar:
                yield _Bar(bar)
        else:
            lines = _Lines(self, total, label, unit)
            yield lines
            lines.close()

    def _note(self, text: str, ending: str = "\n") -> None:
        # Django colours all of the standard error as errors; this is none.
        self.stderr.write(text, style_func=str, ending=ending)
        self.stderr.flush()


@contextmanager
def _ended_in_order(*, raises: bool, exits: bool) -> Iterator[None]:
    """Let SIGTERM and SIGHUP end a command as Ctrl-C does, so that it cleans up: the store it started, a half file.

    SIGINT as well: a shell without job control starts what runs in the background with Ctrl-C ignored.
    raises: interrupt what runs; otherwise the command's own Shutdown is told. After a shutdown in order further signals
    change nothing. exits: the process ends with the command, so they change nothing until then.

    In a process's main thread alone; elsewhere nobody sends a signal.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def on_signal(number: int, frame: FrameType | None) -> None:
        Shutdown.signalled = True
        if raises and not Shutdown.under_way:
            raise KeyboardInterrupt

    Shutdown.signalled = Shutdown.under_way = False
    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        # Ignored by the kernel: Python gives its own handlers up before it has ended.
        ignored = exits and Shutdown.under_way
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if ignored else handler)
        Shutdown.signalled = Shutdown.under_way = False


class _Bar(Meter):
    def __init__(self, bar: tqdm[Any]) -> None:
        self._bar = bar

    def advance(self, count: int = 1) -> None:
        self._bar.update(count)


class _Lines(Meter):
    def __init__(self, command: StoreCommand, total: int | None, label: str, unit: str) -> None:
        self._command = command
        self._tail = ("" if total is None else f" of {total}") + (f" {unit}" if unit else "")
        self._label = label
        self._done = 0
        self._said = time.monotonic()
        self._say()

    def advance(self, count: int = 1) -> None:
        self._done += count
        if time.monotonic() - self._said >= _LINE_SECONDS:
            self._said = time.monotonic()
            self._say()

    def close(self) -> None:
        """Say that the job is done; not reached when it failed."""
        self._command._note(f"{self._label}: {self._done}{self._tail}, done")  # noqa: SLF001 (same module)

    def _say(self) -> None:
        self._command._note(f"{self._label}: {self._done}{self._tail}")  # noqa: SLF001 (same module)
