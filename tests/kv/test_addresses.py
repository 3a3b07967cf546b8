"""Who a request comes from: the contract's rules, and whatever strangers put into X-Forwarded-For."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress

import pytest
from django.test import RequestFactory, override_settings
from hypothesis import example, given
from hypothesis import strategies as st

from kv.web.addresses import address_hash, canonical_address, client_address, digest_hash

V4 = st.ip_addresses(v=4).map(str)
V6 = st.ip_addresses(v=6).map(str)


def address(forwarded: str | None, *, proxies: int, socket: str = "203.0.113.9") -> str:
    request = RequestFactory().get("/", REMOTE_ADDR=socket)
    if forwarded is not None:
        request.META["HTTP_X_FORWARDED_FOR"] = forwarded
    with override_settings(NUM_PROXIES=proxies):
        return client_address(request)


class TestClientAddress:
    @pytest.mark.parametrize(
        ("forwarded", "proxies", "expected"),
        [
            (None, 0, "203.0.113.9"),
            ("1.2.3.4", 0, "203.0.113.9"),  # nobody in front: the header is a stranger's
            ("1.2.3.4", 1, "1.2.3.4"),
            ("6.6.6.6, 1.2.3.4", 1, "1.2.3.4"),  # spoofed, real
            ("6.6.6.6, 1.2.3.4, 10.0.0.1", 2, "1.2.3.4"),
            ("1.2.3.4", 2, "203.0.113.9"),  # fewer entries than proxies
            (None, 1, "203.0.113.9"),
            ("", 1, "203.0.113.9"),
            ("1.2.3.4:5678", 1, "1.2.3.4"),
            ("[2001:db8::1]:443", 1, "2001:db8::/64"),
            ("[2001:db8::1]", 1, "2001:db8::/64"),
            ("2001:db8:1:2:3:4:5:6", 1, "2001:db8:1:2::/64"),
            ("::ffff:1.2.3.4", 1, "1.2.3.4"),
            ("unknown", 1, "203.0.113.9"),
            ("1.2.3.4, unknown", 1, "203.0.113.9"),
            ("1.2.3.4,", 1, "203.0.113.9"),
            ("  1.2.3.4  ", 1, "1.2.3.4"),
            ("1.2.3.256", 1, "203.0.113.9"),
            ("١.٢.٣.٤", 1, "203.0.113.9"),
        ],
    )
    def test_the_contracts_rules(self, forwarded: str | None, proxies: int, expected: str) -> None:
        assert address(forwarded, proxies=proxies) == expected

    def test_a_unix_socket_has_no_address(self) -> None:
        assert address(None, proxies=0, socket="") == ""

    @given(spoofed=st.text(max_size=60), real=V4 | V6, port=st.none() | st.integers(1, 65535))
    def test_nothing_a_stranger_writes_in_front_changes_it(self, spoofed: str, real: str, port: int | None) -> None:
        written = real if port is None else f"[{real}]:{port}" if ":" in real else f"{real}:{port}"
        assert address(f"{spoofed}, {written}", proxies=1) == canonical_address(real)

    @given(header=st.text(max_size=80), proxies=st.integers(0, 5))
    def test_anything_gives_an_address_of_somebody(self, header: str, proxies: int) -> None:
        ipaddress.ip_network(address(header, proxies=proxies))


class TestCanonicalAddress:
    @given(V4)
    def test_ipv4_is_one_whether_wrapped_or_not(self, text: str) -> None:
        assert canonical_address(text) == canonical_address(f"::ffff:{text}") == text

    @given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
    def test_ipv6_is_its_64(self, network: int, one: int, other: int) -> None:
        first, second = ipaddress.IPv6Address(network << 64 | one), ipaddress.IPv6Address(network << 64 | other)
        if first.ipv4_mapped is None and second.ipv4_mapped is None:
            assert canonical_address(str(first)) == canonical_address(second.exploded)

    def test_a_zone_names_no_other_network(self) -> None:
        assert canonical_address("fe80::1%eth0") == canonical_address("fe80::2")

    @given(st.text(max_size=40))
    def test_what_is_none_is_empty(self, text: str) -> None:
        if found := canonical_address(text):
            ipaddress.ip_network(found)


class TestHash:
    def test_is_keyed_over_what_older_sites_stored(self) -> None:
        old = hashlib.sha256(b"1.2.3.4").hexdigest()
        with override_settings(VISITOR_HASH_KEY="the key"):
            expected = hmac.digest(b"the key", old.encode(), "sha256")
            assert address_hash("1.2.3.4") == digest_hash(old) == expected

    @given(st.text(min_size=1, max_size=200), st.text(max_size=200))
    @example("k" * 64, "").via("as long as a block of SHA-256")
    @example("k" * 65, "").via("longer, and so hashed itself")
    def test_is_the_standard_librarys_hmac(self, key: str, text: str) -> None:
        with override_settings(VISITOR_HASH_KEY=key):
            assert digest_hash(text) == hmac.digest(key.encode(), text.encode(), "sha256")

    def test_the_other_key_changes_nobody(self) -> None:
        with override_settings(VISITOR_HASH_KEY="fixed", SECRET_KEY="one"):
            before = address_hash("1.2.3.4")
        with override_settings(VISITOR_HASH_KEY="fixed", SECRET_KEY="two"):
            assert address_hash("1.2.3.4") == before
        with override_settings(VISITOR_HASH_KEY="", SECRET_KEY="two"):
            assert address_hash("1.2.3.4") != before
