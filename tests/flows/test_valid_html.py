"""HTML that is valid: every page, in four languages, by the checker of the W3C's validator (npm `vnu-jar`)."""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from codetags.models import CodeTag
from config.recovery_codes import renew_recovery_codes
from stats.services.figures import forget_figures
from tests.outside import package, program
from tests.security.pages import MODELS, PAGES

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]

#: Pages that look like another one of the table to everybody, so that one of the two is checked.
SAME: tuple[str, ...] = ()
PREFIXES = tuple("" if code == settings.LANGUAGE_CODE else f"{code}/" for code, _ in settings.LANGUAGES)
#: What is let pass, and why. Each is matched against the message, on the pages that begin with the path.
TOLERATED = (
    (
        r".*admin_auth_user_\d+_change_",
        "^Attribute “disabled” not allowed on element “div”",
        "Django's own field for a password that is not shown, for who may look and not change",
    ),
    (
        r".*admin_codetags_codetag_",
        "^Element “option” without attribute “label” must not be empty",
        "Django's own autocomplete field writes it for a choice that may be left out",
    ),
)


def _addresses() -> list[str]:
    """Every page of the table, which tests/security/test_pages.py holds against the URL conf, and the admin's forms."""
    code = CodeTag.objects.order_by("code").values_list("code", flat=True).first() or "DEMO"
    listed = [page.address.lstrip("/").replace("/DEMO/", f"/{code}/") for page in PAGES if "GET" in page.methods]
    listed += [f"admin/{model}/{end}" for model in MODELS for end in ("", "add/")]
    for model in admin.site._registry:
        row = model._default_manager.order_by("pk").first() if model._meta.managed else None
        if row is not None:
            place = f"admin/{model._meta.app_label}/{model._meta.model_name}/{quote(row.pk)}"
            listed += [f"{place}/{end}/" for end in ("change", "delete", "history")]
    return [
        address for address in listed if not address.startswith(("api/", "en/", "fr/", "favicon", "healthz", "readyz"))
    ]


def _keep(folder: Path, who: str, address: str, answer: Any) -> None:
    """Write the page to the folder, unless the same page is there: many users see the same one."""
    if answer.get("Content-Type", "").startswith("text/html") and not 300 <= answer.status_code < 400:
        same = re.sub(rb'name="csrfmiddlewaretoken" value="\w+"', b"", answer.getvalue())
        mark = folder / f".{hashlib.sha256(same).hexdigest()}"
        if not mark.exists():
            mark.touch()
            name = re.sub(r"\W+", "_", address) or "home"
            (folder / f"{who}-{name}.html").write_bytes(_whole(answer.getvalue()))


def _whole(html: bytes) -> bytes:
    """A part of a page that scripts ask for, as a page; whole pages as they are."""
    is_whole = html.lstrip()[:9].lower() == b"<!doctype"
    return html if is_whole else b'<!doctype html><html lang="en"><title>A part</title><body>%s</body></html>' % html


def _collect_for(folder: Path, who: str, client: Client) -> None:
    """Every page in every language; of what is refused, one page of each status in every language."""
    for address in ("api/docs", "api/docs/try"):
        _keep(folder, who, address, client.get(f"/{address}"))
    refused = set()
    for address in _addresses():
        answer = client.get(f"/{address}")
        _keep(folder, who, address, answer)
        if answer.status_code == HTTPStatus.OK or answer.status_code not in refused:
            for prefix in filter(None, PREFIXES):
                _keep(folder, who, f"{prefix}{address}", client.get(f"/{prefix}{address}"))
        if answer.status_code != HTTPStatus.OK:
            refused.add(answer.status_code)


def _collect(folder: Path) -> None:
    """Every page that is HTML, for whoever sees it differently."""
    users = list(User.objects.all()[:2])  # those of the sample data
    owner = User.objects.create_superuser("chief")
    clients = {"nobody": Client(), "new": Client(), "staff": Client(), "chief": Client()}
    clients["new"].force_login(User.objects.create_user("newcomer"))
    clients["staff"].force_login(User.objects.create_user("clerk", is_staff=True))
    clients["chief"].force_login(owner)
    for number, user in enumerate(users):
        clients[f"user{number}"] = Client()
        clients[f"user{number}"].force_login(user)
    for who, client in clients.items():
        _collect_for(folder, who, client)
    _collect_factor(folder)
    order = {"beneficiary": "Jane Doe", "iban": "DE89370400440532013000", "amount": "12,50", "message": "Invoice 7"}
    for prefix in PREFIXES:
        for who in ("nobody",):
            client = clients[who]
            pages = {
                "pay-code": client.post(f"/{prefix}pay", order),
                "pay-wrong": client.post(f"/{prefix}pay", {**order, "iban": "DE", "amount": "x", "beneficiary": ""}),
                "pay-elsewhere": client.post(f"/{prefix}pay", order, headers={"Sec-Fetch-Site": "cross-site"}),
                "login-wrong": client.post(f"/{prefix}accounts/login", {"username": "x", "password": "y"}),
                "signup-wrong": client.post(f"/{prefix}accounts/signup", {"username": "?", "password1": "1"}),
                "settings": client.get(f"/{prefix}cookies/settings", {"next": "/"}),
                "missing": client.get(f"/{prefix}nothing"),
            }
            for name, answer in pages.items():
                _keep(folder, who, f"{prefix}{name}", answer)
        pages = {
            "close-wrong": clients["new"].post(f"/{prefix}accounts/delete", {"proof": "x"}),
            "part": clients["new"].get(f"/{prefix}dashboard/history"),
            "user": clients["chief"].get(f"/{prefix}admin/usertokens/tokenledger/{owner.pk}/"),
            "user-wrong": clients["chief"].post(
                f"/{prefix}admin/usertokens/tokenledger/{owner.pk}/", {"action": "grant", "key": "k"}
            ),
        }
        for name, answer in pages.items():
            _keep(folder, "signed-in", f"{prefix}{name}", answer)


def _collect_factor(folder: Path) -> None:
    """What only a member of staff sees who is setting up the second factor, or is asked for it."""
    form = {"username": "keeper", "password": "a ledger well set"}
    keeper, client, page = User.objects.create_user(**form, is_staff=True), Client(), "accounts/second-factor/settings"
    client.force_login(keeper)
    for prefix in PREFIXES:
        client.post(f"/{prefix}{page}", {"password": form["password"]})
        _keep(folder, "keeper", f"{prefix}begun", client.get(f"/{prefix}{page}"))
        _keep(folder, "keeper", f"{prefix}wrong", client.post(f"/{prefix}{page}", {"code": "x"}))
    TOTPDevice.objects.update(confirmed=True)
    for prefix in PREFIXES:
        code = renew_recovery_codes(keeper)[0]
        client = Client()
        client.post(f"/{prefix}accounts/login", form)
        _keep(folder, "keeper", f"{prefix}code", client.get(f"/{prefix}accounts/second-factor"))
        client.post(f"/{prefix}accounts/second-factor", {"code": code})
        _keep(folder, "keeper", f"{prefix}on", client.get(f"/{prefix}{page}"))
        proof = {"password": form["password"], "code": renew_recovery_codes(keeper)[0], "action": "codes"}
        _keep(folder, "keeper", f"{prefix}codes", client.post(f"/{prefix}{page}", proof))


def _errors(folder: Path) -> list[str]:
    assert len(list(folder.glob("*.html"))) > 200
    return errors_in(folder)


def errors_in(folder: Path) -> list[str]:
    """What the checker finds wrong in the files of a folder."""
    pages = sorted(folder.glob("*.html"))
    jar = package("vnu-jar") / "build" / "dist" / "vnu.jar"
    done = subprocess.run(
        [
            program("java"),
            "-Xss2m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",  # the second compiler takes longer than it saves: half the time without it
            "-jar",
            str(jar),
            "--format",
            "json",
            "--stdout",
            "--exit-zero-always",
            "--errors-only",
            *(str(page) for page in pages),
        ],
        capture_output=True,
        check=True,
        timeout=300,
    )
    found: dict[str, list[str]] = {}
    for message in json.loads(done.stdout)["messages"]:
        page = message["url"].rsplit("/", 1)[-1]
        if any(re.match(path, page) and re.search(text, message["message"]) for path, text, _why in TOLERATED):
            continue
        found.setdefault(f"{message['message']} … {message.get('extract', '').strip()[:160]}", []).append(page)
    return [f"{text} ({len(pages)} pages, such as {pages[0]})" for text, pages in found.items()]


@pytest.mark.parametrize("is_filled", [False, True], ids=["empty", "demo"])
def test_every_page_is_valid(is_filled: bool, tmp_path: Path) -> None:
    package("vnu-jar")
    forget_figures()
    if is_filled:
        call_command("demo", stdout=io.StringIO(), stderr=io.StringIO())
        forget_figures()
    _collect(tmp_path)
    assert _unseen(tmp_path) == []
    assert _errors(tmp_path) == []


def _unseen(folder: Path) -> list[str]:
    """Pages of the table that nobody was shown: each has to be there for somebody, as HTML or as a file."""
    owner = Client()
    owner.force_login(User.objects.get(username="chief"))
    nobody = Client()
    unseen = []
    for page in PAGES:
        if "GET" in page.methods and page.status == HTTPStatus.OK:
            answers = [client.get(page.address) for client in (owner, nobody)]
            shown = [answer for answer in answers if answer.status_code == HTTPStatus.OK]
            is_html = any(answer.get("Content-Type", "").startswith("text/html") for answer in shown)
            name = re.sub(r"\W+", "_", page.address.lstrip("/")) or "home"
            kept = list(folder.glob(f"*-{name}.html"))
            if not shown or (is_html and not kept and name not in SAME):
                unseen.append(page.address)
    return unseen
