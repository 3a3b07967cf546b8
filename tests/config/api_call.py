"""One call of an operation of the API, in the making."""

from __future__ import annotations

import json
from contextlib import ExitStack
from copy import deepcopy
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from django.contrib.auth.models import User
from django.test import override_settings

from codetags.models import CodeTag
from codetags.services.cookies import COUNTED_COOKIE
from tests.security.table import BROWSER
from tests.site_client import SiteClient
from usertokens.services.holds import hold_tokens

if TYPE_CHECKING:
    from collections.abc import Callable

JSON = "application/json"
_FOR_A_HIT = {"record_hit_by_get": {"code": "DEMO"}, "record_hit": {"code": "DEMO"}}


class Call:
    """One call of an operation by somebody, in the making."""

    def __init__(self, store: Any, method: str, path: str, operation: dict[str, Any]) -> None:
        self.store, self.method, self.path = store, method, path
        self.id: str = operation["operationId"]
        content = operation.get("requestBody", {}).get("content", {}).get(JSON, {})
        self.body: Any = deepcopy(content.get("examples", {}).get("Request", {}).get("value"))
        if "userId" in (self.body or {}):
            self.body["userId"] = str(User.objects.get(username="other").pk)
        self.raw: bytes | None = None
        self.query: dict[str, str] = dict(_FOR_A_HIT.get(self.id, {}))
        self.headers: dict[str, Any] = {}
        self.type = JSON
        self.user: str = "" if operation["security"] == [] else "chief"
        self.csrf, self.hold, self.code = False, "", "BT26"
        if self.id in ("get_registered_code", "change_code"):
            CodeTag.objects.get_or_create(code="BT26", defaults={"label": "Poster"})
        if self.id == "import_codes":
            self.raw, self.type = b"code,label\nBT26,Poster\n", "text/csv"
        self.site: list[Any] = []

    @property
    def user_id(self) -> str:
        return str(User.objects.get(username=self.user or "chief").pk)

    @property
    def subject(self) -> str:
        """Whom the call is about."""
        return str((self.body or {}).get("userId") or self.user_id)

    def like(self, **site: Any) -> None:
        """The site's settings while the call lasts."""
        self.site.append(override_settings(**site))

    def fail(self, target: str, error: Exception | Callable[..., Any]) -> None:
        """What stands there fails while the call lasts."""
        self.site.append(patch(target, side_effect=error))

    def made_hold(self) -> str:
        return self.hold or hold_tokens(self.user_id, 40, ttl_seconds=60, reason="image").id

    def send(self, *, times: int = 1) -> Any:
        client = SiteClient(enforce_csrf_checks=self.csrf, headers={"User-Agent": BROWSER})
        if self.user:
            client.force_login(User.objects.get(username=self.user))
        path = self.path.replace("{hold_id}", self.made_hold() if "{hold_id}" in self.path else "")
        path = path.replace("{code}", self.code)
        raw = self.raw
        if raw is None:
            raw = b"" if self.body is None else json.dumps(self.body).encode()
        with ExitStack() as site:
            for change in self.site:
                site.enter_context(change)
            for _ in range(times):
                client.cookies.pop(COUNTED_COOKIE, None)
                answer = client.generic(
                    self.method, path, raw, content_type=self.type, query_params=self.query, **self.headers
                )
        return answer
