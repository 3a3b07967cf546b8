"""What is one visitor, and where the store records that the visitor was seen.

Of the 256 bits of an address's keyed hash the first 15 name a shard and the next 32 are an integer in that shard's set,
which the server keeps as a sorted array of 4 bytes an entry. Two visitors count as one when all 47 bits are equal:
after n visitors the next one is wrongly "seen" with probability n / 2^47, which is 7.1e-8 at 10 million.
"""

from __future__ import annotations

from typing import NamedTuple

from kv.web.addresses import address_hash

SHARD_BITS = 15
MEMBER_BITS = 32


class Visitor(NamedTuple):
    """One address's place among the shards.

    shard:   0 … 2^15 - 1.
    member:  a signed 32-bit integer, as the server's arrays hold it.
    element: 8 bytes for the day's HyperLogLog, which hashes them again.
    caller:  hex, half of the keyed hash, for the rate limit.
    """

    shard: int
    member: int
    element: bytes
    caller: str


def visitor_of(address: str) -> Visitor:
    """The place of a canonical address."""
    return visitor_from_hash(address_hash(address))


def visitor_from_hash(digest: bytes) -> Visitor:
    """The place of a keyed hash of 32 bytes."""
    bits = int.from_bytes(digest[:8]) >> (64 - SHARD_BITS - MEMBER_BITS)
    member = bits & 0xFFFF_FFFF
    return Visitor(
        bits >> MEMBER_BITS, member - 0x1_0000_0000 if member >> 31 else member, digest[:8], digest.hex()[:32]
    )
