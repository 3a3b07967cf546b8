"""E-mail addresses: their one spelling, whose they are, claiming and verifying them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from config import verification
from config.addresses import address_key, find_by_address, normalize_address
from config.mail_queue import CHANGED, CONFIRM, REMOVED
from config.models import AccountMail, EmailAddress
from config.verification import AddressTaken, InvalidLink

NOW = timezone.now()


def make(name: str, email: str = "", **more: Any) -> User:
    return User.objects.create_user(name, email, "a ledger well set", **more)


def claim(user: User, address: str) -> str:
    """The secret of the link."""
    verification.claim_address(user, normalize_address(address), language="en")
    return verification.link_secret(EmailAddress.objects.get(user=user, verified_at=None))


def verify(user: User, address: str) -> None:
    verification.confirm_address(user, claim(user, address), language="en")


class TestSpelling:
    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            ("ada@example.org", "ada@example.org"),
            (" Ada.L+x@Example.ORG ", "Ada.L+x@example.org"),
            ("ada@bücher.example", "ada@xn--bcher-kva.example"),
            ("ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example"),
            ("ada@ｅxample.org", "ada@example.org"),
        ],
    )
    def test_is_one(self, text: str, kept: str) -> None:
        assert normalize_address(text) == kept

    @pytest.mark.parametrize(
        "text",
        [
            *(
                "",
                "ada",
                "@example.org",
                "ada@",
                "a b@example.org",
                "ada@example",
                "ada@@example.org",
                "ada@exa mple.org",
            ),
            *("ada@example.org\nBcc: eve@example.org", "ada@example.org,eve@example.org", "Ada <ada@example.org>"),
            *('"ada"@example.org', "ada@[127.0.0.1]", "ada@[::1]", "ada@example.org\x00", "ada\u200b@example.org"),
            # Letters that upper and lower case, or a reader, take for ASCII's.
            *("mıke@example.org", "mi\u212ae@example.org", "ſam@example.org", "аda@example.org"),
            *("a" * 250 + "@example.org", "a@" + "b" * 64 + ".org"),
        ],
    )
    def test_of_what_is_none(self, text: str) -> None:
        with pytest.raises(ValidationError):
            normalize_address(text)
        assert address_key(text) == ""


@pytest.mark.django_db
class TestOwner:
    def test_case_does_not_matter(self) -> None:
        ada = make("ada", "Ada@example.org")
        assert find_by_address("aDA@EXAMPLE.org") == ada

    @pytest.mark.parametrize(
        "text", ["", "ada", "bea@example.org", "ada@exаmple.org", "%@example.org", "ad_@example.org"]
    )
    def test_is_nobody_elses(self, text: str) -> None:
        make("ada", "ada@example.org")
        make("nobody")
        assert find_by_address(text) is None

    def test_a_name_is_no_address(self) -> None:
        make("ada@example.org")
        assert find_by_address("ada@example.org") is None

    def test_of_two_is_nobody(self) -> None:
        make("ada", "ada@example.org")
        make("bea", "ADA@example.org")
        assert find_by_address("ada@example.org") is None

    def test_who_opened_the_link_comes_before_whom_staff_gave_it(self) -> None:
        ada = make("ada")
        verify(ada, "ada@example.org")
        make("bea", "ada@example.org")
        assert find_by_address("ada@example.org") == ada

    def test_that_staff_changed_counts_as_changed(self) -> None:
        ada, bea = make("ada"), make("bea")
        verify(ada, "ada@example.org")
        User.objects.filter(pk=ada.pk).update(email="other@example.org")
        assert find_by_address("ada@example.org") is None
        assert find_by_address("other@example.org") == ada
        verify(bea, "ada@example.org")
        assert find_by_address("ada@example.org") == bea

    def test_who_is_disabled_has_none(self) -> None:
        make("ada", "ada@example.org", is_active=False)
        assert find_by_address("ada@example.org") is None

    def test_is_found_by_an_index(self) -> None:
        if connection.vendor != "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'site_user_email'")
                assert "lower" in cursor.fetchone()[0]
            return
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN SELECT id FROM auth_user WHERE LOWER(email) = 'x'")
            assert "site_user_email" in str(cursor.fetchall())


@pytest.mark.django_db
class TestVerification:
    def test_until_the_link_is_used_nothing_has_changed(self) -> None:
        ada = make("ada", "old@example.org")
        claim(ada, "ada@example.org")
        ada.refresh_from_db()
        assert ada.email == "old@example.org"
        assert find_by_address("ada@example.org") is None
        assert [mail.kind for mail in AccountMail.objects.all()] == [CONFIRM]

    def test_the_link_works_once_and_tells_the_old_address(self) -> None:
        ada = make("ada", "old@example.org")
        secret = claim(ada, "Ada@example.org")
        assert verification.confirm_address(ada, secret, language="fr") == "Ada@example.org"
        ada.refresh_from_db()
        assert ada.email == "Ada@example.org"
        told = AccountMail.objects.get(kind=CHANGED)
        assert (told.address, told.language) == ("old@example.org", "fr")
        with pytest.raises(InvalidLink):
            verification.confirm_address(ada, secret, language="en")

    def test_only_the_newest_link_works(self) -> None:
        ada = make("ada")
        first = claim(ada, "ada@example.org")
        second = claim(ada, "ada@example.org")
        with pytest.raises(InvalidLink):
            verification.confirm_address(ada, first, language="en")
        verification.confirm_address(ada, second, language="en")

    def test_is_of_one_user(self) -> None:
        ada, eve = make("ada"), make("eve")
        secret = claim(ada, "ada@example.org")
        claim(eve, "ada@example.org")
        with pytest.raises(InvalidLink):
            verification.confirm_address(eve, secret, language="en")

    def test_has_a_day(self) -> None:
        ada = make("ada")
        secret = claim(ada, "ada@example.org")
        with pytest.raises(InvalidLink):
            verification.confirm_address(ada, secret, language="en", now=NOW + timedelta(hours=25))

    @pytest.mark.parametrize("secret", ["", "x", "é", "x" * 5000])
    def test_of_nothing(self, secret: str) -> None:
        ada = make("ada")
        claim(ada, "ada@example.org")
        with pytest.raises(InvalidLink):
            verification.find_claim(ada, secret)

    def test_a_claim_of_another_does_not_stop_the_owner(self) -> None:
        ada, eve = make("ada"), make("eve")
        secret = claim(eve, "ada@example.org")
        verify(ada, "ada@example.org")
        with pytest.raises(AddressTaken):
            verification.confirm_address(eve, secret, language="en")
        eve.refresh_from_db()
        assert eve.email == ""
        assert find_by_address("ada@example.org") == ada

    def test_the_database_keeps_it_unique(self) -> None:
        ada, eve = make("ada"), make("eve")
        verify(ada, "Ada@example.org")
        row = {"user": eve, "address": "ada@example.org", "key": "ada@example.org", "asked_at": NOW}
        with pytest.raises(IntegrityError), transaction.atomic():
            EmailAddress.objects.create(**row, verified_at=NOW)
        EmailAddress.objects.create(**row)

    def test_removed_is_gone_and_told(self) -> None:
        ada = make("ada")
        verify(ada, "ada@example.org")
        claim(ada, "new@example.org")
        verification.remove_address(ada, language="en")
        ada.refresh_from_db()
        assert ada.email == ""
        assert not EmailAddress.objects.exists()
        assert [(mail.kind, mail.address) for mail in AccountMail.objects.all()] == [(REMOVED, "ada@example.org")]

    def test_goes_with_the_account(self) -> None:
        ada = make("ada")
        verify(ada, "ada@example.org")
        claim(ada, "new@example.org")
        ada.delete()
        assert not EmailAddress.objects.exists()
        assert not AccountMail.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("is_verified", [False, True])
def test_a_disabled_account_takes_no_address_away(is_verified: bool) -> None:
    gone, ada = make("gone", "ada@example.org"), make("ada", "ADA@example.org")
    if is_verified:
        verify(gone, "ada@example.org")
    assert find_by_address("ada@example.org") == (gone if is_verified else None)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    assert find_by_address("ada@example.org") == ada
