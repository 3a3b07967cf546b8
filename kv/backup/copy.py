"""Every key of the project straight from another server, while that one goes on; and whether two hold the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import Protocol

from kv import keys
from kv.backup import records
from kv.backup.names import KeyNames, groups
from kv.backup.progress import Meter
from kv.backup.reader import ValueReader
from kv.backup.records import Piece
from kv.backup.restore import StoreNotEmpty
from kv.backup.writer import ValueWriter, forget_derived, unlink
from kv.conf import app_settings
from kv.store.nodes import Node, Nodes

_TOGETHER = 256
_NAMED = 10


class Follow(Protocol):
    """Called for each pass with what it does and how many keys there are."""

    def __call__(self, label: str, total: int) -> AbstractContextManager[Meter]:
        """The meter of the pass."""


@dataclass
class Differences:
    """How many keys of the source are not the same here. examples: the first ten, without their prefix.

    missing: only there; extra: only here; type, value, expiry: in both, not alike.
    """

    compared: int = 0
    missing: int = 0
    extra: int = 0
    type: int = 0
    value: int = 0
    expiry: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many differ at all."""
        return self.missing + self.extra + self.type + self.value + self.expiry


@dataclass(frozen=True)
class Copied:
    """written: keys written now; same: keys that were here already; removed: keys that the source has not."""

    written: int
    same: int
    removed: int
    dropped: int


class Copier:
    """Copies from the nodes of one store to those of another.

    prefix: KV_PREFIX of the source; the target's is today's.
    name:   what an unfinished copy of the same source is known by.
    """

    def __init__(self, source: Nodes, target: Nodes, *, prefix: str, name: str) -> None:
        self._source, self._target = source, target
        self._name = hashlib.sha256(f"{name}\n{prefix}".encode()).hexdigest()
        self._readers: dict[Node, ValueReader] = {}
        self._old = prefix.encode()
        self._new = app_settings.KV_PREFIX.encode()

    def count(self) -> tuple[int, int]:
        """How many keys of the project there are in the source, and here."""
        there = sum(1 for node in self._source for _ in node.scan(self._old.decode()))
        return there, sum(1 for node in self._target for _ in node.scan())

    def copy(self, *, replace: bool, follow: Follow) -> Copied:
        """Write every key that is not the same here yet, so that a copy that was interrupted goes on where it was.

        replace: whether the store may hold keys already; those that the source has not are removed. An unfinished copy
        from the same source needs it not. Raises StoreNotEmpty, having written nothing; StoreUnavailable.
        """
        with ExitStack() as stack:
            here = self._names(stack, self._target, self._new)
            there = self._names(stack, self._source, self._old)
            if here.count and not replace and not self.is_unfinished():
                raise StoreNotEmpty(here.count)
            self._mark()
            writer = ValueWriter(self._target, self._new)
            written = same = removed = 0
            with follow("Copying", there.count) as meter:
                for wanted, present in zip(there.parts(), here.parts(), strict=True):
                    for names in _in_groups(wanted):
                        found = self._read(self._source, names, self._old)
                        mine = self._read(self._target, [name for name in names if name in present], self._new)
                        for name, value in found.items():
                            if mine.get(name) == value:
                                same += 1
                                continue
                            written += 1
                            for piece in value.pieces:
                                writer.add(piece._replace(key=name))
                        writer.flush()
                        meter.advance(len(names))
                    removed += unlink(self._target, (self._new + name for name in sorted(present - wanted)))
            forget_derived(self._target)
            return Copied(written, same, removed, writer.dropped)

    def compare(self, follow: Follow) -> Differences:
        """Read both anew and hold each key against the other, by type, value and expiry."""
        result = Differences()
        with ExitStack() as stack:
            here = self._names(stack, self._target, self._new)
            there = self._names(stack, self._source, self._old)
            with follow("Comparing", there.count) as meter:
                for wanted, present in zip(there.parts(), here.parts(), strict=True):
                    for names in _in_groups(wanted | present):
                        self._compare(names, result)
                    meter.advance(len(wanted))
        return result

    def finish(self) -> None:
        """The copy is complete: a later one over other keys asks again."""
        key = keys.copying().encode()
        unlink(self._target, [key])

    def is_unfinished(self) -> bool:
        """Whether a copy of the same source has begun here and was not finished."""
        key = keys.copying().encode()
        return bool(self._target.holding(key).ask("GET", key) == self._name.encode())

    def _mark(self) -> None:
        key = keys.copying().encode()
        self._target.holding(key).ask("SET", key, self._name)

    def _compare(self, names: list[bytes], result: Differences) -> None:
        found, mine = self._read(self._source, names, self._old), self._read(self._target, names, self._new)
        differing = [name for name in names if found.get(name) != mine.get(name)]
        if differing:
            # Once more: a key may have expired, or been written, between the one reading and the other.
            found |= self._read_exactly(self._source, differing, self._old, found)
            mine |= self._read_exactly(self._target, differing, self._new, mine)
        result.compared += len(found)
        for name in differing:
            self._judge(name, found.get(name), mine.get(name), result)

    def _judge(self, name: bytes, one: Value | None, other: Value | None, result: Differences) -> None:
        if one == other:
            return
        if one is None:
            result.extra += 1
        elif other is None:
            result.missing += 1
        elif one.kind != other.kind:
            result.type += 1
        elif one.content != other.content:
            result.value += 1
        else:
            result.expiry += 1
        if len(result.examples) < _NAMED:
            result.examples.append(name.decode(errors="backslashreplace"))

    def _read_exactly(
        self, nodes: Nodes, names: list[bytes], prefix: bytes, known: dict[bytes, Value]
    ) -> dict[bytes, Value]:
        for name in names:
            known.pop(name, None)
        return self._read(nodes, names, prefix)

    def _read(self, nodes: Nodes, names: list[bytes], prefix: bytes) -> dict[bytes, Value]:
        by_node: dict[Node, list[bytes]] = {}
        for name in names:
            by_node.setdefault(nodes.holding(prefix + name), []).append(prefix + name)
        return {
            value.pieces[0].key[len(prefix) :]: value
            for node, some in by_node.items()
            for value in map(Value, self._reader(node).read(some))
        }

    def _reader(self, node: Node) -> ValueReader:
        if node not in self._readers:
            self._readers[node] = ValueReader(node)
        return self._readers[node]

    def _names(self, stack: ExitStack, nodes: Nodes, prefix: bytes) -> KeyNames:
        names = stack.enter_context(KeyNames())
        for node in nodes:
            names.extend(key[len(prefix) :] for key in node.scan(prefix.decode()))
        return names


class Value:
    """One key whole. Equal when kind, expiry and content are."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self.pieces = list(pieces)
        self.kind = self.pieces[0].kind
        self.expires = self.pieces[0].expires

    @property
    def content(self) -> object:
        """See `records.content`."""
        return records.content(self.pieces)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Value) or (self.kind, self.expires) != (other.kind, other.expires):
            return False
        same = len(self.pieces) == len(other.pieces) and all(
            one.values == two.values for one, two in zip(self.pieces, other.pieces, strict=True)
        )
        return same or self.content == other.content

    __hash__ = None  # type: ignore[assignment] # Python's way to say that it has no hash


def _in_groups(names: set[bytes]) -> Iterator[list[bytes]]:
    """Names in lists of some hundred, those of one tag in one list as far as they fit."""
    batch: list[bytes] = []
    for group in groups(names, _TOGETHER):
        if batch and len(batch) + len(group) > _TOGETHER:
            yield batch
            batch = []
        batch += group
    if batch:
        yield batch
