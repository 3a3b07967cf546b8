"""One address, one place among the shards."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kv.web.addresses import address_hash, canonical_address
from stats.services.visitors import MEMBER_BITS, SHARD_BITS, visitor_from_hash, visitor_of

digests = st.binary(min_size=32, max_size=32)


class TestPlace:
    @given(digests)
    def test_stays_within_what_the_store_holds_compactly(self, digest: bytes) -> None:
        visitor = visitor_from_hash(digest)
        assert 0 <= visitor.shard < 2**SHARD_BITS
        assert -(2**31) <= visitor.member < 2**31
        assert len(visitor.element) == 8
        assert len(visitor.caller) == 32

    @given(digests, digests)
    def test_is_shared_only_when_the_first_47_bits_are(self, one: bytes, other: bytes) -> None:
        def bits(digest: bytes) -> int:
            return int.from_bytes(digest) >> (256 - SHARD_BITS - MEMBER_BITS)

        first, second = visitor_from_hash(one), visitor_from_hash(other)
        assert ((first.shard, first.member) == (second.shard, second.member)) == (bits(one) == bits(other))

    @pytest.mark.parametrize(
        ("bits", "shard", "member"),
        [
            (0, 0, 0),
            (1, 0, 1),
            (2**31, 0, -(2**31)),
            (2**32 - 1, 0, -1),
            (2**32, 1, 0),
            (2**47 - 1, 2**15 - 1, -1),
        ],
    )
    def test_reads_the_bits_in_order(self, bits: int, shard: int, member: int) -> None:
        visitor = visitor_from_hash((bits << (256 - 47)).to_bytes(32))
        assert (visitor.shard, visitor.member) == (shard, member)

    def test_ignores_what_follows_the_47_bits(self) -> None:
        one = visitor_from_hash((5 << 209).to_bytes(32))
        other = visitor_from_hash(((5 << 209) + 2**208).to_bytes(32))
        assert (one.shard, one.member) == (other.shard, other.member)

    def test_spreads_addresses_evenly(self) -> None:
        shards = Counter(visitor_of(f"10.0.{number >> 8}.{number & 255}").shard >> 7 for number in range(25_600))
        assert len(shards) == 256
        assert max(shards.values()) < 160  # 100 expected; six standard deviations


class TestHash:
    def test_depends_on_the_key(self, settings: Any) -> None:
        settings.VISITOR_HASH_KEY = "one" * 20
        one = visitor_of("203.0.113.7")
        settings.VISITOR_HASH_KEY = "two" * 20
        assert visitor_of("203.0.113.7") != one

    def test_survives_a_new_secret_key(self, settings: Any) -> None:
        settings.VISITOR_HASH_KEY = "kept" * 20
        one = visitor_of("203.0.113.7")
        settings.SECRET_KEY = "another" * 20
        assert visitor_of("203.0.113.7") == one

    def test_does_not_contain_the_address(self) -> None:
        assert b"203.0.113.7" not in address_hash("203.0.113.7")


@given(st.ip_addresses(v=6))
def test_all_of_an_ipv6_network_of_64_bits_is_one_visitor(address: Any) -> None:
    if address.ipv4_mapped is not None:
        assert canonical_address(str(address)) == str(address.ipv4_mapped)
        return
    network = int(address) >> 64 << 64
    neighbour = type(address)(network | 0xABCD)
    if neighbour.ipv4_mapped is None:
        assert canonical_address(str(address)) == canonical_address(str(neighbour))


def test_shards_fit_the_sorted_arrays_of_our_own_server() -> None:
    """At ten million a shard holds 305 on average; the server keeps the array far beyond that."""
    from kv.store.embedded import SET_MAX_INTSET_ENTRIES

    assert 10_000_000 / 2**SHARD_BITS * 10 < SET_MAX_INTSET_ENTRIES
