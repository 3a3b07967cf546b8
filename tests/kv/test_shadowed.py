"""A package of the project that hides one of our apps is named by a check."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from django.apps import apps

from kv.checks import check_shadowed

HERE = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("name", "path", "ids"),
    [
        ("stats", HERE / "stats", []),
        ("stats", HERE / "tests/../stats", []),
        ("stats", Path("/srv/shop/stats"), ["kv.W010"]),
        ("billing", Path("/srv/shop/billing"), ["kv.W010"]),
        ("shop", Path("/srv/shop/shop"), []),
        ("shop.stats", Path("/srv/shop/shop/stats"), []),
    ],
)
def test_only_what_hides_an_app_is_named(
    name: str, path: Path, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apps, "get_app_configs", lambda: [SimpleNamespace(name=name, path=str(path))])
    found = check_shadowed(None)
    assert [message.id for message in found] == ids
    assert all(str(path) in message.msg for message in found)


def test_this_project_hides_nothing() -> None:
    assert check_shadowed(None) == []
