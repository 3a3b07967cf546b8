"""Whatever a stranger or a file says: an answer below 500, or a refusal that names what is wrong."""

from __future__ import annotations

import io
import ipaddress
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from django.test import RequestFactory, override_settings
from hypothesis import HealthCheck, example, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from codetags.errors import BadImport as BadCodes
from codetags.services.backfill import read_csv
from codetags.services.codes import read_remembered
from kv import backup_file
from kv.addresses import client_address
from kv.errors import DamagedBackup
from stats.errors import BadImport
from stats.services.imports import import_csv
from tests.lanes import SiteClient
from usertokens.errors import BadImport as BadTokensImport
from usertokens.services.imports import import_csv as import_tokens_csv

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
often = profile(
    max_examples=200, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
#: What a header may hold when the web server hands it on: any byte but those that end it, read as Latin-1.
headers = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=300)
addresses = st.ip_addresses().map(str) | st.ip_addresses(v=4).map(lambda a: f"{a}:80") | st.just("[2001:db8::1]:443")
forwarded = st.lists(addresses | headers | st.just("unknown"), max_size=6).map(",".join)


@pytest.fixture(autouse=True)
def _quiet(store: Any, settings: Any) -> None:
    settings.RATE_LIMITS = None


@often
@given(header=forwarded, proxies=st.integers(0, 4))
@example(header="::ffff:203.0.113.9, fe80::1%eth0", proxies=1)
@example(header="1" * 5000, proxies=1)
def test_x_forwarded_for_ends_in_an_address(header: str, proxies: int) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="198.51.100.4", HTTP_X_FORWARDED_FOR=header)
    with override_settings(NUM_PROXIES=proxies):
        found = client_address(request)
    ipaddress.ip_network(found, strict=False)  # an address, or the /64 that stands for one
    if not proxies:
        assert found == "198.51.100.4"


@often
@given(cookie=headers)
@example(cookie="DEMO.DEMO.." + "A" * 4000)
def test_a_cookie_is_ten_codes_at_most(cookie: str) -> None:
    remembered = read_remembered(cookie)
    assert len(remembered) <= 10
    assert all(code.isascii() and len(code) < 65 for code in remembered)


@often
@given(cookie=headers, code=headers)
def test_a_hit_with_any_cookie_and_code_is_answered(cookie: str, code: str) -> None:
    client = SiteClient()
    answer = client.get(
        "/api/analytics/qr", {"code": code}, headers={"Cookie": f"qr_counted={cookie}", "User-Agent": BROWSER}
    )
    assert answer.status_code in (200, 400)
    assert len(answer.cookies) <= 1


@often
@given(body=st.binary(max_size=2000), signature=headers)
@example(body=b"[" * 2000, signature="t=1,v1=00")
@example(body=b"{}", signature="t=" + "9" * 400 + ",v1=00")
def test_a_webhook_of_any_bytes_is_refused(body: bytes, signature: str) -> None:
    with override_settings(STRIPE_SECRET_KEY="sk_test_fuzz", STRIPE_WEBHOOK_SECRET=("whsec_fuzz",)):
        answer = SiteClient().post(
            "/api/webhooks/stripe", body, content_type="application/json", headers={"Stripe-Signature": signature}
        )
    assert answer.status_code == 400


@often
@given(data=st.binary(max_size=3000), beginning=st.integers(0, len(backup_file.MAGIC)))
def test_a_backup_of_any_bytes_is_damaged(data: bytes, beginning: int, tmp_path: Path) -> None:
    path = tmp_path / "any.backup"
    path.write_bytes(backup_file.MAGIC[:beginning] + data)
    with path.open("rb") as file, pytest.raises(DamagedBackup):
        backup_file.Reader(file).verify()


rows = st.lists(st.lists(st.text(max_size=20) | st.integers().map(str), max_size=6).map(",".join), max_size=8)


@often
@given(lines=rows)
def test_a_csv_of_figures_is_read_or_refused_by_line(lines: list[str]) -> None:
    text = io.StringIO("\n".join(["date,figure,value", *lines]))
    with suppress(BadImport):
        list(import_csv(text, source="fuzz", dry_run=True))


@often
@given(lines=rows)
def test_a_csv_of_tokens_is_read_or_refused_by_line(lines: list[str]) -> None:
    text = io.StringIO("\n".join(["user_id,id,at,amount,reason", *lines]))
    with suppress(BadTokensImport):
        list(import_tokens_csv(text, dry_run=True))


@often
@given(content=st.binary(max_size=500))
def test_a_csv_of_codes_of_any_bytes_is_read_or_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_bytes(b"code,count\n" + content)
    with suppress(BadCodes):
        list(read_csv(path))
