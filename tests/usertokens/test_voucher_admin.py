"""Vouchers in the admin: made, listed, changed, stopped, downloaded and taken back, each by whoever may."""

from __future__ import annotations

import csv
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kv.times import utc_now
from tests.usertokens.vouchers import make, state_of
from usertokens.models import Redemption, Voucher
from usertokens.services import get_balance, make_vouchers, redeem_voucher, spend_tokens, vouchers

pytestmark = pytest.mark.django_db
LIST = "/admin/usertokens/voucher/"
USES = "/admin/usertokens/redemption/"
DAY = timedelta(days=1)
FORM = {
    "count": "1", "pattern": "????-????-????", "label": "Fair", "tokens": "500", "max_uses": "1", "priority": "50",
    "valid_from_0": "", "valid_from_1": "", "valid_until_0": "", "valid_until_1": "", "account_days": "",
    "grant_days": "",
}  # fmt: skip


@pytest.fixture
def staff(store: Any, admin_client: Client) -> Client:
    return admin_client


def member(*codenames: str) -> Client:
    """Staff with these permissions alone."""
    user = User.objects.create_user(f"staff-{'-'.join(codenames)}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def act(client: Client, page: str, action: str, *rows: Any, **more: str) -> Any:
    return client.post(page, {"action": action, "_selected_action": [row.pk for row in rows], **more})


class TestMaking:
    def test_many_at_once(self, staff: Client) -> None:
        answer = staff.post(
            f"{LIST}add/", FORM | {"count": "25", "max_uses": "3", "grant_days": "30", "account_days": "7"}
        )
        assert answer.status_code == 302, answer.context["adminform"].form.errors
        assert answer.headers["Location"] == f"{LIST}?label=Fair"
        made = Voucher.objects.all()
        assert made.count() == 25
        assert {(one.tokens, one.max_uses, one.grant_days, one.account_days) for one in made} == {(500, 3, 30, 7)}
        page = staff.get(answer.headers["Location"]).content.decode()
        assert "25 vouchers were created." in page
        assert 'href="vouchers.csv?label=Fair"' in page
        assert LogEntry.objects.count() == 1

    @pytest.mark.parametrize("count", ["3.0", " 3 ", "３"])
    def test_a_number_as_the_form_reads_it(self, staff: Client, count: str) -> None:
        answer = staff.post(f"{LIST}add/", FORM | {"count": count})
        assert "3 vouchers were created." in staff.get(answer.headers["Location"]).content.decode()
        assert Voucher.objects.count() == 3

    def test_one_with_a_code_of_its_own(self, staff: Client) -> None:
        staff.post(f"{LIST}add/", FORM | {"pattern": "welcome-2027"})
        assert Voucher.objects.get().code == "WELCOME-2027"

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"pattern": "WEL COME"}, "pattern"), ({"pattern": "AB??", "count": "9"}, "pattern"),
            ({"pattern": "TAKEN"}, "pattern"), ({"pattern": "ABCD", "count": "2"}, "pattern"),
            ({"pattern": "AB"}, "pattern"),
            ({"count": "0"}, "count"), ({"count": "10001"}, "count"), ({"tokens": "0"}, "tokens"),
            ({"tokens": "1000000000001"}, "tokens"), ({"max_uses": "0"}, "max_uses"),
            ({"priority": "1000"}, "priority"),
            ({"label": "\u200b"}, "label"), ({"grant_days": "0"}, "grant_days"),
            ({"account_days": "99999"}, "account_days"),
            (dict.fromkeys(("valid_from_0", "valid_until_0"), "2027-01-02")
             | dict.fromkeys(("valid_from_1", "valid_until_1"), "00:00"), "valid_until"),
            ({"valid_until_0": "2020-01-02", "valid_until_1": "00:00"}, "valid_until"),
        ],
    )  # fmt: skip
    def test_what_can_not_be(self, staff: Client, change: dict[str, str], field: str) -> None:
        make(pattern="TAKEN")
        answer = staff.post(f"{LIST}add/", FORM | change)
        assert answer.status_code == 200
        assert set(answer.context["adminform"].form.errors) == {field}
        assert Voucher.objects.count() == 1

    def test_another_was_quicker(self, staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        make(pattern="TAKEN")
        monkeypatch.setattr("usertokens.views.voucher_forms.code_key", lambda _: "OTHER")
        answer = staff.post(f"{LIST}add/", FORM | {"pattern": "TAKEN"}, follow=True)
        assert "This code exists already" in answer.content.decode()


class TestChanging:
    def test_what_was_promised_stays(self, staff: Client) -> None:
        code = make(tokens=100, max_uses=2)
        row = Voucher.objects.get()
        sent = FORM | {"max_uses": "5", "tokens": "9", "priority": "1", "grant_days": "1", "code": "X", "label": "New"}
        assert staff.post(f"{LIST}{row.pk}/change/", sent).status_code == 302
        row.refresh_from_db()
        assert (row.max_uses, row.label) == (5, "New")
        assert (row.code, row.tokens, row.priority, row.grant_days) == (code, 100, 50, None)

    def test_redemptions_meanwhile_stay_counted(
        self, staff: Client, user: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The form was read before; it must not write the number of uses back."""
        code = make(max_uses=2)
        row = Voucher.objects.get()
        clean = "usertokens.views.voucher_forms.VoucherForm.clean"
        before = __import__("usertokens.views.voucher_forms", fromlist=["VoucherForm"]).VoucherForm.clean

        def late(form: Any) -> Any:
            values = before(form)
            redeem_voucher(str(user.pk), code)
            return values

        monkeypatch.setattr(clean, late)
        assert staff.post(f"{LIST}{row.pk}/change/", FORM | {"max_uses": "1", "label": "New"}).status_code == 302
        row.refresh_from_db()
        assert (row.uses, row.max_uses, row.label) == (1, 1, "New")

    def test_no_fewer_uses_than_there_were(self, staff: Client, user: User, other: User) -> None:
        code = make(max_uses=2)
        for one in (user, other):
            redeem_voucher(str(one.pk), code)
        page = f"{LIST}{Voucher.objects.get().pk}/change/"
        assert "It was redeemed more often" in staff.post(page, FORM | {"max_uses": "1"}).content.decode()

    def test_it_is_never_deleted(self, staff: Client) -> None:
        make()
        row = Voucher.objects.get()
        assert staff.get(f"{LIST}{row.pk}/delete/").status_code == 403
        act(staff, LIST, "delete_selected", row, post="yes")
        assert Voucher.objects.exists()


class TestList:
    def test_filters_and_search(self, staff: Client, user: User) -> None:
        now = utc_now()
        named = {
            "open": make(label="Open"),
            "not_yet": make(label="Early", valid_from=now + DAY),
            "over": make(label="Late", valid_until=now - DAY),
            "used_up": make(label="Gone"),
            "stopped": make(label="Stop"),
        }
        redeem_voucher(str(user.pk), named["used_up"])
        Voucher.objects.filter(label="Stop").update(stopped_at=now)
        for state, code in named.items():
            page = staff.get(LIST, {"state": state}).content.decode()
            assert [one for one in named.values() if one in page] == [code], state
        code = named["open"]
        for text in (code.lower(), code[:6], code.replace("-", " "), "ope"):
            page = staff.get(LIST, {"q": text}).content.decode()
            assert code in page
            assert named["over"] not in page

    @pytest.mark.parametrize(
        ("language", "head", "state"),
        [
            ("", "Code", "can be redeemed"), ("/fr", "Code", "peut être utilisé"), ("/de", "Code", "einlösbar"),
            ("/es", "Código", "se puede canjear"),
        ],
    )  # fmt: skip
    def test_the_file(self, staff: Client, language: str, head: str, state: str) -> None:
        codes = make_vouchers(3, 5, label="=Fair", max_uses=2)
        make(label="Other")
        answer: Any = staff.get(f"{language}{LIST}vouchers.csv", {"label": "=Fair"})
        rows = list(csv.DictReader(answer.getvalue().decode("utf-8-sig").splitlines()))
        assert answer.headers["Content-Type"].startswith("text/csv")
        assert sorted(row[head] for row in rows) == sorted(codes)
        assert {list(row.values())[1] for row in rows} == {"'=Fair"}
        assert all(state in row.values() for row in rows)
        assert all(list(row.values())[-1].endswith(f"/redeem?code={row[head]}") for row in rows)

    def test_a_page_costs_the_same_for_many(self, staff: Client) -> None:
        queries = []
        staff.get(LIST)  # what is read once in a process
        for count in (3, 300):
            make_vouchers(count, 5, label="Fair")
            with CaptureQueriesContext(connection) as captured:
                assert staff.get(LIST).status_code == 200
            queries.append(len(captured))
        assert queries[0] == queries[1]


class TestStopping:
    def test_and_again(self, staff: Client, user: User) -> None:
        code = make()
        row = Voucher.objects.get()
        act(staff, LIST, "stop", row)
        row.refresh_from_db()
        assert row.stopped_at
        act(staff, LIST, "start", row)
        assert redeem_voucher(str(user.pk), code).amount == 100
        assert LogEntry.objects.filter(object_id=str(row.pk)).count() == 2


class TestTakingBack:
    def test_a_whole_voucher(self, staff: Client, user: User, other: User) -> None:
        code = make(max_uses=5)
        for one in (user, other):
            redeem_voucher(str(one.pk), code)
        spend_tokens(str(other.pk), 150)
        row = Voucher.objects.get()
        asked = act(staff, LIST, "take_back", row)
        assert "Take back 2 redemptions?" in asked.content.decode()
        assert state_of(code) == (2, ["granted", "granted"])
        assert "This field is required" in act(staff, LIST, "take_back", row, apply="1", reason=" ").content.decode()
        done = act(staff, LIST, "take_back", row, apply="1", reason="posted in a forum")
        assert done.status_code == 302
        assert state_of(code) == (2, ["revoked", "revoked"])
        row.refresh_from_db()
        assert row.stopped_at
        assert [get_balance(str(one.pk)).tokens.balance for one in (user, other)] == [100, -50]
        assert LogEntry.objects.get(object_id=str(row.pk)).change_message == "Taken back: posted in a forum"

    @pytest.mark.parametrize("page", [f"{LIST}?state=open", f"{LIST}?q=AB", f"{USES}?state=granted"])
    def test_from_a_list_that_shows_some(self, staff: Client, user: User, other: User, page: str) -> None:
        # Whoever is taken back is stopped, and stands in this list no more.
        code = make(pattern="ABCD", max_uses=5)
        for one in (user, other):
            redeem_voucher(str(one.pk), code)
        rows = (Voucher if page.startswith(LIST) else Redemption).objects.all()
        act(staff, page, "take_back", *rows, apply="1", reason="posted in a forum", select_across="1")
        assert state_of(code) == (2, ["revoked", "revoked"])
        assert set(LogEntry.objects.values_list("change_message", flat=True)) == {"Taken back: posted in a forum"}

    def test_of_one_user(self, staff: Client, user: User, other: User) -> None:
        code = make(max_uses=5)
        for one in (user, other):
            redeem_voucher(str(one.pk), code)
        row = Redemption.objects.get(user_id=str(user.pk))
        act(staff, USES, "take_back", row, apply="1", reason="abuse")
        assert state_of(code) == (2, ["revoked", "granted"])
        assert "Taken back: abuse" in staff.get(f"/admin/usertokens/tokenledger/{user.pk}/").content.decode()
        assert not LogEntry.objects.filter(object_id=str(other.pk)).exists()

    def test_many_are_left_to_the_worker(self, staff: Client, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(vouchers, "_STEP", 2)
        codes = make_vouchers(5, 10, label="Fair")
        for code in codes:
            redeem_voucher(str(user.pk), code)
        act(staff, LIST, "take_back", *Voucher.objects.all(), apply="1", reason="abuse")
        states = list(Redemption.objects.values_list("state", flat=True))
        assert (states.count("revoked"), states.count("revoking")) == (2, 3)
        while vouchers.finish_redemptions():
            pass
        assert get_balance(str(user.pk)).tokens.balance == 100

    def test_who_may(self, store: Any, user: User) -> None:
        code = make()
        redeem_voucher(str(user.pk), code)
        row, use = Voucher.objects.get(), Redemption.objects.get()
        viewer = member("view_voucher", "view_redemption")
        assert code in viewer.get(LIST).content.decode()
        assert viewer.get(f"{LIST}vouchers.csv").status_code == 200
        assert viewer.get(f"{LIST}add/").status_code == 403
        act(viewer, USES, "take_back", use, apply="1", reason="x")
        act(viewer, LIST, "stop", row)
        act(viewer, LIST, "take_back", row, apply="1", reason="x")
        assert state_of(code) == (1, ["granted"])
        stranger = member("view_any")
        assert stranger.get(LIST).status_code == 403
        assert stranger.get(f"{LIST}vouchers.csv").status_code == 403
        taker = member("view_redemption", "manage_tokens")
        act(taker, USES, "take_back", use, apply="1", reason="x")
        assert state_of(code) == (1, ["revoked"])


def test_uses_of_one_voucher(staff: Client, user: User) -> None:
    code, other = make(), make()
    for one in (code, other):
        redeem_voucher(str(user.pk), one)
    link = f"{USES}?voucher__id__exact={Voucher.objects.get(code=code).pk}"
    assert link in staff.get(LIST).content.decode()
    page = staff.get(link).content.decode()
    assert code in page
    assert other not in page
    for text in (str(user.pk), code.lower()):
        assert code in staff.get(USES, {"q": text}).content.decode()
