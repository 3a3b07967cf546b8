"""How columns and the names of their slots are packed. See `columns.py`."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator
from typing import Literal

#: As in code_names.lua.
NAME_BYTES = 33
IN_SERIES = b"*"
LANE_BYTES = 4
#: Of the column of campaigns, whose lanes are primary keys.
CAMPAIGN_BYTES = 8


def code_at(names: bytes, slot: int) -> str:
    """The code of a slot, "" for none."""
    return names[slot * NAME_BYTES : (slot + 1) * NAME_BYTES - 1].rstrip(b"\0").decode()


def is_in_series(names: bytes, slot: int) -> bool:
    """Whether a sum of the code does not fit into a column, so that its daily series is read instead."""
    return names[(slot + 1) * NAME_BYTES - 1] == IN_SERIES[0]


def slots_in_series(names: bytes) -> Iterator[int]:
    """The slots of which `is_in_series` is true."""
    return _places(names[NAME_BYTES - 1 :: NAME_BYTES], IN_SERIES)


def free_slots(names: bytes) -> Iterator[int]:
    """The slots without a code."""
    return _places(names[::NAME_BYTES], b"\0")


def slots_with(names: bytes, term: str) -> Iterator[int]:
    """The slots whose code has the term in it."""
    if term.isascii() and term.isprintable():
        for place in _places(names, term.encode()):
            slot, start = divmod(place, NAME_BYTES)
            if start + len(term) < NAME_BYTES:
                yield slot


def lanes_of(column: bytes | None, slots: int) -> array[int]:
    """The hits of each slot in one column."""
    return _unpacked("I", (column or b"")[: slots * LANE_BYTES].ljust(slots * LANE_BYTES, b"\0"))


def campaigns_of(column: bytes, slots: int) -> array[int]:
    """The campaign of each slot, 0 for none."""
    return _unpacked("Q", column[: slots * CAMPAIGN_BYTES].ljust(slots * CAMPAIGN_BYTES, b"\0"))


def sum_columns(columns: Iterable[bytes | None], slots: int) -> list[int]:
    """For each slot the sum over the columns, 2^64 - 1 at most.

    A column is read as one large integer. Its slots are added all at once, the even ones apart from the odd ones, so
    that each sum has 64 bits.
    """
    size = -(-slots // 2) * 2 * LANE_BYTES
    odd_slots = int.from_bytes(b"\0\0\0\0\xff\xff\xff\xff" * (size // 8))
    even = odd = 0
    for column in columns:
        if column:
            whole = int.from_bytes(column[:size].ljust(size, b"\0"))
            odd += whole & odd_slots
            even += (whole >> 32) & odd_slots
    counts = [0] * (size // LANE_BYTES)
    counts[::2], counts[1::2] = _lanes(even, size), _lanes(odd, size)
    return counts[:slots]


def _lanes(sums: int, size: int) -> list[int]:
    return _unpacked("Q", sums.to_bytes(size)).tolist()


def _unpacked(kind: Literal["I", "Q"], packed: bytes) -> array[int]:
    lanes = array(kind, packed)
    if sys.byteorder == "little":
        lanes.byteswap()
    return lanes


def _places(marks: bytes, wanted: bytes) -> Iterator[int]:
    place = marks.find(wanted)
    while place >= 0:
        yield place
        place = marks.find(wanted, place + 1)
