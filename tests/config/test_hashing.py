"""Password hashing is bounded: when a process hashes as many as it may, the next one is refused at once."""

from __future__ import annotations

import ast
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import hashers
from django.contrib.auth.models import User
from django.core.management import call_command

import config.settings as site_settings
from config import hashing
from config.hashing import AT_ONCE, BoundedPBKDF2, HashingBusy, hash_bounded
from config.rsgi import THREADS
from tests.faults.servers import wait_until
from tests.house.tree import PACKAGES, place, python_files, syntax
from tests.site_client import SiteClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings

PASSWORD = "a ledger well set"
OTHER = "another well set ledger"


@pytest.fixture
def bounded(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The site's own hashers, with one round instead of a million."""
    monkeypatch.setattr(BoundedPBKDF2, "iterations", 1)
    settings.PASSWORD_HASHERS = site_settings.PASSWORD_HASHERS


@contextmanager
def all_places_taken() -> Iterator[None]:
    """As many hashings accepted as there may be: one runs, the others wait for it."""
    done = threading.Event()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        try:
            for _ in range(AT_ONCE):
                threads.submit(hash_bounded, lambda: done.wait(30))
            wait_until(lambda: hashing._places._value == 0)
            yield
        finally:
            done.set()


class TestHashBounded:
    def test_so_many_at_once_and_no_more(self) -> None:
        with all_places_taken(), pytest.raises(HashingBusy):
            hash_bounded(lambda: 1)
        assert [hash_bounded(lambda: 1) for _ in range(3 * AT_ONCE)] == [1] * 3 * AT_ONCE

    def test_a_place_is_given_back_by_what_fails(self) -> None:
        for _ in range(2 * AT_ONCE):
            with pytest.raises(ZeroDivisionError):
                hash_bounded(lambda: 1 // 0)

    def test_one_runs_at_a_time(self) -> None:
        running, most = [0], [0]
        lock = threading.Lock()

        def work() -> None:
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            os.sched_yield()
            with lock:
                running[0] -= 1

        with ThreadPoolExecutor(AT_ONCE) as threads:
            for _ in range(50):
                for future in [threads.submit(hash_bounded, work) for _ in range(AT_ONCE)]:
                    future.result(30)
        assert most == [1]

    def test_leaves_request_threads_free(self) -> None:
        assert AT_ONCE < THREADS

    @pytest.mark.skipif(sys.platform != "linux", reason="a nice value of one thread is Linux's")
    def test_lets_others_go_first(self) -> None:
        def nice() -> int:
            return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

        assert hash_bounded(nice) > nice()


class TestHashers:
    @pytest.mark.parametrize("name", site_settings.PASSWORD_HASHERS)
    def test_each_is_bounded_and_reads_what_django_wrote(self, name: str, settings: Settings) -> None:
        settings.PASSWORD_HASHERS = [name]
        (hasher,) = hashers.get_hashers()
        (parent,) = [kind for kind in type(hasher).__bases__ if kind.__module__ == hashers.__name__]
        encoded = parent().encode("secret", "salt" * 6)
        assert hashers.check_password("secret", encoded)
        assert not hashers.check_password("other", encoded)
        with all_places_taken():
            for work in (
                lambda: hasher.encode("secret", "salt" * 6),
                lambda: hasher.verify("secret", encoded),
                lambda: hasher.harden_runtime("secret", encoded),
            ):
                if work.__code__.co_names[0] == "harden_runtime" and "Scrypt" in name:
                    continue  # does nothing, so costs nothing
                with pytest.raises(HashingBusy):
                    work()

    def test_new_ones_are_what_django_itself_makes(self, bounded: None) -> None:
        assert hashers.make_password("secret").startswith("pbkdf2_sha256$")

    def test_nothing_else_hashes_passwords(self) -> None:
        """Else it would need a bound of its own."""
        costly = {"pbkdf2_hmac", "pbkdf2", "scrypt", "PBKDF2PasswordHasher", "bcrypt", "argon2"}
        found = {
            place(path)
            for path in python_files(*PACKAGES)
            for node in ast.walk(syntax(path))
            if isinstance(node, ast.Attribute | ast.Name)
            and (node.attr if isinstance(node, ast.Attribute) else node.id) in costly
        }
        assert found <= {"config/hashing.py"}


NEW = {"password1": OTHER, "password2": OTHER}
CHANGE = {"old_password": PASSWORD, "new_password1": OTHER, "new_password2": OTHER}
# Every form that hashes: its address, what is sent, and whether one is signed in as an administrator.
FORMS: list[tuple[str, dict[str, str], bool]] = [
    ("/accounts/login", {"username": "ada", "password": PASSWORD}, False),
    ("/accounts/login", {"username": "ada", "password": "wrong"}, False),
    ("/accounts/login", {"username": "nobody", "password": "wrong"}, False),
    ("/de/accounts/login", {"username": "ada", "password": PASSWORD}, False),
    ("/admin/login/", {"username": "ada", "password": PASSWORD}, False),
    ("/fr/admin/login/", {"username": "nobody", "password": "wrong"}, False),
    ("/accounts/signup", {"username": "bob", **NEW}, False),
    ("/es/accounts/signup", {"username": "bob", **NEW}, False),
    ("/accounts/password", CHANGE, True),
    ("/accounts/delete", {"proof": PASSWORD}, True),
    ("/admin/password_change/", CHANGE, True),
    ("/admin/auth/user/add/", {"username": "bob", "usable_password": "true", **NEW}, True),
    ("/admin/auth/user/{ada}/password/", {"usable_password": "true", **NEW}, True),
]


@pytest.mark.django_db
@pytest.mark.usefixtures("store", "bounded")
class TestForms:
    @pytest.fixture
    def ada(self) -> User:
        return User.objects.create_superuser("ada", password=PASSWORD)

    @pytest.mark.parametrize(("path", "form", "signed_in"), FORMS, ids=[f"{row[0]}-{row[2]}" for row in FORMS])
    def test_says_busy_at_once_and_does_nothing(
        self, path: str, form: dict[str, str], signed_in: bool, ada: User
    ) -> None:
        path = path.format(ada=ada.pk)
        client = SiteClient()
        if signed_in:
            client.force_login(ada)
        with all_places_taken():
            # What is open stays open meanwhile.
            assert client.get("/healthz").status_code == client.get("/").status_code == 200
            answer = client.post(path, form)
        assert (answer.status_code, answer["Retry-After"], answer["Cache-Control"]) == (503, "1", "no-store")
        assert "<h1" in answer.content.decode()
        assert PASSWORD not in answer.content.decode()
        assert [user.username for user in User.objects.all()] == ["ada"]
        assert User.objects.get().password == ada.password
        # And goes on afterwards: a wrong password is a page, everything else is done.
        assert client.post(path, form).status_code in (200, 302)

    def test_a_try_that_was_not_looked_at_is_no_wrong_one(self, ada: User) -> None:
        """Else a flood would close everybody's log-in."""
        wrong = {"username": "ada", "password": "wrong"}
        with all_places_taken():
            assert [SiteClient().post("/accounts/login", wrong).status_code for _ in range(12)] == [503] * 12
        assert SiteClient().post("/accounts/login", {**wrong, "password": PASSWORD}).status_code == 302

    def test_the_page_speaks_each_language(self, ada: User) -> None:
        with all_places_taken():
            pages = {
                SiteClient().post(f"{prefix}/accounts/login", {"username": "ada", "password": "x"}).content.decode()
                for prefix in ("", "/fr", "/de", "/es")
            }
        assert len(pages) == 4
        assert sum("logging in or signing up" in page for page in pages) == 1


@pytest.mark.django_db
class TestWiderWindows:
    def log_in(self, address: str, path: str = "/accounts/login") -> int:
        return SiteClient().post(path, {"username": "x", "password": "x"}, REMOTE_ADDR=address).status_code

    @pytest.mark.parametrize("path", ["/accounts/login", "/admin/login/", "/accounts/signup"])
    @pytest.mark.parametrize(
        ("inside", "outside"),
        [
            ([f"2001:db8:1:{net:x}::1" for net in range(4)], "2001:db8:2::1"),  # a /56 is 256 of the narrow ones
            ([f"2001:db8:1:{net:x}00::1" for net in range(4)], "2001:db8:2::1"),
            ([f"198.51.100.{host}" for host in range(4)], "198.51.101.1"),
            ([f"::ffff:198.51.100.{host}" for host in range(4)], "198.51.101.1"),
        ],
    )
    def test_a_network_tries_no_more_often_than_its_own(
        self, path: str, inside: list[str], outside: str, store: Any, settings: Settings
    ) -> None:
        settings.RATE_LIMITS = {"password_network": "3/minute"}
        assert [self.log_in(address, path) for address in inside] == [200, 200, 200, 429]
        assert self.log_in(outside, path) == 200

    def test_the_whole_site_has_an_end(self, store: Any, settings: Settings) -> None:
        settings.RATE_LIMITS = {"password_site": "3/minute"}
        assert [self.log_in(f"10.{number}.0.1") for number in range(4)] == [200, 200, 200, 429]


@pytest.mark.django_db
def test_commands_hash_as_before(bounded: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("admin")
    assert User.objects.get().has_usable_password()
