"""What an address says of TLS is looked at before anybody connects; tests/faults/test_tls.py has the servers."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from kv.errors import unavailable
from kv.store.address import StoreAddress
from kv.store.caches import durable_cache
from kv.store.tls import tls_options

SCHEMES = ("{}://h/0?{}", "{}+cluster://a:1,b:2?{}", "{}+sentinel://a:1,b/name/0?{}")


class TestTlsOptions:
    def test_are_those_of_tls_alone(self) -> None:
        assert tls_options("db=3&ssl_cert_reqs=none&ssl_check_hostname=false&protocol=3") == {
            "ssl_cert_reqs": "none",
            "ssl_check_hostname": False,
        }
        assert tls_options("") == {}


class TestCheckUrl:
    @pytest.mark.parametrize("address", SCHEMES)
    @pytest.mark.parametrize(
        ("query", "says"),
        [
            ("ssl_ca_certs=/nowhere/ca.pem", "ssl_ca_certs: No such file"),
            ("ssl_certfile=/nowhere/own.pem", "ssl_certfile: No such file"),
            ("ssl_ca_path=/nowhere/at/all", "ssl_ca_path: No such directory"),
            ("ssl_keyfile=/nowhere/own.key", "ssl_keyfile needs ssl_certfile"),
            ("ssl_cacerts=/ca.pem", "ssl_cacerts is not one of"),
            ("ssl_validate_ocsp=true", "ssl_validate_ocsp is not one of"),
            ("ssl_cert_reqs=perhaps", "perhaps"),
        ],
    )
    def test_what_cannot_be_used_says_why(self, address: str, query: str, says: str) -> None:
        with pytest.raises(ValueError, match=says):
            StoreAddress.parse(address.format("rediss", query))

    @pytest.mark.parametrize("address", SCHEMES)
    def test_no_file_of_certificates(self, address: str, tmp_path: Path) -> None:
        path = tmp_path / "ca.pem"
        path.write_text("not a certificate")
        with pytest.raises(ValueError, match="ssl_ca_certs: "):
            StoreAddress.parse(address.format("rediss", f"ssl_ca_certs={path}"))

    @pytest.mark.parametrize("address", SCHEMES)
    def test_a_plain_address_has_no_tls(self, address: str) -> None:
        with pytest.raises(ValueError, match="without TLS"):
            StoreAddress.parse(address.format("redis", "ssl_cert_reqs=none"))


def test_a_sentinels_words_are_for_the_sentinels_too() -> None:
    entry = durable_cache("rediss+sentinel://a:1/name/2?ssl_cert_reqs=none")
    assert entry["LOCATION"] == "rediss+sentinel://a:1/name/2?ssl_cert_reqs=none"
    kwargs = entry["OPTIONS"]["SENTINEL_KWARGS"]
    assert (kwargs["ssl"], kwargs["ssl_cert_reqs"]) == (True, "none")


class TestRefusedCertificate:
    def test_says_why(self) -> None:
        text = (
            "Error 1 connecting to h:1. [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: expired (_ssl.c:1)."
        )
        assert str(unavailable(redis.ConnectionError(text))) == "its certificate is refused: expired"

    def test_is_empty_for_anything_else(self) -> None:
        assert "certificate" not in str(unavailable(redis.ConnectionError("Connection refused")))
