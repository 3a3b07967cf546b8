"""The e-mail address of a user in the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from config.addresses import find_by_address
from config.models import EmailAddress
from config.verification import claim_address, confirm_address, link_secret
from tests.config.letters import ADDRESS, NEW, NEW_TWICE, PASSWORD, delivered
from tests.site_client import SiteClient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]


@pytest.fixture
def staff() -> SiteClient:
    client = SiteClient()
    root = User.objects.create_superuser("root", password=PASSWORD)
    client.force_login(root, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def ada() -> User:
    user = User.objects.create_user("ada", password=PASSWORD)
    claim_address(user, ADDRESS, language="en")
    confirm_address(user, link_secret(EmailAddress.objects.get()), language="en")
    delivered()
    return user


def enter(staff: SiteClient, user: User, email: str) -> Any:
    fields = {"username": user.username, "email": email, "is_active": "on"}
    fields |= {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00", "last_login_0": "", "last_login_1": ""}
    return staff.post(f"/admin/auth/user/{user.pk}/change/", fields)


def test_a_new_one_takes_the_place_of_the_old_and_tells_it(staff: SiteClient, ada: User) -> None:
    assert enter(staff, ada, "New@Example.ORG").status_code == 302
    ada.refresh_from_db()
    assert ada.email == "New@example.org"
    assert find_by_address("new@example.org") == ada
    assert find_by_address(ADDRESS) is None
    assert not EmailAddress.objects.exists()
    assert [message.to for message in delivered()] == [[ADDRESS]]


def test_an_unchanged_one_changes_nothing(staff: SiteClient, ada: User) -> None:
    assert enter(staff, ada, ADDRESS).status_code == 302
    assert EmailAddress.objects.filter(verified_at__isnull=False).exists()
    assert delivered() == []


def test_an_empty_one_is_a_removal(staff: SiteClient, ada: User) -> None:
    assert enter(staff, ada, "").status_code == 302
    assert [message.to for message in delivered()] == [[ADDRESS]]
    assert not EmailAddress.objects.exists()


@pytest.mark.parametrize("email", [ADDRESS, "ADA@example.org", "ada", "m\u0131ke@example.org"])
def test_what_is_refused(email: str, staff: SiteClient, ada: User) -> None:
    bea = User.objects.create_user("bea", password=PASSWORD)
    assert "errornote" in enter(staff, bea, email).content.decode()
    bea.refresh_from_db()
    assert bea.email == ""


def test_the_page_says_what_is_known_of_the_address(staff: SiteClient, ada: User) -> None:
    claim_address(ada, "new@example.org", language="en")
    page = staff.get(f"/admin/auth/user/{ada.pk}/change/").content.decode()
    assert "confirmed on" in page
    assert "new@example.org waiting for its link since" in page
    enter(staff, ada, "other@example.org")
    assert "confirmed on" not in staff.get(f"/admin/auth/user/{ada.pk}/change/").content.decode()
    assert staff.get("/admin/auth/user/add/").status_code == 200


def test_a_password_that_staff_set_is_told_by_mail(staff: SiteClient, ada: User) -> None:
    page = f"/admin/auth/user/{ada.pk}/password/"
    staff.post(page, {"usable_password": "true", "password1": NEW, "password2": "another"})
    assert delivered() == []
    staff.post(page, {"usable_password": "true", "password1": NEW, "password2": NEW})
    (message,) = delivered()
    assert (message.to, "was changed" in message.subject) == ([ADDRESS], True)
    none = {"usable_password": "false", "password1": "", "password2": ""}
    for fields in (none, none | {"unset-password": "x"}):
        staff.post(page, fields)
        assert delivered() == []
    ada.refresh_from_db()
    assert not ada.has_usable_password()


def test_a_password_changed_in_the_admin_is_told_by_mail(staff: SiteClient) -> None:
    User.objects.update(email="root@example.org")
    page, old = "/admin/password_change/", {"old_password": PASSWORD}
    staff.post(page, old | {"new_password1": NEW, "new_password2": "another"})
    SiteClient().post(page, old | NEW_TWICE)
    assert delivered() == []
    staff.post(page, old | NEW_TWICE)
    (message,) = delivered()
    assert (message.to, "was changed" in message.subject) == (["root@example.org"], True)
