"""Who may import whom: config all, nobody config, the apps only kv, and billing three modules of usertokens."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.tree import APPS, imports, place, python_files

ACROSS = {"usertokens", "usertokens.services", "usertokens.types", "usertokens.errors"}


def _broken(folder: str, forbidden: set[str]) -> list[str]:
    return [
        f"{place(path)} imports {name}"
        for path in python_files(folder)
        for name in sorted(imports(path))
        if name.split(".")[0] in forbidden
    ]


@pytest.mark.parametrize("package", ["kv", *APPS])
def test_nobody_imports_config(package: str) -> None:
    assert _broken(package, {"config"}) == []


def test_the_base_package_imports_none_of_the_apps() -> None:
    assert _broken("kv", {"stats", "usertokens", "codetags", "billing"}) == []


@pytest.mark.parametrize("app", APPS)
def test_apps_import_no_sibling(app: str) -> None:
    siblings = {"stats", "usertokens", "codetags", "billing"} - {app}
    if app == "billing":
        siblings -= {"usertokens"}
    assert _broken(app, siblings) == []


def test_of_usertokens_billing_imports_only_services_types_and_errors() -> None:
    def allowed(name: str) -> bool:
        return name in ACROSS or ".".join(name.split(".")[:2]) in ACROSS

    across: list[tuple[Path, str]] = [
        (path, name) for path in python_files("billing") for name in imports(path) if name.split(".")[0] == "usertokens"
    ]
    assert [f"{place(path)} imports {name}" for path, name in across if not allowed(name)] == []


@pytest.mark.parametrize("app", APPS)
def test_only_services_run_scripts_and_open_connections(app: str) -> None:
    opening = {"kv.store.connection", "kv.store.scripts"}
    broken = [
        place(path)
        for path in python_files(app)
        if "services" not in path.parts and any(".".join(name.split(".")[:3]) in opening for name in imports(path))
    ]
    assert broken == []
