"""Codes in the order of lists: most hits first, then Z to A."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from codetags.services.column_format import NAME_BYTES, code_at, is_in_series


class Ranked(NamedTuple):
    """A code of a list, its hits, and its slot in the columns; None when the columns do not tell its days."""

    code: str
    hits: int
    slot: int | None = None


class Ranking(Protocol):
    """Codes in order."""

    def __len__(self) -> int:
        """How many."""

    def page(self, offset: int, limit: int) -> list[Ranked]:
        """`limit` codes after the first `offset`."""

    def place(self, hits: int, code: str) -> int:
        """How many codes come before the one after this one, whether it is still there or not."""

    def all(self) -> Iterable[Ranked]:
        """Every code."""


class FoundRanking:
    """The codes that a search has found."""

    def __init__(self, found: Iterable[Ranked]) -> None:
        self._codes = sorted(found, key=lambda ranked: (ranked.hits, ranked.code), reverse=True)

    def __len__(self) -> int:
        return len(self._codes)

    def page(self, offset: int, limit: int) -> list[Ranked]:
        """`limit` codes after the first `offset`."""
        return self._codes[offset : offset + limit]

    def place(self, hits: int, code: str) -> int:
        """How many codes come before the one after this one, whether it is still there or not."""
        return sum((ranked.hits, ranked.code) >= (hits, code) for ranked in self._codes)

    def all(self) -> Iterable[Ranked]:
        """Every code."""
        return self._codes


class CountedRanking:
    """Codes from Z to A, and the hits of each."""

    def __init__(self, codes: Sequence[str], hits: Sequence[int]) -> None:
        self.codes, self.hits = codes, hits
        # Sorting keeps the order of equal ones. By numbers: pairs take several times as long.
        self._order = sorted(range(len(codes)), key=hits.__getitem__, reverse=True)

    def __len__(self) -> int:
        return len(self.codes)

    def page(self, offset: int, limit: int) -> list[Ranked]:
        """`limit` codes after the first `offset`."""
        return [self._ranked(place) for place in self._order[offset : offset + limit]]

    def place(self, hits: int, code: str) -> int:
        """How many codes come before the one after this one, whether it is still there or not."""
        pairs = zip(self.hits, self.codes, strict=True)
        return sum(count > hits or (count == hits and other >= code) for count, other in pairs)

    def all(self) -> Iterator[Ranked]:
        """Every code."""
        return map(self._ranked, self._order)

    def _ranked(self, place: int) -> Ranked:
        return Ranked(self.codes[place], self.hits[place])


@dataclass(frozen=True, slots=True)
class SlotRanking:
    """The codes with hits, by slot, as `read_columns` returns them. A page is found without sorting all the codes."""

    counts: Sequence[int]
    names: bytes

    def __len__(self) -> int:
        return len(self.counts) - self.counts.count(0)

    def page(self, offset: int, limit: int) -> list[Ranked]:
        """`limit` codes after the first `offset`."""
        ordered = sorted(self.counts, reverse=True)
        shown = [hits for hits in ordered[offset : offset + limit] if hits]
        if not shown:
            return []
        before = bisect_left(ordered, -shown[0], key=lambda hits: -hits)
        near = self._slots(shown[-1], shown[0])
        return [self._ranked(slot) for slot in near[offset - before : offset - before + len(shown)]]

    def place(self, hits: int, code: str) -> int:
        """How many codes come before the one after this one, whether it is still there or not."""
        before = sum(count > hits for count in self.counts)
        return before + sum(self._ranked(slot).code >= code for slot in self._slots(hits, hits))

    def all(self) -> Iterator[Ranked]:
        """Every code."""
        return map(self._ranked, self._slots(1, max(self.counts, default=0)))

    def of_campaign(self, campaigns: Sequence[int], campaign: int) -> SlotRanking:
        """Those of a campaign. campaigns: that of each slot."""
        pairs = zip(self.counts, campaigns, strict=True)
        return SlotRanking([hits if one == campaign else 0 for hits, one in pairs], self.names)

    def only(self, slots: Iterable[int]) -> SlotRanking:
        """Those of these slots."""
        counts = [0] * len(self.counts)
        for slot in slots:
            if slot < len(counts):
                counts[slot] = self.counts[slot]
        return SlotRanking(counts, self.names)

    def _ranked(self, slot: int) -> Ranked:
        shown = None if is_in_series(self.names, slot) else slot
        return Ranked(code_at(self.names, slot), self.counts[slot], shown)

    def _slots(self, least: int, most: int) -> list[int]:
        """The slots with so many hits, in order."""
        counts, text = self.counts, self.names.decode("latin-1")
        found = [slot for slot, hits in enumerate(counts) if least <= hits <= most]
        # The zeros behind a code do not change the order. By one key after the other: pairs take twice as long.
        found.sort(key=lambda slot: text[slot * NAME_BYTES : (slot + 1) * NAME_BYTES], reverse=True)
        if least < most:
            found.sort(key=counts.__getitem__, reverse=True)
        return found
