"""Uses somebody else's project as its visitor and its owner would; prints what it saw as one line of JSON."""

from __future__ import annotations

import io
import json
import os
import sys
from typing import Any

import django

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
COUNTS = "/admin/codetags/codecount/"


def many_codes(owner: Any) -> dict[str, Any]:
    """Import, export and make codes in the admin, and import by the API."""
    from django.contrib.admin.models import LogEntry
    from django.core.files.uploadedfile import SimpleUploadedFile

    from codetags.models import CodeTag

    registry = "/admin/codetags/codetag/"
    seen: dict[str, Any] = {}

    def upload(content: bytes, name: str) -> Any:
        return owner.post(f"{registry}import/", {"resource": "0", "import_file": SimpleUploadedFile(name, content)})

    wrong = upload(b"code,label\nBT2,x\n", "codes.csv")
    seen["errors"] = [wrong.status_code, b"1 row has errors" in wrong.content]
    preview = upload(b"code,label,campaign\nBT26,Banner,Fair\nBT27,Second,Fair\n", "codes.csv")
    asked = preview.context_data["confirm_form"].initial
    seen["imported"] = owner.post(f"{registry}process_import/", asked).status_code
    for name, number in (("csv", 0), ("xlsx", 1)):
        file = owner.post(f"{registry}export/", {"format": number, "resource": 0})
        back = upload(file.content, f"codes.{name}")
        seen[name] = [file.status_code, b"nothing to import" in back.content]
    make = {"key": "k" * 32, "number": 3, "pattern": "TR??", "label": "Tram {n}", "campaign": "fair"}
    seen["made"] = owner.post(f"{registry}make/", make).status_code
    rows = "code,label\nBT28,Third\nBT2,x\n"
    seen["api"] = owner.post("/api/code-tags/import", rows, content_type="text/csv").json()
    seen["codes"] = sorted(CodeTag.objects.values_list("label", "campaign__name"))
    seen["log"] = LogEntry.objects.count()
    return seen


def main() -> dict[str, Any]:
    """Set the project up, land on it, open its pages and its admin, run its commands."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    django.setup()

    from django.apps import apps
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client
    from django.utils import translation

    import codetags
    import kv
    from codetags.models import CodeTag, DailyBreakdown, DailyHits, Placement

    call_command("migrate", verbosity=0)
    call_command("check", fail_level="WARNING", stdout=sys.stderr)
    call_command("kv_check", stdout=sys.stderr)  # and waits for the store, which a busy machine starts slowly
    public, owner = Client(headers={"user-agent": AGENT}), Client(headers={"user-agent": AGENT})
    owner.force_login(User.objects.create_superuser("owner", password="x"))
    tag = CodeTag.objects.create(code="BT26", label="Poster")
    Placement.objects.create(code=tag, name="hall", label="Hall 1")

    seen: dict[str, Any] = {"from": [kv.__file__, codetags.__file__], "said": {}}
    seen["landing"] = "/api/analytics/qr?code=BT26" in public.get("/?qr=bt26").content.decode()
    for name in ("hit", "again"):
        seen[name] = public.get("/api/analytics/qr", {"code": "bt26", "at": "hall"}).json()
    seen["malformed"] = public.get("/api/analytics/qr", {"code": "x"}).json()["code"]
    seen["counts"] = owner.get("/api/dashboard/code-tags").json()["codes"][0]["count"]
    details = owner.get("/api/dashboard/code-tags/BT26").json()
    seen["placements"], seen["devices"] = details["placements"], details["devices"]
    seen["refused"] = public.get("/api/dashboard/code-tags").status_code
    pages = ("/cookies", "/privacy", "/cookies/settings", "/cookies/notice.css")
    seen["pages"] = {path: public.get(path).status_code for path in pages}
    images = ("BT26/qr.png", "BT26/qr.svg?size=40", "BT26/qr.pdf", "qr/?code=BT26")
    own = ("", "BT26/", "BT26/breakdown.csv", *images, "export.csv")
    links = ("/admin/", "/admin/codetags/codetag/", *(f"{COUNTS}{path}" for path in own))
    seen["admin"] = {link: owner.get(link).status_code for link in links}
    seen["card"] = "codes-card" in owner.get("/admin/").content.decode()
    seen["many"] = many_codes(owner)
    call_command("codetags_rollup", stdout=io.StringIO())
    seen["rows"] = DailyHits.objects.count()
    seen["breakdowns"] = DailyBreakdown.objects.count()
    for language in ("en", "fr", "de", "es"):
        with translation.override(language):
            seen["said"][language] = str(apps.get_app_config("codetags").verbose_name)
    return seen


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()))
