"""Settings as the apps read them: always what Django's own are at that moment."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from kv.conf import Setting, Settings


class Own(Settings):
    """Settings that no project has."""

    KV_TEST_ONE = Setting(1)
    KV_TEST_OTHER = Setting(2)
    KV_TEST_MADE: Setting[list[int]] = Setting(list)


STEPS = st.tuples(
    st.sampled_from(["override", "override nothing", "assign", "delete", "end"]),
    st.sampled_from(["KV_TEST_ONE", "KV_TEST_OTHER"]),
    st.integers(3, 99),
    st.booleans(),
)


@given(st.lists(STEPS, max_size=12))
def test_are_what_djangos_are(steps: list[tuple[str, str, int, bool]]) -> None:
    """However they are changed, and whether they were read before or not."""
    own = Own()
    with ExitStack() as whole, override_settings():
        open_ones: list[ExitStack] = []
        for step, name, value, is_read in steps:
            match step:
                case "override" | "override nothing":
                    one = ExitStack()
                    one.enter_context(override_settings(**({name: value} if step == "override" else {})))
                    open_ones.append(one)
                    whole.callback(one.close)
                case "assign":
                    setattr(settings, name, value)
                case "delete" if hasattr(settings, name):
                    delattr(settings, name)
                case "end" if open_ones:
                    open_ones.pop().close()
            if is_read:
                assert _read(own) == _djangos()
        while open_ones:
            open_ones.pop().close()
            assert _read(own) == _djangos()


def test_are_read_by_the_descriptor_once() -> None:
    with override_settings(KV_TEST_ONE=7):
        assert Own().KV_TEST_ONE == 7
        assert vars(Own())["KV_TEST_ONE"] == 7
    assert "KV_TEST_ONE" not in vars(Own())


def test_two_that_change_together_are_seen_so() -> None:
    own, seen = Own(), []

    def note(*, setting: str, **_: Any) -> None:
        seen.append((setting, own.KV_TEST_ONE, own.KV_TEST_OTHER))

    setting_changed.connect(note)
    try:
        with override_settings(KV_TEST_ONE=3, KV_TEST_OTHER=4):
            pass
    finally:
        setting_changed.disconnect(note)
    assert seen == [
        ("KV_TEST_ONE", 3, 4), ("KV_TEST_OTHER", 3, 4), ("KV_TEST_ONE", 1, 2), ("KV_TEST_OTHER", 1, 2),
    ]  # fmt: skip


def test_a_default_that_is_made_is_made_each_time() -> None:
    own = Own()
    own.KV_TEST_MADE.append(1)
    assert own.KV_TEST_MADE == []


def _read(own: Own) -> tuple[int, int]:
    return own.KV_TEST_ONE, own.KV_TEST_OTHER


def _djangos() -> tuple[int, int]:
    return getattr(settings, "KV_TEST_ONE", 1), getattr(settings, "KV_TEST_OTHER", 2)
