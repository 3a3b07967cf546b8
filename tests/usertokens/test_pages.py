"""A user's own pages, as a browser without scripts sees them."""

from __future__ import annotations

import json
from inspect import signature
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django.utils.translation import override

from billing.services import effects
from usertokens.errors import AccountNotClosed
from usertokens.models import ArchivedEntry, Conversation, ConversationTally
from usertokens.services import accounts, balances, conversations, plans, purchases, resets
from usertokens.signals import account_closing, low_balance
from usertokens.templatetags.usertokens import reason_name


@pytest.fixture
def page(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


class TestDashboard:
    def test_a_new_user_sees_everything(self, page: Client) -> None:
        answer = page.get("/dashboard")
        assert answer.status_code == 200
        for text in ("ada", "100", "Free", "None yet.", "Allowance of the month"):
            assert text in answer.text
        assert "no-store" in answer.headers["Cache-Control"]

    def test_strangers_sign_in_first(self, store: Any, db: None) -> None:
        for path in (
            "/dashboard",
            "/dashboard/history",
            "/dashboard/history.csv",
            "/accounts/data",
            "/accounts/delete",
        ):
            answer = Client().get(path)
            assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/accounts/login")

    @pytest.mark.parametrize("language", ["fr", "de", "es"])
    def test_in_every_language(self, page: Client, language: str) -> None:
        for path in ("dashboard", "dashboard/history", "accounts/delete"):
            assert page.get(f"/{language}/{path}").status_code == 200

    def test_our_own_reasons_are_in_the_language_of_the_page(self, page: Client, user: User) -> None:
        user_id = str(user.pk)
        balances.record_generation(user_id, 3)
        balances.spend_tokens(user_id, 2, reason="Generation of Ada")
        purchases.grant_tokens(user_id=user_id, amount=9, reason="top-up", key="bought")
        for path in ("dashboard", "dashboard/history"):
            text = page.get(f"/de/{path}").text
            assert ">Aufladung<" in text
            assert "Generation of Ada" in text
            assert ">generation<" not in text
            assert ">top-up<" not in text
        download: Any = page.get("/de/dashboard/history.csv")
        assert b"generation" in b"".join(download.streaming_content)

    def test_every_reason_that_we_write_has_a_name(self) -> None:
        ours = {getattr(effects, name) for name in dir(effects) if name.startswith("REASON_")}
        for module in (balances, purchases, resets):
            for function in vars(module).values():
                if callable(function) and getattr(function, "__module__", "") == module.__name__:
                    word = signature(function).parameters.get("reason")
                    ours |= {word.default} if word and isinstance(word.default, str) else set()
        assert {"top-up", "generation", "refund", "reset"} <= ours
        with override("de"):
            assert [one for one in ours if one and reason_name(one) == one] == []

    def test_the_part_that_htmx_asks_for(self, page: Client) -> None:
        answer = page.get("/dashboard", headers={"HX-Request": "true"})
        assert "<html" not in answer.text
        assert "100" in answer.text

    def test_mood_is_saved_without_script(self, page: Client) -> None:
        assert page.post("/dashboard/mood", {"score": "7.5"}).status_code == 302
        assert 'value="7.5"' in page.get("/dashboard").text

    def test_bad_moods_change_nothing(self, page: Client) -> None:
        page.post("/dashboard/mood", {"score": "7.5"})
        page.post("/dashboard/mood", {"score": "11"})
        assert 'value="7.5"' in page.get("/dashboard").text

    def test_words_of_users_are_escaped(self, page: Client, user: User) -> None:
        conversations.record_conversation(str(user.pk), summary="<script>x</script>")
        balances.spend_tokens(str(user.pk), 1, reason="<img src=x>")
        text = page.get("/dashboard").text
        assert "<script>x" not in text
        assert "<img" not in text

    def test_while_the_store_is_away(self, page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        from kv.errors import StoreUnavailable

        def away(*_: Any, **__: Any) -> Any:
            raise StoreUnavailable("test")

        monkeypatch.setattr("usertokens.services.dashboards.read_dashboard_script.run", away)
        monkeypatch.setattr("usertokens.services.journal.list_transactions_script.run", away)
        for path in ("/dashboard", "/dashboard/history"):
            answer = page.get(path)
            assert (answer.status_code, "–" in answer.text) == (200, True)


class TestLowBalance:
    def test_once_for_each_fall(self, page: Client, user: User) -> None:
        heard: list[int] = []

        def hear(*, user_id: str, balance: int, **_: Any) -> None:
            heard.append(balance)

        low_balance.connect(hear)
        try:
            user_id = str(user.pk)
            for amount in (80, 12, 3):
                balances.spend_tokens(user_id, amount, key=f"k{amount}")
            balances.spend_tokens(user_id, 12, key="k12")
            assert heard == [8]
            assert "Few tokens are left." in page.get("/dashboard").text
            page.post("/dashboard/note")
            assert "Few tokens are left." not in page.get("/dashboard").text
            balances.add_tokens(user_id, 20, reason="gift")
            balances.spend_tokens(user_id, 20)
            assert heard == [8, 5]
            assert "Few tokens are left." in page.get("/dashboard").text
        finally:
            low_balance.disconnect(hear)


class TestHistory:
    def test_pages(self, page: Client, user: User) -> None:
        for number in range(30):
            balances.spend_tokens(str(user.pk), 1, reason=f"reason-{number}")
        first = page.get("/dashboard/history").text
        assert "reason-29" in first
        assert "reason-4<" not in first
        assert "?before=7" in first
        assert "reason-4<" in page.get("/dashboard/history?before=7").text
        assert page.get("/dashboard/history?before=x").status_code == 200

    def test_csv(self, page: Client, user: User) -> None:
        balances.spend_tokens(str(user.pk), 1, reason="=1+1")
        answer = page.get("/dashboard/history.csv")
        lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined] # a stream
        assert lines[0] == "id,at,type,amount,balance_after,reason"
        assert lines[1].endswith(",Spent,-1,99,'=1+1")
        assert len(lines) == 3


class TestAccount:
    def test_download(self, page: Client, user: User) -> None:
        conversations.record_conversation(str(user.pk), summary="one")
        answer = page.get("/accounts/data")
        data = json.loads(b"".join(answer.streaming_content))  # type: ignore[attr-defined] # a stream
        assert data["account"]["username"] == "ada"
        assert data["conversations"][0]["summary"] == "one"
        assert "attachment" in answer.headers["Content-Disposition"]

    def test_a_wrong_password_deletes_nothing(self, page: Client, user: User) -> None:
        answer = page.post("/accounts/delete", {"proof": "wrong"})
        assert "Nothing was deleted" in answer.text
        assert User.objects.filter(pk=user.pk).exists()

    @pytest.mark.django_db(transaction=True)
    def test_deleting_leaves_nothing(self, page: Client, user: User, store: Any) -> None:
        user_id = str(user.pk)
        page.get("/dashboard")
        balances.spend_tokens(user_id, 3, reason="article", key="k")
        purchases.grant_tokens(user_id, 5, reason="top-up", key="cs_1")
        conversations.record_conversation(user_id, summary="one")
        answer = page.post("/accounts/delete", {"proof": "correct horse battery"})
        assert "Your account is closed" in answer.text
        # That it is closed, and for a minute that its address tried, are all that is known.
        left = {key for key in store.scan_iter() if not key.startswith(b"limits:")}
        assert left <= {f"closed:{{{user_id}}}".encode()}
        for model in (Conversation, ConversationTally, ArchivedEntry):
            assert not model.objects.filter(user_id=user_id).exists()
        assert not User.objects.filter(pk=user_id).exists()
        # What comes late changes nothing.
        assert plans.apply_plan(user_id, "Plus", version=9) is False
        assert purchases.grant_tokens(user_id, 5, reason="top-up", key="cs_2") is None
        assert purchases.reverse_grant(user_id, "cs_1", 5) is None
        assert list(store.scan_iter(match="user:*")) == []

    def test_a_listener_that_fails_stops_it(self, user: User, store: Any) -> None:
        def fail(**_: Any) -> None:
            raise RuntimeError("the payment provider is away")

        balances.spend_tokens(str(user.pk), 3)
        account_closing.connect(fail)
        try:
            with pytest.raises(AccountNotClosed):
                accounts.delete_account(user)
        finally:
            account_closing.disconnect(fail)
        assert User.objects.filter(pk=user.pk).exists()
        assert balances.get_balance(str(user.pk)).tokens.balance == 97

    @pytest.mark.django_db(transaction=True)
    def test_deleted_in_the_admin_is_deleted(self, store: Any) -> None:
        user = User.objects.create_user("eve")
        user_id = str(user.pk)
        balances.spend_tokens(user_id, 3)
        user.delete()
        assert list(store.scan_iter(match="user:*")) == []

    def test_closed_while_the_user_is_still_there(self, page: Client, user: User) -> None:
        """The row outlived its data; or the number is an older user's, and the database is from before that user."""
        accounts.forget_user(str(user.pk))
        for path in ("/dashboard", "/dashboard/history"):
            text = page.get(path).text
            assert "This account was closed." in text
            assert "Nothing is lost" not in text
            assert "/accounts/delete" in text
        assert page.post("/dashboard/mood", {"score": "7"}).status_code == 302
        answer = page.post("/dashboard/mood", {"score": "7"}, headers={"HX-Request": "true"})
        assert "This account was closed." in answer.text
        assert page.get("/dashboard/history.csv").headers["Location"] == "/dashboard/history"
        assert json.loads(b"".join(page.get("/accounts/data").streaming_content))["closed"]  # type: ignore[attr-defined] # a stream
        assert "Your account is closed" in page.post("/accounts/delete", {"proof": "correct horse battery"}).text
        assert not User.objects.filter(pk=user.pk).exists()


class TestSignals:
    @pytest.mark.django_db(transaction=True)
    def test_sign_up_and_log_in(self, store: Any) -> None:
        client = Client()
        form = {"username": "eve", "password1": "correct horse battery", "password2": "correct horse battery"}
        assert client.post("/accounts/signup", form).status_code == 302
        user = User.objects.get(username="eve")
        assert store.hget(f"user:{{{user.pk}}}:stats", "days_active") == b"1"
        assert store.get(f"user:{{{user.pk}}}:last_login") is not None


class TestAdmin:
    @pytest.fixture
    def staff(self, store: Any, admin_client: Client) -> Client:
        return admin_client

    def post(self, staff: Client, user: User, **data: Any) -> Any:
        path = f"/admin/usertokens/tokenledger/{user.pk}/"
        return staff.post(path, {"key": "k1", "reason": "because", **data})

    def test_pages(self, staff: Client, user: User) -> None:
        assert "ada" in staff.get("/admin/usertokens/tokenledger/?q=ada").text
        text = staff.get(f"/admin/usertokens/tokenledger/{user.pk}/").text
        assert "Allowance of the month" in text
        assert staff.get("/admin/usertokens/tokenledger/99999/").status_code == 404

    def test_corrections_are_made_once_and_logged(self, staff: Client, user: User) -> None:
        for _ in range(2):
            assert self.post(staff, user, action="grant", amount=50).status_code == 302
        self.post(staff, user, action="adjust", amount=-20, key="k2")
        assert balances.get_balance(str(user.pk)).tokens.balance == 130
        text = staff.get(f"/admin/usertokens/tokenledger/{user.pk}/").text
        assert "Adjusted the balance by -20: because" in text
        self.post(staff, user, action="reset", key="k3")
        assert balances.get_balance(str(user.pk)).tokens.balance == 100

    @pytest.mark.parametrize("data", [{"action": "adjust", "amount": -500}, {"action": "grant"}, {"action": "x"}])
    def test_what_is_refused(self, staff: Client, user: User, data: dict[str, Any]) -> None:
        assert self.post(staff, user, **data).status_code == 200
        assert balances.get_balance(str(user.pk)).tokens.balance == 100

    @pytest.mark.parametrize("action", ["grant", "adjust", "reset"])
    def test_a_closed_account_stays_closed(self, staff: Client, user: User, store: Any, action: str) -> None:
        accounts.forget_user(str(user.pk))
        answer = self.post(staff, user, action=action, amount=5)
        assert (answer.status_code, "This account was closed." in answer.text) == (200, True)
        assert list(store.scan_iter(match=f"user:{{{user.pk}}}:*")) == []

    def test_staff_without_the_permission(self, store: Any, user: User) -> None:
        clerk = User.objects.create_user("clerk", is_staff=True)
        client = Client()
        client.force_login(clerk)
        assert client.get("/admin/usertokens/tokenledger/").status_code == 403
        assert self.post(client, user, action="grant", amount=5).status_code == 403


@override_settings(ALLOWANCE_ROLLOVER_CAP=30)
def test_the_plans_check_is_clean(db: None) -> None:
    from usertokens.checks import check_plans

    assert check_plans(None) == []
    wrong: list[tuple[dict[str, int], set[str]]] = [
        ({"Plus": -1}, {"usertokens.E002"}), ({}, {"usertokens.E001"}), ({"Basic": 0, "Team": 7}, set()),
    ]  # fmt: skip
    for allowances, ids in wrong:
        with override_settings(PLAN_ALLOWANCES=allowances):
            assert {message.id for message in check_plans(None)} == ids
