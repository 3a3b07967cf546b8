"""Names that nobody takes for another's."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from config.names import is_of_one_script

PASSWORD = "a ledger well set"


@pytest.mark.parametrize(
    "name",
    ["ada", "Ädä-1", "ada@example.org", "ада", "αδα", "山田たろう", "山田カナ", "김철수", "محمد", "a_2", "1"],
)
def test_one_script_is_fine(name: str) -> None:
    assert is_of_one_script(name)


@pytest.mark.parametrize("name", ["аda", "adа", "αda", "pаypal", "ada山", "ада1a", "ada١", "Ԁave", "ᴀda1б"])
def test_several_are_not(name: str) -> None:
    assert not is_of_one_script(name)


@pytest.mark.django_db
@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("taken", "name", "is_free"),
    [
        ("ada", "ada2", True),
        ("ada", "ADA", False),
        ("peace", "реасе", False),  # all of it Cyrillic
        ("OPA", "ора", False),
        ("opa", "ΟΡΑ", False),  # Greek capitals
        ("ärger", "ÄRGER", False),
        ("ada", "\uff41da", False),  # a wide a
        ("ada", "аda", False),
        ("ada", "ада", True),  # its д is no letter of Latin
        ("ada", "борис", True),
    ],
)
def test_at_sign_up(taken: str, name: str, is_free: bool, client: Client) -> None:
    User.objects.create_user(taken, password=PASSWORD)
    answer = client.post("/accounts/signup", {"username": name, "password1": PASSWORD, "password2": PASSWORD})
    assert (answer.status_code == 302) == is_free
    assert is_free or "id_username_error" in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("name", ["eva 1", "a/b", "eva🎪", "<b>"])
def test_a_sign_that_no_name_has_is_told_as_such(name: str, client: Client) -> None:
    answer = client.post("/accounts/signup", {"username": name, "password1": PASSWORD, "password2": PASSWORD})
    (message,) = answer.context["form"].errors["username"]
    assert "letters, numbers, and @/./+/-/_" in message
