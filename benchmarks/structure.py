"""How the code is built, in numbers: `python -m benchmarks.structure [DIRECTORY]` prints them for this tree or another.

To compare two versions: `git worktree add /tmp/before v0.1.0`, and name that directory.
"""

from __future__ import annotations

import ast
import re
import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGES = ("config", "billing", "usertokens", "stats", "codetags", "kv")
#: What may import what: a module's layer is that of the longest name here that it begins with; imports go downwards.
LAYERS = {
    "config": 11, "billing": 10, "usertokens": 9, "stats": 9, "codetags": 9,
    "kv.apps": 8, "kv.pytest_plugin": 8,
    "kv.admin": 7, "kv.templatetags": 7,
    "kv.desk": 6, "kv.monitoring": 6,
    "kv.rest": 5, "kv.management": 5, "kv.checks": 5, "kv.testing": 5,
    "kv.events": 4,
    "kv.backup": 3, "kv.work": 3, "kv.web": 3,
    "kv.store": 2,
    "kv": 1, "kv.sql": 1,
    "kv.process": 0,
}  # fmt: skip
SIBLINGS = {"usertokens", "stats", "codetags"}
_SAME_LINES = 6
# By a number: a loop over a variable tail counts from a named start (tests/house/test_lua.py says how).
_POSITIONAL = re.compile(r"\b(?:KEYS|ARGV)\[\s*\d[^\]]*\]")
#: A statement of a script's head: it gives a name to a key or an argument.
_BINDS = re.compile(r"^\s*local [\w, ]+ = .*\b(?:KEYS|ARGV)\b")


def main(root: Path) -> None:
    """Print one figure a line."""
    for name, value in measure(root):
        print(f"{name:<58}{value:>10}")


def measure(root: Path) -> Iterator[tuple[str, int | float | str]]:
    """Each figure with its name, of the Python and Lua of the six packages, migrations left out."""
    trees = parse(root)
    lines = [len(path.read_text("utf-8").splitlines()) for path in _python(root)]
    yield "modules", len(lines)
    yield "lines a module, median", statistics.median(lines)
    yield "longest module, lines", max(lines)
    yield "modules over 150 lines", sum(number > 150 for number in lines)
    yield "modules directly in kv/", len(list((root / "kv").glob("*.py")))
    functions = [node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, _FUNCTION)]
    lengths = [(node.end_lineno or 0) - node.lineno + 1 for node in functions]
    yield "functions", len(functions)
    yield "lines a function, median", statistics.median(lengths)
    yield "longest function, lines", max(lengths)
    typed = sum(node.returns is not None for node in functions)
    yield "functions with a return type, %", round(100 * typed / len(functions), 1)
    imports = imports_of(trees)
    circles = circles_of(imports)
    yield "circles of imports", len(circles)
    yield "import depth, modules", "circles" if circles else len(longest_chain(imports))
    yield "imports upwards", len(upwards(imports))
    yield "KEYS[n] and ARGV[n] outside the head of their script", sum(map(len, map(_positional, _lua(root))))
    yield f"pairs of places that share {_SAME_LINES} lines", _pairs(root)


def parse(root: Path) -> dict[str, ast.Module]:
    """Every module by its dotted name."""
    return {_module(path, root): ast.parse(path.read_text("utf-8")) for path in _python(root)}


def imports_of(trees: dict[str, ast.Module]) -> dict[str, set[str]]:
    """For each module those of the project that importing it imports."""
    return {name: _imported(name, tree, set(trees)) for name, tree in trees.items()}


def circles_of(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import one another."""
    return [group for group in _components(graph) if len(group) > 1]


_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def _python(root: Path) -> list[Path]:
    found = (path for package in PACKAGES for path in sorted((root / package).rglob("*.py")))
    return [path for path in found if "migrations" not in path.parts]


def _lua(root: Path) -> list[Path]:
    return [path for package in PACKAGES for path in sorted((root / package).glob("lua/*.lua"))]


def _module(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(name: str, tree: ast.Module, modules: set[str]) -> set[str]:
    """The modules of the project that importing this one imports; not what stands in functions or for types alone."""
    found: set[str] = set()
    for node in _run_at_import(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            below = {f"{node.module}.{alias.name}" for alias in node.names}
            inner = below & modules
            found |= inner
            if len(inner) < len(below):
                found.add(node.module)
    return (found & modules) - {name}


def _run_at_import(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _FUNCTION) or (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)):
            continue
        yield child
        yield from _run_at_import(child)


def _components(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that reach one another: Tarjan's algorithm (SIAM J. Comput. 1 (2), 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph[node]):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            cut = stack.index(node)
            groups.append(stack[cut:])
            del stack[cut:]

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return groups


def longest_chain(graph: dict[str, set[str]]) -> list[str]:
    """The modules on the longest chain of imports, the importing one first. The graph has no circles."""

    @cache
    def depth(node: str) -> int:
        return 1 + max(map(depth, graph[node]), default=0)

    chain = [max(sorted(graph), key=depth)]
    while graph[chain[-1]]:
        chain.append(max(sorted(graph[chain[-1]]), key=depth))
    return chain


def upwards(graph: dict[str, set[str]]) -> list[str]:
    """Imports of what stands above, or beside it as another app."""
    return [
        f"{one} imports {other}" for one in sorted(graph) for other in sorted(graph[one]) if _is_upwards(one, other)
    ]


def _layer(name: str) -> int:
    while name not in LAYERS:
        name = name.rpartition(".")[0]
    return LAYERS[name]


def _is_upwards(one: str, other: str) -> bool:
    app, another = one.split(".", maxsplit=1)[0], other.split(".", maxsplit=1)[0]
    if app != another and {app, another} <= SIBLINGS:
        return True
    return _layer(other) > _layer(one)


def _positional(path: Path) -> list[str]:
    """What is taken by its position below the head: the head ends with the first statement that binds no name."""
    text = re.sub(r"--\[\[.*?\]\]", "", path.read_text("utf-8"), flags=re.DOTALL)
    is_head, found = True, []
    for line in text.splitlines():
        statement = line.split("--")[0].strip()
        if not statement:
            continue
        if is_head and not (_BINDS.match(line) or re.match(r"^\s*local [\w, ]+ =", line)):
            is_head = False
        if not is_head:
            found += _POSITIONAL.findall(statement)
    return found


def _pairs(root: Path) -> int:
    """Pairs of places that have six lines in a row in common; imports, blank lines and lone brackets do not count."""
    places: defaultdict[tuple[str, ...], list[tuple[str, int]]] = defaultdict(list)
    for path in _python(root):
        rows = [
            (number, line.strip())
            for number, line in enumerate(path.read_text("utf-8").splitlines())
            if len(line.strip()) > 3 and not re.match(r"\s*(from|import) ", line)
        ]
        for start in range(len(rows) - _SAME_LINES + 1):
            window = rows[start : start + _SAME_LINES]
            places[tuple(line for _, line in window)].append((str(path), window[0][0]))
    pairs: Counter[tuple[str, str]] = Counter()
    for found in places.values():
        for one in range(len(found)):
            for other in range(one + 1, len(found)):
                pairs[found[one][0], found[other][0]] += 1
    return len(pairs)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1])
