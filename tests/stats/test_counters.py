"""Counters never go down: what is changed by hand, and what a reset takes away, stands apart."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from kv.store.connection import call
from stats import keys
from stats.errors import BadAdjustment
from stats.services.counters import Counter, read_counters, read_usage_counters
from stats.services.figures import read_figures
from stats.services.payment_code_counts import record_payment_code
from stats.services.totals import adjust_figure, reset_figures
from stats.services.usage import list_usage, record_usage
from stats.services.visits import record_visit

pytestmark = pytest.mark.django_db

NAMES = ("visitors", "qr_total", "revenue_cents", "usage:payment-qr")


def counters() -> dict[str, Counter]:
    return read_counters() | {f"usage:{tool}": found for tool, found in read_usage_counters().items()}


def test_an_empty_store_has_zeros(store: Any) -> None:
    assert set(counters().values()) == {Counter(0, 0)}
    list(reset_figures())
    assert set(counters().values()) == {Counter(0, 0)}


def test_a_total_of_zero_is_reset_too(store: Any) -> None:
    call("SET", keys.visitors(), "0")
    list(reset_figures())
    assert read_counters()["visitors"] == Counter(0, 0)


def test_an_adjustment_is_a_figure_of_its_own(store: Any) -> None:
    for last in range(5):
        record_visit(address=f"203.0.113.{last}")
    adjust_figure(figure="visitors", delta=-3, reason="test", id="one")
    adjust_figure(figure="visitors", delta=-3, reason="test", id="one")  # done once
    assert (read_figures().visitors, read_counters()["visitors"]) == (2, Counter(5, -3))
    with pytest.raises(BadAdjustment):
        adjust_figure(figure="visitors", delta=-30, reason="test", id="two")
    assert read_counters()["visitors"] == Counter(5, -3)


def test_a_reset_lowers_none(store: Any) -> None:
    record_visit(address="203.0.113.7")
    record_payment_code(id="one", amount_cents=1250)
    record_usage(tool="payment-qr")
    before = counters()
    list(reset_figures())
    assert (read_figures().visitors, sum(used.count for used in list_usage())) == (0, 0)
    after = counters()
    assert {name: found.counted for name, found in after.items()} == {
        name: found.counted for name, found in before.items()
    }
    assert {after[name].adjusted for name in NAMES} == {-1, -1250}
    record_visit(address="203.0.113.7")
    assert read_counters()["visitors"] == Counter(2, -1)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("count"), st.sampled_from(NAMES), st.integers(1, 50)),
        st.tuples(st.just("adjust"), st.sampled_from(NAMES), st.integers(-40, 40)),
        st.tuples(st.just("reset"), st.just(""), st.just(0)),
    ),
    max_size=12,
)


@given(steps=STEPS)
@profile(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_no_counter_goes_down(store: Any, steps: list[tuple[str, str, int]]) -> None:
    store.flushall()
    expected = dict.fromkeys(NAMES, 0)
    for number, (kind, name, amount) in enumerate(steps):
        if kind == "count":
            _count(name, amount, number)
            expected[name] += amount if name == "revenue_cents" else 1
            expected["qr_total"] += name == "revenue_cents"
            expected["revenue_cents"] += name == "qr_total"
        elif kind == "adjust":
            try:
                adjust_figure(figure=name, delta=amount, reason="test", id=f"{id(steps)}-{number}")
            except BadAdjustment:
                continue
        else:
            list(reset_figures())
        found = counters()
        assert {name: found[name].counted for name in NAMES} == expected
        totals = read_figures()
        assert totals.visitors == found["visitors"].counted + found["visitors"].adjusted


def _count(name: str, amount: int, number: int) -> None:
    if name == "visitors":
        assert record_visit(address=f"198.51.{number}.{amount}").counted
    elif name == "usage:payment-qr":
        record_usage(tool="payment-qr")
    else:
        record_payment_code(id=f"id-{number}", amount_cents=amount if name == "revenue_cents" else 1)
