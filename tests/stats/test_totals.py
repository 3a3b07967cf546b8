"""Totals changed by hand, and cleared."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User

from kv.errors import StoreUnavailable
from kv.store.numbers import LARGEST_WHOLE
from stats import keys
from stats.errors import BadAdjustment
from stats.models import Adjustment
from stats.services.figures import fresh_figures, read_figures
from stats.services.payment_code_counts import record_payment_code
from stats.services.totals import adjust_figure, adjust_figure_script, count_keys, reset_figures, total_key
from stats.services.usage import list_usage, record_usage
from stats.services.visits import record_visit
from tests.stats.callers import count_keys as keys_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _counted(store: Any) -> None:
    record_visit(address="203.0.113.7")
    record_payment_code(id="one", amount_cents=1250)
    record_usage(tool="payment-qr")


class TestAdjustFigure:
    @pytest.mark.parametrize(
        ("figure", "delta", "total"),
        [("visitors", 5, 6), ("qr_total", -1, 0), ("revenue_cents", -250, 1000), ("usage:payment-qr", 9, 10)],
    )
    def test_changes_the_total_and_keeps_why(self, figure: str, delta: int, total: int) -> None:
        clerk = User.objects.create_user("clerk")
        row = adjust_figure(figure=figure, delta=delta, reason="counted twice", id="a", actor=clerk)
        row.refresh_from_db()
        assert (row.figure, row.delta, row.total, row.reason, row.actor) == (
            figure,
            delta,
            total,
            "counted twice",
            clerk,
        )

    def test_shows_at_once(self) -> None:
        assert fresh_figures()[0].visitors == 1
        adjust_figure(figure="visitors", delta=5, reason="moved from the old site", id="a")
        assert fresh_figures()[0].visitors == 6

    @pytest.mark.parametrize("delta", [-2, LARGEST_WHOLE, 10**30, -(10**30)])
    def test_refuses_to_leave_the_possible_totals(self, delta: int) -> None:
        with pytest.raises(BadAdjustment):
            adjust_figure(figure="visitors", delta=delta, reason="no", id="a")
        assert read_figures().visitors == 1
        assert not Adjustment.objects.exists()

    @pytest.mark.parametrize("figure", ["", "revenue", "usage:", "usage:unknown", "visitors:"])
    def test_refuses_what_is_no_figure(self, figure: str) -> None:
        with pytest.raises(BadAdjustment):
            adjust_figure(figure=figure, delta=1, reason="no", id="a")
        assert not Adjustment.objects.exists()

    def test_keeps_no_reason_for_a_change_that_was_not_made(self) -> None:
        away = patch("stats.services.totals.adjust_figure_script.run", side_effect=StoreUnavailable("away"))
        with away, pytest.raises(StoreUnavailable):
            adjust_figure(figure="visitors", delta=1, reason="no", id="a")
        assert not Adjustment.objects.exists()

    @pytest.mark.parametrize(("figure", "total"), [("visitors", 6), ("usage:payment-qr", 6)])
    def test_an_id_changes_the_total_once(self, figure: str, total: int) -> None:
        for _ in range(3):
            assert adjust_figure(figure=figure, delta=5, reason="why", id="a").total == total
        assert Adjustment.objects.count() == 1
        assert adjust_figure(figure=figure, delta=5, reason="why", id="b").total == total + 5

    @pytest.mark.parametrize("figure", ["visitors", "usage:payment-qr"])
    def test_a_change_whose_row_was_lost_gets_it_when_it_is_said_again(self, figure: str, store: Any) -> None:
        run = adjust_figure_script.run

        def answer_is_lost(*args: Any) -> Any:
            run(*args)
            raise StoreUnavailable("the connection was cut")

        with (
            patch("stats.services.totals.adjust_figure_script.run", side_effect=answer_is_lost),
            pytest.raises(StoreUnavailable),
        ):
            adjust_figure(figure=figure, delta=5, reason="why", id="a")
        assert not Adjustment.objects.exists()
        record_visit(address="203.0.113.8")

        row = adjust_figure(figure=figure, delta=5, reason="why", id="a")
        assert (row.total, Adjustment.objects.get()) == (6, row)
        assert int(store.get(total_key(figure))) == (7 if figure == "visitors" else 6)

    @pytest.mark.parametrize("change", [{"delta": 6}, {"figure": "qr_total"}])
    @pytest.mark.parametrize("has_row", [True, False])
    def test_an_id_stands_for_one_change(self, change: dict[str, Any], has_row: bool) -> None:
        first: dict[str, Any] = {"figure": "visitors", "delta": 5, "reason": "why", "id": "a"}
        adjust_figure(**first)
        if not has_row:
            Adjustment.objects.all().delete()
        with pytest.raises(BadAdjustment, match="another change"):
            adjust_figure(**{**first, **change})
        assert (read_figures().visitors, read_figures().qr_total) == (6, 1)
        assert Adjustment.objects.count() == has_row


#: What counters of metrics are made of; a reset leaves it.
KEPT = {keys.adjustments().encode(), keys.usage_adjustments().encode()}


class TestResetFigures:
    def test_leaves_nothing_and_nobody_was_ever_seen(self, store: Any) -> None:
        expected = count_keys()
        assert expected == keys_in(store) > 0
        assert sum(reset_figures()) == expected
        assert count_keys() == 0
        assert record_visit(address="203.0.113.7").visitors == 1
        assert record_payment_code(id="one", amount_cents=1250).counted

    def test_touches_nobody_else_s_keys(self, store: Any) -> None:
        store.set("user:{7}:stats", "x")
        store.set("{qr}:count:DEMO", 5)
        list(reset_figures())
        assert set(store.scan_iter()) == {b"user:{7}:stats", b"{qr}:count:DEMO", *KEPT}

    def test_stays_within_its_prefix(self, store: Any, settings: Any) -> None:
        settings.KV_PREFIX = "a*:"
        record_visit(address="203.0.113.7")
        list(reset_figures())
        settings.KV_PREFIX = ""
        assert read_figures().visitors == 1
        assert list_usage()[0].count == 1

    def test_may_go_in_many_batches(self, store: Any) -> None:
        for number in range(1200):
            record_payment_code(id=f"id-{number}", amount_cents=1)
        batches = list(reset_figures())
        assert len(batches) > 2
        assert set(store.scan_iter()) == KEPT
