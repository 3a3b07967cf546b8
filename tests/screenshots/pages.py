"""Which pages there are to look at: those of `tests.security.pages`, which a test holds against the URL conf."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tests.security.pages import MODELS, PAGES

Who = Literal["nobody", "user", "admin"]
_WHO: dict[str, Who] = {"shared": "nobody", "open": "nobody", "own": "user", "staff": "admin", "permitted": "admin"}
#: Files and addresses that are no pages to look at; what answers something else than HTML is left out by itself.
_NO_PAGES = re.compile(r"en/|healthz|readyz|api/schema|.*\.(?:xml|txt|webmanifest|ico|pdf|png|css|csv|zip|svg)$")


@dataclass(frozen=True)
class Shown:
    """A page to look at: its address without a language, and who looks."""

    name: str
    address: str
    who: Who

    @property
    def has_languages(self) -> bool:
        """Whether it is there under /de/ too."""
        return not self.address.startswith("/api/")


def list_pages(only: str = "") -> list[Shown]:
    """Every page that may be asked for. only: a part of the names."""
    listed = [(page.address, _WHO[page.kind]) for page in PAGES if "GET" in page.methods]
    listed += [(f"/admin/{model}/{end}", "admin") for model in MODELS for end in ("", "add/")]
    listed += [("/dashboard?days=7", "user"), ("/dashboard?action=image", "user")]
    listed += [("/admin/usertokens/usage/?action=image", "admin")]
    listed += [("/statistics?days=365&of=amount", "nobody"), ("/nothing", "nobody")]
    # What a visitor sees who is logged in.
    listed += [("/pricing", "user"), ("/", "user")]
    pages = [
        Shown(_name(address, who, listed), address, who)
        for address, who in dict.fromkeys(listed)
        if not _NO_PAGES.match(address.lstrip("/"))
    ]
    return [page for page in pages if only in page.name]


def _name(address: str, who: Who, listed: list[tuple[str, Who]]) -> str:
    words = re.sub(r"[^\w]+", "-", address).strip("-") or "home"
    is_doubled = len({other for path, other in listed if path == address}) > 1
    return f"{words}-{who}" if is_doubled and who != "nobody" else words
