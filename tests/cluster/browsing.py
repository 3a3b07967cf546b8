"""A visitor with a browser's cookies and none of its other abilities, for sites that run as processes of their own."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from html import unescape
from http.cookiejar import CookieJar
from typing import Any

from tests.faults.site import BROWSER

PAGES = "pay statistics pricing cookies cookies/settings privacy accounts/signup accounts/login"
#: The pages that everybody may see, and the beginnings of their addresses by language.
PUBLIC = ("", *PAGES.split())
LANGUAGES = ("", "fr/", "de/", "es/")
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_LINK = re.compile(r'<a [^>]*?href="([^"#?]+)[^"]*"')
# They change something, or lead to files.
_NOT_FOLLOWED = re.compile(r"/static/|/jsi18n/|logout|/delete/")
# Of each read.
_SECONDS = 20


class Visitor:
    """Keeps cookies and follows redirects, from an address of its own."""

    def __init__(self, site: str, address: str) -> None:
        self.site = site
        self.address = address
        self.cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def open(self, path: str, data: bytes | None = None, **headers: str) -> tuple[int, str]:
        """The status and the text, whatever the status is. Raises TimeoutError, which names the address."""
        own = {"User-Agent": BROWSER, "X-Forwarded-For": self.address, "Sec-Fetch-Site": "same-origin"}
        request = urllib.request.Request(f"{self.site}{path}", data, {**own, **headers})
        try:
            with self._opener.open(request, timeout=_SECONDS) as answer:
                return answer.status, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(errors="replace")
        except TimeoutError as error:
            raise TimeoutError(f"{path}: no end of the answer in {_SECONDS} s") from error

    def read(self, path: str) -> str:
        """A page's text, entities resolved. Raises AssertionError when it is none."""
        status, text = self.open(path)
        assert status == 200, f"{path}: {status} {text[:300]}"
        return unescape(text)

    def fill_in(self, path: str, **fields: str) -> str:
        """Send the form of a page; the page that it leads to."""
        if found := _TOKEN.search(self.read(path)):
            fields["csrfmiddlewaretoken"] = found[1]
        status, text = self.open(path, urllib.parse.urlencode(fields).encode())
        assert status == 200, f"{path}: {status} {text[:300]}"
        return unescape(text)

    def send(self, path: str, body: Any) -> tuple[int, Any]:
        """A call of the API, as a page's script makes it."""
        token = next((cookie.value or "" for cookie in self.cookies if cookie.name == "csrftoken"), "")
        status, text = self.open(
            path, json.dumps(body).encode(), **{"Content-Type": "application/json", "X-CSRFToken": token}
        )
        return status, json.loads(text)

    def get(self, path: str) -> Any:
        """What the API answers. Raises AssertionError when it refuses."""
        return json.loads(self.read(path))

    def walk(self, *starts: str, below: str) -> set[str]:
        """Read every page below an address that links lead to; which those were. Each must be there."""
        waiting, seen = list(starts), set(starts)
        while waiting:
            here = waiting.pop()
            for link in _LINK.findall(self.read(here)):
                path = urllib.parse.urljoin(here, unescape(link))
                if path.startswith(below) and path not in seen and not _NOT_FOLLOWED.search(path):
                    seen.add(path)
                    waiting.append(path)
        return seen
