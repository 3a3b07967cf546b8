"""Lua by name: KEYS and ARGV are bound to names at a script's head, and packed rows are read by named positions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from kv.store.scripts import USES
from tests.house.tree import APPS, files, place

if TYPE_CHECKING:
    from pathlib import Path

SCRIPTS = files("*.lua", "kv", *APPS)
HEADER = re.compile(r"\A--\[\[(.*?)\]\]\n", re.DOTALL)
# A statement of the head: `local … = …` at the margin, with lines that go on further to the right.
LOCAL = re.compile(r"local (?!function)[^\n]*\n(?:[ \t]+[^\n]*\n)*")
GIVEN = re.compile(r"\b(KEYS|ARGV)\b")
# Where a variable tail begins: `local FIRST_DAY = 4`, and below `for index = FIRST_DAY, #ARGV do … ARGV[index]`.
FIRST = re.compile(r"\b(FIRST_[A-Z_]+)\b")
TAIL = re.compile(r"local FIRST_[A-Z_]+ = (\d+)\n")
# The positions of a packed row: `local ID, PRIORITY = 1, 2`, in a file of its own.
ROW = re.compile(r"^local ([A-Z][A-Z_]*(?:, [A-Z][A-Z_]*)+) = (1(?:, \d+)+)$", re.MULTILINE)


def _code(text: str) -> str:
    """The text without its comments."""
    return re.sub(r"--\[\[.*?\]\]|--[^\n]*", "", text, flags=re.DOTALL)


def _parts(text: str) -> tuple[str, str]:
    """The head and what stands below it, without comments.

    The head is the statements with which a file begins behind its header comment: `local` lines that name KEYS or ARGV,
    or say where a variable tail begins.
    """
    rest = re.sub(r"\n{2,}", "\n", _code(text)).lstrip()
    head = ""
    while found := LOCAL.match(rest):
        if not GIVEN.search(found.group()) and not TAIL.fullmatch(found.group()):
            break
        head += found.group()
        rest = rest[found.end() :]
    return head, rest


def positional(text: str) -> list[str]:
    """What a script takes by a number below its head."""
    _, body = _parts(text)
    body = re.sub(r"#(?:KEYS|ARGV)\b|\bunpack\((?:KEYS|ARGV), [A-Za-z]", "", body)
    given = [
        found.group()
        for found in re.finditer(r"\b(?:KEYS|ARGV)\b(?:\[([^\]]*)\])?", body)
        if not found[1] or not re.match(r"[A-Za-z]", found[1])
    ]
    # `[1]` behind a call is the one element of a reply; any other number would be a position that has no name.
    rows = [found.group() for found in re.finditer(r"(?!KEYS|ARGV)\b\w[\w.]*(?:\[\w+\])*\[\d+\]", body)]
    replies = [found.group() for found in re.finditer(r"\)\[(?!1\])\d+\]", body)]
    return given + rows + replies


def _listed(header: str, word: str) -> str:
    """What the header says behind KEYS or ARGV."""
    found = re.search(rf"^{word}  (.*?)(?=^\S)", header + "\n.", re.MULTILINE | re.DOTALL)
    assert found, f"the header says what {word} are"
    return " ".join(found[1].split())


@dataclass(frozen=True)
class Declared:
    """What a header says of KEYS or ARGV.

    base:    the file whose KEYS or ARGV come first, "" for none; `last`: the number up to which, None = what it names.
    numbers: those of the file's own.
    is_open: whether any number of them follow.
    """

    base: str = ""
    last: int | None = None
    numbers: list[int] = field(default_factory=list)
    is_open: bool = False


def declared(header: str, word: str) -> Declared:
    """What a header says of KEYS or ARGV: names, parted by commas outside of brackets.

    "then …" and "any number of …" are a variable tail; "as ledger.lua" or "as ledger.lua (1–7)" stands for those of
    another file. The file's own behind it have their numbers.
    """
    range_of_base = re.match(r"as \w+\.lua \(1–(\d+)\)", _listed(header, word))
    text, count = _listed(header, word), 1
    while count:
        text, count = re.subn(r"\([^()]*\)|\"[^\"]*\"", "", text)
    items = [item.strip() for item in text.split(",")]
    if items[0].startswith("none"):
        return Declared()
    base = re.match(r"as (\w+)\.lua", items[0])
    if base:
        del items[0]
    is_open = bool(items) and bool(re.match(r"then |any number of ", items[-1]))
    if is_open:
        del items[-1]
    numbers = [int(found[1]) if (found := re.match(r"(\d+) ", item)) else place for place, item in enumerate(items, 1)]
    last = int(range_of_base[1]) if range_of_base else None
    return Declared(base[1] if base else "", last, numbers, is_open)


def bound(text: str, word: str) -> tuple[list[int], bool]:
    """The numbers of KEYS or ARGV that the head binds, and whether it keeps the rest: all, or from a named one on."""
    head, body = _parts(text)
    numbers = [int(number) for number in re.findall(rf"\b{word}\[(\d+)\]", head)]
    for names in re.findall(rf"local ([\w,\s]+?) = unpack\({word}\)", head):
        numbers += range(1, names.count(",") + 2)
    keeps = bool(re.search(rf"\b{word}\b(?!\[|\))", head)) or bool(re.search(rf"unpack\({word}, \d+\)", head))
    return numbers, keeps or bool(re.search(rf"#{word}\b|\b{word}\[|unpack\({word},", body))


def _header(path: Path) -> str:
    found = HEADER.match(path.read_text())
    assert found, f"{place(path)} opens with --[[ … ]]"
    return found[1]


def _base(path: Path, word: str) -> tuple[int, bool]:
    """The number of the last key or argument that a file takes over, 0 for none, and whether any number follow."""
    mine = declared(_header(path), word)
    if not mine.base:
        return 0, False
    other = path.parent / f"{mine.base}.lua"
    theirs = declared(_header(other), word)
    last, is_open = _base(other, word)
    return mine.last or max(theirs.numbers, default=last), theirs.is_open or is_open


@pytest.mark.parametrize("path", SCRIPTS, ids=place)
class TestScript:
    def test_is_by_name_below_its_head(self, path: Path) -> None:
        assert positional(path.read_text()) == []

    @pytest.mark.parametrize("word", ["KEYS", "ARGV"])
    def test_binds_what_its_header_names(self, path: Path, word: str) -> None:
        named = declared(_header(path), word)
        numbers, takes_more = bound(path.read_text(), word)
        assert numbers == named.numbers
        assert named.is_open <= takes_more <= (named.is_open or _base(path, word)[1])

    @pytest.mark.parametrize("word", ["KEYS", "ARGV"])
    def test_counts_on_behind_what_it_takes_over(self, path: Path, word: str) -> None:
        numbers = declared(_header(path), word).numbers
        last, _ = _base(path, word)
        assert numbers == list(range(last + 1, last + 1 + len(numbers)))

    def test_hides_no_name_of_a_part_that_it_uses(self, path: Path) -> None:
        names = _names_at_the_margin(path)
        assert sorted({name for name in names if names.count(name) > 1}) == []

    def test_a_tail_begins_behind_what_has_names(self, path: Path) -> None:
        text = path.read_text()
        starts = [int(number) for number in TAIL.findall(_parts(text)[0])]
        named = [bound(text, word)[0] for word in ("KEYS", "ARGV")]
        assert all(start in [max(numbers, default=0) + 1 for numbers in named] for start in starts)

    def test_counts_through_a_tail_from_a_named_start(self, path: Path) -> None:
        _, body = _parts(path.read_text())
        if re.search(r"\b(KEYS|ARGV)\[|unpack\((KEYS|ARGV),", body):
            starts = set(FIRST.findall(body))
            assert starts
            assert starts <= {name for part in _with_parts(path) for name in FIRST.findall(_parts(part.read_text())[0])}


def _with_parts(path: Path) -> list[Path]:
    """A script and the parts that it uses, those within functions left out."""
    used = re.findall(r"^-- uses (\w+)\.(\w+)$", path.read_text(), re.MULTILINE)
    parts = [part for package, name in used for part in _with_parts(path.parents[2] / package / "lua" / f"{name}.lua")]
    return [*parts, path]


def _names_at_the_margin(path: Path) -> list[str]:
    """Every local of a script and of the parts it uses, but those within functions."""
    code = "".join(_code(part.read_text()) for part in _with_parts(path))
    names = re.findall(r"^local function (\w+)", code, re.MULTILINE)
    for found in re.findall(r"^local (?!function )(\w+(?:,\s*\w+)*)", code, re.MULTILINE):
        names += re.split(r",\s*", found)
    return names


def test_positions_of_rows_have_names_of_their_own() -> None:
    names: list[str] = []
    for path in SCRIPTS:
        for found in ROW.finditer(path.read_text()):
            assert path.stem.endswith("_row"), f"{place(path)} defines positions beside {path.parent}/…_row.lua"
            positions = [int(number) for number in found[2].split(", ")]
            assert positions == list(range(1, found[1].count(",") + 2)), place(path)
            names += found[1].split(", ")
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_every_part_that_is_used_is_there() -> None:
    for path in SCRIPTS:
        for package, name in USES.findall(path.read_text()):
            assert (path.parents[2] / package / "lua" / f"{name}.lua").is_file(), place(path)


_HEAD = "--[[ Count.\nKEYS  total, day\nARGV  amount\nReturns 1 ]]\n-- uses kv.moving_window\n"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("local total, day = KEYS[1], KEYS[2]\nlocal amount, kind = tonumber(ARGV[1]), ARGV[2]\nreturn amount\n", []),
        ("local total, day,\n  other = unpack(KEYS)\nreturn total\n", []),
        ("local first = 1\nlocal total = KEYS[1]\nreturn total\n", ["KEYS[1]"]),
        ("local total = KEYS[1]\nredis.call('SET', total, ARGV[2])\n", ["ARGV[2]"]),
        ("local total = KEYS[1]\nreturn ipairs(ARGV)\n", ["ARGV"]),
        ("local total = KEYS[1]\nlocal FIRST_DAY = 2\nfor index = FIRST_DAY, #ARGV do f(ARGV[index + 1]) end\n", []),
        ("local total = KEYS[1]\nlocal FIRST_DAY = 2\nreturn unpack(ARGV, FIRST_DAY)\n", []),
        ("local total = KEYS[1]\nlocal day = 2\nreturn unpack(ARGV, 2)\n", ["ARGV"]),
        ("local total = KEYS[1]\nlocal function f() return KEYS[2] end\n", ["KEYS[2]"]),
        ("local total = KEYS[1]\nreturn grant[6] + period[STARTS] + hold[4][index]\n", ["grant[6]", "hold[4]"]),
        ("local total = KEYS[1]\nreturn redis.call('TIME')[1], redis.call('TIME')[2]\n", [")[2]"]),
        ("local total = KEYS[1]\nreturn total -- KEYS[9]\n", []),
    ],
)
def test_what_is_positional_is_seen(body: str, found: list[str]) -> None:
    assert positional(_HEAD + body) == found


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ("none of its own: the caller passes total, day", Declared()),
        ('total (STRING, cents), "a, b" or ""', Declared(numbers=[1, 2])),
        ("1 total, 2 day,\n      4 mark (of a, b)", Declared(numbers=[1, 2, 4])),
        ("1 total, 2 day,\n      then shards (one for each)", Declared(numbers=[1, 2], is_open=True)),
        ("any number of keys of one tag", Declared(is_open=True)),
        ("as ledger.lua (1–7), 8 sources", Declared("ledger", 7, [8])),
        ("as ledger.lua", Declared("ledger")),
    ],
)
def test_what_a_header_names_is_read(listed: str, expected: Declared) -> None:
    header = f"Count.\nKEYS  {listed}\nARGV  none\nReturns 1 "
    assert declared(header, "KEYS") == expected
    assert declared(header, "ARGV") == Declared()


@pytest.mark.parametrize(
    ("body", "word", "expected"),
    [
        ("local total, day = KEYS[1], KEYS[2]\nreturn total\n", "KEYS", ([1, 2], False)),
        ("local total, amount = KEYS[1], tonumber(ARGV[1])\nreturn total\n", "ARGV", ([1], False)),
        ("local total, day,\n  mark = unpack(KEYS)\nreturn total\n", "KEYS", ([1, 2, 3], False)),
        ("local keys, amount = KEYS, ARGV[1]\nreturn amount\n", "KEYS", ([], True)),
        ("local total = KEYS[1]\nlocal FIRST_DAY = 2\nreturn KEYS[FIRST_DAY]\n", "KEYS", ([1], True)),
        ("local total, own = KEYS[1], {unpack(KEYS, 2)}\nreturn own\n", "KEYS", ([1], True)),
    ],
)
def test_what_a_head_binds_is_seen(body: str, word: str, expected: tuple[list[int], bool]) -> None:
    assert bound(_HEAD + body, word) == expected
