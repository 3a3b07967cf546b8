"""The public Python API: `__all__` of each app's services is what its page describes, typed and explained."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
from importlib import import_module
from itertools import pairwise
from typing import Any, get_type_hints

import pytest

from tests.house.api import CONTEXTS, DOCUMENTS, errors_of, every_public, is_twin, public, signature_of, twin_of
from tests.house.tree import APPS, ROOT, syntax

ROW = re.compile(r"^\| `(\w+)(\(.*?)` \| (.+?) \| (.+?) \|$", re.MULTILINE)
#: Before the table of what has none.
NO_TWIN = "no async twin"
EVERY = every_public()
each = pytest.mark.parametrize(("app", "name", "value"), EVERY, ids=[f"{app}.{name}" for app, name, _ in EVERY])


def _described(app: str) -> dict[str, tuple[str, str, list[str]]]:
    """Of each row in the section of the app's page: signature, what it does, errors."""
    return {
        name: (signature.replace("\\|", "|"), does, re.findall(r"`(\w+)`", raises))
        for name, signature, does, raises in ROW.findall(_section(app))
    }


def _section(app: str) -> str:
    text = (ROOT / f"docs/{DOCUMENTS[app]}.md").read_text()
    return text.partition("\n## Python API\n")[2].partition("\n## ")[0]


def _without_twin(app: str) -> set[str]:
    """The names in tables behind a paragraph that says so."""
    paragraphs = _section(app).split("\n\n")
    tables = [table for before, table in pairwise(paragraphs) if NO_TWIN in before]
    return {name for table in tables for name, *_ in ROW.findall(table)}


def _static(app: str) -> dict[str, str]:
    """What type checkers see: each name with the module that it is imported from."""
    blocks = [node for node in syntax(ROOT / app / "services/__init__.py").body if isinstance(node, ast.If)]
    assert [ast.unparse(block.test) for block in blocks] == ["TYPE_CHECKING"]
    imported = [node for node in blocks[0].body if isinstance(node, ast.ImportFrom)]
    return {alias.name: str(node.module) for node in imported for alias in node.names}


@pytest.mark.parametrize("app", APPS)
def test_type_checkers_see_what_runs(app: str) -> None:
    assert public(app) == {name: getattr(import_module(module), name) for name, module in _static(app).items()}


@pytest.mark.parametrize("app", APPS)
def test_the_names_are_sorted_and_no_modules(app: str) -> None:
    services = import_module(f"{app}.services")
    assert list(services.__all__) == sorted(set(services.__all__))
    assert {path.stem for path in (ROOT / app / "services").glob("*.py")} & set(services.__all__) == set()
    assert set(services.__all__) <= set(dir(services))


@pytest.mark.parametrize("app", APPS)
def test_a_misspelt_name_is_an_error(app: str) -> None:
    services = import_module(f"{app}.services")
    with pytest.raises(AttributeError, match="record_vist"):
        services.record_vist  # noqa: B018 (misspelt on purpose)


def test_importing_the_packages_loads_neither_django_nor_their_modules() -> None:
    code = f"import sys, {', '.join(f'{app}.services' for app in APPS)}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    mine = {name for name in loaded.split() if name.split(".")[0] in (*APPS, "django", "redis", "stripe")}
    assert mine == {*APPS, *(f"{app}.services" for app in APPS)}


@pytest.mark.parametrize("name", ["stats.services.arecord_visit", "codetags.services.record_hit"])
def test_a_name_loads_no_models_that_it_does_not_need(name: str) -> None:
    """So that it may be imported where the models are not loaded yet, as in a project's apps.py."""
    package, _, function = name.rpartition(".")
    code = f"from {package} import {function}\nimport sys; assert '{package.split('.')[0]}.models' not in sys.modules"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)


@pytest.mark.parametrize("app", APPS)
def test_the_page_describes_each_name_and_no_other(app: str) -> None:
    rows = set(_described(app))
    assert rows | {f"a{name}" for name in rows - _without_twin(app)} == set(public(app))


@each
def test_a_twin_has_the_same_arguments_result_and_text(app: str, name: str, value: Any) -> None:
    twin = twin_of(app, name)
    if twin is not None and name in CONTEXTS:
        assert inspect.signature(twin).parameters == inspect.signature(value).parameters
    elif twin is not None:
        assert signature_of(twin) == signature_of(value)
        assert twin.__name__ == f"a{name}"
        assert twin.__doc__.endswith(inspect.getdoc(value))
        assert inspect.iscoroutinefunction(twin)


@each
def test_the_page_has_its_signature_and_its_errors(app: str, name: str, value: Any) -> None:
    if is_twin(name, value):
        return
    signature, _, raises = _described(app)[name]
    assert signature == signature_of(value)
    assert sorted(raises) == sorted(errors_of(app, value))


@each
def test_it_is_typed_and_explained(app: str, name: str, value: Any) -> None:
    assert inspect.getdoc(value)
    function = value.__init__ if inspect.isclass(value) else value
    parameters = set(inspect.signature(value).parameters)
    described = {**vars(sys.modules[function.__module__])} if hasattr(function, "__module__") else {}
    hints = get_type_hints(function, {**vars(import_module("builtins")), **described})
    assert parameters <= set(hints)
    assert inspect.isclass(value) or "return" in hints
