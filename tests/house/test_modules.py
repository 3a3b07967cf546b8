"""Every app has the same modules under the same names, and they stay small."""

from __future__ import annotations

import ast
import re

import pytest

from tests.house.tree import APPS, PACKAGES, ROOT, place, python_files, syntax

MODULES = {
    *(
        "__init__.py",
        "py.typed",
        "apps.py",
        "conf.py",
        "checks.py",
        "errors.py",
        "types.py",
        "types",
        "keys.py",
        "lua",
        "services",
    ),
    *("models.py", "models", "migrations", "serializers.py", "serializers", "forms.py", "forms"),
    *(
        "views",
        "urls.py",
        "admin.py",
        "signals.py",
        "permissions.py",
        "duties.py",
        "metrics.py",
        "desk.py",
        "demo.py",
        "management",
        "templatetags",
        "templates",
        "static",
        "locale",
    ),
}
SMELLS = {"utils", "helpers", "common", "misc", "util", "helper"}
LONGEST = 300
# The settings are one table for the whole site, read from top to bottom; it may grow with the apps.
LONGER = {"config/settings.py": 340}
# What paces a loop that looks again, and a line that is slow on purpose: no test waits there for time to pass.
PACES = {"tests/engines.py", "tests/faults/servers.py", "tests/workload.py"}


@pytest.mark.parametrize("app", APPS)
def test_every_app_has_the_same_modules(app: str) -> None:
    entries = {entry.name for entry in (ROOT / app).iterdir() if entry.name != "__pycache__"}
    assert entries - MODULES == set()


@pytest.mark.parametrize("app", APPS)
def test_commands_are_named_after_their_app(app: str) -> None:
    commands = (ROOT / app).glob("management/commands/*.py")
    assert [path.name for path in commands if path.stem != "__init__" and not path.stem.startswith(f"{app}_")] == []


def test_no_module_is_named_for_leftovers() -> None:
    assert [place(path) for path in python_files(*PACKAGES, "tests", "benchmarks") if path.stem in SMELLS] == []


def test_modules_are_small() -> None:
    lengths = {
        place(path): len(path.read_text().splitlines()) for path in python_files(*PACKAGES, "tests", "benchmarks")
    }
    assert {name: lines for name, lines in lengths.items() if lines > LONGER.get(name, LONGEST)} == {}


def test_public_functions_of_the_packages_say_what_they_do() -> None:
    bare = [
        f"{place(path)}: {node.name}"
        for path in python_files(*PACKAGES)
        for node in syntax(path).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
        if ast.get_docstring(node) is None
        if not any(isinstance(mark, ast.Name) and mark.id == "overload" for mark in node.decorator_list)
    ]
    assert bare == []


def test_no_error_is_swallowed() -> None:
    swallowed = [
        f"{place(path)}:{node.lineno}"
        for path in python_files(*PACKAGES, "tests", "benchmarks")
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}))
        and all(isinstance(statement, ast.Pass) for statement in node.body)
    ]
    assert swallowed == []


def _waits_for_nobody(tree: ast.Module) -> set[int]:
    """The lines that wait, for so long, on an event that nothing in the module sets or hands on to be set."""
    made = re.compile(r"^(threading\.)?Event\(\)$")
    waits: list[tuple[str, int]] = []
    bare: set[str] = set()
    uses: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and made.match(ast.unparse(node.value)):
            bare |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "wait":
            # Without arguments it waits for ever: a process that ends by a signal.
            if node.args or node.keywords:
                waits.append((ast.unparse(node.func.value), node.lineno))
            uses[ast.unparse(node.func.value)] = uses.get(ast.unparse(node.func.value), 0) + 1
    mentioned = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    nobodys = {name for name in bare if mentioned.count(name) == uses.get(name, 0)}
    return {line for on, line in waits if made.match(on) or on in nobodys}


def test_no_test_sleeps() -> None:
    asleep = [
        f"{place(path)}:{node.lineno}"
        for path in python_files("tests")
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.Call) and re.search(r"(^|\.|_)(sleep|wait_for_timeout)$", ast.unparse(node.func))
    ]
    waiting = [
        f"{place(path)}:{line}"
        for path in python_files("tests")
        if place(path) not in PACES
        for line in sorted(_waits_for_nobody(syntax(path)))
    ]
    assert asleep + waiting == []


def test_no_test_uses_wait_for_function() -> None:
    """It evaluates text in the page as soon as it has to wait, which the site's policy forbids: it fails by chance.

    `tests.browser.waiting` has another way.
    """
    found = [
        f"{place(path)}:{node.lineno}"
        for path in python_files("tests")
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.Attribute) and node.attr == "wait_for_function"
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("threading.Event().wait(0.05)", {1}),
        ("Event().wait(timeout=0.05)", {1}),
        ("pause = threading.Event()\npause.wait(0.02)", {2}),
        ("end = Event()\nthread(end.set)\nend.wait(5)", set()),
        ("end = Event()\nthread(end)\nend.wait(5)", set()),
        ("Event().wait()", set()),
        ("process.wait(20)", set()),
    ],
)
def test_waiting_for_nobody_is_seen(text: str, lines: set[int]) -> None:
    assert _waits_for_nobody(ast.parse(text)) == lines


def test_nothing_is_left_for_later() -> None:
    later = re.compile(r"#\s*(TODO|FIXME|XXX)\b")
    assert [place(path) for path in python_files(*PACKAGES, "tests") if later.search(path.read_text())] == []
