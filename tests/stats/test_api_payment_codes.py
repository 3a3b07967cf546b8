"""POST /api/stats/qr over HTTP: by receipt for anybody, by id and amount for who is permitted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from kv.store.numbers import LARGEST_WHOLE
from stats import keys
from stats.services.figures import read_figures
from stats.services.receipts import sign_receipt
from tests.site_client import SiteClient
from tests.stats.callers import post, service_token, staff

PATH = "/api/stats/qr"
CODE = {"amount_cents": 1250, "id": "order-1"}

pytestmark = pytest.mark.usefixtures("lane")


@pytest.fixture(autouse=True)
def _clean(store: Any) -> None:
    """Every test here needs the store empty."""


class TestReceipt:
    def test_counts_once(self, client: Client) -> None:
        body = {"receipt": sign_receipt(1250)}
        first, again = post(client, PATH, body), post(client, PATH, body)
        assert (first.status_code, first.json()) == (201, {"counted": True, "qr_total": 1, "revenue_cents": 1250})
        assert (again.status_code, again.json()) == (200, {"counted": False, "qr_total": 1, "revenue_cents": 1250})

    def test_of_200_at_once_one_counts(self, client: Client, settings: Any) -> None:
        settings.RATE_LIMITS = None
        body = {"receipt": sign_receipt(1250)}
        with ThreadPoolExecutor(16) as threads:
            codes = [answer.status_code for answer in threads.map(lambda _: post(client, PATH, body), range(200))]
        assert sorted(codes) == [200] * 199 + [201]
        assert (read_figures().qr_total, read_figures().revenue_cents) == (1, 1250)

    def test_needs_no_csrf_token_even_beside_a_session(self, db: None) -> None:
        client = SiteClient(enforce_csrf_checks=True)
        client.force_login(staff())
        assert post(client, PATH, {"receipt": sign_receipt(1250)}).status_code == 201

    @pytest.mark.parametrize("receipt", ["made up", "a:b", "", " ", "x" * 513, 5, True, None, ["x"], {"a": 1}, "\x00"])
    def test_forged_is_refused(self, client: Client, receipt: Any) -> None:
        answer = post(client, PATH, {"receipt": receipt})
        assert answer.status_code == 400
        assert answer.json()["code"] == "invalid_input"
        assert list(answer.json()["errors"]) == ["receipt"]
        assert read_figures().qr_total == 0

    def test_older_than_a_day_is_refused(self, client: Client) -> None:
        answer = post(client, PATH, {"receipt": sign_receipt(1250, now=timezone.now() - timedelta(days=1, seconds=1))})
        assert answer.status_code == 400
        assert "older" in answer.json()["errors"]["receipt"][0]

    def test_over_the_limit_of_one_code_is_not_counted(self, client: Client, settings: Any) -> None:
        settings.STATS_MAX_QR_CENTS = 1000
        answer = post(client, PATH, {"receipt": sign_receipt(1001)})
        assert (answer.status_code, answer.json()["counted"]) == (200, False)

    def test_the_thirty_first_in_a_minute_is_refused(self, client: Client) -> None:
        codes = [post(client, PATH, {"receipt": sign_receipt(1)}).status_code for _ in range(31)]
        assert codes == [201] * 30 + [429]
        refused = post(client, PATH, {"receipt": sign_receipt(1)})
        assert refused["RateLimit-Policy"] == '"qr";q=30;w=60'
        assert 1 <= int(refused["Retry-After"]) <= 60
        assert post(client, PATH, {"receipt": sign_receipt(1)}, address="198.51.100.1").status_code == 201


@pytest.mark.django_db
class TestIdAndAmount:
    def test_of_a_service_counts_once_whatever_the_amount(self, client: Client) -> None:
        token = service_token()
        first = post(client, PATH, CODE, token=token)
        again = post(client, PATH, CODE | {"amount_cents": 5}, token=token)
        assert (first.status_code, first.json()) == (201, {"counted": True, "qr_total": 1, "revenue_cents": 1250})
        assert (again.status_code, again.json()) == (200, {"counted": False, "qr_total": 1, "revenue_cents": 1250})

    def test_of_permitted_staff_by_session_needs_the_csrf_token(self) -> None:
        client = SiteClient(enforce_csrf_checks=True)
        client.force_login(staff("record_qr"))
        refused = post(client, PATH, CODE)
        assert (refused.status_code, read_figures().qr_total) == (403, 0)
        client.get("/accounts/password")
        token = client.cookies["csrftoken"].value
        assert client.post(PATH, CODE, "application/json", headers={"X-CSRFToken": token}).status_code == 201

    def test_of_nobody_is_asked_who(self, client: Client) -> None:
        answer = post(client, PATH, CODE)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
        assert answer["WWW-Authenticate"] == "Token"

    def test_with_a_wrong_token_is_asked_who(self, client: Client) -> None:
        answer = post(client, PATH, CODE, token="f" * 64)
        assert (answer.status_code, answer.json()["code"]) == (401, "authentication_failed")

    @pytest.mark.parametrize("header", ["Token", "Token a b", "Token \xff\xfe", "Basic YTpi", "\xff", "token x"])
    def test_with_credentials_that_can_be_none_is_asked_who(self, client: Client, header: str) -> None:
        answer = client.post(PATH, CODE, "application/json", headers={"Authorization": header})
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"] == "Token"

    def test_without_the_permission_is_refused(self, client: Client) -> None:
        answer = post(client, PATH, CODE, token=service_token("watcher", "stats.view_statistics"))
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
        assert read_figures().qr_total == 0

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            *(
                ("amount_cents", value)
                for value in (0, -1, 100_000_000_000, "1250", True, 12.5, 1.0, None, [1], 10**30)
            ),
            *(("id", value) for value in ("", "x" * 65, "ü", "a\nb", "tab\t", "a\n", 5, None, True, ["x"])),
        ],
    )
    def test_names_the_field_that_is_wrong(self, client: Client, field: str, value: Any) -> None:
        answer = post(client, PATH, CODE | {field: value}, token=service_token())
        assert answer.status_code == 400
        if value != 10**30:  # no JSON parser of ours takes it for a number at all
            assert (answer.json()["code"], list(answer.json()["errors"])) == ("invalid_input", [field])
        assert read_figures().qr_total == 0

    def test_names_every_field_that_is_missing(self, client: Client) -> None:
        answer = post(client, PATH, {}, token=service_token())
        assert (answer.status_code, sorted(answer.json()["errors"])) == (400, ["amount_cents", "id"])

    @pytest.mark.parametrize("name", ["x", " ", "a b", "~" * 64, "' OR 1=1 --"])
    def test_takes_any_printable_id(self, client: Client, name: str) -> None:
        assert post(client, PATH, CODE | {"id": name}, token=service_token()).status_code == 201

    def test_has_no_limit_of_requests(self, client: Client) -> None:
        token = service_token()
        codes = {post(client, PATH, CODE | {"id": str(number)}, token=token).status_code for number in range(40)}
        assert codes == {201}

    def test_that_would_leave_the_exact_numbers_is_a_conflict(self, client: Client, store: Any) -> None:
        store.set(keys.revenue(), LARGEST_WHOLE)
        answer = post(client, PATH, CODE, token=service_token())
        assert (answer.status_code, answer.json()["code"]) == (409, "total_too_large")


class TestBody:
    @pytest.mark.parametrize("body", ["[]", "5", '"receipt"', "null", "{}"])
    def test_of_another_shape_is_refused(self, client: Client, body: str) -> None:
        answer = client.post(PATH, data=body, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")

    @pytest.mark.parametrize("body", ["", "{", "{'receipt': 1}", '{"receipt": NaN}', "\ufeff{}", '"\\ud800"'])
    def test_that_is_no_json_is_refused(self, client: Client, body: str) -> None:
        answer = client.post(PATH, data=body, content_type="application/json")
        assert answer.status_code == 400

    def test_in_another_form_is_not_understood(self, client: Client) -> None:
        answer = client.post(PATH, data={"receipt": "x"})
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")

    def test_over_64_kib_is_too_large(self, client: Client) -> None:
        answer = post(client, PATH, {"receipt": "x" * 64 * 1024})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")

    @pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
    def test_comes_by_post_only(self, client: Client, method: str) -> None:
        answer = getattr(client, method)(PATH)
        assert (answer.status_code, answer["Allow"]) == (405, "POST")
