"""The API of the registry: who may, what is answered, what is refused."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.admin.models import LogEntry

from codetags.models import Campaign, CodeTag
from kv.web.tables import MOST_BYTES, MOST_ROWS
from tests.codetags.callers import staff
from tests.site_client import SiteClient

if TYPE_CHECKING:
    from django.contrib.auth.models import User

URL = "/api/code-tags"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quiet(store: Any, settings: Any) -> None:
    settings.RATE_LIMITS = None


@pytest.fixture
def clerk() -> User:
    return staff("view_codetag", "add_codetag", "change_codetag")


@pytest.fixture
def client(clerk: User) -> SiteClient:
    client = SiteClient()
    client.force_login(clerk)
    return client


def send(client: SiteClient, body: Any, **headers: str) -> Any:
    return client.post(URL, body, content_type="application/json", headers=headers)


def change(client: SiteClient, code: str, body: Any) -> Any:
    return client.patch(f"{URL}/{code}", body, content_type="application/json")


def load(client: SiteClient, text: str | bytes) -> Any:
    return client.generic("POST", f"{URL}/import", text, content_type="text/csv")


class TestOne:
    def test_is_added_read_and_changed(self, client: SiteClient) -> None:
        added = send(client, {"code": "bt26", "label": "Poster", "campaign": "Fair", "end": "2026-05-31"})
        shown = {
            "code": "BT26", "label": "Poster", "note": "", "campaign": "Fair", "start": None, "end": "2026-05-31",
            "archived": False, "counts_for": None,
        }  # fmt: skip
        assert (added.status_code, added.json()) == (201, shown)
        assert client.get(f"{URL}/bt26").json() == shown
        changed = change(client, "bt26", {"archived": True, "campaign": None, "end": None, "note": "a\nb"})
        wanted = {**shown, "archived": True, "campaign": None, "end": None, "note": "a\nb"}
        assert (changed.status_code, changed.json()) == (200, wanted)
        assert change(client, "BT26", {}).json() == wanted

    def test_without_a_code_one_is_made(self, client: SiteClient) -> None:
        code = send(client, {"label": "Poster"}).json()["code"]
        assert len(code) == 4
        assert set(code) & set("0O1IL") == set()

    def test_is_logged_with_who_did_it(self, client: SiteClient, clerk: User) -> None:
        send(client, {"code": "BT26", "label": "Poster"})
        change(client, "BT26", {"label": "Banner"})
        change(client, "BT26", {"label": "Banner"})
        assert CodeTag.objects.get().created_by == clerk
        assert [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")] == ["Added.", "Changed label."]

    def test_its_code_never_changes(self, client: SiteClient) -> None:
        send(client, {"code": "BT26", "label": "Poster"})
        refused = change(client, "BT26", {"code": "NEWS"})
        assert (refused.status_code, list(refused.json()["errors"])) == (400, ["code"])
        assert change(client, "BT26", {"code": "bt26", "label": "Banner"}).json()["label"] == "Banner"

    def test_a_code_that_exists_is_a_conflict(self, client: SiteClient) -> None:
        send(client, {"code": "BT26", "label": "Poster"})
        again = send(client, {"code": "BT26", "label": "Poster"})
        assert (again.status_code, again.json()["code"]) == (409, "code_exists")

    def test_the_same_idempotency_key_adds_it_once(self, client: SiteClient) -> None:
        first, again = (send(client, {"label": "Poster"}, Idempotency_Key="a") for _ in range(2))
        assert (first.status_code, first.json()) == (again.status_code, again.json())
        other = send(client, {"label": "Banner"}, Idempotency_Key="a")
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
        assert CodeTag.objects.count() == 1
        assert send(client, {"label": "x"}, Idempotency_Key="ä").status_code == 400

    def test_none_is_left(self, client: SiteClient, settings: Any) -> None:
        settings.CODETAGS_PATTERN = "A[23]"
        assert [send(client, {"label": "x"}).status_code for _ in range(3)] == [201, 201, 409]

    @pytest.mark.parametrize("path", ["NONE", "%00", "x" * 40, "BT26%2F", "%C3%9F", "~OTHER"])
    def test_one_that_is_not_there(self, client: SiteClient, path: str) -> None:
        assert client.get(f"{URL}/{path}").status_code == 404
        assert change(client, path, {"label": "x"}).status_code == 404

    @pytest.mark.parametrize(
        ("body", "fields"),
        [
            ({"lable": "x", "label": "x"}, ["lable"]),
            ({}, ["label"]),
            ({"label": ""}, ["label"]),
            ({"label": 5}, ["label"]),
            ({"label": "x", "code": "TOOLONG"}, ["code"]),
            ({"label": "x", "start": "31.05.2026"}, ["start"]),
            ({"label": "x", "start": "2026-02-02", "end": "2026-02-01"}, ["end"]),
            ({"label": "x", "archived": "no"}, ["archived"]),
            ({"label": "x", "counts_for": "NONE"}, ["counts_for"]),
            ({"label": "x", "campaign": "y" * 121}, ["campaign"]),
            ({"label": "a\nb"}, ["label"]),
        ],
    )
    def test_what_is_wrong_is_named(self, client: SiteClient, body: Any, fields: list[str]) -> None:
        refused = send(client, body)
        assert (refused.status_code, list(refused.json()["errors"])) == (400, fields)
        assert not CodeTag.objects.exists()


class TestList:
    def test_has_pages(self, client: SiteClient) -> None:
        for number in range(5):
            CodeTag.objects.create(code=f"A{number:03}", label="x")
        found: list[str] = []
        query: dict[str, Any] = {"limit": 2}
        for _ in range(3):
            page = client.get(URL, query).json()
            found += [code["code"] for code in page["codes"]]
            query["before"] = page["next"]
        assert (found, page["next"]) == ([f"A{number:03}" for number in range(5)], None)
        assert client.get(URL, {"limit": 101}).status_code == 400

    @pytest.mark.parametrize("before", ["\0", "a001", "A" * 33])
    def test_a_place_that_no_list_has_given_out_is_refused(self, client: SiteClient, before: str) -> None:
        CodeTag.objects.create(code="A001", label="x")
        answer = client.get(URL, {"before": before})
        assert (answer.status_code, [*answer.json()["errors"]]) == (400, ["before"])

    def test_of_one_campaign(self, client: SiteClient) -> None:
        CodeTag.objects.create(code="BT26", label="x", campaign=Campaign.objects.create(name="Fair"))
        CodeTag.objects.create(code="NEWS", label="x")
        assert [code["code"] for code in client.get(URL, {"campaign": "FAIR"}).json()["codes"]] == ["BT26"]
        assert client.get(URL, {"campaign": "None"}).json() == {"codes": [], "next": None}


class TestImport:
    def test_says_what_it_did_and_which_rows_it_left_out(self, client: SiteClient) -> None:
        CodeTag.objects.create(code="BT26", label="Poster")
        answer = load(client, "code,label,end\nBT26,Banner,\nNEWS,Letter,2026-05-31\nX,y,soon\n")
        body = answer.json()
        assert (answer.status_code, body["created"], body["updated"]) == (200, 1, 1)
        assert [(wrong["row"], sorted(wrong["errors"])) for wrong in body["errors"]] == [(4, ["code", "end"])]
        assert dict(CodeTag.objects.values_list("code", "end")) == {"BT26": None, "NEWS": date(2026, 5, 31)}
        assert load(client, "code,label\nBT26,Banner\n").json() == {"created": 0, "updated": 0, "errors": []}

    def test_what_excel_in_germany_writes(self, client: SiteClient) -> None:
        text = "\ufeffcode;label;start\r\nBT26;Tür;31.05.2026\r\n".encode()
        assert load(client, text).json() == {"created": 1, "updated": 0, "errors": []}
        assert CodeTag.objects.get().label == "Tür"

    @pytest.mark.parametrize(
        "text",
        [
            b"",
            b"label\nx\n",
            b"code,lable\nBT26,x\n",
            b"code,label,label\nBT26,x,y\n",
            "code,label\nBT26,Tür\n".encode("cp1252"),
            b'code,label\nBT26,"never closed\nNEWS,x\n',
            b"PK\x03\x04 a workbook",
            b"code,label\n" + b"BT26,x\n" * (MOST_ROWS + 1),
        ],
    )
    def test_refuses_what_is_no_such_file(self, client: SiteClient, text: bytes) -> None:
        refused = load(client, text)
        assert (refused.status_code, list(refused.json()["errors"])) == (400, ["body"])
        assert not CodeTag.objects.exists()

    def test_names_the_column_that_is_unknown(self, client: SiteClient) -> None:
        assert "lable" in load(client, "code,lable\nBT26,x\n").json()["detail"]

    def test_is_bounded(self, client: SiteClient) -> None:
        refused = load(client, b"x" * (MOST_BYTES + 1))
        assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
        assert client.post(f"{URL}/import", {}, content_type="application/json").status_code == 415

    def test_takes_what_csv_writers_write(self, client: SiteClient) -> None:
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerows([["code", "label", "note"], ["BT26", 'He said "a, b"', "one\ntwo"]])
        assert load(client, text.getvalue()).json()["created"] == 1
        assert CodeTag.objects.values_list("label", "note").get() == ('He said "a, b"', "one\ntwo")


@pytest.mark.parametrize(
    ("permissions", "expected"),
    [
        ((), (403, 403, 403, 403, 403)),
        (("view_codetag",), (200, 200, 403, 403, 403)),
        (("add_codetag",), (403, 403, 201, 403, 403)),
        (("change_codetag",), (403, 403, 403, 200, 403)),
        (("add_codetag", "change_codetag"), (403, 403, 201, 200, 200)),
        (("view_counts",), (403, 403, 403, 403, 403)),
    ],
)
def test_each_call_has_its_permission(permissions: tuple[str, ...], expected: tuple[int, ...]) -> None:
    CodeTag.objects.create(code="BT26", label="x")
    client = SiteClient()
    client.force_login(staff(*permissions))
    answers = (
        client.get(URL), client.get(f"{URL}/BT26"), send(client, {"label": "x"}),
        change(client, "BT26", {"label": "y"}), load(client, "code,label\nNEWS,x\n"),
    )  # fmt: skip
    assert tuple(answer.status_code for answer in answers) == expected
    assert SiteClient().get(URL).status_code == 401
