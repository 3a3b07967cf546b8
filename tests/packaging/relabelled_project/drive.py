"""Opens every page where each app has another label, as staff with permissions; prints what it saw as JSON."""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Any

import django


def main() -> dict[str, Any]:
    """Migrate, look for migrations that are missing, open the pages, follow the admin's links."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    django.setup()

    from django.apps import apps
    from django.contrib.auth.models import Permission, User
    from django.core.management import call_command
    from django.test import Client

    import billing
    import codetags
    import stats
    import usertokens
    from billing.models import StripeCustomer

    call_command("migrate", verbosity=0)
    call_command("makemigrations", check_changes=True, dry_run=True, stdout=sys.stderr)
    call_command("check", fail_level="WARNING", stdout=sys.stderr)
    call_command("kv_check", stdout=sys.stderr)  # waits for the store
    ours = (stats, usertokens, codetags, billing)
    labels = ("visits", "ledger", "campaigns", "sales")
    user = User.objects.create_user("staff", password="x", is_staff=True)
    nobody = User.objects.create_user("nobody", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label__in=labels))
    StripeCustomer.objects.create(user=nobody, customer_id="cus_1", livemode=False)
    staff, other = Client(), Client()
    staff.force_login(user)
    other.force_login(nobody)
    staff.post("/api/code-tags", {"code": "ABCD"}, content_type="application/json")
    Client(headers={"user-agent": "Mozilla/5.0 (X11; rv:140.0) Gecko/20100101 Firefox/140.0"}).get(
        "/api/analytics/qr?code=ABCD"
    )

    pages, seen = ["/admin/", "/pay", "/statistics", "/dashboard", "/cookies", "/pricing"], {}
    while pages:
        page = pages.pop()
        answer = staff.get(page)
        seen[page] = answer.status_code
        text = "" if getattr(answer, "streaming", False) else answer.content.decode(errors="replace")
        links = re.findall(r'href="(/admin/(?:visits|ledger|campaigns|sales)/[^"?#]*)', text)
        pages += [link for link in links if link not in seen and link not in pages]
    said = staff.get(f"/api/dashboard?userId={nobody.pk}"), staff.get("/api/dashboard/code-tags")
    refused = other.get(f"/api/dashboard?userId={user.pk}"), other.get("/api/dashboard/code-tags")
    customer = staff.get(f"/admin/sales/stripecustomer/{StripeCustomer.objects.get().pk}/change/").content.decode()
    return {
        "from": [str(app.__file__) for app in ours],
        "labels": [found.label for app in ours if (found := apps.get_containing_app_config(f"{app.__name__}.models"))],
        "pages": seen,
        "said": [answer.status_code for answer in said],
        "refused": [answer.status_code for answer in refused],
        "sync": re.findall(r'action="([^"]*/sync/)"', customer),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()))
