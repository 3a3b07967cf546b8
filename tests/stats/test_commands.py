"""`stats_reset` and `stats_adjust`; `stats_backfill` stands with the imports."""

from __future__ import annotations

import io
import re
from typing import Any
from unittest.mock import patch

import pytest
from django.core.management import CommandError, call_command
from django.db import InterfaceError, OperationalError

from kv.errors import StoreUnavailable
from stats.models import Adjustment
from stats.services import totals
from stats.services.figures import read_figures
from stats.services.usage import record_usage
from stats.services.visits import record_visit
from tests.stats.callers import count_keys


@pytest.fixture(autouse=True)
def _counted(store: Any) -> None:
    record_visit(address="203.0.113.7")
    record_usage(tool="payment-qr")


def run(*args: str) -> str:
    out = io.StringIO()
    call_command(*args, stdout=out, stderr=io.StringIO())
    return out.getvalue()


class TestReset:
    def test_asks_first(self, store: Any) -> None:
        before = count_keys(store)
        with pytest.raises(CommandError, match="--yes"):
            run("stats_reset")
        assert count_keys(store) == before

    def test_removes_everything(self, store: Any) -> None:
        before = count_keys(store)
        assert f"{before} keys removed" in run("stats_reset", "--yes")
        assert totals.count_keys() == 0

    def test_a_dry_run_only_counts(self, store: Any) -> None:
        before = count_keys(store)
        assert f"{before} keys would be removed" in run("stats_reset", "--dry-run")
        assert count_keys(store) == before

    def test_of_nothing_is_no_error(self, store: Any) -> None:
        store.flushall()
        assert "0 keys removed" in run("stats_reset", "--yes")


@pytest.mark.django_db
class TestAdjust:
    def test_changes_and_keeps_the_reason(self) -> None:
        assert run("stats_adjust", "visitors", "41", "--reason", "from the old site") == "visitors is now 42.\n"
        row = Adjustment.objects.get()
        assert (row.figure, row.delta, row.total, row.reason) == ("visitors", 41, 42, "from the old site")

    def test_says_the_id_with_which_to_say_it_again(self) -> None:
        away = patch("stats.services.totals.adjust_figure_script.run", side_effect=StoreUnavailable("away"))
        with away, pytest.raises(CommandError, match="once") as refused:
            run("stats_adjust", "visitors", "1", "--reason", "why")
        found = re.search(r"the command with --id (\w+):", str(refused.value))
        assert found
        args = ("stats_adjust", "visitors", "1", "--reason", "why", "--id", found[1])
        assert [run(*args), run(*args)] == [
            "visitors is now 2.\n", "This was done before; then visitors was 2.\n"
        ]  # fmt: skip
        assert Adjustment.objects.count() == 1

    @pytest.mark.parametrize("error", [OperationalError("a\nb"), InterfaceError("a\nb"), KeyboardInterrupt()])
    def test_whatever_else_ends_it_is_one_line_too(self, error: BaseException) -> None:
        away = patch("stats.services.totals.Adjustment.objects.get_or_create", side_effect=error)
        with away, pytest.raises(CommandError, match=r"(database|Ctrl-C).* the command with --id 'a b'") as refused:
            run("stats_adjust", "visitors", "1", "--reason", "why", "--id", "a b")
        assert "\n" not in str(refused.value)

    def test_takes_away(self) -> None:
        run("stats_adjust", "visitors", "-1", "--reason", "a test of ours")
        assert read_figures().visitors == 0

    @pytest.mark.parametrize(
        "args",
        [
            ("visitors", "-2", "--reason", "below nothing"),
            ("visitors", "0", "--reason", "nothing"),
            ("turnover", "1", "--reason", "no figure"),
            ("visitors", "1", "--reason", "  "),
            ("visitors", "1", "--reason", "x" * 281),
            ("visitors", "1"),
            ("visitors", "1.5", "--reason", "a part"),
            ("visitors", "1", "--reason", "why", "--id", ""),
            ("visitors", "1", "--reason", "why", "--id", "x" * 65),
            ("visitors", "1", "--reason", "why", "--id", "é"),
        ],
    )
    def test_refuses_in_one_line_and_changes_nothing(self, args: tuple[str, ...]) -> None:
        with pytest.raises(CommandError) as refused:
            run("stats_adjust", *args)
        assert "\n" not in str(refused.value)
        assert read_figures().visitors == 1
        assert not Adjustment.objects.exists()
