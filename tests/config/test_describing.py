"""Two threads that ask for the description of the API at once, as two first callers of a web worker do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import TYPE_CHECKING, Any

from django.utils.module_loading import import_string as found
from drf_spectacular.extensions import OpenApiSerializerExtension

from config.describing import describe_api

if TYPE_CHECKING:
    import pytest

ABSENT = "rest_framework.absent.Serializer"


def test_two_threads_describe_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    both = Barrier(2)

    def import_string(name: Any) -> Any:
        """What is looked up by both at the same time, where the second is not kept waiting."""
        if name == ABSENT:
            with suppress(BrokenBarrierError):
                both.wait(1)
        return found(name)

    monkeypatch.setattr("drf_spectacular.plumbing.import_string", import_string)
    monkeypatch.setattr(OpenApiSerializerExtension, "_registry", [*OpenApiSerializerExtension._registry])

    class Absent(OpenApiSerializerExtension):  # type: ignore[no-untyped-call] # the package has no types
        """Of a package that the project has not installed, as most are."""

        target_class = ABSENT
        optional = True

    with ThreadPoolExecutor(2) as threads:
        first, second = [threads.submit(describe_api) for _ in range(2)]
        assert first.result() == second.result()
    assert Absent.target_class is None
