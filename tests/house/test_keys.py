"""Keys are spelled in keys.py alone: no other module, and no script, builds one."""

from __future__ import annotations

import ast
import importlib
import re
from functools import cache
from typing import TYPE_CHECKING

import pytest
from django.urls import get_resolver

from tests.house.tree import APPS, PACKAGES, ROOT, files, place, python_files, syntax

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

HEADER = re.compile(r"\A--\[\[.*?\]\]", re.DOTALL)
# Where KV_PREFIX is put in by % or by str.format.
PLACEHOLDER = r"(?:%s|%\(\w+\)s|\{\w*\})?"


def _begins(families: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"{PLACEHOLDER}(?:{'|'.join(map(re.escape, families))})(?! )")


# Every key begins so: the families of every installed app, and those of the base package.
BEGINS = _begins(family for package in ("kv", *APPS) for family in importlib.import_module(f"{package}.keys").FAMILIES)
LUA_TEXT = re.compile(r"""(?P<quote>["'])(?P<text>(?:\\.|(?!(?P=quote))[^\\\n])*)(?P=quote)""")


@cache
def _url_names() -> frozenset[str]:
    """Names of addresses, `billing:pricing` say: they may begin as a family of keys does."""
    spaces = get_resolver().namespace_dict.items()
    return frozenset(
        f"{space}:{name}" for space, (_, inner) in spaces for name in inner.reverse_dict if isinstance(name, str)
    )


def _texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every string of a module as it would read when built, without what is put in; prose is left out."""
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [str(part.value) if isinstance(part, ast.Constant) else "" for part in node.values]
            yield node.lineno, "".join(parts)
        elif isinstance(node, ast.Constant) and id(node) not in prose:
            if isinstance(node.value, bytes):
                yield node.lineno, node.value.decode("latin-1")
            elif isinstance(node.value, str):
                yield node.lineno, node.value


def _spelled(tree: ast.Module) -> set[int]:
    """The lines with a string that begins as a key does. Messages of the log do too: a blank follows the colon."""
    return {line for line, text in _texts(tree) if BEGINS.match(text) and text not in _url_names()}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_module_spells_a_key(package: str) -> None:
    found = [
        f"{place(path)}:{line}"
        for path in python_files(package)
        if path.name != "keys.py"
        for line in sorted(_spelled(syntax(path)))
    ]
    assert found == []


@pytest.mark.parametrize("package", ["kv", *APPS])
def test_every_key_is_of_a_family_of_its_own(package: str) -> None:
    own = _begins(importlib.import_module(f"{package}.keys").FAMILIES)
    texts = [text for _, text in _texts(syntax(ROOT / package / "keys.py")) if BEGINS.match(text)]
    assert texts
    assert [text for text in texts if not own.match(text)] == []


@pytest.mark.parametrize(
    "line",
    [
        "x = '{stats}:visitors'",
        "x = f'{prefix}{{stats}}:days:{day}'",
        "x = f'{prefix}{{usage}}:{tool}'",
        "x = f'{settings.KV_PREFIX}{{qr}}:count:{code}'",
        "x = f'user:{{{user}}}:tokens'",
        "x = f'{prefix}closed:{{{user}}}'",
        "x = 'closed:{%s}' % user",
        "x = prefix + 'closed:{' + user + '}'",
        "x = 'closed:{{{}}}'.format(user)",
        "x = f'{prefix}billing:{{{user}}}:lock'",
        "x = f'{prefix}billing:catalogue'",
        "x = b'billing:catalogue'",
        "x = f'{prefix}{{kv}}:lease:{duty}'",
        "x = f'{prefix}kv:{{{tag}}}:waited'",
        "x = f'{prefix}limits:{name}'",
        "x = 'limits:visit'",
        "x = '%slimits:%s' % (prefix, name)",
        "x = '%(prefix)s{qr}:rank' % values",
        "x = '{}billing:catalogue'.format(prefix)",
    ],
)
def test_a_planted_key_is_found(line: str) -> None:
    assert _spelled(ast.parse(line)) == {1}


@pytest.mark.parametrize(
    "line",
    [
        "x = reverse('billing:pricing')",
        "'limits: how often'",
        "log.info('billing: the store is away')",
        "x = 'rate limits:'",
        "x = 'user:agent'",
        "x = f'{a}:{b}'",
    ],
)
def test_what_is_no_key_passes(line: str) -> None:
    assert _spelled(ast.parse(line)) == set()


@pytest.mark.parametrize("path", files("*.lua", "kv", *APPS), ids=place)
class TestScript:
    def test_opens_with_keys_arguments_and_answer(self, path: Path) -> None:
        header = HEADER.match(path.read_text())
        assert header, "the file opens with --[[ … ]]"
        missing = [word for word in ("KEYS", "ARGV", "Returns") if word not in header.group()]
        assert missing == []

    def test_spells_no_key(self, path: Path) -> None:
        texts = [found["text"] for found in LUA_TEXT.finditer(HEADER.sub("", path.read_text()))]
        assert [text for text in texts if BEGINS.match(text)] == []

    def test_takes_every_key_from_its_caller(self, path: Path) -> None:
        body = HEADER.sub("", path.read_text())
        literal = re.findall(r"redis\.p?call\(\s*['\"]\w+['\"]\s*,\s*['\"][^)]*", body)
        # A literal name would leave the slot on a cluster; CONFIG, TIME and their kind name no key.
        keyless = ("CONFIG", "TIME", "INFO", "PING", "OBJECT")
        assert [call for call in literal if not any(word in call.upper() for word in keyless)] == []

    def test_answers_words_not_codes(self, path: Path) -> None:
        assert re.findall(r"return\s+-\d", path.read_text()) == []
