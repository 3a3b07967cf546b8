"""Files of codes through the server itself: the largest one is imported, and what is larger is refused in words."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from codetags.services.code_patterns import ALPHABET
from kv.web.tables import FORM_BYTES, MOST_BYTES, MOST_ROWS
from tests.faults.site import BROWSER, Site, own_site

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

REGISTRY = "/admin/codetags/codetag/"
API = "/api/code-tags/import"
_CLERK = (
    "from django.contrib.auth.models import User; User.objects.create_superuser('clerk', password='ledger-and-ink')"
)
_END = "frontier-of-a-part"
_PART = '--{end}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'


class Clerk:
    """Somebody who may import, with a browser's cookies and without the browser."""

    def __init__(self, site: Site) -> None:
        made = site.manage("shell", "-c", _CLERK)
        _said, errors = made.communicate()
        assert made.returncode == 0, errors
        self.root = f"http://127.0.0.1:{site.port}"
        self.cookies = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        self.ask("/admin/login/")
        status, page = self.ask(
            "/admin/login/", urlencode({"username": "clerk", "password": "ledger-and-ink"}).encode()
        )
        assert (status, "errornote" in page) == (200, False)

    def ask(
        self, path: str, body: bytes | None = None, kind: str = "application/x-www-form-urlencoded"
    ) -> tuple[int, str]:
        token = next((cookie.value or "" for cookie in self.cookies if "csrf" in cookie.name), "")
        headers = {"User-Agent": BROWSER, "Content-Type": kind, "X-CSRFToken": token, "Referer": self.root + path}
        request = urllib.request.Request(self.root + path, data=body, headers=headers)
        try:
            with self.opener.open(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def upload(self, content: bytes) -> tuple[int, str]:
        head = _PART.format(end=_END, name="resource", more="") + "0\r\n"
        head += _PART.format(end=_END, name="import_file", more='; filename="codes.csv"')
        body = head.encode() + content + f"\r\n--{_END}--\r\n".encode()
        return self.ask(f"{REGISTRY}import/", body, f"multipart/form-data; boundary={_END}")


@pytest.fixture(scope="module")
def clerk() -> Iterator[Clerk]:
    with own_site() as site:
        yield Clerk(site)


def file_of(size: int) -> bytes:
    """As many codes as a file may have, and notes that make it as large."""
    signs = sorted(ALPHABET)
    rows = [
        "".join(signs[number // len(signs) ** place % len(signs)] for place in range(4)) + f",Poster {number},"
        for number in range(MOST_ROWS)
    ]
    head = "code,label,note\n"
    each, rest = divmod(size - len(head) - sum(len(row) + 1 for row in rows), len(rows))
    notes = (f"{number} {'x' * each}"[: each + (number < rest)] for number in range(len(rows)))
    content = (head + "".join(f"{row}{note}\n" for row, note in zip(rows, notes, strict=True))).encode()
    assert len(content) == size
    return content


def test_the_largest_file_is_imported(clerk: Clerk) -> None:
    """By the admin, in both steps, and by the API: the same once more."""
    content = file_of(MOST_BYTES)
    status, page = clerk.upload(content)
    assert (status, "Import 20,000 codes" in page) == (200, True)
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    status, page = clerk.ask(f"{REGISTRY}process_import/", urlencode(fields).encode())
    assert (status, "20,000 codes were added" in page) == (200, True)
    status, said = clerk.ask(API, content.replace(b",Poster ", b",Banner "), "text/csv")
    assert (status, json.loads(said)) == (200, {"created": 0, "updated": MOST_ROWS, "errors": []})


@pytest.mark.parametrize("size", [MOST_BYTES + 1, MOST_BYTES + FORM_BYTES, 2 * MOST_BYTES - FORM_BYTES])
def test_a_larger_one_is_refused_in_words(clerk: Clerk, size: int) -> None:
    """By the form as long as it is read, else by the page for all forms."""
    content = file_of(size)
    status, page = clerk.upload(content)
    if size < MOST_BYTES + FORM_BYTES:
        assert (status, "The file is too large: at most 4 MB." in page) == (200, True)
    else:
        assert (status, "send a smaller file" in page) == (413, True)
    status, said = clerk.ask(API, content, "text/csv")
    assert (status, json.loads(said)["code"]) == (413, "too_large")
