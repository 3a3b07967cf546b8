"""From granian's scope to WSGI's environment."""

from __future__ import annotations

import pytest

from config.rsgi_environ import environ_of
from tests.config.requests_of_granian import Scope


class TestEnvironment:
    def test_a_name_with_an_underscore_is_nobodys(self) -> None:
        environ = environ_of(
            Scope(("x_forwarded_for", "9.9.9.9"), ("x-forwarded-for", "1.1.1.1"), ("x_forwarded-for", "8.8.8.8"))
        )
        assert environ["HTTP_X_FORWARDED_FOR"] == "1.1.1.1"

    @pytest.mark.parametrize("name", ["content_length", "content_type", "http_host", "x_a", "sec_fetch-site"])
    def test_nor_any_other_such(self, name: str) -> None:
        assert "9" not in [value for value in environ_of(Scope((name, "9"))).values() if isinstance(value, str)]

    def test_lines_of_one_name_are_one(self) -> None:
        environ = environ_of(
            Scope(("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "2.2.2.2"), ("cookie", "a=1"), ("cookie", "b=2"))
        )
        assert (environ["HTTP_X_FORWARDED_FOR"], environ["HTTP_COOKIE"]) == ("1.1.1.1,2.2.2.2", "a=1; b=2")

    def test_a_value_that_is_not_ascii_is_empty_and_not_left_out(self) -> None:
        environ = environ_of(Scope(("idempotency-key", "für 7"), ("user_agent", "é"), ("host", "x")))
        assert (environ["HTTP_IDEMPOTENCY_KEY"], environ["HTTP_HOST"]) == ("", "x")
        assert "HTTP_USER_AGENT" not in environ

    def test_the_rest_is_as_pep_3333_says(self) -> None:
        environ = environ_of(Scope(("content-length", "2"), ("content-type", "text/plain"), ("host", "x")))
        assert environ["PATH_INFO"].encode("latin-1").decode() == "/café"
        assert environ["REMOTE_ADDR"] == "2001:db8::1"
        assert (environ["CONTENT_LENGTH"], environ["CONTENT_TYPE"], environ["HTTP_HOST"]) == ("2", "text/plain", "x")
        assert "HTTP_CONTENT_LENGTH" not in environ
